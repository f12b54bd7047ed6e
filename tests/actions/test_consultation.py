"""Asking a doctor online in the chat: who may, whom, and what is shown before it is paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from actions.server import build_executor
from integrations.catalogue import Texts
from integrations.hospital.consultations import views
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Consultation,
    ConsultationStatus,
    Evidence,
    Patient,
    PatientStatus,
    Slot,
)
from tests.actions.conftest import NOW
from tests.actions.consultations import ask_with_record, newest, offer


async def test_from_the_wish_to_the_page_that_pays_it(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    consent = await ask_with_record(clinic, chat)
    for words in ("知情同意", "¥30", "退诊", "全退", "30 分钟内接诊", "20 条消息", "120"):
        assert words in consent.text
    assert "高血压" not in str(chat.slots)
    paying = await chat.say("give_consent")
    assert "支付 ¥30" in paying.text
    assert "/p/pay/" in paying.text
    made = await newest(clinic)
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
    await offer(clinic)
    await offer(clinic, "张伟")
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
    assert (await newest(clinic)).evidence is Evidence.ON_FILE


async def test_a_first_visit_is_shown_the_way_to_the_clinic(clinic: Any) -> None:
    await offer(clinic)
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
    await offer(clinic)
    chat = await clinic.chat()
    which = await chat.press(await chat.say("online_consultation"), "还没确诊过")
    consent = await chat.press(which, "李静")
    await chat.press(consent, "同意")
    assert (await newest(clinic)).evidence is Evidence.STATED


async def test_who_is_not_checked_waits(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    async with clinic.runtime.database.begin() as session:
        await session.execute(update(Patient).values(status=PatientStatus.PENDING))
    assert "还在核验" in (await chat.say("online_consultation")).text


async def test_nobody_is_asked_before_the_consent_to_health_data(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("online_consultation")
    assert "您同意吗" in said.text
    assert "确诊" not in said.text


async def test_no_consent_no_consultation(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    refused = await chat.press(await ask_with_record(clinic, chat), "先不了")
    assert "没有收您的钱" in refused.text
    async with clinic.runtime.database.begin() as session:
        assert list(await session.scalars(select(Consultation.id))) == []


async def test_a_doctor_out_of_hours_says_when_and_others_are_offered(clinic: Any) -> None:
    await offer(clinic, opens=time(18), closes=time(20))
    await offer(clinic, "张伟", fee_fen=2000)
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


@pytest.mark.parametrize("words", ["胸闷两天，没看过医生", "never been diagnosed, just coughing"])
async def test_who_says_that_no_doctor_saw_it_is_shown_the_way_to_the_clinic(clinic: Any, words: str) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    assert "按规定不能在线看" in (await chat.say("inform", await chat.token("health", words))).text


async def test_for_a_relative_who_is_not_registered(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    said = await chat.say("online_consultation", ("relative", "妈"), text="给我妈在线问诊")
    assert "没有登记过您妈妈" in said.text
    assert next(iter(said.buttons)) == "先登记您妈妈"
    own = await chat.say("cancel", ("oneself", "oneself"), text="算了给我自己问吧")
    assert "哪个确诊过的病" in own.text
