"""What the hospital does in tests of follow-ups: it puts patients on a plan and asks; and what
is kept of their answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from integrations.hospital.follow_up import answering, enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import AccountPatient, FollowUpTask, TaskStatus

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


async def begun(chat: Chat, plan_id: str) -> tuple[str, Said]:
    """The owner is on a plan, asked, and begins; gives the task and what is asked first."""
    task = await put_on(chat, plan_id)
    await due(chat, task)
    return task, await chat.say("answer_follow_up")


async def answer(chat: Chat, words: str, intent: str = "nlu_fallback", *entities: tuple[str, Any]) -> Said:
    return await chat.say(intent, *entities, text=words)


async def task_status(chat: Chat, task: str) -> TaskStatus:
    async with chat.runtime.database.begin() as session:
        return (await session.get_one(FollowUpTask, UUID(task))).status


async def answers(chat: Chat, task: str) -> dict[str, Any]:
    async with chat.runtime.database.begin() as session:
        return await answering.answers_of(session, chat.runtime.crypto, UUID(task))


async def rows(chat: Chat, model: Any) -> list[Any]:
    async with chat.runtime.database.begin() as session:
        return list(await session.scalars(select(model)))


async def weighed(chat: Chat) -> tuple[str, Said]:
    """The diabetes plan, up to its question for the weight."""
    task, _ = await begun(chat, "diabetes")
    return task, await answer(chat, "空腹6.1")
