"""Taking a slot: the row turns busy in the transaction that books it.

Whoever wants it next waits for that row or skips it. The partial unique indexes on appointments (one per slot, one
per patient and half day) stand behind that.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.availability import LEAD, free_slots
from integrations.hospital.clock import local_date
from integrations.hospital.models import Appointment, AppointmentStatus, Slot
from integrations.hospital.refusals import (
    AlreadyBooked,
    BookingError,
    NotBookable,
    SessionFull,
    SlotPast,
    SlotTaken,
)

_FREE_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Taking:
    """An appointment to be made. `slot_id` None takes the earliest free slot that starts in LEAD or later;
    `new_order` writes an unpaid order for a fee."""

    schedule_id: UUID
    slot_id: UUID | None
    patient_id: UUID
    account_id: UUID
    contact_id: UUID
    fee_fen: int
    status: AppointmentStatus
    hold_expires_at: datetime | None
    new_order: bool = True
    rescheduled_from: UUID | None = None
    reschedules: int = 0


async def take(session: AsyncSession, wanted: Taking, now: datetime) -> UUID:
    """Writes the appointment and gives its id. Raises AlreadyBooked, SlotTaken, SessionFull, SlotPast, NotBookable;
    the caller's savepoint then undoes what was written."""
    values = asdict(wanted) | {"day": f"{local_date(now):%Y%m%d}", "earliest": now + LEAD, "now": now}
    for statement in (_WANTED,) if wanted.slot_id else (_UNLOCKED, _WAITING):
        made = (await session.execute(statement, values)).one()
        if made.appointment_id is not None:
            return UUID(str(made.appointment_id))
        if made.slot_id is not None:  # the same patient, a moment ago, with another message
            raise AlreadyBooked(await _booked_already(session, wanted))
    raise await _why_no_slot(session, wanted, now)


async def check_hope(session: AsyncSession, schedule_id: UUID, patient_id: UUID, now: datetime) -> None:
    """Before anything is locked: raises SessionFull or SlotPast when the half day has no free slot and the patient
    none of its own there. In a rush this answers most patients, with two short queries."""
    values = {"schedule_id": schedule_id, "patient_id": patient_id, "earliest": now + LEAD}
    if not await session.scalar(_HOPE, values):
        raise await _why_full(session, schedule_id, now)


_HOPE = text("""
    SELECT EXISTS (
        SELECT FROM slots WHERE schedule_id = :schedule_id AND status = 'free' AND starts_at >= :earliest
    ) OR EXISTS (
        SELECT FROM appointments
        WHERE patient_id = :patient_id AND schedule_id = :schedule_id AND status NOT IN ('cancelled', 'expired')
    ) OR NOT EXISTS (SELECT FROM schedules WHERE id = :schedule_id)
""")
# Takes a slot and writes appointment and order in one statement. The order number is 80 bits of a hash over the
# appointment's id (62 random bits): lasting, not to be guessed, 30 characters, nothing personal in it.
_TAKE = """
    WITH wanted AS MATERIALIZED (
        SELECT id FROM slots
        WHERE schedule_id = :schedule_id AND status = 'free' AND starts_at >= :earliest {which}
    ), taken AS (
        UPDATE slots SET status = 'busy' WHERE id IN (SELECT id FROM wanted) RETURNING id
    ), made AS (
        INSERT INTO appointments
            (schedule_id, slot_id, patient_id, account_id, contact_id, status, fee_fen, hold_expires_at,
             rescheduled_from, reschedules, created_at)
        SELECT :schedule_id, id, :patient_id, :account_id, :contact_id, :status, :fee_fen, :hold_expires_at,
               CAST(:rescheduled_from AS uuid), :reschedules, :now
        FROM taken ON CONFLICT DO NOTHING RETURNING *
    ), ordered AS (
        INSERT INTO orders (order_no, kind, appointment_id, patient_id, account_id, contact_id, amount_fen,
                            status, expires_at, created_at)
        SELECT 'GH' || CAST(:day AS text) || upper(left(encode(sha256(uuid_send(id)), 'hex'), 20)), 'registration',
               id, patient_id, account_id, contact_id, fee_fen, 'unpaid', hold_expires_at, created_at
        FROM made WHERE fee_fen > 0 AND :new_order
    )
    SELECT (SELECT id FROM taken) AS slot_id, (SELECT id FROM made) AS appointment_id
"""
# The wanted slot: waits for whoever is just taking or freeing it.
_WANTED = text(_TAKE.format(which="AND id = :slot_id FOR NO KEY UPDATE"))
# The earliest: skipping locked rows spreads a rush over the slots; when all that is free is locked, waiting tells
# whether a transaction gives its slot back, so that nobody is sent away while one is left.
_UNLOCKED = text(_TAKE.format(which="ORDER BY number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"))
_WAITING = text(_TAKE.format(which="ORDER BY number LIMIT 1 FOR NO KEY UPDATE"))


async def _booked_already(session: AsyncSession, wanted: Taking) -> UUID | None:
    return await session.scalar(
        select(Appointment.id).where(
            Appointment.patient_id == wanted.patient_id,
            Appointment.schedule_id == wanted.schedule_id,
            Appointment.status.not_in((AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED)),
        )
    )


async def _why_no_slot(session: AsyncSession, wanted: Taking, now: datetime) -> BookingError:
    if wanted.slot_id is None:
        return await _why_full(session, wanted.schedule_id, now)
    slot = await session.get(Slot, wanted.slot_id)
    if slot is None or slot.schedule_id != wanted.schedule_id:
        return NotBookable()
    if slot.starts_at < now + LEAD:
        return SlotPast()
    free = await free_slots(session, wanted.schedule_id, now)
    free.sort(key=lambda one: (one.number < slot.number, one.number))
    return SlotTaken(free[:_FREE_SHOWN])


async def _why_full(session: AsyncSession, schedule_id: UUID, now: datetime) -> BookingError:
    last_start = await session.scalar(select(func.max(Slot.starts_at)).where(Slot.schedule_id == schedule_id))
    return SlotPast() if last_start is not None and last_start < now + LEAD else SessionFull()
