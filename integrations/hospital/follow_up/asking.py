"""The life of one asking: due, asked, reminded of once, and then handed on to the call list.

Each step plans the next one in its own transaction, so that whatever dies, somebody is asked or called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import reminders
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import enrolment, times
from integrations.hospital.follow_up.hearing import Hearer, hearer_for
from integrations.hospital.follow_up.plans import Plans
from integrations.hospital.models import FollowUpTask, StopReason, TaskStatus
from integrations.quiet_hours import after_quiet_hours, awake
from integrations.settings import Settings

_LATER = timedelta(minutes=30)  # a patient who is busy in the chat, or speaks with a person
_GIVEN_UP = timedelta(days=7)  # what could not be asked for so long is called about
_ANY_HOUR = 10  # of a plan that cannot be read
_WAITING = frozenset({TaskStatus.PLANNED, TaskStatus.ASKED, TaskStatus.ANSWERING})

_TASK = text("""
    SELECT t.id, t.status, t.due_at, t.reminded_at, t.enrolment_id, e.status AS enrolment, e.plan, e.patient_id,
           e.account_id, e.contact_id
    FROM follow_up_tasks t JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    WHERE t.id = :id FOR NO KEY UPDATE OF t
""")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is to be asked now, and of whom. `again`: it was asked, and nobody answered."""

    task_id: UUID
    patient_id: UUID
    hearer: Hearer
    again: bool


async def due(
    session: AsyncSession,
    settings: Settings,
    plans: Plans,
    task_id: UUID,
    now: datetime,
    *,
    unanswered: bool = False,
) -> Asking | None:
    """What a due task comes to; `unanswered`: a day after it was due. None: nothing is to be asked (any more, or not
    now)."""
    task = (await session.execute(_TASK, {"id": task_id})).one_or_none()
    if task is None or task.status not in _WAITING or task.enrolment != "active":
        return None
    hearer = await hearer_for(
        session, task.patient_id, account_id=task.account_id, contact_id=task.contact_id
    )
    if hearer is None:
        await enrolment.stop_one(session, task.enrolment_id, StopReason.NOBODY, now)
        return None
    again = unanswered and task.status != TaskStatus.PLANNED
    kind = _kind(again=again)  # put off, a reminder stays the reminder: nobody hears two of them
    plan = plans.get(task.plan)
    if plan is None:  # its file is closed by a fault
        await _again_on(session, settings, kind, task_id, hearer, now, _ANY_HOUR)
        return None
    if over := after_quiet_hours(settings.quiet_hours, now, settings.zone):
        await _plan(session, kind, task_id, hearer, over)
        return None
    if (again and task.reminded_at) or now - task.due_at > _GIVEN_UP:
        await _miss(session, task, now)
        return None
    await _again_on(session, settings, EventKind.FOLLOW_UP_UNANSWERED, task_id, hearer, now, plan.hour)
    return Asking(task_id, task.patient_id, hearer, again)


async def put_off(
    session: AsyncSession, task_id: UUID, hearer: Hearer, now: datetime, *, again: bool = False
) -> None:
    """The patient is busy: it is asked a little later."""
    await _plan(session, _kind(again=again), task_id, hearer, now + _LATER)


async def postpone(
    session: AsyncSession, settings: Settings, task_id: UUID, hearer: Hearer, until: datetime
) -> None:
    """The patient wants to be asked at another time, and not before."""
    moment = awake(settings.quiet_hours, until, settings.zone)
    await reminders.drop(session, task_id, EventKind.FOLLOW_UP_UNANSWERED)
    await _plan(session, EventKind.FOLLOW_UP_DUE, task_id, hearer, moment)


async def asked(session: AsyncSession, task_id: UUID, now: datetime, *, again: bool) -> None:
    """The question reached the chat, or a notice of it the patient's phone."""
    mine = update(FollowUpTask).where(FollowUpTask.id == task_id)
    first = mine.where(FollowUpTask.status == TaskStatus.PLANNED)
    quietly = {"synchronize_session": False}
    await session.execute(first.values(status=TaskStatus.ASKED, asked_at=now).execution_options(**quietly))
    if again:
        await session.execute(mine.values(reminded_at=now).execution_options(**quietly))


def _kind(*, again: bool) -> EventKind:
    return EventKind.FOLLOW_UP_UNANSWERED if again else EventKind.FOLLOW_UP_DUE


async def _miss(session: AsyncSession, task: Row[tuple[object, ...]], now: datetime) -> None:
    missed = update(FollowUpTask).where(FollowUpTask.id == task.id)
    await session.execute(
        missed.values(status=TaskStatus.MISSED, ended_at=now).execution_options(synchronize_session=False)
    )
    await reminders.drop(session, task.id)
    await enrolment.finish(session, task.enrolment_id, now)


async def _again_on(
    session: AsyncSession,
    settings: Settings,
    kind: EventKind,
    task_id: UUID,
    hearer: Hearer,
    now: datetime,
    hour: int,
) -> None:
    """On the next day."""
    tomorrow = now.astimezone(settings.zone).date() + timedelta(days=1)
    await _plan(session, kind, task_id, hearer, times.due_at(tomorrow, hour, task_id, settings.zone))


async def _plan(
    session: AsyncSession, kind: EventKind, task_id: UUID, hearer: Hearer, due_at: datetime
) -> None:
    await reminders.plan(
        session,
        kind,
        task_id,
        due_at=due_at,
        account_id=hearer.account_id,
        contact_id=hearer.contact_id,
        payload={"task_id": str(task_id)},
    )
