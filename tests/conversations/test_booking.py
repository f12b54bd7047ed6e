"""Booking by chat where two patients meet, and what the database keeps. The talk is in dialogs/."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient, WeChatPatient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def test_a_booking_takes_four_messages(registered: Patient, hospital: Hospital) -> None:
    said = registered.say("下周三上午想看心内科")
    assert "周三" in said
    assert "上午" in said
    assert "心血管内科" in said
    assert "¥" in said
    registered.choose("李静")
    said = registered.say("9点")
    assert "9:00" in said
    assert "李静" in said
    assert "¥35" in said
    assert registered.name not in said
    said = registered.say("确认")
    assert "李静" in said
    [(status, fee, until, order)] = hospital.appointments(registered)
    assert (status, fee, order) == ("held", 3500, "unpaid")
    assert timedelta(minutes=14) < until - datetime.now(until.tzinfo) <= timedelta(minutes=15)
    assert f"{until.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}".lstrip("0") in said


def test_a_number_just_sold_is_said_and_another_one_offered(arrive: Arrive, hospital: Hospital) -> None:
    first, second = arrive("wechat", registered=True), arrive("telegram", registered=True)
    for patient in (first, second):
        patient.say("下周三上午挂李静")
        assert "10:00" in patient.say("10点")
    first.say("确认")
    said = second.choose("确认 10:00")
    assert "10:00" in said.text
    assert "约走" in said.text
    other = re.search(r"确认 (\d+:\d\d)", str(said.buttons))
    assert other
    assert other[1] != "10:00"
    second.choose("确认")
    assert [row[0] for row in hospital.appointments(second)] == ["held"]


def test_the_last_number_just_sold_is_said(arrive: Arrive, hospital: Hospital) -> None:
    _, when = hospital.half_day("雷雨", slots=1)
    first, second = arrive("telegram", registered=True), arrive("wechat", registered=True)
    for patient in (first, second):
        assert "雷雨" in patient.say(f"{when}挂雷雨医生")
    first.say("确认")
    said = second.say("确认")
    assert "约满" in said
    assert said.buttons
    assert hospital.appointments(second) == []


def test_a_half_day_is_booked_once(wechat: WeChatPatient, hospital: Hospital) -> None:
    wechat.say("下周三上午挂陈立新")
    wechat.say("确认")
    assert "已经约了" in wechat.say("下周三上午挂陈立新")
    assert len(hospital.appointments(wechat)) == 1


def test_an_appointment_is_seen_and_cancelled(registered: Patient, hospital: Hospital) -> None:
    assert "没有" in registered.say("我的预约")
    registered.say("下周三上午挂赵敏")
    registered.say("确认")
    assert "赵敏" in registered.say("我的预约")
    registered.choose("取消")
    assert "号还在" in registered.choose("不取消")
    registered.say("取消预约")
    assert "已取消" in registered.choose("确认取消")
    assert [(row[0], row[3]) for row in hospital.appointments(registered)] == [("cancelled", "closed")]
    assert "没有" in registered.say("我的预约")


def test_an_appointment_is_moved_and_never_lost(registered: Patient, hospital: Hospital) -> None:
    registered.say("下周三上午挂赵敏")
    registered.say("确认")
    assert "原来的号一直留着" in registered.say("我想改约")
    said = registered.choose("周")
    assert "原来：" in said
    assert "赵敏" in said
    assert [row[0] for row in hospital.appointments(registered)] == ["held"]
    assert "改好了" in registered.say("确认")
    assert [(row[0], row[3]) for row in hospital.appointments(registered)] == [
        ("cancelled", None),
        ("held", "unpaid"),
    ]
    registered.say("取消预约")
    registered.choose("确认取消")
    assert {row[0] for row in hospital.appointments(registered)} == {"cancelled"}


def test_one_of_several_appointments_is_cancelled(wechat: WeChatPatient, hospital: Hospital) -> None:
    for doctor in ("赵敏", "张国栋"):
        wechat.say(f"{doctor}医生")
        wechat.choose("余")
        wechat.say("确认")
    said = wechat.say("取消预约")
    assert "哪一个" in said
    wechat.choose("张国栋")
    wechat.say("确认")
    assert [row[0] for row in hospital.appointments(wechat)] == ["held", "cancelled"]


def test_an_unpaid_hold_frees_its_number_and_the_patient_hears_of_it(
    registered: Patient, hospital: Hospital
) -> None:
    registered.say("下周三上午挂王建国")
    registered.say("确认")
    before = len(registered.all_said())
    hospital.rows(
        "UPDATE appointments SET hold_expires_at = now() - interval '1 second' WHERE contact_id = %s",
        hospital.contact(registered),
    )
    eventually(lambda: any("释放" in said for said in registered.all_said()[before:]))
    assert [(row[0], row[3]) for row in hospital.appointments(registered)] == [("expired", "closed")]
    free = hospital.one(
        "SELECT status FROM slots WHERE id = (SELECT slot_id FROM appointments WHERE contact_id = %s)",
        hospital.contact(registered),
    )
    assert free == "free"
