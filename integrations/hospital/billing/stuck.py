"""Refunds that do not go back by themselves: each becomes a case, which has a deadline and gets an owner."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.billing import refunds
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.models import Case, CaseKind, Category, Order, Payment, Refund, RefundStatus
from integrations.hospital.working_days import working_days
from integrations.money import yuan

DAYS = 3  # working days: what the payer was told a refund takes at the most
# Questions to a platform, whose pauses grow to an hour: after about five hours nobody waits for it any more, and after
# three days for one that says that it is on its way.
MOST_DUE, MOST_PROCESSING = 12, 80

_NEEDS_STAFF = or_(
    Refund.status.in_(refunds.STUCK),
    (Refund.status == RefundStatus.DUE) & (Refund.attempts >= MOST_DUE),
    (Refund.status == RefundStatus.PROCESSING) & (Refund.attempts >= MOST_PROCESSING),
)


async def open_cases(session: AsyncSession, crypto: Crypto, now: datetime, limit: int) -> list[str]:
    """Opens the case of each refund that needs staff and has none; who was told nothing of it yet is told. Gives the
    cases' numbers. Several callers at once get different refunds."""
    wanted = (
        select(Refund, Order)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Refund.case_id.is_(None), _NEEDS_STAFF)
        .order_by(Refund.id)
        .limit(limit)
        .with_for_update(of=Refund, skip_locked=True)
    )
    found = await session.execute(wanted.execution_options(populate_existing=True))
    return [await _open(session, crypto, refund, order, now) for refund, order in found.all()]


async def _open(session: AsyncSession, crypto: Crypto, refund: Refund, order: Order, now: datetime) -> str:
    number = await open_case(
        session,
        crypto,
        CaseKind.REFUND_PROBLEM,
        Category.FEES,
        f"{refund.out_refund_no} {yuan(refund.amount_fen)}: {refund.status} {refund.error or ''}".rstrip(),
        account_id=order.account_id,
        contact_id=order.contact_id,
        patient_id=order.patient_id,
        about=About(
            order_id=order.id,
            appointment_id=order.appointment_id,
            prescription_id=order.prescription_id,
        ),
        deadline=working_days().after(local_date(now), DAYS),
        now=now,
    )
    refund.case_id = await session.scalar(select(Case.id).where(Case.number == number))
    if refund.status not in refunds.STUCK:
        await refunds.tell(session, EventKind.REFUND_STUCK, order, refund)
    await session.flush()
    return number
