"""Phrases made fast: hundreds are looked for in every message, and nearly none can be in it. Each knows pieces of
which a text must hold one, and a sieve of all of them puts most aside at once, without their being tried. A piece is a
character, or three in a row of what is written in Latin letters: nearly every English text holds every letter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_SETS = 2  # more sets of pieces cost more than they save
_ROW = 3
_RARE, _COMMON = 0.04, 10.0  # how often a row of characters and a letter are met; a Chinese character: 1
_LATIN = re.compile(f"[ -~]{{{_ROW},}}")
_NO_WIDTH = frozenset({kinds.AT, kinds.ASSERT, kinds.ASSERT_NOT})

_Ends = frozenset[str]


def pieces(text: str) -> frozenset[str]:
    """Those of a text: its characters, all rows of two where it holds Chinese, and all rows of three in what is written
    in Latin letters."""
    pairs: Iterable[str] = () if text.isascii() else map(str.__add__, text, text[1:])
    return frozenset(text).union(pairs, *(_rows(found) for found in _LATIN.findall(text)))


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


def _loose(need: frozenset[str]) -> float:
    """About how many of all texts hold one of these."""
    return sum(_RARE if len(piece) > 1 else _COMMON if piece.isascii() else 1.0 for piece in need)


def _needs(parsed: Any) -> list[frozenset[str]]:
    return _read(parsed, frozenset())[0]


def _read(parsed: Any, before: _Ends) -> tuple[list[frozenset[str]], _Ends]:
    """What a text must hold to match, a set of pieces for each part of the pattern; and the characters one of which
    its match ends with. `before`: those that stand directly before it. None of them: it may be any."""
    found: list[frozenset[str]] = []
    row = ""
    for kind, value in parsed:
        row = row + chr(value) if kind is kinds.LITERAL else ""
        if kind in _NO_WIDTH:
            continue
        if written := _written(kind, value):
            pairs = frozenset(one + other for one in before for other in written)
            found.append(written)
            if pairs and not any(map(str.isascii, pairs)):
                found.append(pairs)
            if _LATIN.fullmatch(row[-_ROW:]):
                found.append(frozenset([row[-_ROW:]]))
            before = written
        elif kind is kinds.SUBPATTERN:
            inside, before = _read(value[3], before)
            found += inside
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            inside, ends = _read(value[2], before if value[1] == 1 else frozenset())
            if value[0]:
                found += inside
            before = ends if value[0] else ends | before if ends and before else frozenset()
        elif kind is kinds.BRANCH:
            inside, before = _either([_read(one, before) for one in value[1]])
            found += inside
        else:
            before = frozenset()
    return found, before


def _either(branches: Sequence[tuple[list[frozenset[str]], _Ends]]) -> tuple[list[frozenset[str]], _Ends]:
    """The same of a choice between these."""
    needs, ends = [inside for inside, _ in branches], [last for _, last in branches]
    least = [frozenset[str]().union(*(min(one, key=_loose) for one in needs))] if all(needs) else []
    return least, frozenset[str]().union(*ends) if all(ends) else frozenset()


def _written(kind: Any, value: Any) -> frozenset[str]:
    """The characters one of which stands here; none where it may be any."""
    if kind is kinds.LITERAL:
        return frozenset(chr(value))
    if kind is kinds.IN and all(one is kinds.LITERAL for one, _ in value):
        return frozenset(chr(code) for _, code in value)
    return frozenset()
