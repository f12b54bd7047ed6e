"""Patients who did not answer in the chat: staff call them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.models import CallOutcome, FollowUpEnrolment, FollowUpTask, Patient, TaskStatus
from integrations.hospital.reading import mask_phone

# A later asking that was answered makes the call needless.
_LIST = text("""
    SELECT t.id, t.due_at, t.asked_at, e.plan, e.patient_id, p.masked_name AS patient, p.phone
    FROM follow_up_tasks t
    JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    JOIN patients p ON p.id = e.patient_id
    WHERE t.status = 'missed' AND t.called_at IS NULL AND e.status <> 'stopped'
      AND NOT EXISTS (SELECT FROM follow_up_tasks later WHERE later.enrolment_id = t.enrolment_id
                        AND later.due_at > t.due_at AND later.status IN ('answering', 'done'))
    ORDER BY t.due_at LIMIT :limit
""")


class UnknownCall(Exception):
    """Nobody is to be called about a task of this id."""


@dataclass(frozen=True, slots=True)
class CallView:
    """Name and phone are masked."""

    task_id: UUID
    patient_id: UUID
    patient: str
    phone: str
    plan: str
    due_at: datetime


async def to_call(session: AsyncSession, crypto: Crypto, limit: int = 100) -> list[CallView]:
    """The longest waiting first."""
    rows = (await session.execute(_LIST, {"limit": limit})).all()
    return [
        CallView(
            row.id,
            row.patient_id,
            row.patient,
            mask_phone(crypto.decrypt(row.phone, "patients.phone")),
            row.plan,
            row.due_at,
        )
        for row in rows
    ]


async def reveal_phone(session: AsyncSession, crypto: Crypto, task_id: UUID, *, staff: str) -> str:
    """The whole number, to call it; noted in the audit log. Raises UnknownCall."""
    patient_id = await _patient(session, task_id)
    await audit.record(
        session,
        actor=staff,
        action="phone_revealed",
        subject=f"patient:{patient_id}",
        detail={"for": "follow_up_call", "task": str(task_id)},
    )
    found = await session.get_one(Patient, patient_id)
    return crypto.decrypt(found.phone, "patients.phone")


async def called(
    session: AsyncSession, task_id: UUID, outcome: CallOutcome, *, staff: str, now: datetime
) -> None:
    """What came of it; the patient leaves the list. Raises UnknownCall."""
    patient_id = await _patient(session, task_id)
    mine = update(FollowUpTask).where(FollowUpTask.id == task_id)
    await session.execute(
        mine.values(called_at=now, call_outcome=outcome).execution_options(synchronize_session=False)
    )
    await audit.record(
        session,
        actor=staff,
        action="follow_up_called",
        subject=f"patient:{patient_id}",
        detail={"task": str(task_id), "outcome": outcome.value},
    )


async def _patient(session: AsyncSession, task_id: UUID) -> UUID:
    task = await session.get(FollowUpTask, task_id, with_for_update=True, populate_existing=True)
    if task is None or task.status is not TaskStatus.MISSED or task.called_at is not None:
        raise UnknownCall
    return (await session.get_one(FollowUpEnrolment, task.enrolment_id)).patient_id
