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
        return found + _rows(["<", *words, ">"]) + _near(words)
    clauses = [one for one in _BREAK.split(text) if one]
    found += _joints(clauses)
    for clause in clauses:
        if clause.isascii():
            found += _rows(_stems(clause))
        else:
            found += _runs(f"<{clause}>") + _near(_stems(clause)) + _sounds(clause)
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


def _runs(clause: str) -> list[str]:
    """Of characters."""
    sizes = range(1, LONGEST + 1)
    return [clause[at : at + size] for size in sizes for at in range(len(clause) - size + 1)]


def _rows(words: Sequence[str]) -> list[str]:
    """Of words."""
    sizes = range(1, LONGEST + 1)
    return [" ".join(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)]


def _sounds(clause: str) -> list[str]:
    """Two and three syllables in a row."""
    sound = [*map(loose_syllable, clause)]
    pairs = [f"~{one} {other}" for one, other in pairwise(sound)]
    return pairs + [f"{pair} {third}" for pair, third in zip(pairs, sound[2:], strict=False)]
