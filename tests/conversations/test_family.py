"""Relatives through the platforms' doors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stdnum.cn import ric

from tests.patients import Patient, code_in

pytestmark = pytest.mark.slow

Arrive = Callable[..., Patient]


def number(born: str, channel: str, *, female: bool = False) -> str:
    body = f"110105{born}{(101 if channel == 'wechat' else 103) + female}"
    return body + ric.calc_check_digit(body + "0")


def test_a_child_and_a_mother_are_added_listed_and_let_go(arrive: Arrive, channel: str) -> None:
    patient = arrive(channel, registered=True)
    mothers_phone = {"wechat": "13960718245", "telegram": "13960718246"}[channel]
    said = patient.say("给孩子登记")
    if "就在这里" in said:
        said = patient.choose("就在这里")
    assert "姓名" in said
    patient.say("张小宝")
    assert "您是孩子的监护人" in patient.say(number("20200512", channel))
    assert "*宝，登记好了" in patient.choose("我是监护人")
    said = patient.say("添加家人")
    if "就在这里" in said:
        said = patient.choose("就在这里")
    assert "什么人" in said
    patient.say("妈妈")
    patient.say("王秀英")
    assert "您妈妈自己的手机号" in patient.say(number("19600307", channel, female=True))
    assert "对方同意的话" in patient.say(mothers_phone)
    sms = patient.sms(mothers_phone)
    assert f"*{patient.name[-1]}想" in sms
    assert "您妈妈，姓名 *英" in patient.say(code_in(sms))
    assert "*英，登记好了" in patient.say("确认")
    said = patient.say("我的就诊人")
    assert "*宝（儿子，已核验）" in said
    assert "*英（母亲，已核验）" in said
    assert "*英" in patient.say("解绑我妈")
