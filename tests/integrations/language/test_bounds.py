"""A bound is no value: 低于3.9. And of two numbers behind the name of one, a pressure is a pressure."""

from __future__ import annotations

import pytest

from integrations.language.measurements import find_measurements


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("早上血糖低于3.9", 3.9, "below"),
        ("血糖3.9以下", 3.9, "below"),
        ("空腹血糖不到4", 4, "below"),
        ("my blood sugar is below 70 mg/dl", 3.9, "below"),
        ("空腹血糖超过16.7", 16.7, "above"),
        ("血糖不低于3.9", 3.9, "above"),
        ("血糖16.8mmol/L以上", 16.8, "above"),
        ("体温38.5度以上", 38.5, "above"),
        ("glucose over 15", 15, "above"),
        ("不到一个小时前测的血糖18.5", 18.5, ""),
        ("超过两天没测了，今天血糖6.1", 6.1, ""),
        ("吃了不到半碗饭，餐后9.3", 9.3, ""),
    ],
)
def test_a_bound_is_told_from_a_value(text: str, value: float, bound: str) -> None:
    [found] = find_measurements(text)
    assert (found.value["value"], found.bound) == (value, bound)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("血压超过180/110", "above"),
        ("血压140/90以上", "above"),
        ("bp was over 180/110", "above"),
        ("135 over 85", ""),
        ("血压高达180/110", ""),
    ],
)
def test_bounds_of_a_pressure(text: str, bound: str) -> None:
    [found] = find_measurements(text)
    assert (found.kind, found.bound) == ("blood_pressure", bound)


@pytest.mark.parametrize("text", ["血糖高 180/110", "发烧 180/110", "糖尿病，血糖有点高 180/110"])
def test_two_numbers_behind_the_name_of_one_are_a_pressure(text: str) -> None:
    [found] = find_measurements(text)
    assert found.kind == "blood_pressure"
    assert found.value == {"systolic": 180, "diastolic": 110}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("血糖 180/110 mg/dl", ["glucose"]),
        ("血糖5.6/7.8", ["glucose"]),
        ("身高体重170/60", []),
        ("发烧38.5，血压180/110", ["temperature", "blood_pressure"]),
    ],
)
def test_what_is_no_pressure_stays_what_it_is(text: str, kinds: list[str]) -> None:
    assert [found.kind for found in find_measurements(text)] == kinds
