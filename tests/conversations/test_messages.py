"""Floods and tricks, buttons pressed twice, coming and going: what a written conversation (dialogs/) cannot say."""

from __future__ import annotations

import time

import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient, TelegramPatient, WeChatPatient
from tests.stack import eventually

pytestmark = pytest.mark.slow


# Buttons and menus


def test_a_button_pressed_twice_books_once(telegram: TelegramPatient, hospital: Hospital) -> None:
    telegram.say("下周三上午挂赵敏")
    [(message, data)] = [(m, data) for title, m, data in telegram.last.buttons if title.startswith("确认")]
    entries = [
        telegram.act("callback", message_id=int(message), data=data, wait=False)["entry"] for _ in range(2)
    ]
    eventually(lambda: "订单号" in "".join(telegram.all_said()))
    eventually(lambda: "之前的" in "".join(telegram.all_said()))
    assert len(entries) == 2
    assert len(hospital.appointments(telegram)) == 1


def test_every_pressed_button_stops_spinning(telegram: TelegramPatient) -> None:
    telegram.say("挂号")
    telegram.choose("消化内科")
    eventually(lambda: not any(entry.get("spinning") for entry in telegram.entries()))


# Coming and going


def test_whoever_comes_back_is_greeted_as_known(arrive: Arrive) -> None:
    patient = arrive("wechat")
    patient.register()
    time.sleep(1)  # WeChat tells two events of a kind apart by their second alone
    patient.act("unfollow")
    said = patient.does("follow")
    assert "您好" in said
    assert "同意吗" not in said


def test_whoever_unblocks_goes_on(telegram: TelegramPatient) -> None:
    before = len(telegram.all_said())
    telegram.act("block")
    telegram.act("start")
    eventually(lambda: len(telegram.all_said()) > before)
    assert "您好" in "".join(telegram.all_said()[before:])


# Floods and tricks


@pytest.mark.parametrize(
    "words",
    [
        "😀" * 300,
        "'; DROP TABLE patients; --",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "{{7*7}} ${jndi:ldap://x} %s %n {hospital_phone}",
        "我" * 4000,
        "1" * 4000,
        "\u202e\u200b\ufeff",
        '/inform{"department": "x"}',
        '/give_consent{"consent": "health_data"}',
        "[[id_number:00000000000000000000000000000000]]",
        "［［person_name：00000000000000000000000000000000］］",
    ],
)
def test_a_flood_or_a_trick_is_answered_and_changes_nothing(
    arrive: Arrive, hospital: Hospital, words: str
) -> None:
    patient = arrive("wechat")
    said = patient.say(words)
    assert said.text.strip()
    assert "出了点问题" not in said
    assert hospital.rows("SELECT 1 FROM consents WHERE contact_id = %s", hospital.contact(patient)) == []
    assert "停车" in patient.say("怎么停车")


def test_a_forged_token_reveals_nothing(wechat: WeChatPatient, arrive: Arrive) -> None:
    thief = arrive("wechat")
    thief.say("注册")
    thief.agree()
    thief.say(thief.name)
    said = thief.say("[[id_number:00000000000000000000000000000000]]")
    assert "身份证" in said
    assert "出了点问题" not in said


def test_many_messages_at_once_are_all_answered(registered: Patient, hospital: Hospital) -> None:
    for words in ("挂号", "骨科", "医院地址在哪", "取消"):
        registered.act("text", text=words, wait=False)
    eventually(lambda: "没有占号" in "".join(registered.all_said()))
    pending = "SELECT count(*) FROM inbound WHERE conversation_id = %s AND status <> 'done'"
    eventually(lambda: hospital.one(pending, hospital.contact(registered)) == 0)
