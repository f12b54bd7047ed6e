"""English complaints in the Chinese words that the model knows (english.tsv), and back for the reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("english.tsv")
_LATIN = re.compile(r"[a-z]{3}")
_WORDS = re.compile(r"(?<![a-z])[a-z']{2,}(?![a-z])")
_AGE = re.compile(r"(\d{1,3})[- ]?(?:years?|yrs?)?[- ]?(?:old|yo)\b|\b(\d{1,3}) ?yo\b")


@dataclass(frozen=True, slots=True)
class Heard:
    """A text with its English words in Chinese. `english`: each Chinese clause made so → what stood there."""

    text: str
    english: Mapping[str, str]

    def original(self, reason: str) -> str:
        """The patient's own word for a reason found in `text`."""
        return next((own for clause, own in self.english.items() if reason in clause), reason)


def heard(text: str) -> Heard:
    """`text` normalised, in small letters. One without English words comes back as it is."""
    if not _LATIN.search(text):
        return Heard(text, {})
    words, pattern = _words()
    english: dict[str, str] = {}

    def chinese(match: re.Match[str]) -> str:
        word = words[match[1]]
        english.setdefault(word, match[0])
        return f"，{word}，"

    aged = _AGE.sub(lambda match: f" {match[1] or match[2]}岁，", text.replace("’", "'"))
    return Heard(pattern.sub(chinese, aged), english)


def without_english(text: str) -> str:
    """What is left of a text whose complaints are in Chinese by now: the model knows no "has been for three", and takes
    what it does not know for a little of everything."""
    return _WORDS.sub(" ", text)


@cache
def _words() -> tuple[Mapping[str, str], re.Pattern[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    words = dict(line.split("\t") for line in lines if line and not line.startswith("#"))
    longest_first = sorted(words, key=len, reverse=True)
    return words, re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, longest_first))})s?(?![a-z])")
