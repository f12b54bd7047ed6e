"""Booking an appointment, seeing one's own, cancelling.

A slot row turns busy in the transaction that books it: whoever wants it next waits for that row or skips it. The
partial unique indexes on appointments (one per slot, one per patient and half day) stand behind that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.appointments import ACTIVE, appointment, upcoming
from integrations.hospital.availability import LEAD, free_slots, sessions
from integrations.hospital.clock import local_date
from integrations.hospital.holds import Payment, UnknownOrder, confirm_paid, expire_holds
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Order,
    OrderStatus,
    Slot,
    SlotStatus,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.refusals import (
    AlreadyBooked,
    AlreadyOver,
    BookingError,
    NotBookable,
    NotYours,
    OutsideHorizon,
    SessionFull,
    SlotPast,
    SlotTaken,
)
from integrations.hospital.views import AppointmentView, SessionView, SlotView

__all__ = [
    "AlreadyBooked",
    "AlreadyOver",
    "AppointmentView",
    "BookingError",
    "NotBookable",
    "NotYours",
    "OutsideHorizon",
    "Payment",
    "SessionFull",
    "SessionView",
    "SlotPast",
    "SlotTaken",
    "SlotView",
    "UnknownOrder",
    "appointment",
    "book",
    "cancel",
    "confirm_paid",
    "expire_holds",
    "free_slots",
    "sessions",
    "upcoming",
]

_FREE_SHOWN = 5


async def book(
    session: AsyncSession,
    *,
    schedule_id: UUID,
    slot_id: UUID | None,
    patient_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
    hold: timedelta,
) -> AppointmentView:
    """Books a slot, or with None the earliest free one of the half day that starts in LEAD or later.

    A fee of 0 is booked at once; otherwise the appointment is held until now + `hold` with an unpaid order.
    Raises NotYours, NotBookable, OutsideHorizon, AlreadyBooked, SlotTaken, SessionFull, SlotPast; then nothing is
    written, whether or not the caller commits.
    """
    who = {"patient_id": patient_id, "account_id": account_id, "contact_id": contact_id}

    async def effect() -> Result:
        fee_fen = await _fee_if_allowed(session, schedule_id, patient_id, account_id, now)
        values = who | {
            "schedule_id": schedule_id,
            "slot_id": slot_id,
            "fee_fen": fee_fen,
            "status": AppointmentStatus.HELD if fee_fen else AppointmentStatus.BOOKED,
            "hold_expires_at": now + hold if fee_fen else None,
            "day": f"{local_date(now):%Y%m%d}",
            "earliest": now + LEAD,
        }
        for statement in (_BOOK_WANTED,) if slot_id else (_BOOK_UNLOCKED, _BOOK_WAITING):
            made = (await session.execute(statement, values)).one()
            if made.appointment_id is not None:
                return {"appointment_id": str(made.appointment_id)}
            if made.slot_id is not None:  # the same patient, a moment ago, with another message
                raise AlreadyBooked(await _booked_already(session, patient_id, schedule_id))
        raise await _why_no_slot(session, schedule_id, slot_id, now)

    result = await once(session, key, effect)
    return await appointment(session, UUID(result["appointment_id"]))


async def cancel(
    session: AsyncSession, appointment_id: UUID, account_id: UUID, key: OperationKey | None, now: datetime
) -> AppointmentView:
    """Cancels before the visit's time, frees the slot, closes an unpaid order, writes an event.
    Raises NotYours, AlreadyOver."""

    async def effect() -> Result:
        found = await session.scalar(
            select(Appointment)
            .join(
                AccountPatient,
                (AccountPatient.account_id == Appointment.account_id)
                & (AccountPatient.patient_id == Appointment.patient_id),
            )
            .where(Appointment.id == appointment_id, Appointment.account_id == account_id)
            .with_for_update(of=Appointment, key_share=True)
            .execution_options(populate_existing=True)
        )
        if found is None:
            raise NotYours
        slot = await session.get_one(Slot, found.slot_id)
        if found.status not in ACTIVE or slot.starts_at <= now:
            raise AlreadyOver
        await _end(session, found, now)
        await events.emit(
            session,
            events.EventKind.APPOINTMENT_CANCELLED,
            account_id=account_id,
            contact_id=found.contact_id,
            payload={"appointment_id": str(appointment_id), "by": "patient"},
        )
        return {}

    await once(session, key, effect)
    return await appointment(session, appointment_id)


_FACTS = text("""
    SELECT s.fee_fen, s.date, d.horizon_days,
           s.status = 'open' AND d.bookable AND d.active AND p.active AS bookable,
           EXISTS (
               SELECT FROM account_patients WHERE account_id = :account_id AND patient_id = :patient_id
           ) AS acts_for,
           (
               SELECT id FROM appointments
               WHERE patient_id = :patient_id AND schedule_id = :schedule_id
                 AND status NOT IN ('cancelled', 'expired')
           ) AS existing
    FROM schedules s
    JOIN departments d ON d.id = s.department_id
    JOIN practitioners p ON p.id = s.practitioner_id
    WHERE s.id = :schedule_id
