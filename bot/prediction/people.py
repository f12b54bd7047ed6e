"""Age and sex as sets of others write them: 30, "30+", "6个月", "男"."""

from __future__ import annotations

import re
from typing import Any, Literal

from integrations.hospital.triage.assess import Person
from integrations.language.script import normalise

_YEARS = {
    "y": 1.0,
    "m": 1 / 12,
    "个月": 1 / 12,
    "月": 1 / 12,
    "周": 7 / 365,
    "天": 1 / 365,
    "日": 1 / 365,
    "d": 1 / 365,
}
_AGE = re.compile(r"(?P<age>\d{1,3}(?:\.\d+)?) ?(?P<unit>周岁|岁|个?月|周|天|日|[ymd])?")
_DECADE = re.compile(r"(?P<from>\d?0)(?:\+|[-~]\d?9)岁?")
_SEXES: dict[str, Literal["male", "female"]] = {
    "男": "male", "男性": "male", "m": "male", "male": "male", "man": "male", "boy": "male",
    "女": "female", "女性": "female", "f": "female", "female": "female", "woman": "female", "girl": "female",
}  # fmt: skip


def person_of(row: dict[str, Any]) -> Person:
    """What a row tells of the person; what cannot be read counts as not said."""
    return Person(age=age_of(row.get("age")), sex=_SEXES.get(str(row.get("sex") or "").strip().lower()))


def age_of(said: object) -> float | None:
    """In years: "30+" and "30-39" are 35, the middle of the decade (10 would make a child of every "10+"), "6个月" is
    half a year. None for what is no age."""
    if isinstance(said, bool) or said is None:
        return None
    match = _AGE.search(normalise(str(said)).lower())
    if match is None:
        return None
    if decade := _DECADE.fullmatch(normalise(str(said)).strip()):
        return float(decade["from"]) + 5
    age = float(match["age"]) * _YEARS.get(match["unit"] or "", 1.0)
    return age if age <= 130 else None
