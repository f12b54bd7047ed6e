"""Patients who did not answer in the chat: staff call them, note what came of it and take answers by phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.clock import hospital_zone
from integrations.hospital.follow_up import answering, enrolment
from integrations.hospital.follow_up.answering import Given, OpenTask
from integrations.hospital.follow_up.plans import Plans
from integrations.hospital.models import (
    CallOutcome,
    FollowUpAnswer,
    FollowUpCall,
    FollowUpEnrolment,
    FollowUpTask,
    Method,
    Patient,
    StopReason,
    TaskStatus,
)
from integrations.hospital.reading import mask_phone
from integrations.hospital.revealing import callee
from integrations.hospital.staff.permissions import check_department
from integrations.part import Part, counted

MOST_ATTEMPTS = 3  # nobody answered so often: it is not tried any more
NEXT_ATTEMPT = timedelta(hours=20)  # the next day, a little earlier or later as staff come to it
FIRST_CALL = time(8)  # of a day: nobody is called at six
_ENDS = {CallOutcome.REFUSED: StopReason.OPTED_OUT, CallOutcome.DIED: StopReason.DIED}

# A later asking that was answered makes the call needless; who waits for the next attempt stands last.
_LIST = text("""
    SELECT count(*) OVER () AS total,
           t.id, t.due_at, t.next_call_at, e.plan, e.patient_id, p.masked_name AS patient, p.phone,
           (SELECT count(*) FROM follow_up_calls c WHERE c.task_id = t.id) AS attempts,
           (SELECT max(called_at) FROM follow_up_calls c WHERE c.task_id = t.id) AS last_at, d.name AS department
    FROM follow_up_tasks t
    JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    JOIN patients p ON p.id = e.patient_id
    LEFT JOIN departments d ON d.id = e.department_id
    WHERE t.status = 'missed' AND t.called_at IS NULL AND e.status <> 'stopped'
      AND (CAST(:now AS timestamptz) IS NULL OR t.next_call_at IS NULL OR t.next_call_at <= :now)
      AND (CAST(:within AS uuid) IS NULL OR e.department_id IS NULL OR e.department_id = :within)
      AND NOT EXISTS (SELECT FROM follow_up_tasks later WHERE later.enrolment_id = t.enrolment_id
                        AND later.due_at > t.due_at AND later.status IN ('answering', 'done'))
    ORDER BY t.next_call_at NULLS FIRST, t.due_at LIMIT CAST(:limit AS int)
""")


_BEFORE = text("""
    SELECT c.called_at, c.outcome, c.called_by, e.plan FROM follow_up_calls c
    JOIN follow_up_tasks t ON t.id = c.task_id JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    WHERE e.patient_id = :patient
      AND (CAST(:within AS uuid) IS NULL OR e.department_id IS NULL OR e.department_id = :within)
    ORDER BY c.id DESC LIMIT :limit
""")


class UnknownCall(Exception):
    """Nobody is to be called about a task of this id."""


@dataclass(frozen=True, slots=True)
class CallView:
    """Name and phone are masked. `next_at`: nobody answered, and it is not to be tried before then. `department`: empty
    where staff began the plan."""

    task_id: UUID
    patient_id: UUID
    patient: str
    phone: str
    plan: str
    due_at: datetime
    attempts: int
    last_at: datetime | None
    next_at: datetime | None
    department: str


async def to_call(
    session: AsyncSession,
    crypto: Crypto,
    limit: int | None = None,
    *,
    now: datetime | None = None,
    within: UUID | None = None,
) -> Part[CallView]:
    """The longest waiting first; with `now` only those who may be called by then. `within`: of this department, and of
    none."""
    rows = (await session.execute(_LIST, {"limit": limit, "now": now, "within": within})).all()
    return counted(rows, lambda row: _view(crypto, row))


def _view(crypto: Crypto, row: Any) -> CallView:
    return CallView(
        row.id,
        row.patient_id,
        row.patient,
        mask_phone(crypto.decrypt(row.phone, "patients.phone")),
        row.plan,
        row.due_at,
        row.attempts,
        row.last_at,
        row.next_call_at,
        row.department or "",
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that was made, about whichever asking."""

    at: datetime
    outcome: CallOutcome
    by: str
    plan: str


async def before(
    session: AsyncSession, patient_id: UUID, limit: int = 10, *, within: UUID | None = None
) -> list[Attempt]:
    """What came of the calls to this patient, the latest first: whoever calls again sees that the number was nobody's,
    and at what hours nobody answered. `within`: those about this department's plans, and about none's."""
    rows = await session.execute(_BEFORE, {"patient": patient_id, "limit": limit, "within": within})
    return [Attempt(row.called_at, CallOutcome(row.outcome), row.called_by, row.plan) for row in rows]


