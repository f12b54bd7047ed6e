"""Patients come on a plan and leave it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit, deceased, reminders
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import times
from integrations.hospital.follow_up.hearing import Hearer, hearer_for
from integrations.hospital.follow_up.plans import Plan, Plans
from integrations.hospital.models import (
    FollowUpEnrolment,
    FollowUpRefusal,
    FollowUpTask,
    StartedBy,
    StopReason,
    TaskStatus,
)
from integrations.quiet_hours import awake
from integrations.settings import Settings

_OPEN = (TaskStatus.PLANNED, TaskStatus.ASKED, TaskStatus.ANSWERING)

_VISITS = text("""
    WITH seen AS (
        SELECT id FROM appointments WHERE status = 'fulfilled' AND NOT followed_up
        ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE appointments SET followed_up = true WHERE id IN (SELECT id FROM seen) RETURNING *
    )
    SELECT marked.id, marked.patient_id, marked.account_id, marked.contact_id, slots.date,
           schedules.department_id, departments.name AS department
    FROM marked JOIN slots ON slots.id = marked.slot_id JOIN schedules ON schedules.id = marked.schedule_id
    JOIN departments ON departments.id = schedules.department_id
    ORDER BY slots.date, marked.id
""")
_RUNNING = text("""
    SELECT id, plan, department_id FROM follow_up_enrolments
    WHERE patient_id = :patient AND status = 'active' AND (started_by = 'visit' OR started_on < :day)
""")
_FINISH = text("""
    UPDATE follow_up_enrolments SET status = 'finished', ended_at = :now
    WHERE id = :id AND status = 'active' AND NOT EXISTS (
        SELECT FROM follow_up_tasks WHERE enrolment_id = :id AND status IN ('planned', 'asked', 'answering'))
""")


@dataclass(frozen=True, slots=True)
class Origin:
    """What put a patient on a plan, and on which local day."""

    by: StartedBy
    day: date
    appointment_id: UUID | None = None
    department_id: UUID | None = None


class Refused(Exception):
    """The patient is not to be asked: opted out, or died."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NobodyToAsk(Exception):
    """No account that acts for the patient has agreed to it."""


async def start(
    session: AsyncSession,
    settings: Settings,
    plan: Plan,
    patient_id: UUID,
    hearer: Hearer,
    origin: Origin,
    now: datetime,
) -> UUID | None:
    """Plans all askings that are still to come. None: the patient is on the plan already, or all of it is past.

    Raises Refused.
    """
    await _check(session, patient_id)
    coming = times.days(plan.times, origin.day)
    if times.due_at(coming[-1], plan.hour, patient_id, settings.zone) <= now:
        return None
    values = {
        "plan": plan.id,
        "patient_id": patient_id,
        "account_id": hearer.account_id,
        "contact_id": hearer.contact_id,
        "appointment_id": origin.appointment_id,
        "department_id": origin.department_id,
        "started_by": origin.by,
        "started_on": origin.day,
    }
    made = insert(FollowUpEnrolment).values(values).on_conflict_do_nothing().returning(FollowUpEnrolment.id)
    enrolment_id: UUID | None = await session.scalar(made)
    if enrolment_id is None:
        return None
    for number, day in enumerate(coming, start=1):
        moment = times.due_at(day, plan.hour, patient_id, settings.zone)
        if moment > now:
            await _plan_task(session, settings, enrolment_id, number, moment, hearer)
    return enrolment_id


async def _check(session: AsyncSession, patient_id: UUID) -> None:
    """Raises Refused."""
    if await deceased.is_deceased(session, patient_id):
        raise Refused(StopReason.DIED)
    refusal = await session.get(FollowUpRefusal, patient_id)
    if refusal:
        raise Refused(refusal.reason)


async def to_be_asked(session: AsyncSession, patient_id: UUID) -> Hearer:
    """Whom a plan that staff begin would ask. Raises Refused, NobodyToAsk."""
    await _check(session, patient_id)
    hearer = await hearer_for(session, patient_id)
    if hearer is None:
        raise NobodyToAsk
    return hearer


async def _plan_task(
    session: AsyncSession, settings: Settings, enrolment: UUID, number: int, moment: datetime, hearer: Hearer
) -> None:
    due_at = awake(settings.quiet_hours, moment, settings.zone)
    row = insert(FollowUpTask).values(enrolment_id=enrolment, number=number, due_at=due_at)
    task_id = (await session.scalars(row.returning(FollowUpTask.id))).one()
    await reminders.plan(
        session,
        EventKind.FOLLOW_UP_DUE,
        task_id,
        due_at=due_at,
        account_id=hearer.account_id,
        contact_id=hearer.contact_id,
        payload={"task_id": str(task_id)},
    )


