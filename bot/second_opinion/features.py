"""What the model sees of a text: runs of one to four characters or English words, within a clause; runs of two and
three syllables, for what was typed by its sound; two characters or words that stand near each other (嘴…歪); how one
clause begins or ends and the next begins (手麻，甩甩就好); English words within Chinese; and numbers, about how large
they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from integrations.language.sounds import loose_syllable

LONGEST = 4
NEAR = 3  # places apart
_SYLLABLES = (2, 3)
_DIGITS = 3  # of a number that may be a measurement: these are rounded to tens
_STEM = 6  # letters of an English word: bleeding, bleeds
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BREAK = re.compile(r"[^0-9a-z'㐀-鿿]+")
_WORD = re.compile(r"[a-z0-9']+|[㐀-鿿]")
_ENGLISH = re.compile(r"[a-z']{3,}")


def features(text: str) -> list[str]:
    """Of a text that was made plain (`bot.red_flags.plain`)."""
    found = ["？"] if "？" in text else []
    found += [f"#{_about(one)}" for one in _NUMBER.findall(text)]
    text = _NUMBER.sub("0", text)
    if text.isascii():
        words = _stems(text)
        return found + _runs(["<", *words, ">"], " ", range(1, LONGEST + 1)) + _near(words)
    clauses = [one for one in _BREAK.split(text) if one]
    found += _joints(clauses)
    for clause in clauses:
        if clause.isascii():
            found += _runs(_stems(clause), " ", range(1, LONGEST + 1))
        else:
            found += _runs(f"<{clause}>", "", range(1, LONGEST + 1)) + _near(_stems(clause))
            found += [f"~{one}" for one in _runs([*map(loose_syllable, clause)], " ", _SYLLABLES)]
            found += [one[:_STEM] for one in _ENGLISH.findall(clause)]
    return found


def _about(number: str) -> str:
    """39.4 → 39, 126 → 120. What is longer measures nothing of a body."""
    whole = number.partition(".")[0]
    if len(whole) > _DIGITS:
        return "long"
    return whole if len(whole) < _DIGITS else f"{whole[:-1]}0"


def _stems(text: str) -> list[str]:
    return [one[:_STEM] for one in _WORD.findall(text)]


def _near(words: Sequence[str]) -> list[str]:
    return [f"{words[at]}…{other}" for at in range(len(words)) for other in words[at + 2 : at + NEAR + 1]]


def _joints(clauses: Sequence[str]) -> list[str]:
    return [f"{end}//{after[:2]}" for one, after in pairwise(clauses) for end in (one[:2], one[-2:])]


def _runs(words: Sequence[str], between: str, sizes: Sequence[int]) -> list[str]:
    return [between.join(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)]
