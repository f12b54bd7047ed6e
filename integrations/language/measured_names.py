"""What is measured, by its names and units: a number that stands next to those of something else is that, also where
another measure was asked for (餐后心率80 is no blood sugar)."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from integrations.language.counting import HIDDEN
from integrations.language.quantities import QUANTITY


class MeasurementKind(StrEnum):
    BLOOD_PRESSURE = "blood_pressure"  # systolic, diastolic; pulse
    GLUCOSE = "glucose"  # value in mmol/L; when: fasting, after_meal; beyond what a meter shows: above, below
    WEIGHT = "weight"  # value in kg
    TEMPERATURE = "temperature"  # value in °C


HIGH = r"(?:高压|收缩压|上压|systolic|upper|top(?: number)?|sys\b)"
LOW = r"(?:低压|舒张压|下压|diastolic|lower|bottom(?: number)?|dia\b)"
SUGAR = r"(?:血糖|糖(?![尿化])|glucose|blood sugar|\bsugar|\bbg\b)"
BEATS = r"(?:心率|脉搏|心跳|脉率|pulse|heart rate|\bhr\b)"
NEXT = "[ :：是为了有在到约大概差不多都也又再还的高低才只the iswasof]{0,10}?"  # within one clause
# A number next to the name or the unit of something else is that, also where another measure is asked for.
NAMES = {
    MeasurementKind.BLOOD_PRESSURE: rf"血压|{HIGH}|{LOW}|\bbp\b|pressure",
    MeasurementKind.GLUCOSE: SUGAR,
    MeasurementKind.WEIGHT: r"体重|\bweigh(?:t|s|ed|ing)?\b",
    MeasurementKind.TEMPERATURE: r"体温|发烧|烧到|temperature|\btemp\b|fever",
}
_NO_KIND = (
    rf"{BEATS}|血氧(?:饱和度)?|氧饱和度?|\bspo2\b|oxygen|saturation|血脂|胆固醇|甘油三[酯脂]|尿酸|肌酐|尿素"
    r"|血红蛋白|转氨酶|白细胞|血小板|胰岛素(?![前后了之])|cholesterol|triglycerides?|uric acid|creatinine|身高|腰围"
    r"|臀围|呼吸(?:频率|次数)|疼痛(?:评分|指数|程度)|\bpain (?:score|level)\b|\bheight\b|\bwaist\b"
)
_UNITS = {
    MeasurementKind.BLOOD_PRESSURE: r"mm ?hg|毫米汞",
    MeasurementKind.GLUCOSE: r"mmol|毫摩|mg ?/ ?dl",
    MeasurementKind.WEIGHT: r"公斤|千克|kgs?\b|斤|磅|lbs?\b|pounds?",
    MeasurementKind.TEMPERATURE: r"度|℃|°",
}
_NO_KINDS_UNIT = r"分(?![开别])|bpm\b|次/分|cm\b|厘米|umol|μmol|微摩"


@cache
def _of_another(kind: MeasurementKind) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Numbers behind the name of anything but this kind, and before its unit."""
    names = "|".join([*(name for other, name in NAMES.items() if other is not kind), _NO_KIND])
    units = "|".join([*(unit for other, unit in _UNITS.items() if other is not kind), _NO_KINDS_UNIT])
    return (
        re.compile(
            rf"(?P<name>{names}){NEXT}(?P<n>{QUANTITY}(?: ?[/~～—–到至比-] ?{QUANTITY}){{0,2}})",
            re.IGNORECASE,
        ),
        re.compile(rf"(?<!{_NAMED_NEXT[kind]})(?P<n>{QUANTITY}) ?(?:{units})", re.IGNORECASE),
    )


# 血糖高 180/110, 发烧 180/110: two numbers of which only a pressure has two.
_NO_PAIR = (MeasurementKind.GLUCOSE, MeasurementKind.TEMPERATURE)
_LIKE_PRESSURE = re.compile(
    r"(?<![\d./])(?P<n>(?P<high>\d{2,3}) ?/ ?(?P<low>\d{2,3}))(?![\d./]| ?(?:mg|mmol|毫[克摩]))",
    re.IGNORECASE,
)
# 血糖8度 is said of sugar all the same.
_NAMED_NEXT = {
    MeasurementKind.BLOOD_PRESSURE: "血压",
    MeasurementKind.GLUCOSE: "血糖",
    MeasurementKind.WEIGHT: "体重",
    MeasurementKind.TEMPERATURE: "体温",
}


def own(text: str, kind: MeasurementKind) -> str:
    """The text with the numbers of anything else made unreadable, every character in its place."""
    if kind in _NO_PAIR:
        text = _LIKE_PRESSURE.sub(lambda found: _hidden(found) if _is_pressure(found) else found[0], text)
    named, counted = _of_another(kind)
    text = named.sub(lambda found: found[0] if _pressure_of(kind, found) else _hidden(found), text)
    return counted.sub(_hidden, text)


def _pressure_of(kind: MeasurementKind, found: re.Match[str]) -> bool:
    """Whether a pressure stands behind the name of something that comes in one number."""
    pair = _LIKE_PRESSURE.fullmatch(found["n"].strip())
    one_number = any(re.fullmatch(NAMES[other], found["name"], re.IGNORECASE) for other in _NO_PAIR)
    return kind is MeasurementKind.BLOOD_PRESSURE and one_number and pair is not None and _is_pressure(pair)


def _is_pressure(pair: re.Match[str]) -> bool:
    return 60 <= int(pair["high"]) <= 300 and 30 <= int(pair["low"]) < int(pair["high"])


def _hidden(found: re.Match[str]) -> str:
    before, behind = found.start("n") - found.start(), found.end("n") - found.start()
    return found[0][:before] + HIDDEN * (behind - before) + found[0][behind:]
