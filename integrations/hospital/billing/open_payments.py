"""Payments that somebody may still make: when their platform is asked about them, and when they are given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.models import Order, Payment, PaymentStatus
from integrations.money import Platform

FIRST_PAUSE = timedelta(seconds=10)  # about as long as paying takes
_LONGEST_PAUSE = timedelta(hours=1)

# A quarter of its age: some fifteen questions in the first quarter of an hour, and few for one that nobody makes.
_CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM payments WHERE status = 'opened' AND ask_at <= :now
        ORDER BY ask_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payments
    SET ask_at = :now + least(CAST(:longest AS interval), greatest(CAST(:first AS interval), (:now - opened_at) / 4))
    FROM orders WHERE payments.id IN (SELECT id FROM due) AND orders.id = order_id
    RETURNING platform, out_trade_no,
              orders.status = 'unpaid' AND coalesce(orders.expires_at > :now, true) AS payable
""")


@dataclass(frozen=True, slots=True)
class PaymentTask:
    """What the platform is to be asked about; what is not `payable` any more is to be closed there."""

    platform: Platform
    out_trade_no: str
    payable: bool


async def claim(session: AsyncSession, now: datetime, limit: int) -> Sequence[PaymentTask]:
    """Open payments whose platform is to be asked now; each comes again after a growing pause."""
    values = {"now": now, "limit": limit, "first": FIRST_PAUSE, "longest": _LONGEST_PAUSE}
    return [
        PaymentTask(Platform(row.platform), row.out_trade_no, row.payable)
        for row in await session.execute(_CLAIM, values)
    ]


async def of_order(session: AsyncSession, order_no: str) -> list[tuple[Platform, str]]:
    """Platform and out_trade_no of what may still be paid, in the order of opening. Raises UnknownOrder."""
    order_id = await session.scalar(select(Order.id).where(Order.order_no == order_no))
    if order_id is None:
        raise UnknownOrder
    waiting = (
        select(Payment.platform, Payment.out_trade_no)
        .where(Payment.order_id == order_id, Payment.status == PaymentStatus.OPENED)
        .order_by(Payment.id)
    )
    return [(platform, number) for platform, number in await session.execute(waiting)]


async def ask_at_once(session: AsyncSession, order_id: UUID, now: datetime) -> None:
    """Nobody is to pay the order any more: what may still be paid is closed at its platform with the next sweep."""
    waiting = update(Payment).where(Payment.order_id == order_id, Payment.status == PaymentStatus.OPENED)
    await session.execute(waiting.values(ask_at=now).execution_options(synchronize_session=False))


async def close(session: AsyncSession, platform: Platform, out_trade_no: str) -> None:
    """The platform takes no money for it any more. Of one that is paid, or unknown, nothing changes."""
    closed = update(Payment).where(
        Payment.platform == platform,
        Payment.out_trade_no == out_trade_no,
        Payment.status == PaymentStatus.OPENED,
    )
    await session.execute(
        closed.values(status=PaymentStatus.CLOSED).execution_options(synchronize_session=False)
    )
