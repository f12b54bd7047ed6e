"""Blanks in a written conversation: {下周三}, {姓名}, {验证码}; and {时间？}, which remembers what stood there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from zlib import crc32

from stdnum.cn import ric

from integrations.catalogue import Texts
from tests.patients import Patient

_WEEKDAYS = "一二三四五六日"
_BLANK = re.compile(r"\{([^{}]+)\}")
_KEPT = re.compile(r"(.+)[？?]")
_NEAR = {"今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_WORD = r"[^\s，。；：、！？“”（）()\[\]{}]+"
_BETWEEN = "…"


class UnknownBlank(Exception):
    """Nobody knows what to put there."""


def day_of(words: str, today: date) -> date | None:
    """{今天}, {明天}, {3天后}, {3天前}, {周五} (of this week or, when it is over, of the next), {下周三}."""
    if words in _NEAR:
        return today + timedelta(days=_NEAR[words])
    if found := re.fullmatch(r"(\d+)天([后前])", words):
        return today + timedelta(days=int(found[1]) * (1 if found[2] == "后" else -1))
    if found := re.fullmatch(r"(下?)周([一二三四五六日])", words):
        monday = today - timedelta(days=today.weekday())
        day = monday + timedelta(days=_WEEKDAYS.index(found[2]) + (7 if found[1] else 0))
        return day if found[1] or day >= today else day + timedelta(days=7)
    return None


def shown(day: date) -> str:
    """11月25日（周三）, as the assistant writes it"""
    return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


class Blanks:
    """What one conversation knows to fill in."""

    def __init__(self, patient: Patient, today: date) -> None:
        self.patient = patient
        self.today = today
        self.kept: dict[str, str] = {}

    def fill(self, text: str) -> str:
        """Raises UnknownBlank."""
        return _BLANK.sub(lambda blank: self._value(blank[1]), text)

    def find(self, pattern: str, said: str) -> bool:
        """Whether the pieces of a pattern ("李静…¥35") stand in the answer, in this order. Blanks with a
        question mark remember the word found there."""
        names: list[str] = []
        parts: list[str] = []
        for piece in pattern.split(_BETWEEN):
            expression, end = "", 0
            piece = piece.strip()
            for blank in _BLANK.finditer(piece):
                expression += re.escape(piece[end : blank.start()])
                end = blank.end()
                if kept := _KEPT.fullmatch(blank[1]):
                    names.append(kept[1])
                    expression += f"({_WORD})"
                else:
                    expression += re.escape(self._value(blank[1]))
            parts.append(expression + re.escape(piece[end:]))
        found = re.search(".*?".join(parts), said, re.DOTALL)
        if found:
            self.kept.update(zip(names, found.groups(), strict=True))
        return bool(found)

    def _value(self, name: str) -> str:
        if name in self.kept:
            return self.kept[name]
        if day := day_of(name, self.today):
            return shown(day)
        if name in _OF_PATIENT:
            return _OF_PATIENT[name](self.patient)
        raise UnknownBlank(f"不知道{{{name}}}是什么：它既不是日期，也没有先用{{{name}？}}记下来")


def catalogue_pattern(texts: Texts, key: str) -> re.Pattern[str]:
    """Matches a text of the catalogue, whatever stands in its blanks."""
    choices = [
        ".+?".join(re.escape(piece) for piece in re.split(r"\{\w+\}", variation.text))
        for variation in texts.variations(key)
    ]
    return re.compile(rf"(?:^|\n|。|：)(?:{'|'.join(choices)})(?:\n|$)", re.DOTALL)


def _wrong_check_digit(patient: Patient) -> str:
    number = patient.id_number
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def _wrong_code(patient: Patient) -> str:
    return f"{(int(patient.sms_code()) + 1) % 10**6:06d}"


def _another_phone(patient: Patient) -> str:
    """From now on codes arrive there."""
    patient.phone = f"139{patient.phone[3:]}"
    return patient.phone


def _wide(digits: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in digits)


def _of_relative(age: int, *, female: bool) -> Callable[[Patient], str]:
    """A number of somebody of that age, another one for each patient."""

    def number(patient: Patient) -> str:
        lot = crc32(patient.id_number.encode())
        born = datetime.now(UTC).date() - timedelta(days=age * 365 + age // 4 + 30 + lot % 300)
        body = f"110105{born:%Y%m%d}{lot // 300 % 499 * 2 + (0 if female else 1):03}"
        return body + str(ric.calc_check_digit(body + "0"))

    return number


def _relatives_phone(patient: Patient) -> str:
    return f"137{patient.phone[3:]}"


def _relatives_code(patient: Patient) -> str:
    return patient.sms_code(_relatives_phone(patient))


_OF_PATIENT: Mapping[str, Callable[[Patient], str]] = {
    "姓名": lambda patient: patient.name,
    "证件号": lambda patient: patient.id_number,
    "手机号": lambda patient: patient.phone,
    "验证码": lambda patient: patient.sms_code(),
    "错的验证码": _wrong_code,
    "末位不对的证件号": _wrong_check_digit,
    "少一位的证件号": lambda patient: patient.id_number[:-1],
    "多一位的证件号": lambda patient: patient.id_number + "1",
    "地区不对的证件号": lambda patient: "99" + patient.id_number[2:],
    "生日不对的证件号": lambda patient: patient.id_number[:10] + "1341" + patient.id_number[14:],
    "带空格的证件号": lambda patient: " ".join(patient.id_number),
    "全角证件号": lambda patient: _wide(patient.id_number),
    "带横线的手机号": lambda patient: "-".join((patient.phone[:3], patient.phone[3:7], patient.phone[7:])),
    "另一个手机号": _another_phone,
    "妈妈的证件号": _of_relative(80, female=True),
    "爸爸的证件号": _of_relative(70, female=False),
    "十六岁的证件号": _of_relative(16, female=True),
    "孩子的证件号": _of_relative(6, female=False),
    "家人的手机号": _relatives_phone,
    "家人的验证码": _relatives_code,
}