async def reveal_phone(
    session: AsyncSession,
    crypto: Crypto,
    task_id: UUID,
    *,
    staff: str,
    reason: str,
    within: UUID | None = None,
) -> str:
    """The whole number, to call it; the audit log keeps who saw it and why. Raises NoReason, UnknownCall,
    OtherDepartment."""
    patient_id = (await _missed(session, task_id, within)).patient_id
    about = {"for": "follow_up_call", "task": str(task_id)}
    return (await callee(session, crypto, patient_id, actor=staff, reason=reason, about=about)).phone


async def called(
    session: AsyncSession,
    task_id: UUID,
    outcome: CallOutcome,
    *,
    staff: str,
    now: datetime,
    again_at: datetime | None = None,
    within: UUID | None = None,
) -> datetime | None:
    """What came of it. Where nobody answered, it is tried again later (`again_at`, or a day on), MOST_ATTEMPTS times;
    gives when. With any other outcome the patient leaves the list (None), and who wants no more calls or died leaves
    every plan. Raises UnknownCall, OtherDepartment."""
    mine = await _missed(session, task_id, within)
    session.add(FollowUpCall(task_id=task_id, outcome=outcome, called_by=staff, called_at=now))
    await session.flush()
    again = await _again(session, task_id, now, again_at) if outcome is CallOutcome.NO_ANSWER else None
    ended = {"called_at": now, "call_outcome": outcome, "next_call_at": None}
    values = {"next_call_at": again} if again else ended
    step = update(FollowUpTask).where(FollowUpTask.id == task_id).values(values)
    await session.execute(step.execution_options(synchronize_session=False))
    await audit.record(
        session,
        actor=staff,
        action="follow_up_called",
        subject=f"patient:{mine.patient_id}",
        detail={"task": str(task_id), "outcome": outcome.value},
    )
    if reason := _ENDS.get(outcome):
        await enrolment.stop_all(session, mine.patient_id, reason, actor=staff, now=now)
    return again


async def answered_by_phone(
    session: AsyncSession,
    crypto: Crypto,
    plans: Plans,
    task_id: UUID,
    given: Sequence[Given],
    *,
    staff: str,
    now: datetime,
    within: UUID | None = None,
) -> None:
    """What the patient said to the plan's questions, noted for them; and that they were reached. Raises UnknownCall,
    OtherDepartment."""
    task = await by_phone(session, task_id, within=within)
    await called(session, task_id, CallOutcome.REACHED, staff=staff, now=now)
    for one in given:
        await answering.give(session, crypto, plans, task, one, method=Method.PHONE, now=now)
        status = TaskStatus.ANSWERING if task.status is TaskStatus.MISSED else task.status
        task = replace(task, answered=task.answered | {one.question.id}, status=status)


async def by_phone(session: AsyncSession, task_id: UUID, *, within: UUID | None = None) -> OpenTask:
    """The asking as the caller goes through it. Raises UnknownCall, OtherDepartment."""
    mine = await _missed(session, task_id, within)
    standing = select(FollowUpAnswer.question).where(
        FollowUpAnswer.task_id == task_id, FollowUpAnswer.replaced_at.is_(None)
    )
    patient = await session.get_one(Patient, mine.patient_id)
    return OpenTask(
        id=task_id,
        enrolment_id=mine.id,
        plan_id=mine.plan,
        patient_id=mine.patient_id,
        patient=patient.masked_name,
        relation="",
        alone=True,
        status=TaskStatus.MISSED,
        account_id=mine.account_id,
        contact_id=mine.contact_id,
        answered=frozenset(await session.scalars(standing)),
    )


async def _again(
    session: AsyncSession, task_id: UUID, now: datetime, wanted: datetime | None
) -> datetime | None:
    attempts = select(func.count(FollowUpCall.id)).where(FollowUpCall.task_id == task_id)
    if int(await session.scalar(attempts) or 0) >= MOST_ATTEMPTS:
        return None
    return wanted or _not_before_morning(now + NEXT_ATTEMPT)


def _not_before_morning(when: datetime) -> datetime:
    local = when.astimezone(hospital_zone())
    return max(when, datetime.combine(local.date(), FIRST_CALL, local.tzinfo).astimezone(UTC))


async def _missed(session: AsyncSession, task_id: UUID, within: UUID | None) -> FollowUpEnrolment:
    """Whose asking it is; the task is held until the transaction ends."""
    task = await session.get(FollowUpTask, task_id, with_for_update=True, populate_existing=True)
    if task is None or task.status is not TaskStatus.MISSED or task.called_at is not None:
        raise UnknownCall
    mine = await session.get_one(FollowUpEnrolment, task.enrolment_id)
    check_department(within, mine.department_id, f"follow_up_task:{task_id}")
    return mine
