"""What the hospital does in tests of follow-ups: it puts patients on a plan and asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    AccountPatient,
    FollowUpTask,
)

from .conftest import Chat, Said


async def put_on(chat: Chat, plan_id: str, patient: str = "") -> str:
    """The account's owner, or that patient, on a plan; gives the first task."""
    rt = chat.runtime
    plan = plans(rt.settings).get(plan_id)
    assert plan
    async with rt.database.begin() as session:
        own = select(AccountPatient.patient_id).where(
            AccountPatient.account_id == chat.contact.account_id, AccountPatient.relation == "self"
        )
        patient_id = UUID(patient) if patient else (await session.scalars(own)).one()
        made = await enrolment.start_by_staff(
            session, rt.settings, plan, patient_id, actor="staff:test", now=rt.now()
        )
        first = select(FollowUpTask.id).where(FollowUpTask.enrolment_id == made, FollowUpTask.number == 1)
        return str((await session.scalars(first)).one())


async def due(chat: Chat, task: str, **more: Any) -> Said:
    """The hospital asks: the patient's last message was yesterday."""
    away = more.pop("away", timedelta(days=1))
    return await chat.say(
        "follow_up_due", ("task", task), kind="system", text="/follow_up_due", away=away, **more
    )
