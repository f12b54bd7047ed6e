"""What bot itself says, read from the one text catalogue: the responses of domain.yml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from integrations.settings import ROOT


class UnknownText(KeyError):
    """No response of this name stands in domain.yml."""


@lru_cache(maxsize=4)
def _responses(path: Path) -> dict[str, str]:
    domain = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        name: variations[0]["text"]
        for name, variations in domain["responses"].items()
        if "text" in variations[0]
    }


def say(name: str, *, path: Path = ROOT / "domain.yml", **values: object) -> str:
    """The text called `name` with `{placeholders}` filled in. Raises UnknownText, and KeyError for a missing value."""
    try:
        text = _responses(path)[name]
    except KeyError:
        raise UnknownText(name) from None
    return text.format(**values).strip()