""")


async def _fee_if_allowed(
    session: AsyncSession, schedule_id: UUID, patient_id: UUID, account_id: UUID, now: datetime
) -> int:
    values = {"schedule_id": schedule_id, "patient_id": patient_id, "account_id": account_id}
    facts = (await session.execute(_FACTS, values)).one_or_none()
    if facts is None or not facts.bookable:
        raise NotBookable
    if not facts.acts_for:
        raise NotYours
    last = local_date(now) + timedelta(days=facts.horizon_days)
    if facts.date > last:
        raise OutsideHorizon(last)
    if facts.existing:
        raise AlreadyBooked(facts.existing)
    return int(facts.fee_fen)


async def _booked_already(session: AsyncSession, patient_id: UUID, schedule_id: UUID) -> UUID | None:
    return await session.scalar(
        select(Appointment.id).where(
            Appointment.patient_id == patient_id,
            Appointment.schedule_id == schedule_id,
            Appointment.status.not_in((AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED)),
        )
    )


# Takes a slot and writes appointment and order in one statement. The order number is 80 bits of a hash over the
# appointment's id (62 random bits): lasting, not to be guessed, 30 characters, nothing personal in it.
_BOOK = """
    WITH wanted AS MATERIALIZED (
        SELECT id FROM slots
        WHERE schedule_id = :schedule_id AND status = 'free' AND starts_at >= :earliest {which}
    ), taken AS (
        UPDATE slots SET status = 'busy' WHERE id IN (SELECT id FROM wanted) RETURNING id
    ), made AS (
        INSERT INTO appointments
            (schedule_id, slot_id, patient_id, account_id, contact_id, status, fee_fen, hold_expires_at)
        SELECT :schedule_id, id, :patient_id, :account_id, :contact_id, :status, :fee_fen, :hold_expires_at
        FROM taken ON CONFLICT DO NOTHING RETURNING id, account_id, fee_fen
    ), ordered AS (
        INSERT INTO orders (order_no, appointment_id, account_id, amount_fen, status)
        SELECT 'GH' || CAST(:day AS text) || upper(left(encode(sha256(uuid_send(id)), 'hex'), 20)),
               id, account_id, fee_fen, 'unpaid'
        FROM made WHERE fee_fen > 0
    )
    SELECT (SELECT id FROM taken) AS slot_id, (SELECT id FROM made) AS appointment_id
"""
# The wanted slot: waits for whoever is just taking or freeing it.
_BOOK_WANTED = text(_BOOK.format(which="AND id = :slot_id FOR NO KEY UPDATE"))
# The earliest: skipping locked rows spreads a rush over the slots; when all that is free is locked, waiting tells
# whether a transaction gives its slot back, so that nobody is sent away while one is left.
_BOOK_UNLOCKED = text(_BOOK.format(which="ORDER BY number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"))
_BOOK_WAITING = text(_BOOK.format(which="ORDER BY number LIMIT 1 FOR NO KEY UPDATE"))


async def _why_no_slot(
    session: AsyncSession, schedule_id: UUID, slot_id: UUID | None, now: datetime
) -> BookingError:
    if slot_id is None:
        last = select(func.max(Slot.starts_at)).where(Slot.schedule_id == schedule_id)
        last_start = await session.scalar(last)
        return SlotPast() if last_start is not None and last_start < now + LEAD else SessionFull()
    wanted = await session.get(Slot, slot_id)
    if wanted is None or wanted.schedule_id != schedule_id:
        return NotBookable()
    if wanted.starts_at < now + LEAD:
        return SlotPast()
    free = await free_slots(session, schedule_id, now)
    free.sort(key=lambda slot: (slot.number < wanted.number, slot.number))
    return SlotTaken(free[:_FREE_SHOWN])


async def _end(session: AsyncSession, found: Appointment, now: datetime) -> None:
    found.status, found.hold_expires_at, found.ended_at = AppointmentStatus.CANCELLED, None, now
    await session.flush()
    for statement in (
        update(Slot).where(Slot.id == found.slot_id).values(status=SlotStatus.FREE),
        update(Order)
        .where(Order.appointment_id == found.id, Order.status == OrderStatus.UNPAID)
        .values(status=OrderStatus.CLOSED, closed_at=now),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
