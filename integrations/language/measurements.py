"""What patients measure at home, in their own words: 135/85, 高压135低压85, 空腹6.1, 125斤, 38度5, 138 lb.

Values come in one unit each: mmHg, mmol/L, kg, °C. What is written is taken as it is, plausible or not: whoever asks
knows the ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from integrations.language.counting import MMOL_SPOKEN, hide
from integrations.language.measured import GAP, NO_HOUR, OPEN, TENTHS, N, Value, if_more, most, numbers
from integrations.language.measured import Measured as Measured
from integrations.language.measured_names import NAMES, SUGAR, own
from integrations.language.measured_names import MeasurementKind as MeasurementKind
from integrations.language.pressures import PRESSURE, find_pressures
from integrations.language.quantities import read_quantity, spoken_as_digits

_MG_PER_MMOL = 18.0  # of glucose
_KG_PER_POUND = 0.45359237

_FASTING = (
    r"(?:空腹|餐前|饭前|早饭前|早餐前|fasting|before (?:breakfast|lunch|dinner|eating|food|meals?|a meal))"
)
_AFTER = (
    r"(?:(?:早餐|午餐|晚餐|早饭|午饭|晚饭|餐|饭)(?:后|完)|吃完饭"
    r"|after (?:breakfast|lunch|dinner|eating|food|meals?|a meal))"
)
_ELSEWHEN = r"(?:睡前|半夜|夜里|凌晨|bedtime)"  # neither
_GLUCOSE = re.compile(
    rf"(?:{SUGAR}|{_FASTING}|{_AFTER}|{_ELSEWHEN})[^\d零〇一二两三四五六七八九十百。.;；]{{0,14}}?(?P<n>{N}){NO_HOUR}",
    re.IGNORECASE,
)
# What a meter shows instead of a number, beyond its last one.
_SHOWS = (
    rf"(?:{SUGAR}仪?|{_FASTING}|{_AFTER}|显示|读数|meter|machine|reads?|says|show(?:s|ed)?)"
    r"[^，,。;；\d]{0,8}?(?<![a-z])"
)
_BEYOND = {
    "above": re.compile(
        rf"{_SHOWS}hi(?![a-z])|(?<![没不会])(?<!没有)(?<!不是)爆表(?!吗|怎么|咋|吧|么)", re.IGNORECASE
    ),
    "below": re.compile(rf"{_SHOWS}lo(?![a-z])", re.IGNORECASE),
}
_LAST = {"above": 33.3, "below": 1.1}  # mmol/L, of the usual meters
_UPPER = re.compile(rf"[多几]? ?(?:[~～—–-]|到|至) ?(?P<n>{N})(?! ?[/月号日])")  # of a range: 餐后16到18
_MG = re.compile(r" ?(?:mg|毫克)", re.IGNORECASE)
# Behind a value that was named, another one of the same: 昨天血糖8.5，今天6.1.
_THEN = re.compile(
    r"(?:[今昨前]天|今[早晚]|昨晚|现在|刚[才刚]|yesterday|today|now)(?:早上|中午|晚上|[上下]午)?"
    r"(?:[测量]?的?是|[测量]的|[就又]|变成|[降升]?到了?|[降升]成|it'?s|it (?:is|was)|is|was)?"
    r"(?:不到|没到|不足|不够|不止|超过了?|[高低大小]于)?"
    rf" ?(?P<n>{N}){NO_HOUR}(?! ?/)",
    re.IGNORECASE,
)

_WEIGHT_UNIT = r"(?P<unit>公斤|千克|kg|kgs|kilos?|kilograms?|斤|磅|lbs?|pounds?)"
_WEIGHT = re.compile(
    rf"(?:体重|称了?|weigh(?:ts?|ed|ing)?|\bweight){GAP}(?P<n>{N}){OPEN}? ?{_WEIGHT_UNIT}?(?P<half>半)?"
    rf"|(?P<n2>{N}){OPEN}? ?{_WEIGHT_UNIT.replace('unit', 'unit2')}(?P<half2>半)?",
    re.IGNORECASE,
)

_DEGREES = "度|℃|°c|°f|℉|°|degrees"
_TENTH_OF_A_DEGREE = r"[\d一二三四五六七八九半](?![\d分])"
_TEMPERATURE = re.compile(
    rf"(?:体温|温度|发烧|烧到|烧|temperature|\btemp|fever){GAP}(?P<n>{N})(?P<open>{OPEN})?"
    rf" ?(?P<unit>{_DEGREES}|c\b|f\b)?(?P<tenth>{_TENTH_OF_A_DEGREE})?"
    rf"|(?P<n2>{N})(?P<open2>{OPEN})? ?(?P<unit2>{_DEGREES})(?P<tenth2>{_TENTH_OF_A_DEGREE})?",
    re.IGNORECASE,
)
_MOST = 8  # bare numbers of one message
# 七八 is seven or eight, 十八九 eighteen or nineteen, 八九十 eighty or ninety: "七多", "十八多", "八十多".
_EITHER = re.compile(
    r"(?<![零〇一二两三四五六七八九点])(?P<first>[一二三四五六七八])(?P<second>[二三四五六七八九])(?P<tens>十?)"
    r"(?![零〇一二两三四五六七八九十百千万点分成])"
)
# 6点5 is 6.5; 6点05 and 6点5分 are hours.
_NO_MINUTES = rf"(?!(?!{MMOL_SPOKEN})[\d.分个号半次片粒天小颗顿餐])"
_POINT = re.compile(rf"(?<=\d)。(?=\d)|(?<=\d)点(?=\d{_NO_MINUTES})")
# 十六点8, 16点八: the tenth is written like what stands before it.
_TENTH = re.compile(
    rf"(?<=[零〇一二两三四五六七八九十百]点)\d{_NO_MINUTES}"
    rf"|(?<=\d点)[零一二三四五六七八九](?=$|[\s，,。；;、！!？?吧了啊呢的]|左右|mmol|毫摩|{MMOL_SPOKEN})"
)
_LIKE_BEFORE = dict(zip("0123456789零一二三四五六七八九", "零一二三四五六七八九0123456789", strict=True))
# 8点多, beside the hours: 晚上8点多, 饭后8点多测的.
_POINT_OPEN = re.compile(
    rf"(?<!早上)(?<![上下中]午)(?<!晚上)(?<!傍晚)(?<!早晨)(?<!凌晨)(?<!半夜)(?<!夜里)(?<![早晚夜])(?P<n>{N})"
    r"(?:点[多几](?!钟)|\.几|个多(?![小月星周钟]))(?!的时候|时|才|就|再|左右?测|[测量查睡起醒吃喝打出回去来做上下开走])"
)
_FAHRENHEIT = (90, 115)  # without a unit
# 低于3.9, 超过180/110, 160以上: a bound is no value. 135 over 85 is one.
_JUST_BEFORE = r"[了过到在是 ]{0,2}"
_NO_VALUE = {
    "above": re.compile(
        rf"(?:不[低小少]于|没有?[低小少]于|不止|超过?|高[于过]|大于|[高大]过|突破|破了"
        rf"|\b(?:above|more than|higher than|greater than|at least|exceed(?:s|ed|ing)?)|(?<!\d )\bover)"
        rf"{_JUST_BEFORE}$|^(?:[以之往]上|or more\b|\+)",
        re.IGNORECASE,
    ),
    "below": re.compile(
        rf"(?:[低小少]于|不到|不足|不够|没到|[低小]过|\b(?:below|under|less than|lower than|at most))"
        rf"{_JUST_BEFORE}$|^(?:[以之往]下|or less\b)",
        re.IGNORECASE,
    ),
}
_UNITS_BEHIND = re.compile(
    r" ?(?:mmol(?:/l)?|毫摩尔?|mm ?hg|毫米汞柱|公斤|千克|kg|斤|度|℃|°c?) ?", re.IGNORECASE
)
_NEXT_TO_IT = 14  # characters of a bound's words


def find_measurements(text: str, expected: str = "") -> list[Measured]:
    """All that is told, in order. `text` is folded and simplified. With an `expected` kind a bare number is one of
    that kind: it was just asked for."""
    text = _readable(text)
    found: list[Measured] = []
    for kind, read in _READERS:
        found += [
            replace(one, bound=_bound(text, one))
            for one in read(text, kind == expected)
            if not any(one.start < other.end and other.start < one.end for other in found)
        ]
    return sorted(found, key=lambda one: one.start)


def _bound(text: str, one: Measured) -> str:
    """Whether the words next to the number say that the value lies on one side of it."""
    first = next(re.finditer(rf"{N}", text[one.start : one.end], re.IGNORECASE), None)
    at = one.start + (first.start() if first else 0)
    before = text[max(0, at - _NEXT_TO_IT) : at]
    unit = _UNITS_BEHIND.match(text, one.end)
    behind = text[unit.end() if unit else one.end :][:_NEXT_TO_IT]
    for side, words in _NO_VALUE.items():
        if words.search(before) or words.search(behind):
            return side
    return ""


def _readable(text: str) -> str:
    """With the numbers that are values in digits, and without the others; every character keeps its place."""
    text = _TENTH.sub(lambda tenth: _LIKE_BEFORE[tenth[0]], spoken_as_digits(text))
    return _EITHER.sub(_either, hide(_POINT.sub(".", text)))


def _either(found: re.Match[str]) -> str:
    first, second = _LIKE_BEFORE[found["first"]], _LIKE_BEFORE[found["second"]]
    return f"{found['first']}{found['tens']}多" if int(second) == int(first) + 1 else found[0]


def _glucose(text: str, expected: bool) -> Iterator[Measured]:
    if not (expected or re.search(rf"{SUGAR}|{_FASTING}|{_AFTER}", text, re.IGNORECASE)):
        return  # 半夜38度5 is none
    text = own(text, MeasurementKind.GLUCOSE)
    spans = [match.span("n") for match in _GLUCOSE.finditer(text)]
    if spans:
        then = [match.span("n") for match in islice(_THEN.finditer(text), _MOST)]
        upper = [match.span("n") for _, end in spans if (match := _UPPER.match(text, end))]
        spans = sorted({*spans, *then, *upper})
    elif expected:
        spans = [(start, end) for _, start, end in _few(text)]
    for start, end in spans:
        value = read_quantity(text[start:end])
        largest = most(text, end, value)
        if _MG.match(text, end):
            value, largest = value / _MG_PER_MMOL, largest / _MG_PER_MMOL
        yield _sugar(text, value, largest, start, end)
    if expected or re.search(SUGAR, text, re.IGNORECASE):
        for beyond, shown in _BEYOND.items():
            if match := shown.search(text):
                found = _sugar(text, _LAST[beyond], _LAST[beyond], *match.span())
                yield replace(found, value=found.value | {"beyond": beyond})
        for match in islice(_POINT_OPEN.finditer(text), _MOST):
            value = read_quantity(match["n"])
            yield _sugar(text, value, value + TENTHS, *match.span())


def _sugar(text: str, value: float, largest: float, start: int, end: int) -> Measured:
    when = _around_a_meal(text, start)
    told: Value = {"value": round(value, 1)} | ({"when": when} if when else {})
    at_most = told | {"value": round(largest, 1)}
    return Measured(MeasurementKind.GLUCOSE, told, start, end, at_most=if_more(at_most, told))


def _around_a_meal(text: str, at: int) -> str:
    """What stands next before the number, else anywhere."""
    said = [("fasting", match.end()) for match in re.finditer(_FASTING, text, re.IGNORECASE)]
    said += [("after_meal", match.end()) for match in re.finditer(_AFTER, text, re.IGNORECASE)]
    said += [("", match.end()) for match in re.finditer(_ELSEWHEN, text, re.IGNORECASE)]
    before = [one for one in said if one[1] <= at]
    return max(before or said, key=lambda one: one[1], default=("", 0))[0]


def _weights(text: str, expected: bool) -> Iterator[Measured]:
    text = own(text, MeasurementKind.WEIGHT)
    for match in _WEIGHT.finditer(text):
        number = "n" if match["n"] is not None else "n2"
        unit = (match["unit"] or match["unit2"] or "").lower()
        if number == "n2" and not expected and match.span() != _whole(text):
            continue  # five pounds of apples
        half = 0.5 if match["half"] or match["half2"] else 0
        value = read_quantity(match[number]) + half
        yield _weight(value, most(text, match.end(number), value), unit, *match.span())
        return
    if expected:
        for value, start, end in list(numbers(text))[:1]:
            yield _weight(value, most(text, end, value), "", start, end)


def _weight(value: float, largest: float, unit: str, start: int, end: int) -> Measured:
    factor = 1.0
    if unit == "斤":
        factor = 0.5
    elif unit in ("磅", "lb", "lbs", "pound", "pounds"):
        factor = _KG_PER_POUND
    told: Value = {"value": round(value * factor, 1)}
    at_most: Value = {"value": round(largest * factor, 1)}
    more = if_more(at_most, told)
    return Measured(MeasurementKind.WEIGHT, told, start, end, with_unit=bool(unit), at_most=more)


def _temperatures(text: str, expected: bool) -> Iterator[Measured]:
    text, told = own(text, MeasurementKind.TEMPERATURE), 0
    for match in _TEMPERATURE.finditer(text):
        said, tenth = match["n"] or match["n2"], match["tenth"] or match["tenth2"]
        value = read_quantity(said)
        if tenth:
            value += 0.5 if tenth == "半" else read_quantity(tenth) / 10
        left_open = match["open"] or match["open2"] or (not tenth and _is_open(text, match.end()))
        largest = value + TENTHS if left_open else value
        unit = (match["unit"] or match["unit2"] or "").lower()
        found = _temperature(value, largest, unit, *match.span())
        if match["n"] is None and not expected and not 34 <= float(found.value["value"]) <= 43:
            continue  # an angle, an oven
        told = match.end()
        yield found
    if told:
        upper = _UPPER.match(text, told)
        for match in (*([upper] if upper else []), *islice(_THEN.finditer(text, told), _MOST)):
            value = read_quantity(match["n"])
            yield _temperature(value, value, "", *match.span("n"))
    elif expected:
        for value, start, end in _few(text):
            largest = value + TENTHS if _is_open(text, end) else value
            yield _temperature(value, largest, "", start, end)


def _is_open(text: str, at: int) -> bool:
    """三十八度多: of a temperature the tenths are what is not told."""
    return text.startswith(("多", "几"), at)


def _temperature(value: float, largest: float, unit: str, start: int, end: int) -> Measured:
    told: Value = {"value": _celsius(value, unit)}
    more = if_more({"value": _celsius(largest, unit)}, told)
    return Measured(MeasurementKind.TEMPERATURE, told, start, end, at_most=more)


def _celsius(value: float, unit: str) -> float:
    if unit in ("°f", "℉", "f") or (
        not unit.startswith(("°c", "℃", "度")) and _FAHRENHEIT[0] <= value <= _FAHRENHEIT[1]
    ):
        value = (value - 32) / 1.8
    return round(value, 1)


_WHOSE_OR_WHEN = (
    r"[今昨前]天|今早|[早晚]上|早晨|中午|[上下]午|现在|刚[才刚]|左|右"
    r"|today|yesterday|now|morning|evening|left|right"
)


def is_named(text: str, found: Measured) -> bool:
    """Whether the words say what this number is, or when it was measured: no stray number."""
    if len(found.value.keys() & {"systolic", "diastolic"}) == 2 or found.with_unit:
        return True
    clause = re.split(r"[，,。；;！!？?]", text[: found.end])[-1]
    meals = rf"|{_FASTING}|{_AFTER}" if found.kind is MeasurementKind.GLUCOSE else ""
    return bool(re.search(rf"{NAMES[found.kind]}{meals}|{_WHOSE_OR_WHEN}", clause, re.IGNORECASE))


def find_number(text: str) -> float | None:
    """The first number that is no time and counts nothing else."""
    return next(iter(find_numbers(text)), None)


def find_numbers(text: str) -> list[float]:
    """All such numbers, in order."""
    return [value for value, _, _ in numbers(_readable(text))]


def _few(text: str) -> list[tuple[float, int, int]]:
    """Yesterday's and today's; a flood of numbers is none of them."""
    return list(islice(numbers(text), _MOST))


def _whole(text: str) -> tuple[int, int]:
    stripped = text.strip(" 。.!！")
    start = text.find(stripped)
    return start, start + len(stripped)


_READERS = (
    (MeasurementKind.BLOOD_PRESSURE, find_pressures),
    (MeasurementKind.GLUCOSE, _glucose),
    (MeasurementKind.TEMPERATURE, _temperatures),
    (MeasurementKind.WEIGHT, _weights),
)


_KINDS = (
    (MeasurementKind.BLOOD_PRESSURE, PRESSURE),
    (MeasurementKind.GLUCOSE, re.compile(SUGAR, re.IGNORECASE)),
    (MeasurementKind.WEIGHT, re.compile(r"体重|重量|胖|瘦|weight|weigh", re.IGNORECASE)),
    (MeasurementKind.TEMPERATURE, re.compile(r"体温|发烧|temperature|fever", re.IGNORECASE)),
)


def named_kind(text: str) -> MeasurementKind | None:
    """What a message speaks of, without a value: "看看我的血压"."""
    return next((kind for kind, words in _KINDS if words.search(text)), None)
