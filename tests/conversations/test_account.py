"""One person on both platforms: one account, two conversations, and the one who was first can cut the other off."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def account(hospital: Hospital, patient: Patient) -> object:
    return hospital.one("SELECT account_id FROM contacts WHERE id = %s", hospital.contact(patient))


def test_the_same_person_on_both_platforms_then_cut_off(arrive: Arrive, hospital: Hospital) -> None:
    wechat = arrive("wechat", registered=True)
    before = len(wechat.entries())
    telegram = arrive("telegram", person=wechat.person)
    assert "已经和这里关联好了" in telegram.register()
    assert account(hospital, telegram) == account(hospital, wechat)
    assert hospital.contact(telegram) != hospital.contact(wechat)
    eventually(lambda: "另一个Telegram账号刚刚关联了" in str(wechat.entries()[before:]))
    assert "已经断开" in wechat.say("断开")
    assert account(hospital, telegram) != account(hospital, wechat)
    eventually(lambda: any("已由先登记的一方断开" in said for said in telegram.all_said()))
    assert "还没有登记" in telegram.say("我的信息")
    assert "待人工核验" in wechat.say("我的信息")


def test_a_new_phone_by_chat(registered: Patient) -> None:
    assert "新的手机号" in registered.say("我换手机号了")
    old, registered.phone = registered.phone, f"139{registered.phone[3:]}"
    assert "验证码已发" in registered.say(registered.phone)
    assert "原来的" in registered.say(registered.sms_code())
    said = registered.choose("原号码不用了")
    assert "证件号" in said
    said = registered.say(registered.id_number)
    assert "已转给工作人员" in said
    assert registered.phone not in said
    assert old not in said
