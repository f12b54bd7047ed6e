"""How an order was paid, and where its money went back to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Platform, RefundReason, RefundStatus


@dataclass(frozen=True, slots=True)
class PaidBack:
    status: RefundStatus
    amount_fen: int
    reason: RefundReason
    since: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment that was made. `by_other`: it is known that somebody else than the account's owner made it;
    of an account that has never been seen on WeChat nothing is known."""

    order_id: UUID
    platform: Platform
    amount_fen: int
    paid_at: datetime
    transaction_id: str
    by_other: bool
    back: PaidBack | None


_PAID = text("""
    SELECT p.order_id, p.platform, p.amount_fen, p.paid_at, p.transaction_id,
           p.platform = 'wechatpay' AND (
               SELECT bool_and(c.platform_id <> p.payer) FROM contacts c
               WHERE c.account_id = o.account_id AND c.channel = 'wechat') IS TRUE AS by_other,
           r.status AS refund, r.amount_fen AS back_fen, r.reason, r.created_at AS since, r.settled_at
    FROM payments p JOIN orders o ON o.id = p.order_id LEFT JOIN refunds r ON r.payment_id = p.id
    WHERE p.order_id = ANY(:orders) AND p.status = 'paid' ORDER BY p.paid_at, p.id
""")


async def payments_of(session: AsyncSession, orders: Collection[UUID]) -> dict[UUID, list[Paid]]:
    """By order, the earliest first; orders that nobody paid are left out."""
    found: dict[UUID, list[Paid]] = {}
    for row in await session.execute(_PAID, {"orders": list(orders)}):
        found.setdefault(row.order_id, []).append(_paid(row))
    return found


def _paid(row: Row[*tuple[Any, ...]]) -> Paid:
    back = None
    if row.refund:
        back = PaidBack(
            RefundStatus(row.refund), row.back_fen, RefundReason(row.reason), row.since, row.settled_at
        )
    return Paid(
        row.order_id,
        Platform(row.platform),
        row.amount_fen,
        row.paid_at,
        row.transaction_id,
        row.by_other,
        back,
    )
