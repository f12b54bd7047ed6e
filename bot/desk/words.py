"""The desk's own words, in both languages: words/*.yml, a file per page.

    save: {zh: 保存, en: Save}
    left: {zh: 还剩 {count} 个, en: "{count} left"}

In code `words("cases.left", count=3)`: the file's name, the key, the blanks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).with_name("words")
LANGUAGES = ("zh", "en")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All of them by "file.key". Raises ValueError for one that lacks a language."""
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(FOLDER.glob("*.yml")):
        for key, said in (yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}).items():
            if not isinstance(said, dict) or set(said) != set(LANGUAGES):
                raise ValueError(f"{file.name}: {key} is not said in {' and '.join(LANGUAGES)}")
            found[f"{file.stem}.{key}"] = {language: str(text) for language, text in said.items()}
    return found


class Words:
    """`words(key, **blanks)` in one language. Raises KeyError for a key that no file has."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]

    def __call__(self, key: str, **blanks: object) -> str:
        text = catalogue()[key][self.language]
        return text.format(**blanks) if blanks else text

    def medicine(self, name: str, name_en: str) -> str:
        """The name that stands on the pack is said in either language."""
        return f"{name_en} {name}" if self.language == "en" and name_en else name
