"""Phrases made fast: hundreds are looked for in every message, and nearly none can be in it. Each knows pieces of
which a text must hold one, and a sieve of all of them puts most aside at once, without their being tried. A piece is a
character, or three in a row of what is written in Latin letters: nearly every English text holds every letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_SETS = 3  # more sets of pieces cost more than they save
_ROW = 3
_LATIN = re.compile(f"[ -~]{{{_ROW},}}")


def pieces(text: str) -> frozenset[str]:
    """Those of a text: its characters, and all rows of three in what is written in Latin letters."""
    return frozenset(text).union(*(_rows(found) for found in _LATIN.findall(text)))


def _rows(written: str) -> set[str]:
    return {written[at : at + _ROW] for at in range(len(written) - _ROW + 1)}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern, and sets of pieces: a text that lacks all of one set cannot match."""

    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, written: str) -> Phrase:
        """Raises re.error."""
        found = sorted(_needs(parser.parse(written)), key=_loose)
        return cls(re.compile(written), tuple(found[:_SETS]))

    def find(self, text: str, held: frozenset[str], first: int, last: int) -> Iterator[re.Match[str]]:
        """Where it stands in the text, whose pieces are `held`."""
        for need in self.needs:
            if need.isdisjoint(held):
                return iter(())
        return self.pattern.finditer(text, first, last)


class Sieve:
    """Tells of many phrases at once which of them a text can match: a bit of a number stands for each, in their
    order."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._levels = [_level(phrases, place) for place in range(_SETS)]

    def left(self, held: frozenset[str]) -> int:
        """The bits of the phrases that a text of these pieces can match."""
        left = -1
        for anyhow, holders in self._levels:
            found = anyhow
            for piece in held & holders.keys():
                found |= holders[piece]
            left &= found
        return left


def picked(phrases: Sequence[Phrase], bits: int) -> Iterator[Phrase]:
    """Those whose bit is set; the lowest bit stands for the first."""
    bits &= (1 << len(phrases)) - 1
    while bits:
        lowest = bits & -bits
        yield phrases[lowest.bit_length() - 1]
        bits ^= lowest


def _level(phrases: Sequence[Phrase], place: int) -> tuple[int, dict[str, int]]:
    """Of the sets at one place: the phrases that have none there, and those in whose set a piece is."""
    anyhow, holders = 0, dict[str, int]()
    for at, phrase in enumerate(phrases):
        if place >= len(phrase.needs):
            anyhow |= 1 << at
            continue
        for piece in phrase.needs[place]:
            holders[piece] = holders.get(piece, 0) | 1 << at
    return anyhow, holders


def _loose(need: frozenset[str]) -> tuple[int, int]:
    """How much of what is written it lets through: the fewer and longer its pieces, the less."""
    return len(need), -min(map(len, need))


def _needs(parsed: Any) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    row = ""
    for kind, value in parsed:
        row = row + chr(value) if kind is kinds.LITERAL else ""
        if kind is kinds.LITERAL:
            found.append(frozenset(row[-1]))
            if _LATIN.fullmatch(row[-_ROW:]):
                found.append(frozenset([row[-_ROW:]]))
        elif kind is kinds.IN and all(one is kinds.LITERAL for one, _ in value):
            found.append(frozenset(chr(code) for _, code in value))
        elif kind is kinds.SUBPATTERN:
            found += _needs(value[3])
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT) and value[0]:
            found += _needs(value[2])
        elif kind is kinds.BRANCH:
            branches = [_needs(one) for one in value[1]]
            if all(branches):
                found.append(frozenset().union(*(min(one, key=_loose) for one in branches)))
    return found
