"""Booking an appointment, seeing one's own, cancelling.

A slot row turns busy in the transaction that books it: whoever wants it next waits for that row or skips it. The
partial unique indexes on appointments (one per slot, one per patient and half day) stand behind that.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.appointments import ACTIVE, appointment, upcoming
from integrations.hospital.availability import free_slots, sessions
from integrations.hospital.clock import local_date
from integrations.hospital.holds import Payment, UnknownOrder, confirm_paid, expire_holds
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Department,
    Order,
    OrderStatus,
    Practitioner,
    Schedule,
    ScheduleStatus,
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
    """Books a slot, or with None the earliest free one of the half day.

    A fee of 0 is booked at once; otherwise the appointment is held until now + `hold` with an unpaid order.
    Raises NotYours, NotBookable, OutsideHorizon, AlreadyBooked, SlotTaken, SessionFull, SlotPast; then nothing is
    written, whether or not the caller commits.
    """

    async def effect() -> Result:
        fee_fen = await _bookable_fee(session, schedule_id, now)
        await _must_act_for(session, account_id, patient_id)
        if existing := await _booked_already(session, patient_id, schedule_id):
            raise AlreadyBooked(existing)
        slot = await (
            _take(session, schedule_id, slot_id, now)
            if slot_id
            else _take_earliest(session, schedule_id, now)
        )
        status = AppointmentStatus.HELD if fee_fen else AppointmentStatus.BOOKED
        made = insert(Appointment).values(
            schedule_id=schedule_id,
            slot_id=slot,
            patient_id=patient_id,
            account_id=account_id,
            contact_id=contact_id,
            status=status,
            fee_fen=fee_fen,
            hold_expires_at=now + hold if fee_fen else None,
        )
        appointment_id = await session.scalar(made.on_conflict_do_nothing().returning(Appointment.id))
        if appointment_id is None:  # the same patient, a moment ago, with another message
            raise AlreadyBooked(await _booked_already(session, patient_id, schedule_id))
        if fee_fen:
            order_no = order_number(appointment_id, local_date(now))
            session.add(_order(order_no, appointment_id, account_id, fee_fen))
            await session.flush()
        return {"appointment_id": str(appointment_id)}

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
            .where(Appointment.id == appointment_id, Appointment.account_id == account_id)
            .with_for_update(key_share=True)
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


def order_number(appointment_id: UUID, day: date) -> str:
    """26 characters, the same for the same appointment; 80 bits of a hash over an id with 62 random bits."""
    digest = hashlib.sha256(b"order:" + appointment_id.bytes).digest()
    return f"GH{day:%Y%m%d}{base64.b32encode(digest[:10]).decode()}"


async def _bookable_fee(session: AsyncSession, schedule_id: UUID, now: datetime) -> int:
    found = (
        await session.execute(
            select(Schedule.fee_fen, Schedule.date, Schedule.status, Department, Practitioner.active)
            .join(Department, Department.id == Schedule.department_id)
            .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
            .where(Schedule.id == schedule_id)
        )
    ).one_or_none()
    if found is None or found.status is not ScheduleStatus.OPEN or not found.active:
        raise NotBookable
    if not (found.Department.bookable and found.Department.active):
        raise NotBookable
    last = local_date(now) + timedelta(days=found.Department.horizon_days)
    if found.date > last:
        raise OutsideHorizon(last)
    return int(found.fee_fen)


async def _must_act_for(session: AsyncSession, account_id: UUID, patient_id: UUID) -> None:
    link = await session.get(AccountPatient, (account_id, patient_id))
    if link is None:
        raise NotYours


async def _booked_already(session: AsyncSession, patient_id: UUID, schedule_id: UUID) -> UUID | None:
    return await session.scalar(
        select(Appointment.id).where(
            Appointment.patient_id == patient_id,
            Appointment.schedule_id == schedule_id,
            Appointment.status.not_in((AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED)),
        )
    )


async def _take(session: AsyncSession, schedule_id: UUID, slot_id: UUID, now: datetime) -> UUID:
    """The wanted slot; waits for whoever is just taking or freeing it."""
    wanted = await session.get(Slot, slot_id)
    if wanted is None or wanted.schedule_id != schedule_id:
        raise NotBookable
    if wanted.starts_at <= now:
        raise SlotPast
    taken = (
        update(Slot)
        .where(Slot.id == slot_id, Slot.status == SlotStatus.FREE)
        .values(status=SlotStatus.BUSY)
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    )
    if await session.scalar(taken) is None:
        free = await free_slots(session, schedule_id, now)
        free.sort(key=lambda slot: (slot.number < wanted.number, slot.number))
        raise SlotTaken(free[:_FREE_SHOWN])
    return slot_id


# Skipping locked rows spreads a rush over the slots; when all that is free is locked, waiting tells whether a
# transaction gives its slot back, so that nobody is sent away while one is left.
_TAKE_EARLIEST = """
    WITH earliest AS MATERIALIZED (
        SELECT id FROM slots WHERE schedule_id = :schedule_id AND status = 'free' AND starts_at > :now
        ORDER BY number LIMIT 1 FOR NO KEY UPDATE {skip_locked}
    )
    UPDATE slots SET status = 'busy' WHERE id IN (SELECT id FROM earliest) RETURNING id
"""
_TAKE_UNLOCKED = text(_TAKE_EARLIEST.format(skip_locked="SKIP LOCKED"))
_TAKE_WAITING = text(_TAKE_EARLIEST.format(skip_locked=""))


async def _take_earliest(session: AsyncSession, schedule_id: UUID, now: datetime) -> UUID:
    values = {"schedule_id": schedule_id, "now": now}
    for statement in (_TAKE_UNLOCKED, _TAKE_WAITING):
        taken: UUID | None = await session.scalar(statement, values)
        if taken is not None:
            return taken
    last_start = select(Slot.starts_at).where(Slot.schedule_id == schedule_id).order_by(Slot.number.desc())
    starts_at = await session.scalar(last_start.limit(1))
    raise SlotPast if starts_at is not None and starts_at <= now else SessionFull


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


def _order(order_no: str, appointment_id: UUID, account_id: UUID, amount_fen: int) -> Order:
    return Order(
        order_no=order_no,
        appointment_id=appointment_id,
        account_id=account_id,
        amount_fen=amount_fen,
        status=OrderStatus.UNPAID,
    )
