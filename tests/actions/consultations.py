"""What tests of an online consultation share: a doctor who offers it, and the way to the consent."""

from __future__ import annotations

from datetime import time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from integrations.hospital.consultations import offers, views
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import (
    Consultation,
)
from tests.actions.conftest import NOW
from tests.consultation_rows import Online


async def offer(clinic: Any, name: str = "李静", **more: Any) -> None:
    values = {"fee_fen": 3000, "opens": time(8), "closes": time(20), "places": 2, "actor": "staff:head"}
    async with clinic.runtime.database.begin() as session:
        await offers.offer(session, UUID(clinic.doctors[name]), **{**values, **more})


async def newest(clinic: Any) -> ConsultationView:
    async with clinic.runtime.database.begin() as session:
        found = await session.scalar(select(Consultation.id).order_by(Consultation.id.desc()).limit(1))
        assert found is not None
        return await views.consultation(session, found)


async def pay(clinic: Any, one: ConsultationView) -> None:
    await Online(clinic.runtime.database, clinic.runtime.crypto).pay(one.id, NOW)


async def ask_with_record(clinic: Any, chat: Any) -> Any:
    """Up to the consent, with a picture of a record."""
    told = await chat.say("online_consultation")
    assert "我是导诊助手，不是医生" in told.text
    assert told.expects == "health"
    which = await chat.say("inform", await chat.token("health", "高血压三年，想调药"))
    proof = await chat.press(which, "李静 副主任医师 心血管内科 ¥30 现在可问")
    assert "病历" in proof.text
    return await chat.say("non_text", kind="image", message_id=uuid4().hex)
