from __future__ import annotations

import contextlib
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit

from integrations.hospital.models import Sex
from integrations.hospital.reading import (
    IdNumberFault,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    is_latin,
    mask_id_number,
    mask_name,
    mask_phone,
    read_id_number,
    read_person_name,
    read_phone,
)

TODAY = date(2026, 11, 22)
REGIONS = ("110101", "310104", "440305", "510107", "659001", "110199")


def _with_check_digit(body: str) -> str:
    return body + calc_check_digit(body + "0")


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    return _with_check_digit(f"{draw(st.sampled_from(REGIONS))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}")


@given(id_numbers())
def test_a_right_number_tells_birth_date_and_sex(number: str) -> None:
    read = read_id_number(number, TODAY)
    assert read.number == number
    assert f"{read.birth_date:%Y%m%d}" == number[6:14]
    assert read.sex is (Sex.MALE if number[16] in "13579" else Sex.FEMALE)
    assert number not in repr(read)


@given(id_numbers(), st.data())
def test_a_number_may_be_typed_in_many_ways(number: str, data: st.DataObject) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    cut = data.draw(st.integers(0, 18))
    for typed in (number.lower(), wide, wide.lower(), f" {number[:6]} {number[6:14]}-{number[14:]}\n"):
        assert read_id_number(typed, TODAY).number == number
    assert read_id_number(number[:cut] + "　\u200b " + number[cut:], TODAY).number == number


@given(id_numbers(), st.data())
def test_one_wrong_digit_is_always_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 16))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    with pytest.raises(InvalidIdNumber) as fault:
        read_id_number(number[:place] + digit + number[place + 1 :], TODAY)
    assert number not in str(fault.value)


@given(id_numbers(), st.integers(0, 16))
def test_two_swapped_digits_are_always_noticed(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(InvalidIdNumber):
            read_id_number(swapped, TODAY)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = read_id_number(text, TODAY)
    except InvalidIdNumber:
        return
    assert len(read.number) == 18


GOOD = _with_check_digit("11010119900307123")
WRONG_DIGIT = GOOD[:-1] + ("1" if GOOD[-1] != "1" else "2")


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("", "length", "0"),
        (GOOD[:-1], "length", "17"),
        (GOOD + "1", "length", "19"),
        ("11010119900307123X1", "length", "19"),
        ("110101900307123", "length", "15"),
        ("11010119900307O231", "characters", "15"),
        ("1101011990X3071234", "characters", "11"),
        ("一二三", "characters", "1"),
        (_with_check_digit("99010119900307123"), "region", "unknown"),
        (_with_check_digit("00010119900307123"), "region", "unknown"),
        (_with_check_digit("81000019900307123"), "region", "permit"),
        (_with_check_digit("11010119900230123"), "date", "impossible"),
        (_with_check_digit("11010119901307123"), "date", "impossible"),
        (_with_check_digit("11010100000101123"), "date", "impossible"),
        (_with_check_digit("11010120261123123"), "date", "future"),
        (_with_check_digit("11010118500307123"), "date", "too_old"),
        (WRONG_DIGIT, "check_digit", ""),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str, detail: str) -> None:
    with pytest.raises(InvalidIdNumber) as fault:
        read_id_number(text, TODAY)
    assert (fault.value.reason, fault.value.detail) == (IdNumberFault(reason), detail)


def test_born_today_is_no_future() -> None:
    assert read_id_number(_with_check_digit("11010120261122123"), TODAY).birth_date == TODAY


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+8613812345678",
        "86 138 1234 5678",
        "008613812345678",
        "１３８１２３４５６７８",
    ],
)
def test_a_mobile_number_may_be_typed_in_many_ways(text: str) -> None:
    assert read_phone(text) == "+8613812345678"


@pytest.mark.parametrize(
    "prefix", ["130", "147", "159", "166", "173", "188", "190", "191", "195", "198", "199"]
)
def test_all_operators(prefix: str) -> None:
    assert read_phone(f"{prefix}12345678") == f"+86{prefix}12345678"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unknown"),
        ("电话", "unknown"),
        ("1381234567", "length"),
        ("138123456789", "length"),
        ("010-88886666", "landline"),
        ("+1 202 555 0143", "foreign"),
        ("+852 6123 4567", "foreign"),
        ("12812345678", "unknown"),  # a slip, or a number in Texas
    ],
)
def test_other_phones_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidPhone) as fault:
        read_phone(text)
    assert fault.value.reason == reason


@given(st.text(max_size=30))
def test_any_text_is_a_phone_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidPhone):
        assert read_phone(text).startswith("+86")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("张明", "张明"),
        (" 张 明 ", "张明"),
        ("我叫张明", "张明"),
        ("我的名字是张明。", "张明"),
        ("我是张明", "张明"),
        ("姓名：张明", "张明"),
        ("欧阳小明", "欧阳小明"),
        ("阿依努尔•买买提", "阿依努尔·买买提"),
        ("阿依努尔.买买提", "阿依努尔·买买提"),
        ("𠮷田", "𠮷田"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert read_person_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("我叫", "empty"),
        ("明", "length"),
        ("明" * 26, "length"),
        ("张3", "characters"),
        ("Zhang 3", "characters"),
        ("张明😀", "characters"),
        ("·张明", "characters"),
        ("张··明", "characters"),
        ("张明'; DROP TABLE patients", "characters"),
    ],
)
def test_what_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(InvalidName) as fault:
        read_person_name(text)
    assert fault.value.reason == reason


@given(id_numbers())
def test_masks_hide_the_middle(number: str) -> None:
    masked = mask_id_number(number)
    assert len(masked) == 18
    assert (masked[:3], masked[-2:], set(masked[3:-2])) == (number[:3], number[-2:], {"*"})


@given(st.text(max_size=25))
def test_a_masked_name_shows_one_character_at_most(name: str) -> None:
    if is_latin(name):
        assert re.fullmatch(r"[^\W\d_]\.( [^\W\d_]\.){0,4}", mask_name(name))
    else:
        assert mask_name(name) == (f"*{name[-1]}" if name else "")


def test_masked_examples() -> None:
    assert mask_name("A ×") == "*×"  # a sign, no letter
    assert mask_name("欧阳小明") == "*明"
    assert mask_name("ßAA") == "S."  # two letters, written large
    assert mask_phone("+8613812345678") == "138****5678"
    assert mask_phone("12345") == "*****"
