"""Blood pressure in patients' own words: 135/85, 高压135低压85, 一百三比八十, 135 85 心率72."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from integrations.language.measured import GAP, OPEN, Measured, N, Value, if_more, most, numbers
from integrations.language.measured_names import BEATS, HIGH, LOW, NEXT, MeasurementKind, own
from integrations.language.quantities import read_quantity

_BETWEEN = "[ ,，、;；/和andmmHg多几左右]{0,8}?"  # the two numbers


def _to(part: str) -> str:
    """The upper end of a range: 高压120到130."""
    return rf"(?: ?(?:[~～—–-]|到|至) ?(?P<{part}_to>{N})(?! ?[/比]))?"


_NAMED = re.compile(
    rf"{HIGH}{GAP}(?P<high>{N}){_to('high')}(?:{_BETWEEN}{LOW}{GAP}(?P<low>{N}){_to('low')})?"
    rf"|{LOW}{GAP}(?P<low_first>{N}){_to('low_first')}"
    rf"(?:{_BETWEEN}{HIGH}{GAP}(?P<high_then>{N}){_to('high_then')})?",
    re.IGNORECASE,
)
# 高的140低的80, 上面140下面80: so only where a pressure is meant, and both are told.
_NAMED_BRIEFLY = re.compile(
    rf"(?:上面|最?高)(?:的|那个)?[是为]? ?(?P<high>{N}){_BETWEEN}(?:下面|最?低)(?:的|那个)?[是为]? ?(?P<low>{N})"
)
_SPACES = " {0,20}"  # what number words leave
# The third of 135/85/72 is the pulse.
_SLASHED = re.compile(
    rf"(?P<high>{N}){_to('high')}{OPEN}?{_SPACES}(?:/|\\|比|over){_SPACES}(?P<low>{N})"
    rf"(?:{_to('low')}(?! ?/ ?\d)| ?/ ?(?P<pulse>{N})(?! ?/ ?\d))",
    re.IGNORECASE,
)
_PAIR = re.compile(
    rf"(?P<high>{N}){OPEN}? ?(?P<by>[ /\\,，、;；~～—–-]|和|比|到|至|over|and) ?(?P<low>{N})",
    re.IGNORECASE,
)
_POINTED = re.compile(r"(?<=\d\d)\.(?=\d\d\d?(?![\d.]))")  # 135.85: a pressure has no tenths
PRESSURE = re.compile(r"血压|\bbp\b|blood pressure|\bpressure\b", re.IGNORECASE)
_PULSE = re.compile(rf"{BEATS}{NEXT}(?P<pulse>{N})", re.IGNORECASE)

_RANGES = frozenset("~～—–-到至")


def find_pressures(text: str, expected: bool) -> Iterator[Measured]:
    meant = expected or bool(PRESSURE.search(text))
    pulse = _PULSE.search(text)
    rest = own(_without(text, pulse), MeasurementKind.BLOOD_PRESSURE)
    rest = _POINTED.sub("/", rest) if meant else rest
    spans = list(_named_pressures(rest, meant))
    if not spans:
        spans = [
            one
            for one in _pairs(_SLASHED, rest)
            if (_may_be_meant(one.value) if meant else _sounds_right(one.value))
        ]
    if not spans and meant:
        spans = list(_loose_pairs(rest))
    if not spans and expected:
        spans = [
            Measured(MeasurementKind.BLOOD_PRESSURE, {"systolic": value}, start, end)
            for value, start, end in numbers(rest)
            if value >= 40
        ][:1]
    for span in spans:
        beats: Value = {"pulse": read_quantity(pulse["pulse"])} if pulse else {}
        at_most = span.at_most | beats if span.at_most else None
        yield replace(span, value=span.value | beats, at_most=at_most)


def _named_pressures(text: str, meant: bool) -> list[Measured]:
    found: list[Measured] = []
    for match in _NAMED.finditer(text):
        high = "high" if match["high"] else "high_then"
        low = "low" if match["low"] else "low_first"
        found += _pressure_or_range(text, match, {"systolic": high, "diastolic": low})
    if not found and meant:
        found = list(_pairs(_NAMED_BRIEFLY, text))
    if len(found) == 2 and not set(found[0].value) & set(found[1].value):  # 高压测了几回都是130，低压80
        first, second = found
        at_most = (first.at_most or first.value) | (second.at_most or second.value)
        value = first.value | second.value
        return [Measured(first.kind, value, first.start, second.end, at_most=if_more(at_most, value))]
    return found


def _pairs(pattern: re.Pattern[str], text: str) -> Iterator[Measured]:
    for match in pattern.finditer(text):
        yield from _pressure_or_range(text, match, {"systolic": "high", "diastolic": "low"})


def _loose_pairs(text: str) -> Iterator[Measured]:
    """135 85; of 120到130, which is one number only, the upper end."""
    for match in _PAIR.finditer(text):
        high, low = read_quantity(match["high"]), read_quantity(match["low"])
        if low > high >= 30 and match["by"] in _RANGES:
            yield Measured(MeasurementKind.BLOOD_PRESSURE, {"systolic": low}, *match.span())
        elif high >= 30:
            yield _pressure(text, match, {"systolic": "high", "diastolic": "low"})


def _pressure_or_range(text: str, match: re.Match[str], parts: dict[str, str]) -> Iterator[Measured]:
    """Of a range both ends: whoever asks takes the graver one."""
    groups = match.groupdict()
    yield _pressure(text, match, parts)
    if any(groups.get(f"{group}_to") for group in parts.values()):
        upper = {part: f"{group}_to" if groups.get(f"{group}_to") else group for part, group in parts.items()}
        yield _pressure(text, match, upper)


def _pressure(text: str, match: re.Match[str], parts: dict[str, str]) -> Measured:
    """`parts`: the group that holds each; a group that matched nothing is left out."""
    told = {
        name: (read_quantity(match[group]), match.end(group)) for name, group in parts.items() if match[group]
    }
    value: Value = {name: number for name, (number, _) in told.items()}
    if beats := match.groupdict().get("pulse"):
        value["pulse"] = read_quantity(beats)
    at_most: Value = {name: most(text, end, number) for name, (number, end) in told.items()}
    at_most = value | at_most
    return Measured(MeasurementKind.BLOOD_PRESSURE, value, *match.span(), at_most=if_more(at_most, value))


def _sounds_right(value: Value) -> bool:
    """Where nobody spoke of blood pressure, two numbers may be a date or a fraction."""
    high, low = float(value["systolic"]), float(value["diastolic"])
    return 60 <= high <= 300 and 30 <= low < high and 25 <= float(value.get("pulse", 60)) <= 240


def _may_be_meant(value: Value) -> bool:
    """Not 11/23, which is a day."""
    return float(value["systolic"]) > 12 or float(value["diastolic"]) > 31


def _without(text: str, match: re.Match[str] | None) -> str:
    return text if match is None else text[: match.start()] + " " * len(match[0]) + text[match.end() :]
