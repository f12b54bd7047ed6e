"""A doctor's plain words for dose and frequency in English (每次1片, 每天2次, 饭后), as far as they are understood
for certain."""

from __future__ import annotations

import re

_UNITS = {
    "片": "tablet", "粒": "capsule", "袋": "sachet", "包": "sachet", "支": "ampoule", "喷": "puff", "揿": "puff",
    "吸": "puff", "滴": "drop", "单位": "unit", "毫升": "ml", "毫克": "mg", "克": "g", "ml": "ml", "mg": "mg", "g": "g",
}  # fmt: skip
_PACKS = {"盒": "box", "瓶": "bottle", "袋": "bag", "板": "strip"}
_UNCOUNTED = frozenset({"ml", "mg", "g"})
_NUMBERS = {"半": "half a", "一": "1", "两": "2", "二": "2", "三": "3", "四": "4"}
_WHEN = {
    "饭前": "before meals", "餐前": "before meals", "饭后": "after meals", "餐后": "after meals",
    "随餐": "with meals", "空腹": "on an empty stomach", "睡前": "at bedtime", "早餐前": "before breakfast",
    "早餐后": "after breakfast", "早上": "in the morning", "晚上": "in the evening", "必要时": "when needed",
}  # fmt: skip
_TIMES = {"1": "once", "2": "twice"}
_NUMBER = r"(\d+(?:\.\d+)?|[半一两二三四])"
_DOSE = re.compile(rf"(?:每次|一次|1次)?{_NUMBER}({'|'.join(_UNITS)})")
_OFTEN = re.compile(rf"每([天日晚周]){_NUMBER}次")
_HOURS = re.compile(r"每(\d+)小时[1一]次")
_PARTS = re.compile(r"[，,、；;（）()\s]+")
_EVERY = {"天": "a day", "日": "a day", "周": "a week"}


def pack_in_english(unit: str) -> str:
    return _PACKS.get(unit, "pack")


def dosing_in_english(words: str) -> str:
    """As they are where one part of them is not understood: half a translation would be a wrong one."""
    said = [_part(part) for part in _PARTS.split(words.strip()) if part]
    return ", ".join(part for part in said if part) if said and all(said) else words


def _part(part: str) -> str:
    if part in _WHEN:
        return _WHEN[part]
    when = next((word for word in _WHEN if part.startswith(word) or part.endswith(word)), "")
    if when:
        rest = _part(part.removeprefix(when).removesuffix(when))
        return f"{rest}, {_WHEN[when]}" if rest else ""
    if found := _DOSE.fullmatch(part):
        return _dose(_NUMBERS.get(found[1], found[1]), _UNITS[found[2]])
    if found := _OFTEN.fullmatch(part):
        return _often(found[1], _NUMBERS.get(found[2], found[2]))
    if found := _HOURS.fullmatch(part):
        return f"once every {found[1]} hours" if found[1] != "1" else "once an hour"
    return ""


def _dose(number: str, unit: str) -> str:
    if unit in _UNCOUNTED:
        return f"{number} {unit} each time" if number[0].isdigit() else ""
    many = "" if number in ("1", "half a") else "s"
    return f"{number} {unit}{many} each time"


def _often(every: str, number: str) -> str:
    if not number.isdigit():
        return ""
    times = _TIMES.get(number, f"{number} times")
    return f"{times} every evening" if every == "晚" else f"{times} {_EVERY[every]}"
