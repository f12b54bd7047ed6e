"""What ends a hold: time, or a payment. Both take the appointment's row first, so one of them wins whole."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.models import Appointment, AppointmentStatus, Order, OrderStatus

_EXPIRE = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM appointments WHERE status = 'held' AND hold_expires_at <= :now
        ORDER BY hold_expires_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), gone AS (
        UPDATE appointments SET status = 'expired', hold_expires_at = NULL, ended_at = :now
        WHERE id IN (SELECT id FROM due) RETURNING id, slot_id, account_id, contact_id
    ), freed AS (
        UPDATE slots SET status = 'free' WHERE id IN (SELECT slot_id FROM gone)
    ), closed AS (
        UPDATE orders SET status = 'closed', closed_at = :now
        WHERE appointment_id IN (SELECT id FROM gone) AND status = 'unpaid' RETURNING appointment_id, order_no
    )
    INSERT INTO hospital_events (kind, account_id, contact_id, payload)
    SELECT 'hold_expired', account_id, contact_id, jsonb_build_object('appointment_id', id, 'order_no', order_no)
    FROM gone LEFT JOIN closed ON closed.appointment_id = gone.id
    RETURNING id
""")


class Payment(StrEnum):
    """What a payment met."""

    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already_confirmed"
    HOLD_GONE = "hold_gone"  # the slot was let go: nothing is changed, the money is to be dealt with


class UnknownOrder(LookupError):
    """There is no such order number."""


async def expire_holds(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Ends holds that ran out: appointment expired, slot free, order closed, event hold_expired. Gives how many;
    several sweepers at once share the work."""
    return len((await session.execute(_EXPIRE, {"now": now, "limit": limit})).all())


async def confirm_paid(session: AsyncSession, order_no: str, now: datetime) -> Payment:
    """Books the held appointment of a paid order, writes the event appointment_booked. Repeats change nothing.
    A hold that ran out but was not swept yet still counts. Raises UnknownOrder."""
    held = await session.scalar(
        select(Appointment)
        .join(Order, Order.appointment_id == Appointment.id)
        .where(Order.order_no == order_no)
        .with_for_update(of=Appointment, key_share=True)
        .execution_options(populate_existing=True)
    )
    if held is None:
        raise UnknownOrder
    order = await session.scalar(
        select(Order)
        .where(Order.order_no == order_no)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if order is None or order.status is OrderStatus.CLOSED:
        return Payment.HOLD_GONE
    if order.status is OrderStatus.PAID:
        return Payment.ALREADY_CONFIRMED
    order.status, order.paid_at = OrderStatus.PAID, now
    held.status, held.hold_expires_at = AppointmentStatus.BOOKED, None
    await session.flush()
    await events.emit(
        session,
        events.EventKind.APPOINTMENT_BOOKED,
        account_id=held.account_id,
        contact_id=held.contact_id,
        payload={"appointment_id": str(held.id), "order_no": order_no},
    )
    return Payment.CONFIRMED