async def start_by_staff(
    session: AsyncSession,
    settings: Settings,
    plan: Plan,
    patient_id: UUID,
    *,
    actor: str,
    now: datetime,
    department_id: UUID | None = None,
) -> UUID | None:
    """`department_id`: whose staff look after it, None for all. Raises Refused, NobodyToAsk. None: the patient is on
    the plan already."""
    hearer = await to_be_asked(session, patient_id)
    origin = Origin(StartedBy.STAFF, now.astimezone(settings.zone).date(), department_id=department_id)
    made = await start(session, settings, plan, patient_id, hearer, origin, now)
    if made:
        await audit.record(
            session,
            actor=actor,
            action="follow_up_started",
            subject=f"patient:{patient_id}",
            detail={"enrolment": str(made)},
        )
    return made


async def take_up_visits(
    session: AsyncSession, settings: Settings, plans: Plans, now: datetime, limit: int
) -> int:
    """Visits that took place: what ran for the same department ends, whoever began it, and the plans for the visit
    begin. Gives how many it looked at."""
    visits = (await session.execute(_VISITS, {"limit": limit})).all()
    for visit in visits:
        await _visited(session, settings, plans, visit, now)
    return len(visits)


async def _visited(
    session: AsyncSession, settings: Settings, plans: Plans, visit: Row[tuple[object, ...]], now: datetime
) -> None:
    await _stop(session, await _ended_by(session, plans, visit), StopReason.NEW_VISIT, now)
    hearer = await hearer_for(
        session, visit.patient_id, account_id=visit.account_id, contact_id=visit.contact_id
    )
    if hearer is None:
        return
    origin = Origin(StartedBy.VISIT, visit.date, visit.id, visit.department_id)
    for plan in plans.for_visit(visit.department):
        try:
            await start(session, settings, plan, visit.patient_id, hearer, origin, now)
        except Refused:
            return


async def _ended_by(session: AsyncSession, plans: Plans, visit: Row[tuple[object, ...]]) -> list[UUID]:
    """What staff began on the day of the visit, or later, was begun because of it."""
    running = (await session.execute(_RUNNING, {"patient": visit.patient_id, "day": visit.date})).all()
    return [
        one.id
        for one in running
        if one.department_id == visit.department_id
        or (
            one.department_id is None
            and (plan := plans.get(one.plan)) is not None
            and plan.ended_by.by_visit(str(visit.department))
        )
    ]


async def stop_all(
    session: AsyncSession, patient_id: UUID, reason: StopReason, *, actor: str, now: datetime
) -> int:
    """Ends all plans of a patient; for good when they want no more of it, or died. Gives how many ended."""
    running = select(FollowUpEnrolment.id).where(
        FollowUpEnrolment.patient_id == patient_id, FollowUpEnrolment.status == "active"
    )
    ended = list(await session.scalars(running.with_for_update()))
    await _stop(session, ended, reason, now)
    if reason is StopReason.DIED:
        await deceased.record(session, patient_id, actor=actor, now=now)
    elif reason is StopReason.OPTED_OUT:
        refusal = insert(FollowUpRefusal).values(patient_id=patient_id, reason=reason, since=now, by=actor)
        await session.execute(refusal.on_conflict_do_nothing())
    await audit.record(
        session,
        actor=actor,
        action="follow_up_stopped",
        subject=f"patient:{patient_id}",
        detail={"reason": reason.value, "enrolments": len(ended)},
    )
    return len(ended)


async def stop_one(session: AsyncSession, enrolment_id: UUID, reason: StopReason, now: datetime) -> None:
    await _stop(session, [enrolment_id], reason, now)


async def allow_again(session: AsyncSession, patient_id: UUID, *, actor: str) -> bool:
    """The patient wants to be asked again. False: nothing stood against it."""
    refusal = await session.get(FollowUpRefusal, patient_id)
    if refusal is None:
        return False
    await session.delete(refusal)
    await audit.record(
        session, actor=actor, action="follow_up_allowed", subject=f"patient:{patient_id}", detail={}
    )
    return True


async def finish(session: AsyncSession, enrolment_id: UUID, now: datetime) -> None:
    """Ends an enrolment of which nothing is left to ask."""
    await session.execute(_FINISH, {"id": enrolment_id, "now": now})


async def _stop(session: AsyncSession, enrolments: list[UUID], reason: StopReason, now: datetime) -> None:
    if not enrolments:
        return
    tasks = (
        update(FollowUpTask)
        .where(FollowUpTask.enrolment_id.in_(enrolments), FollowUpTask.status.in_(_OPEN))
        .values(status=TaskStatus.STOPPED, ended_at=now)
        .returning(FollowUpTask.id)
        .execution_options(synchronize_session=False)
    )
    stopped = list(await session.scalars(tasks))
    await reminders.drop_all(session, stopped)
    ending = update(FollowUpEnrolment).where(
        FollowUpEnrolment.id.in_(enrolments), FollowUpEnrolment.status == "active"
    )
    await session.execute(
        ending.values(status="stopped", stop_reason=reason, ended_at=now).execution_options(
            synchronize_session=False
        )
    )
