"""What is told of an illness, through the platforms' doors: to a department, to a number, to the doctor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conversations.hospital import Hospital
from tests.patients import Patient

pytestmark = pytest.mark.slow

Arrive = Callable[..., Patient]


def test_from_symptoms_to_what_the_doctor_reads(arrive: Arrive, hospital: Hospital) -> None:
    patient = arrive("wechat", registered=True)
    patient.say("你好")
    said = patient.say("牙疼得厉害，两天了")
    assert "建议就诊科室：口腔科" in said
    assert "120" in said
    said = patient.say("填病情")
    assert "牙疼得厉害" in said
    for words, asked in (
        ("5分", "别的不舒服"),
        ("没有", "得过什么病"),
        ("没有", "过敏"),
        ("青霉素过敏", "什么药"),
    ):
        said = patient.say(words)
        assert asked in said, words
    said = patient.say("没有")
    if "怀孕" in said:
        said = patient.say("没有")
    assert "报告" in said
    said = patient.say("没有")
    assert "主诉：牙疼得厉害" in said
    assert "过敏：青霉素过敏" in said
    said = patient.say("过敏改成头孢过敏")
    assert "过敏：头孢过敏" in said
    said = patient.say("确认")
    assert "接诊医生" in said
    assert "120" in said
    assert hospital.one("SELECT count(*) FROM intakes") >= 1
    # Nothing of it stands open anywhere: the drafts are sealed, and so is what was stored.
    assert (
        hospital.one("SELECT count(*) FROM intakes WHERE position(convert_to('头孢', 'UTF8') IN summary) > 0")
        == 0
    )
