"""Asking a doctor online in the chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from actions.server import build_executor
from integrations.catalogue import Texts
from integrations.hospital.consultations import accepting, finishing, limits, offers, views
from integrations.hospital.consultations.terms import Terms
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Consultation,
    ConsultationStatus,
    Evidence,
    Patient,
    PatientStatus,
    ReturnReason,
    Slot,
)
from tests.actions.conftest import NOW
from tests.consultation_rows import ACTOR, Online


async def _offer(clinic: Any, name: str = "李静", **more: Any) -> None:
    values = {"fee_fen": 3000, "opens": time(8), "closes": time(20), "places": 2, "actor": "staff:head"}
    async with clinic.runtime.database.begin() as session:
        await offers.offer(session, UUID(clinic.doctors[name]), **{**values, **more})


async def _newest(clinic: Any) -> ConsultationView:
    async with clinic.runtime.database.begin() as session:
        found = await session.scalar(select(Consultation.id).order_by(Consultation.id.desc()).limit(1))
        assert found is not None
        return await views.consultation(session, found)


async def _pay(clinic: Any, one: ConsultationView) -> None:
    await Online(clinic.runtime.database, clinic.runtime.crypto).pay(one.id, NOW)


async def _asked(clinic: Any, chat: Any) -> Any:
    """Up to the consent, with a picture of a record."""
    told = await chat.say("online_consultation")
    assert "我是导诊助手，不是医生" in told.text
    assert told.expects == "health"
    which = await chat.say("inform", await chat.token("health", "高血压三年，想调药"))
    proof = await chat.press(which, "李静 副主任医师 心血管内科 ¥30 现在可问")
    assert "病历" in proof.text
    return await chat.say("non_text", kind="image", message_id=uuid4().hex)


async def test_from_the_wish_to_the_page_that_pays_it(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    consent = await _asked(clinic, chat)
    for words in ("知情同意", "¥30", "退诊", "全退", "30 分钟内接诊", "20 条消息", "120"):
        assert words in consent.text
    assert "高血压" not in str(chat.slots)
    paying = await chat.say("give_consent")
    assert "支付 ¥30" in paying.text
    assert "/p/pay/" in paying.text
    made = await _newest(clinic)
    assert (made.status, made.evidence, made.practitioner) == (
        ConsultationStatus.UNPAID,
        Evidence.PICTURE,
        "李静",
    )
    async with clinic.runtime.database.begin() as session:
        told = await views.told(session, clinic.runtime.crypto, made.id)
    assert told.condition == "高血压三年，想调药"
    assert chat.form == ""


async def test_a_visit_on_file_needs_no_record_and_a_named_doctor_is_not_asked_for(clinic: Any) -> None:
    await _offer(clinic)
    await _offer(clinic, "张伟")
    chat = await clinic.chat()
    schedule = await clinic.session("李静", NOW.date() - timedelta(days=20))
    async with clinic.runtime.database.begin() as session:
        patient = (await session.scalars(select(Patient.id))).one()
        slot = (await session.scalars(select(Slot).where(Slot.schedule_id == UUID(schedule)))).first()
        assert slot is not None
        session.add(
            Appointment(
                schedule_id=UUID(schedule),
                slot_id=slot.id,
                patient_id=patient,
                account_id=chat.contact.account_id,
                contact_id=chat.contact.id,
                status=AppointmentStatus.FULFILLED,
                fee_fen=0,
            )
        )
    await chat.say("online_consultation", ("practitioner", clinic.doctors["李静"]))
    consent = await chat.say("inform", await chat.token("health", "高血压"))
    assert "看过，不用再发病历" in consent.text
    assert "知情同意" in consent.text
    await chat.press(consent, "同意，去付款")
    assert (await _newest(clinic)).evidence is Evidence.ON_FILE


async def test_a_first_visit_is_shown_the_way_to_the_clinic(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    first = await chat.press(await chat.say("online_consultation"), "还没确诊过")
    assert "按规定不能在线看" in first.text
    assert list(first.buttons.values()) == ["/book_appointment"]
    assert chat.form == ""
    await chat.say("online_consultation")
    which = await chat.say("inform", await chat.token("health", "咳嗽"))
    proof = await chat.press(which, "李静")
    assert "按规定不能在线看" in (await chat.press(proof, "没有记录")).text


async def test_where_a_pilot_allows_it_a_first_visit_goes_on(clinic: Any, texts: Texts) -> None:
    pilot = clinic.runtime.settings.model_copy(update={"consultation_first_visits": True})
    clinic.executor = build_executor(replace(clinic.runtime, settings=pilot), texts)
    await _offer(clinic)
    chat = await clinic.chat()
    which = await chat.press(await chat.say("online_consultation"), "还没确诊过")
    consent = await chat.press(which, "李静")
    await chat.press(consent, "同意")
    assert (await _newest(clinic)).evidence is Evidence.STATED


async def test_who_is_not_checked_waits(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    async with clinic.runtime.database.begin() as session:
        await session.execute(update(Patient).values(status=PatientStatus.PENDING))
    assert "还在核验" in (await chat.say("online_consultation")).text


async def test_nobody_is_asked_before_the_consent_to_health_data(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("online_consultation")
    assert "您同意吗" in said.text
    assert "确诊" not in said.text


async def test_no_consent_no_consultation(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    refused = await chat.press(await _asked(clinic, chat), "先不了")
    assert "没有收您的钱" in refused.text
    async with clinic.runtime.database.begin() as session:
        assert list(await session.scalars(select(Consultation.id))) == []


async def test_a_doctor_out_of_hours_says_when_and_others_are_offered(clinic: Any) -> None:
    await _offer(clinic, opens=time(18), closes=time(20))
    await _offer(clinic, "张伟", fee_fen=2000)
    chat = await clinic.chat()
    await chat.say("online_consultation", ("practitioner", clinic.doctors["李静"]))
    which = await chat.say("inform", await chat.token("health", "高血压"))
    assert "现在不接诊，今天 18:00 开始" in which.text
    assert "可以换一位" in which.text
    assert [title.split()[0] for title in which.buttons] == ["张伟"]
    chat2 = await clinic.chat()
    await chat2.say("online_consultation")
    which = await chat2.say("inform", await chat2.token("health", "骨折术后"))
    assert next(iter(which.buttons)).startswith("张伟 副主任医师 骨科 ¥20 现在可问")
    assert "18:00-20:00 可问" in list(which.buttons)[1]


async def test_how_it_stands_is_told_at_every_step(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    assert "没有在线复诊" in (await chat.say("my_consultations")).text
    await chat.press(await _asked(clinic, chat), "同意")
    made = await _newest(clinic)
    assert "/p/pay/" in (await chat.say("my_consultations")).text
    await _pay(clinic, made)
    waiting = await chat.say("my_consultations")
    assert "最晚 09:30 前接诊" in waiting.text
    assert list(waiting.buttons) == ["取消在线复诊"]
    doctor = {"practitioner_id": made.practitioner_id, "actor": ACTOR, "now": NOW + timedelta(minutes=1)}
    async with clinic.runtime.database.begin() as session:
        await accepting.accept(session, made.id, terms=Terms.of(clinic.runtime.settings), **doctor)  # type: ignore[arg-type]
    assert "还可以发 20 条消息" in (await chat.say("my_consultations")).text
    assert "不能取消" in (await chat.say("cancel_consultation")).text
    async with clinic.runtime.database.begin() as session:
        await limits.doctor_said(session, made.id, NOW)
        settings, crypto = clinic.runtime.settings, clinic.runtime.crypto
        await finishing.finish(session, crypto, settings, made.id, "药量减半", **doctor)  # type: ignore[arg-type]
    shown = await chat.say("my_consultations")
    assert "小结" in shown.text
    assert "药量减半" not in shown.text  # a token stands there, in whose place the patient reads it


@pytest.mark.parametrize("paid", [False, True])
async def test_cancelled_before_it_is_accepted(clinic: Any, paid: bool) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.press(await _asked(clinic, chat), "同意")
    made = await _newest(clinic)
    if paid:
        await _pay(clinic, made)
    asked = await chat.say("cancel_consultation")
    assert ("全额退回" if paid else "还没付款") in asked.text
    kept = await chat.press(asked, "不取消")
    assert "保留着" in kept.text
    await chat.say("cancel_consultation")
    done = await chat.say("cancel_consultation", text="是的，取消")
    assert ("全额退回" if paid else "没有收您的钱") in done.text
    assert (await _newest(clinic)).status is ConsultationStatus.CANCELLED


async def test_given_back_says_why_and_offers_a_visit(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.press(await _asked(clinic, chat), "同意")
    made = await _newest(clinic)
    await _pay(clinic, made)
    async with clinic.runtime.database.begin() as session:
        await accepting.give_back(
            session, clinic.runtime.crypto, made.id, ReturnReason.MUST_BE_SEEN, "要拍片",
            practitioner_id=made.practitioner_id, actor=ACTOR, now=NOW,
        )  # fmt: skip
    said = await chat.say("my_consultations")
    assert "退回了这次在线复诊" in said.text
    assert "¥30 已全额退" in said.text
    assert "/book_appointment" in said.buttons.values()


async def test_the_same_doctor_is_not_paid_twice_and_a_repeat_asks_once(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.press(await _asked(clinic, chat), "同意")
    again = await chat.press(await _asked(clinic, chat), "同意")
    assert "不用再付一次" in again.text


async def test_a_question_in_between_comes_back_and_back_goes_one_step(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    which = await chat.say("inform", await chat.token("health", "高血压"))
    assert "哪位医生" in which.text
    assert "哪位医生" in (await chat.say("thanks")).text
    assert "哪个确诊过的病" in (await chat.say("go_back")).text
    assert "什么都没有转给医生" in (await chat.say("cancel")).text
    assert chat.form == ""


async def test_what_should_be_seen_today_is_not_asked_online(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    chat.urgent, chat.alarm_ago = True, 30
    told = await chat.say("online_consultation")
    assert "今天就要当面看" in told.text
    assert "急诊" in told.text
    assert list(told.buttons) == ["预约挂号", "看的是别的事"]
    assert chat.form == ""
    told = await chat.press(told, "看的是别的事")
    assert told.expects == "health"


async def test_an_alarm_before_the_consent_asks_no_fee(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await _asked(clinic, chat)
    chat.urgent, chat.alarm_ago = True, 30
    told = await chat.say("give_consent")
    assert "今天就要当面看" in told.text
    async with clinic.runtime.database.begin() as session:
        assert await session.scalar(select(Consultation.id)) is None
    told = await chat.say("nlu_fallback", text="和刚才说的没关系")
    assert "知情同意" in told.text  # nothing has to be told again
    assert "支付 ¥30" in (await chat.say("give_consent")).text


@pytest.mark.parametrize("words", ["还好，没事了", "继续吧", "I'm fine, go on"])
async def test_after_an_emergency_the_fee_waits_for_a_word_of_the_patient(clinic: Any, words: str) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    chat.alarm_ago = 30
    told = await chat.say("inform", await chat.token("health", "好一点了"))
    assert "马上打120" in told.text
    assert "¥" not in told.text
    assert list(told.buttons) == ["没事，接着约", "先不约了"]
    assert "马上打120" in (await chat.say("nlu_fallback", text="嗯…")).text
    told = await chat.say("nlu_fallback", text=words)
    assert told.expects == "health"  # what was said behind the alarm is no illness
    which = await chat.say("inform", await chat.token("health", "高血压三年，想调药"))
    assert "哪位医生" in which.text


async def test_after_an_emergency_a_no_ends_it_without_a_fee(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await _asked(clinic, chat)
    chat.alarm_ago = 30
    told = await chat.say("give_consent")
    assert "马上打120" in told.text
    told = await chat.press(told, "先不约了")
    assert "什么都没有转给医生" in told.text
    async with clinic.runtime.database.begin() as session:
        assert await session.scalar(select(Consultation.id)) is None


async def test_an_alarm_of_yesterday_is_not_asked_about(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    chat.alarm_ago = 24 * 3600
    assert (await chat.say("online_consultation")).expects == "health"


async def test_a_number_is_no_illness_and_what_is_not_understood_is_not_noted(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    again = await chat.say("inform", await chat.token("health", "99"))
    assert "哪个确诊过的病" in again.text
    assert "我是导诊助手" not in again.text  # that was read just now
    which = await chat.say("inform", await chat.token("health", "高血压"))
    assert "记下了" in which.text
    assert "记下了" not in (await chat.say("nlu_fallback", text="88")).text


@pytest.mark.parametrize("words", ["胸闷两天，没看过医生", "never been diagnosed, just coughing"])
async def test_who_says_that_no_doctor_saw_it_is_shown_the_way_to_the_clinic(clinic: Any, words: str) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    assert "按规定不能在线看" in (await chat.say("inform", await chat.token("health", words))).text


async def test_pictures_go_along_at_any_question_and_a_recording_says_that_it_cannot_be_heard(
    clinic: Any,
) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    heard = await chat.say("online_consultation")
    heard = await chat.say("non_text", kind="voice", message_id=uuid4().hex)
    assert "120" in heard.text
    assert "哪个确诊过的病" in heard.text
    which = await chat.say("inform", await chat.token("health", "高血压"))
    seen = await chat.say("non_text", kind="image", message_id=uuid4().hex)
    assert "会给医生看" in seen.text
    assert seen.buttons == which.buttons
    assert "知情同意" in (await chat.press(which, "李静")).text  # the record was sent already


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("reschedule_appointment", "等等，换一位"),
        ("deny", "换个医生吧"),
        ("nlu_fallback", "another doctor please"),
    ],
)
async def test_another_doctor_is_chosen_and_no_visit_is_moved(clinic: Any, intent: str, words: str) -> None:
    await _offer(clinic)
    await _offer(clinic, "张伟")
    chat = await clinic.chat()
    await _asked(clinic, chat)
    which = await chat.say(intent, text=words)
    assert "哪位医生" in which.text
    consent = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]), text="还是张伟吧")
    assert "张伟" in consent.text
    assert chat.form == "consultation_form"


async def test_what_was_told_of_the_illness_is_put_right_later(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await _asked(clinic, chat)
    said = await chat.say("correct", text="说错了，是糖尿病两年")
    assert "记下了" in said.text
    await chat.press(said, "同意")
    made = await _newest(clinic)
    async with clinic.runtime.database.begin() as session:
        told = await views.told(session, clinic.runtime.crypto, made.id)
    assert told.condition == "糖尿病两年"


async def test_a_question_takes_nothing_back(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    consent = await _asked(clinic, chat)
    said = await chat.say(
        "ask_hospital", ("topic", "insurance"), text="actually, is it covered by insurance?"
    )
    assert "记下了" not in said.text
    assert said.buttons == consent.buttons


async def test_the_consent_is_read_once(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    await _asked(clinic, chat)
    again = await chat.say("ask_hospital", ("topic", "insurance"), text="能走医保吗")
    assert "上面的知情同意" in again.text
    assert "隔着屏幕" not in again.text
    assert "支付 ¥30" in (await chat.say("affirm")).text


async def test_for_a_relative_who_is_not_registered(clinic: Any) -> None:
    await _offer(clinic)
    chat = await clinic.chat()
    said = await chat.say("online_consultation", ("relative", "妈"), text="给我妈在线问诊")
    assert "没有登记过您妈妈" in said.text
    assert next(iter(said.buttons)) == "先登记您妈妈"
    own = await chat.say("cancel", ("oneself", "oneself"), text="算了给我自己问吧")
    assert "哪个确诊过的病" in own.text
