"""What ends a hold: time, or a payment. Both take the appointment's row first, so one of them wins whole."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.admission import admit
from integrations.hospital.availability import LEAD
from integrations.hospital.billing.orders import UnknownOrder, hold_order
from integrations.hospital.keeping import LET_GO
from integrations.hospital.models import Appointment, AppointmentStatus, Order, OrderStatus
from integrations.hospital.refusals import BookingError

_EXPIRE = text(f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM appointments WHERE status = 'held' AND hold_expires_at <= :now
        ORDER BY hold_expires_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), gone AS (
        UPDATE appointments SET status = 'expired', hold_expires_at = NULL, ended_at = :now
        WHERE id IN (SELECT id FROM due) RETURNING id, slot_id, account_id, contact_id
    ), freed AS (
        UPDATE slots SET status = {LET_GO} WHERE id IN (SELECT slot_id FROM gone)
    ), closed AS (
        UPDATE orders SET status = 'closed', closed_at = :now
        WHERE appointment_id IN (SELECT id FROM gone) AND status = 'unpaid' RETURNING appointment_id, order_no
    )
    INSERT INTO hospital_events (kind, account_id, contact_id, payload)
    SELECT 'hold_expired', account_id, contact_id, jsonb_build_object('appointment_id', id, 'order_no', order_no)
    FROM gone LEFT JOIN closed ON closed.appointment_id = gone.id
    RETURNING id
""")  # noqa: S608 - pieces of our own
# The usual case, of an appointment whose row is held.
_CONFIRM = text("""
    WITH settled AS (
        UPDATE orders SET status = 'paid', paid_at = :now
        WHERE order_no = :order_no AND appointment_id = :appointment_id AND status = 'unpaid' RETURNING appointment_id
    ), visit AS (
        UPDATE appointments SET status = 'booked', hold_expires_at = NULL, ended_at = NULL
        FROM settled WHERE id = settled.appointment_id RETURNING account_id, contact_id
    )
    INSERT INTO hospital_events (kind, account_id, contact_id, payload)
    SELECT 'appointment_booked', account_id, contact_id,
           jsonb_build_object('appointment_id', CAST(:appointment_id AS text), 'order_no', CAST(:order_no AS text))
    FROM visit RETURNING id
""")
_TAKE_AGAIN = text("""
    UPDATE slots SET status = 'busy' WHERE id = :slot_id AND status = 'free' AND starts_at >= :earliest RETURNING id
""")


class Fulfilment(StrEnum):
    """What a payment met."""

    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already_confirmed"
    REFUND_DUE = "refund_due"  # the number was let go and is not to be had again: the money goes back


async def expire_holds(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Ends holds that ran out: appointment expired, slot free, order closed, event hold_expired. Gives how many;
    several sweepers at once share the work."""
    return len((await session.execute(_EXPIRE, {"now": now, "limit": limit})).all())


async def confirm_paid(session: AsyncSession, order_no: str, now: datetime) -> Fulfilment:
    """Books the held appointment of a paid order, writes the event appointment_booked. Repeats change nothing.
    A hold that ran out still counts as long as its number is free and the rules allow it; otherwise the order is
    marked for its refund, with the event refund_due. Raises UnknownOrder."""
    visit = await session.scalar(
        select(Appointment.id)
        .join(Order, Order.appointment_id == Appointment.id)
        .where(Order.order_no == order_no)
        .with_for_update(of=Appointment, key_share=True)
    )
    if visit is None:
        raise UnknownOrder
    values = {"order_no": order_no, "appointment_id": visit, "now": now}
    if (await session.execute(_CONFIRM, values)).one_or_none() is not None:
        return Fulfilment.CONFIRMED
    held = await session.get_one(Appointment, visit, populate_existing=True)
    order = await hold_order(session, order_no)
    if order.appointment_id != held.id:  # moved to another appointment while we waited
        return await confirm_paid(session, order_no, now)
    if order.status is OrderStatus.PAID:
        return Fulfilment.ALREADY_CONFIRMED
    if order.status in (OrderStatus.REFUND_DUE, OrderStatus.REFUNDED):
        return Fulfilment.REFUND_DUE
    if order.status is OrderStatus.CLOSED and not await _taken_again(session, held, now):
        order.status, order.paid_at = OrderStatus.REFUND_DUE, now
        await _tell(session, events.EventKind.REFUND_DUE, held, order)
        return Fulfilment.REFUND_DUE
    order.status, order.paid_at, order.closed_at = OrderStatus.PAID, now, None
    held.status, held.hold_expires_at, held.ended_at = AppointmentStatus.BOOKED, None, None
    await _tell(session, events.EventKind.APPOINTMENT_BOOKED, held, order)
    return Fulfilment.CONFIRMED


async def _taken_again(session: AsyncSession, gone: Appointment, now: datetime) -> bool:
    """The slot of a hold that ran out, for the same patient, if it may be and nobody has it."""
    if gone.status is not AppointmentStatus.EXPIRED:
        return False
    try:
        await admit(
            session,
            schedule_id=gone.schedule_id,
            patient_id=gone.patient_id,
            account_id=gone.account_id,
            now=now,
            lock=True,
            instead_of=gone.id,
        )
    except BookingError:
        return False
    values = {"slot_id": gone.slot_id, "earliest": now + LEAD}
    return (await session.execute(_TAKE_AGAIN, values)).one_or_none() is not None


async def _tell(session: AsyncSession, kind: events.EventKind, held: Appointment, order: Order) -> None:
    await session.flush()
    await events.emit(
        session,
        kind,
        account_id=held.account_id,
        contact_id=held.contact_id,
        payload={"appointment_id": str(held.id), "order_no": order.order_no},
    )
