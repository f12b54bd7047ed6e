"""How long a consultation's talk goes on: messages of the patient are counted, and its doctor may give it more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Executor
from integrations.hospital import reminders
from integrations.hospital.consultations import rows
from integrations.hospital.consultations.terms import NotNow
from integrations.hospital.events import EventKind
from integrations.hospital.models import Consultation, ConsultationStatus

FEW = 3  # messages left: then the patient is told, and once more when there are none
SOON = timedelta(minutes=10)  # before the end: then the patient is told, once for each end
SHORT = timedelta(minutes=15)  # whole talks up to this length: its end was told just now


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a talk. No message is ever held back: at 0 the doctor sees that they are used up."""

    consultation_id: UUID
    turns: int
    ends_at: datetime


_COUNT = text("""
    WITH counted AS (
        UPDATE consultations SET turns_used = turns_used + 1
        WHERE contact_id = :contact AND status = 'active' AND accepted_at <= :now
        RETURNING id, account_id, contact_id, turns_allowed - turns_used AS left, ends_at
    ), told AS (
        INSERT INTO hospital_events (kind, account_id, contact_id, payload)
        SELECT :kind, account_id, contact_id, jsonb_build_object('consultation_id', id)
        FROM counted WHERE "left" IN (:few, 0)
    )
    SELECT id, "left", ends_at FROM counted
""")
_ANSWERED = text("""
    UPDATE consultations SET answered_at = coalesce(answered_at, :now) WHERE id = :id AND status = 'active'
""")


async def patient_said(session: Executor, contact_id: UUID, now: datetime) -> list[Left]:
    """Counts one message of the patient in the consultation that is going on in this conversation; tells the patient
    when few are left."""
    values = {"contact": contact_id, "now": now, "few": FEW, "kind": EventKind.CONSULTATION_FEW_LEFT.value}
    return [Left(row.id, max(row.left, 0), row.ends_at) for row in await session.execute(_COUNT, values)]


async def doctor_said(session: AsyncSession, consultation_id: UUID, now: datetime) -> None:
    """Whatever the doctor writes to the patient, or prescribes: a talk without any of it is paid back at its end."""
    await session.execute(_ANSWERED, {"id": consultation_id, "now": now})


async def remind(session: AsyncSession, one: Consultation, now: datetime) -> None:
    """The patient is to be told shortly before the end, as it is set by now."""
    assert one.accepted_at is not None
    assert one.ends_at is not None
    due_at = one.ends_at - SOON
    if one.ends_at - one.accepted_at <= SHORT or due_at <= now:
        return
    await reminders.plan(
        session,
        EventKind.CONSULTATION_ENDS_SOON,
        one.id,
        due_at=due_at,
        useless_at=one.ends_at,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"consultation_id": str(one.id)},
    )


async def extend(
    session: AsyncSession,
    consultation_id: UUID,
    *,
    turns: int,
    time: timedelta,
    practitioner_id: UUID,
    actor: str,
    now: datetime,
) -> Left:
    """More messages, more time, by its doctor. Raises UnknownConsultation, NotNow."""
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    if one.status is not ConsultationStatus.ACTIVE or one.ends_at is None or turns < 0 or time < timedelta():
        raise NotNow(one.status)
    one.turns_allowed = max(one.turns_allowed, one.turns_used) + turns
    one.ends_at = max(one.ends_at, now) + time
    await session.flush()
    await remind(session, one, now)
    await rows.tell(session, one, EventKind.CONSULTATION_EXTENDED)
    await rows.record(session, one, "consultation_extended", actor, turns=turns)
    return Left(one.id, one.turns_allowed - one.turns_used, one.ends_at)
