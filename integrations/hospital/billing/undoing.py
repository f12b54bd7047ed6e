"""An order that is not to be: nobody pays it any more, and what was paid goes back. The caller holds its row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.billing import open_payments, refunds
from integrations.hospital.models import Order, OrderStatus, Payment, PaymentStatus, RefundReason


async def close(session: AsyncSession, order: Order, now: datetime) -> None:
    """Of an unpaid one."""
    order.status, order.closed_at = OrderStatus.CLOSED, now
    await session.flush()
    await open_payments.ask_at_once(session, order.id, now)


async def pay_back(session: AsyncSession, order: Order, reason: RefundReason, now: datetime) -> int:
    """Of a paid one: the whole, to who paid, who need not be its owner. Gives how many payments go back."""
    order.status = OrderStatus.REFUND_DUE
    await session.flush()
    paid = select(Payment).where(Payment.order_id == order.id, Payment.status == PaymentStatus.PAID)
    found = list(await session.scalars(paid))
    for payment in found:
        await refunds.owe(session, payment, reason, now)
    return len(found)
