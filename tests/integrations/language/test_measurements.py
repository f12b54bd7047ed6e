"""Measurements in patients' own words."""

from __future__ import annotations

import pytest

from integrations.language.measurements import find_measurements, find_number
from integrations.language.quantities import read_quantity

PRESSURES = [
    ("血压 135/85", 135, 85),
    ("135/85", 135, 85),
    ("早上135/85，药按时吃了", 135, 85),
    ("今早135／85".replace("／", "/"), 135, 85),
    ("高压135低压85", 135, 85),
    ("高压135，低压85", 135, 85),
    ("低压85 高压135", 135, 85),
    ("高压是135，低压是85", 135, 85),
    ("收缩压 142 舒张压 91", 142, 91),
    ("一百三十五/八十五", 135, 85),
    ("血压一百三十五 八十五", 135, 85),
    ("血压一百三比八十", 130, 80),
    ("高压一百四低压九十", 140, 90),
    ("量了一下血压128 79", 128, 79),
    ("血压128-79", 128, 79),
    ("血压128，79", 128, 79),
    ("血压 1350/85", 1350, 85),
    ("bp 120/80", 120, 80),
    ("135 over 85", 135, 85),
    ("my blood pressure is 135 over 85", 135, 85),
    ("one thirty five over eighty five", 135, 85),
    ("systolic 135 diastolic 85", 135, 85),
    ("upper 135 lower 85", 135, 85),
    ("Blood pressure 118 / 76 this morning", 118, 76),
    ("昨晚8点量的，150/95", 150, 95),
    ("136/88mmHg", 136, 88),
]


@pytest.mark.parametrize(("text", "high", "low"), PRESSURES)
def test_blood_pressure(text: str, high: float, low: float) -> None:
    [found] = find_measurements(text)
    assert found.kind == "blood_pressure"
    assert found.value == {"systolic": high, "diastolic": low}


def test_the_pulse_beside_it() -> None:
    [found] = find_measurements("血压135/85，心率72")
    assert found.value == {"systolic": 135, "diastolic": 85, "pulse": 72}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("135 85", {"systolic": 135, "diastolic": 85}),
        ("135，85", {"systolic": 135, "diastolic": 85}),
        ("一百三十五，八十五", {"systolic": 135, "diastolic": 85}),
        ("不对，是125", {"systolic": 125}),
        ("高压125", {"systolic": 125}),
        ("低压是75", {"diastolic": 75}),
        ("sorry, 125", {"systolic": 125}),
    ],
)
def test_when_it_was_asked_for(text: str, value: dict[str, float]) -> None:
    [found] = find_measurements(text, "blood_pressure")
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "value", "when"),
    [
        ("空腹6.1", 6.1, "fasting"),
        ("今天血糖6.2", 6.2, None),
        ("血糖 7.8 餐后", 7.8, "after_meal"),
        ("饭后两小时9.5", 9.5, "after_meal"),
        ("餐后2小时血糖8.6", 8.6, "after_meal"),
        ("空腹血糖是六点一", 6.1, "fasting"),
        ("早饭前测的5.4", 5.4, "fasting"),
        ("glucose 5.8 fasting", 5.8, "fasting"),
        ("my blood sugar was 7.2 after breakfast", 7.2, "after_meal"),
        ("fasting 108 mg/dl", 6.0, "fasting"),
        ("早上8点空腹6.3", 6.3, "fasting"),
        ("空腹6点5", 6.5, "fasting"),
        ("餐后12点3", 12.3, "after_meal"),
        ("血糖13.9", 13.9, None),
        ("血糖 61", 61, None),
    ],
)
def test_glucose(text: str, value: float, when: str | None) -> None:
    [found] = find_measurements(text)
    assert (found.kind, found.value["value"], found.value.get("when")) == ("glucose", value, when)


@pytest.mark.parametrize(
    ("text", "value", "beyond"),
    [
        ("血糖HI", 33.3, "above"),
        ("血糖仪显示 HI", 33.3, "above"),
        ("餐后血糖爆表了", 33.3, "above"),
        ("the meter says HI", 33.3, "above"),
        ("血糖仪显示LO", 1.1, "below"),
    ],
)
def test_what_a_meter_shows_instead_of_a_number(text: str, value: float, beyond: str) -> None:
    [found] = find_measurements(text, "glucose")
    assert (found.value["value"], found.value["beyond"]) == (value, beyond)


