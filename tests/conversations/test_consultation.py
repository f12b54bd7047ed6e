"""A doctor asked online, through the patient's own door: from the wish to the summary and the rating, and the two ways
in which the whole fee goes back."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from bot.handoff import talking
from bot.handoff.states import OfConsultation
from integrations.hospital.models import StaffMember
from integrations.runtime import Runtime
from tests.conversations import acts
from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.conversations.passing import let_pass
from tests.conversations.staff import Doctor
from tests.patients import Patient
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow
STAFF_NO, FEE = "RH0102", 3000
_LONG = 120  # seconds that news may take on a busy machine


@pytest.fixture
def doctor(hospital: Hospital) -> Doctor:
    return Doctor(hospital, STAFF_NO, FEE)


def _hears(patient: Patient, words: str, after: int = 0) -> None:
    eventually(lambda: any(words in said for said in patient.all_said()[after:]), _LONG)


def _cannot_simply_close(doctor: Doctor, patient: Patient) -> None:
    async def close(session: Any, rt: Runtime, _one: UUID, member: StaffMember, now: Any) -> None:
        await talking.close(session, rt, doctor.talk(patient), member, now)

    with pytest.raises(OfConsultation):
        doctor.does(patient, close)


def _waits(patient: Patient, doctor: Doctor) -> None:
    """Asked for and paid; the doctor is told."""
    acts.ask_online(doctor.hospital, patient, doctor.id)
    _hears(patient, "已付款，最晚")


def _refunded(stack: Stack, patient: Patient) -> list[tuple[Any, ...]]:
    """(amount, what was paid) of what is on its way back."""
    return stack.rows(
        "SELECT r.amount_fen, o.amount_fen FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " JOIN orders o ON o.id = p.order_id JOIN contacts c ON c.id = o.contact_id WHERE c.platform_id = %s",
        patient.platform_id,
    )


def test_from_the_wish_to_the_rating(stack: Stack, doctor: Doctor, arrive: Arrive) -> None:
    patient = arrive("wechat", registered=True)
    assert "确诊过的病" in patient.say(f"我想在线问{doctor.name}医生", wait=_LONG)
    assert "病历" in patient.say("高血压三年了，在吃氨氯地平，想调药", wait=_LONG)
    consent = patient.does("image", wait=_LONG)
    for words in ("知情同意", "¥30", doctor.name, "全退", "120"):
        assert words in consent, words
    paying = patient.say("同意", wait=_LONG)
    link = re.search(r"/p/pay/[\w-]+", paying.text)
    assert link, paying
    order = doctor.hospital.one(
        "SELECT order_no FROM orders WHERE contact_id = %s", doctor.hospital.contact(patient)
    )
    acts.pay(doctor.hospital, order)
    _hears(patient, "已付款，最晚")
    assert "接诊" in patient.say("医生什么时候回我", wait=_LONG)

    doctor.accepts(patient)
    _hears(patient, "已经接手")
    begun = len(patient.all_said())
    patient.act("text", text="早上起来头晕，血压150/95")
    patient.act("text", text="要不要加药？")
    consultation, conversation = doctor.consultation(patient)
    eventually(
        lambda: doctor.hospital.one("SELECT turns_used FROM consultations WHERE id = %s", consultation) == 2
    )
    doctor.says(patient, "先不加，每天量两次记下来")
    _hears(patient, "每天量两次")
    _cannot_simply_close(doctor, patient)
    assert all("每天量两次" in said for said in patient.all_said()[begun:]), patient.all_said()[begun:]

    doctor.finishes(patient, "原方案不变，两周后复诊")
    _hears(patient, "看小结", begun)
    assert "两周后复诊" in patient.say("我的复诊", wait=_LONG)
    let_pass(doctor.hospital, patient, 1200)  # the question waits until the conversation rests
    stack.rows(
        "UPDATE reminders SET due_at = now() WHERE subject_id IN (SELECT id FROM ratings WHERE subject_id = %s)",
        consultation,
    )
    _hears(patient, "您感觉怎么样", begun)
    sorry = patient.say("评价2", wait=_LONG)
    for words in ("很抱歉", "投诉", "人工"):
        assert words in sorry, words
    assert "谢谢您" in patient.say("等了好久医生才回", wait=_LONG)
    rated = "SELECT subject_kind, stars, words IS NOT NULL FROM ratings WHERE contact_id = %s"
    assert stack.rows(rated, conversation) == [("consultation", 2, True)]
    assert (
        stack.rows("SELECT 1 FROM reminders WHERE kind = 'rating_asked' AND contact_id = %s", conversation)
        == []
    )
    assert sum("您感觉怎么样" in said for said in patient.all_said()) == 1


def test_a_doctor_who_does_not_come_in_time_costs_nothing(
    stack: Stack, doctor: Doctor, arrive: Arrive
) -> None:
    patient = arrive("telegram", registered=True)
    _waits(patient, doctor)
    doctor.does_not_come(patient)
    _hears(patient, "费用已自动全额退")
    eventually(lambda: _refunded(stack, patient) == [(FEE, FEE)], _LONG)
    assert "没有约成" in patient.say("我的复诊", wait=_LONG)


def test_who_must_be_seen_gets_all_of_it_back_and_hears_why(
    stack: Stack, doctor: Doctor, arrive: Arrive
) -> None:
    patient = arrive("wechat", registered=True)
    _waits(patient, doctor)
    doctor.accepts(patient)
    _hears(patient, "已经接手")
    patient.act("text", text="最近老觉得累")
    doctor.says(patient, "这种情况要听诊")
    _hears(patient, "这种情况要听诊")
    doctor.gives_back(patient, "需要听诊和心电图")
    _hears(patient, "费用全额退")
    eventually(lambda: _refunded(stack, patient) == [(FEE, FEE)], _LONG)
    told = patient.say("为什么退诊", wait=_LONG)
    assert "需要听诊和心电图" in told
    assert "预约挂号" in told
