"""Links to pages about one order or one appointment, and how long each of them opens."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.links import issue_link

PAY = "pay"  # subject: the order's number
PAY_FOR = "payfor"  # the same order, for whoever else pays it
RECEIPT = "receipt"  # subject: the order's number
BILLS = "bills"  # of the contact's account
CARD = "card"  # subject: the appointment's id

# An order's pages open until its deadline and this much longer, so that who pays at the last moment sees the receipt.
AFTER_DEADLINE = timedelta(days=2)
WITHOUT_DEADLINE = timedelta(days=30)
RECEIPT_OPENS = timedelta(days=30)
BILLS_OPEN = timedelta(days=1)
AFTER_VISIT = timedelta(days=1)


async def pay_link(
    session: AsyncSession, contact_id: UUID, order_no: str, deadline: datetime | None, now: datetime
) -> str:
    """The path of the page on which this contact pays the order."""
    return await _path(session, PAY, contact_id, order_no, now, _after(deadline, now))


async def pay_for_link(
    session: AsyncSession, contact_id: UUID, order_no: str, deadline: datetime | None, now: datetime
) -> str:
    """The path of the page on which somebody else pays it (代付)."""
    return await _path(session, PAY_FOR, contact_id, order_no, now, _after(deadline, now))


async def receipt_link(session: AsyncSession, contact_id: UUID, order_no: str, now: datetime) -> str:
    return await _path(session, RECEIPT, contact_id, order_no, now, now + RECEIPT_OPENS)


async def bills_link(session: AsyncSession, contact_id: UUID, now: datetime) -> str:
    return await _path(session, BILLS, contact_id, None, now, now + BILLS_OPEN)


async def card_link(
    session: AsyncSession, contact_id: UUID, appointment_id: UUID, starts_at: datetime, now: datetime
) -> str:
    """The path of the card that is shown at the hospital."""
    return await _path(session, CARD, contact_id, appointment_id.hex, now, max(starts_at, now) + AFTER_VISIT)


def _after(deadline: datetime | None, now: datetime) -> datetime:
    return max(deadline, now) + AFTER_DEADLINE if deadline else now + WITHOUT_DEADLINE


async def _path(
    session: AsyncSession,
    purpose: str,
    contact_id: UUID,
    subject: str | None,
    now: datetime,
    until: datetime,
) -> str:
    token = await issue_link(
        session,
        contact_id=contact_id,
        purpose=purpose,
        now=now,
        minutes=(until - now) / timedelta(minutes=1),
        subject=subject,
    )
    return f"/p/{purpose}/{token}"