@pytest.mark.parametrize(
    "text", ["hi", "Hi there", "没爆表", "血糖仪 history", "my blood sugar is high", "hello"]
)
def test_what_a_meter_does_not_show(text: str) -> None:
    assert find_measurements(text, "glucose") == []


def test_two_values_around_one_meal() -> None:
    found = find_measurements("空腹6.1，餐后8.3")
    assert [one.value for one in found] == [
        {"value": 6.1, "when": "fasting"},
        {"value": 8.3, "when": "after_meal"},
    ]


def test_a_bare_number_is_what_was_asked_for() -> None:
    assert find_measurements("6.1") == []
    [found] = find_measurements("6.1", "glucose")
    assert found.value == {"value": 6.1}
    [found] = find_measurements("早上7点测的，5.9", "glucose")
    assert found.value == {"value": 5.9}


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("体重60公斤", 60),
        ("62.5公斤", 62.5),
        ("125斤", 62.5),
        ("今天称了124斤半", 62.2),
        ("体重一百二十五斤", 62.5),
        ("138 lb", 62.6),
        ("I weigh 138 pounds", 62.6),
        ("weight 70.2 kg", 70.2),
        ("体重 71", 71),
    ],
)
def test_weight(text: str, kilograms: float) -> None:
    [found] = find_measurements(text)
    assert (found.kind, found.value) == ("weight", {"value": kilograms})


@pytest.mark.parametrize(
    ("text", "celsius"),
    [
        ("体温38.5", 38.5),
        ("38度5", 38.5),
        ("烧到三十九度二", 39.2),
        ("体温36度8", 36.8),
        ("temperature 101.3", 38.5),
        ("37.2℃", 37.2),
        ("100.4°F", 38.0),
        ("三十八度半", 38.5),
    ],
)
def test_temperature(text: str, celsius: float) -> None:
    [found] = find_measurements(text)
    assert (found.kind, found.value) == ("temperature", {"value": celsius})


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("三十八度多", 38, 38.9),
        ("体温38度几", 38, 38.9),
        ("38多度", 38, 38.9),
        ("烧到三十八九度", 38, 38.9),
        ("体温40多度", 40, 40.9),
        ("38多", 38, 38.9),
    ],
)
def test_the_tenths_of_a_temperature_are_left_open(text: str, least: float, most: float) -> None:
    [found] = find_measurements(text, "temperature")
    assert (found.value, found.at_most) == ({"value": least}, {"value": most})


@pytest.mark.parametrize(
    "text",
    [
        *(
            "下周三上午挂心内科王医生",
            "11/25",
            "2026/11/25",
            "11月25日 9:30",
            "我买了5斤苹果",
            "第2个",
            "13812345678",
        ),
        *("血压高挂什么科", "糖尿病看哪个科", "9点半", "预约25号下午2点", "停车多少钱一小时", "1", "3/4"),
        *("120", "book me for 9 am on friday", "three people", "高血压挂号", "我血糖高，想约25号"),
    ],
)
def test_what_is_no_measurement(text: str) -> None:
    assert find_measurements(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("5分", 5), ("大概六分", 6), ("0", 0), ("疼痛5/10", 5), ("early at 8 am, 3", 3), ("没有", None)],
)
def test_a_number(text: str, number: float | None) -> None:
    assert find_number(text) == number


def test_quantities() -> None:
    said = {"一百三": 130, "一百零三": 103, "一三五": 135, "六点一": 6.1, "两百": 200, "12.50": 12.5}
    assert {text: read_quantity(text) for text in said} == said


@pytest.mark.parametrize("expected", ["glucose", "weight", "temperature", "blood_pressure"])
@pytest.mark.parametrize(
    "text",
    [
        "等一下,停车怎么收费",
        "一会儿再量",
        "我一直没量",
        "发烧三天了",
        "每天量两次",
        "体重称一下再说",
        "fever for 3 days",
    ],
)
def test_a_moment_and_a_count_are_no_value(text: str, expected: str) -> None:
    assert find_measurements(text, expected) == []
