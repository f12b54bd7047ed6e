"""What patients measure at home, in their own words: 135/85, 高压135低压85, 空腹6.1, 125斤, 38度5, 138 lb.

Values come in one unit each: mmHg, mmol/L, kg, °C. What is written is taken as it is, plausible or not: whoever asks
knows the ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from integrations.language.quantities import QUANTITY, read_quantity, spoken_as_digits


class MeasurementKind(StrEnum):
    BLOOD_PRESSURE = "blood_pressure"  # systolic, diastolic; pulse
    GLUCOSE = "glucose"  # value in mmol/L; when: fasting, after_meal
    WEIGHT = "weight"  # value in kg
    TEMPERATURE = "temperature"  # value in °C


@dataclass(frozen=True, slots=True)
class Measured:
    """text[start:end] says it. `value`: see MeasurementKind; of a blood pressure one of the two may be missing.
    `with_unit`: a weight that was told in a unit, not as a bare number."""

    kind: MeasurementKind
    value: dict[str, float | str]
    start: int
    end: int
    with_unit: bool = False


_MG_PER_MMOL = 18.0  # of glucose
_KG_PER_POUND = 0.45359237

# 等一下 tells no value, and neither do 3天, 两次, 5 days.
_NO_VALUE = r"(?!一[下会些样直般定起边位种刻旦切共番阵动走碰吃咳喝躺坐站按摸翻量测])"
_NO_COUNT = (
    r"(?! ?(?:天|次|小时|个|周|年|片|粒|颗|顿|餐(?![前后])|遍|杯|盒"
    r"|(?:days?|weeks?|months?|hours?|times|pills?)\b))"
)
_N = rf"{_NO_VALUE}{QUANTITY}{_NO_COUNT}"
_GAP = r"[ :,，是为了有在到约大概差不多the iswasof]{0,12}?"
_HIGH = r"(?:高压|收缩压|上压|systolic|upper|top(?: number)?|sys\b)"
_LOW = r"(?:低压|舒张压|下压|diastolic|lower|bottom(?: number)?|dia\b)"
_NAMED = re.compile(
    rf"{_HIGH}{_GAP}(?P<high>{_N})(?:[ ,，、;；/和andmmHg]{{0,8}}?{_LOW}{_GAP}(?P<low>{_N}))?"
    rf"|{_LOW}{_GAP}(?P<low_first>{_N})(?:[ ,，、;；/和andmmHg]{{0,8}}?{_HIGH}{_GAP}(?P<high_then>{_N}))?",
    re.IGNORECASE,
)
_SPACES = " {0,20}"  # what number words leave
_SLASHED = re.compile(
    rf"(?P<high>{_N}){_SPACES}(?:/|\\|比|over){_SPACES}(?P<low>{_N})(?! ?/ ?\d)", re.IGNORECASE
)
_PAIR = re.compile(rf"(?P<high>{_N}) ?(?:[ /\\,，、;；~—–-]|和|比|到|over|and) ?(?P<low>{_N})", re.IGNORECASE)
_PRESSURE = re.compile(r"血压|\bbp\b|blood pressure|\bpressure\b", re.IGNORECASE)
_PULSE = re.compile(rf"(?:心率|脉搏|心跳|pulse|heart rate|\bhr\b){_GAP}(?P<pulse>{_N})", re.IGNORECASE)

_FASTING = (
    r"(?:空腹|餐前|饭前|早饭前|早餐前|fasting|before (?:breakfast|lunch|dinner|eating|food|meals?|a meal))"
)
_AFTER = (
    r"(?:(?:早餐|午餐|晚餐|早饭|午饭|晚饭|餐|饭)(?:后|完)|吃完饭"
    r"|after (?:breakfast|lunch|dinner|eating|food|meals?|a meal))"
)
_SUGAR = r"(?:血糖|糖(?!尿)|glucose|blood sugar|\bsugar|\bbg\b)"
_GLUCOSE = re.compile(
    rf"(?:{_SUGAR}|{_FASTING}|{_AFTER})[^\d零〇一二两三四五六七八九十百。.;；]{{0,14}}?"
    rf"(?:[一二两12] ?(?:个)?(?:小时|hours?|h\b)[^\d一二两三四五六七八九]{{0,8}}?)?"
    rf"(?P<n>{_N})(?! ?(?:点(?!\d)|月|日|号|小时|个小时|次|天|片|粒|[:：]|hours?))",
    re.IGNORECASE,
)
_MG = re.compile(r" ?(?:mg|毫克)", re.IGNORECASE)

_WEIGHT_UNIT = r"(?P<unit>公斤|千克|kg|kgs|kilos?|kilograms?|斤|磅|lbs?|pounds?)"
_WEIGHT = re.compile(
    rf"(?:体重|称了?|weigh(?:ts?|ed|ing)?|\bweight){_GAP}(?P<n>{_N}) ?{_WEIGHT_UNIT}?(?P<half>半)?"
    rf"|(?P<n2>{_N}) ?{_WEIGHT_UNIT.replace('unit', 'unit2')}(?P<half2>半)?",
    re.IGNORECASE,
)

_TEMPERATURE = re.compile(
    rf"(?:体温|温度|发烧|烧到|烧|temperature|\btemp|fever){_GAP}(?P<n>{_N})"
    r" ?(?P<unit>度|℃|°c|°f|℉|°|degrees|c\b|f\b)?(?P<tenth>[\d一二三四五六七八九半](?![\d分]))?"
    rf"|(?P<n2>{_N}) ?(?P<unit2>度|℃|°c|°f|℉|°|degrees)(?P<tenth2>[\d一二三四五六七八九半](?![\d分]))?",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"(?P<n>{_N})(?! ?(?:点(?!\d)|月|日|号|小时|个|次|天|片|粒|[:：]|hours?|am\b|pm\b|o'clock))"
)
_MOST = 8  # bare numbers of one message
# 空腹6点5 is 6.5; 早上8点 is an hour.
_POINT = re.compile(r"(?:(?<=[糖腹后前温重到烧]\d)|(?<=[糖腹后前温重到烧]\d\d))点(?=\d(?![\d.分个号半]))")
_FAHRENHEIT = (90, 115)  # without a unit


def find_measurements(text: str, expected: str = "") -> list[Measured]:
    """All that is told, in order. `text` is folded and simplified. With an `expected` kind a bare number is one of
    that kind: it was just asked for."""
    text = _POINT.sub(".", spoken_as_digits(text))
    found: list[Measured] = []
    for kind, read in _READERS:
        found += [
            one
            for one in read(text, kind == expected)
            if not any(one.start < other.end and other.start < one.end for other in found)
        ]
    return sorted(found, key=lambda one: one.start)


def _pressures(text: str, expected: bool) -> Iterator[Measured]:
    meant = expected or bool(_PRESSURE.search(text))
    pulse = _PULSE.search(text)
    rest = _without(text, pulse)
    spans = list(_named_pressures(rest))
    if not spans:
        spans = [one for one in _pairs(_SLASHED, rest) if meant or _sounds_right(one.value)]
    if not spans and meant:
        spans = [one for one in _pairs(_PAIR, rest) if float(one.value["systolic"]) >= 30]
    if not spans and expected:
        spans = [
            Measured(MeasurementKind.BLOOD_PRESSURE, {"systolic": value}, start, end)
            for value, start, end in _numbers(rest)
            if value >= 40
        ][:1]
    for span in spans:
        value = span.value | ({"pulse": read_quantity(pulse["pulse"])} if pulse else {})
        yield Measured(span.kind, value, span.start, span.end)


def _named_pressures(text: str) -> Iterator[Measured]:
    for match in _NAMED.finditer(text):
        high, low = match["high"] or match["high_then"], match["low"] or match["low_first"]
        parts = {"systolic": high, "diastolic": low}
        value: dict[str, float | str] = {name: read_quantity(said) for name, said in parts.items() if said}
        yield Measured(MeasurementKind.BLOOD_PRESSURE, value, *match.span())


def _pairs(pattern: re.Pattern[str], text: str) -> Iterator[Measured]:
    for match in pattern.finditer(text):
        value: dict[str, float | str] = {
            "systolic": read_quantity(match["high"]),
            "diastolic": read_quantity(match["low"]),
        }
        yield Measured(MeasurementKind.BLOOD_PRESSURE, value, *match.span())


def _sounds_right(value: dict[str, float | str]) -> bool:
    """Where nobody spoke of blood pressure, two numbers may be a date or a fraction."""
    high, low = float(value["systolic"]), float(value["diastolic"])
    return 60 <= high <= 300 and 30 <= low < high


def _glucose(text: str, expected: bool) -> Iterator[Measured]:
    if expected or re.search(rf"{_SUGAR}|{_FASTING}|{_AFTER}", text, re.IGNORECASE):
        spans = [(match["n"], match.start("n"), match.end("n")) for match in _GLUCOSE.finditer(text)]
        if not spans and expected:
            spans = [(text[start:end], start, end) for _, start, end in _few(text)]
        for said, start, end in spans:
            value = read_quantity(said)
            if _MG.match(text, end):
                value = value / _MG_PER_MMOL
            told: dict[str, float | str] = {"value": round(value, 1)}
            if when := _around_a_meal(text, start):
                told["when"] = when
            yield Measured(MeasurementKind.GLUCOSE, told, start, end)


def _around_a_meal(text: str, at: int) -> str:
    """What stands next before the number, else anywhere."""
    said = [("fasting", match.end()) for match in re.finditer(_FASTING, text, re.IGNORECASE)]
    said += [("after_meal", match.end()) for match in re.finditer(_AFTER, text, re.IGNORECASE)]
    before = [one for one in said if one[1] <= at]
    return max(before or said, key=lambda one: one[1], default=("", 0))[0]


def _weights(text: str, expected: bool) -> Iterator[Measured]:
    for match in _WEIGHT.finditer(text):
        named = match["n"] is not None
        said, unit = match["n"] or match["n2"], (match["unit"] or match["unit2"] or "").lower()
        if not named and not expected and match.span() != _whole(text):
            continue  # five pounds of apples
        value = read_quantity(said) + (0.5 if match["half"] or match["half2"] else 0)
        yield _weight(value, unit, *match.span())
        return
    if expected:
        yield from (_weight(value, "", start, end) for value, start, end in list(_numbers(text))[:1])


def _weight(value: float, unit: str, start: int, end: int) -> Measured:
    if unit == "斤":
        value /= 2
    elif unit in ("磅", "lb", "lbs", "pound", "pounds"):
        value *= _KG_PER_POUND
    return Measured(MeasurementKind.WEIGHT, {"value": round(value, 1)}, start, end, with_unit=bool(unit))


def _temperatures(text: str, expected: bool) -> Iterator[Measured]:
    told = False
    for match in _TEMPERATURE.finditer(text):
        said, tenth = match["n"] or match["n2"], match["tenth"] or match["tenth2"]
        value = read_quantity(said)
        if tenth:
            value += 0.5 if tenth == "半" else read_quantity(tenth) / 10
        found = _temperature(value, (match["unit"] or match["unit2"] or "").lower(), *match.span())
        if match["n"] is None and not expected and not 34 <= float(found.value["value"]) <= 43:
            continue  # an angle, an oven
        told = True
        yield found
    if expected and not told:
        yield from (_temperature(value, "", start, end) for value, start, end in _few(text))


def _temperature(value: float, unit: str, start: int, end: int) -> Measured:
    if unit in ("°f", "℉", "f") or (
        not unit.startswith(("°c", "℃", "度")) and _FAHRENHEIT[0] <= value <= _FAHRENHEIT[1]
    ):
        value = (value - 32) / 1.8
    return Measured(MeasurementKind.TEMPERATURE, {"value": round(value, 1)}, start, end)


def find_number(text: str) -> float | None:
    """The first number that is no time and counts nothing else."""
    return next(iter(find_numbers(text)), None)


def find_numbers(text: str) -> list[float]:
    """All such numbers, in order."""
    return [value for value, _, _ in _numbers(spoken_as_digits(text))]


def _numbers(text: str) -> Iterator[tuple[float, int, int]]:
    for match in _ALONE.finditer(text):
        try:
            yield read_quantity(match["n"]), *match.span("n")
        except ValueError:
            continue


def _few(text: str) -> list[tuple[float, int, int]]:
    """Yesterday's and today's; a flood of numbers is none of them."""
    return list(islice(_numbers(text), _MOST))


def _whole(text: str) -> tuple[int, int]:
    stripped = text.strip(" 。.!！")
    start = text.find(stripped)
    return start, start + len(stripped)


def _without(text: str, match: re.Match[str] | None) -> str:
    return text if match is None else text[: match.start()] + " " * len(match[0]) + text[match.end() :]


_READERS = (
    (MeasurementKind.BLOOD_PRESSURE, _pressures),
    (MeasurementKind.GLUCOSE, _glucose),
    (MeasurementKind.TEMPERATURE, _temperatures),
    (MeasurementKind.WEIGHT, _weights),
)


_KINDS = (
    (MeasurementKind.BLOOD_PRESSURE, _PRESSURE),
    (MeasurementKind.GLUCOSE, re.compile(_SUGAR, re.IGNORECASE)),
    (MeasurementKind.WEIGHT, re.compile(r"体重|重量|胖|瘦|weight|weigh", re.IGNORECASE)),
    (MeasurementKind.TEMPERATURE, re.compile(r"体温|发烧|temperature|fever", re.IGNORECASE)),
)


def named_kind(text: str) -> MeasurementKind | None:
    """What a message speaks of, without a value: "看看我的血压"."""
    return next((kind for kind, words in _KINDS if words.search(text)), None)
