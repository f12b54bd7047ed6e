"""What patients read: the responses of domain.yml, the one text catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from integrations.settings import ROOT

CATALOGUE = ROOT / "domain.yml"
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Variation:
    """One wording of a text. `conditions` are slot values it is meant for (language: en); `expects` names the
    kind of answer that the question wants (person_name, id_number, …)."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # (title, payload)
    expects: str = ""
    conditions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its blanks filled, ready to send."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    expects: str = ""


class Texts:
    """The catalogue, read once."""

    def __init__(self, responses: Mapping[str, tuple[Variation, ...]]) -> None:
        self._responses = responses

    @classmethod
    def load(cls, path: Path = CATALOGUE) -> Texts:
        """Reads a Rasa domain file. Raises OSError, yaml.YAMLError, or KeyError for a broken one."""
        domain = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return cls({key: tuple(map(_variation, found)) for key, found in domain["responses"].items()})

    def __contains__(self, key: str) -> bool:
        return key in self._responses

    def keys(self) -> list[str]:
        return list(self._responses)

    def variations(self, key: str) -> tuple[Variation, ...]:
        return self._responses[key]

    def say(self, key: str, slots: Mapping[str, str] = _NONE, /, **values: object) -> Said:
        """The wording whose conditions hold best, its blanks filled. Raises KeyError for an unknown text or an
        empty blank."""
        chosen = self._choose(key, slots)
        buttons = tuple((title.format_map(values), payload) for title, payload in chosen.buttons)
        return Said(chosen.text.format_map(values), buttons, chosen.expects)

    def text(self, key: str, **values: object) -> str:
        """Only the words."""
        return self._choose(key, _NONE).text.format_map(values)

    def _choose(self, key: str, slots: Mapping[str, str]) -> Variation:
        fitting = [
            variation
            for variation in self._responses[key]
            if all(slots.get(name) == value for name, value in variation.conditions)
        ]
        return max(fitting, key=lambda variation: len(variation.conditions))


def _variation(found: Mapping[str, Any]) -> Variation:
    return Variation(
        text=str(found.get("text", "")).strip("\n"),
        buttons=tuple((str(button["title"]), str(button["payload"])) for button in found.get("buttons", ())),
        expects=str(found.get("metadata", {}).get("expects", "")),
        conditions=tuple((str(one["name"]), str(one["value"])) for one in found.get("condition", ())),
    )
