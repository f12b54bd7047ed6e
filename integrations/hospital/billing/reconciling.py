"""A platform's bill of a day beside ours: each line is found here, and each of ours on a bill. What is not becomes a
difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.billing import differences, paying
from integrations.hospital.billing.paying import Received, Trade
from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    Difference,
    DifferenceKind,
    FoundBy,
    Payment,
    PaymentStatus,
    Reconciliation,
    Refund,
)
from integrations.money import BillLine, Platform

CATCH_UP = timedelta(days=7)  # so long the bills of missed days are fetched by themselves

# Of so many lines those that are not simply so; few, on most days none.
_MARK_PAYMENTS = text("""
    WITH billed AS (
        SELECT * FROM unnest(CAST(:numbers AS text[]), CAST(:transactions AS text[]), CAST(:amounts AS bigint[]))
                 WITH ORDINALITY AS line(number, transaction_id, amount_fen, at)
    ), marked AS (
        UPDATE payments SET billed_on = :day FROM billed
        WHERE out_trade_no = number AND payments.transaction_id = billed.transaction_id
              AND payments.amount_fen = billed.amount_fen AND platform = :platform AND status = 'paid'
        RETURNING at
    )
    SELECT at FROM billed WHERE at NOT IN (SELECT at FROM marked) ORDER BY at
""")
_MARK_REFUNDS = text("""
    WITH billed AS (
        SELECT * FROM unnest(CAST(:numbers AS text[]), CAST(:amounts AS bigint[]))
                 WITH ORDINALITY AS line(number, amount_fen, at)
    ), marked AS (
        UPDATE refunds SET billed_on = :day FROM billed, payments
        WHERE out_refund_no = number AND refunds.amount_fen = billed.amount_fen
              AND payments.id = payment_id AND platform = :platform
        RETURNING at
    )
    SELECT at FROM billed WHERE at NOT IN (SELECT at FROM marked) ORDER BY at
""")
_MARK_PAYMENT = text("UPDATE payments SET billed_on = :day WHERE out_trade_no = :number AND status = 'paid'")
_MISSING_PAYMENTS = text("""
    INSERT INTO differences (kind, platform, number, transaction_id, ours_fen, found_by, day)
    SELECT 'not_on_bill', platform, out_trade_no, transaction_id, amount_fen, 'bill', :day FROM payments
    WHERE status = 'paid' AND billed_on IS NULL AND platform = :platform AND paid_at >= :begin AND paid_at < :end
    ON CONFLICT DO NOTHING
""")
# A day later than they were settled: about midnight the platform's day is not ours.
_MISSING_REFUNDS = text("""
    INSERT INTO differences (kind, platform, number, transaction_id, ours_fen, found_by, day)
    SELECT 'refund_not_on_bill', platform, out_refund_no, platform_refund_id, refunds.amount_fen, 'bill', :day
    FROM refunds JOIN payments ON payments.id = payment_id
    WHERE refunds.status = 'succeeded' AND refunds.billed_on IS NULL AND platform = :platform
          AND settled_at >= :before AND settled_at < :begin
    ON CONFLICT DO NOTHING
""")


async def days_due(session: AsyncSession, platform: Platform, today: date) -> list[date]:
    """Days before today whose bill is to be fetched, the oldest first: none from before our first payment, and those
    that staff ask for."""
    first = await session.scalar(
        select(Payment.opened_at).where(Payment.platform == platform).order_by(Payment.id).limit(1)
    )
    if first is None:
        return []
    begin = max(local_date(first), today - CATCH_UP)
    known = select(Reconciliation).where(Reconciliation.platform == platform)
    recent = await session.scalars(
        known.where((Reconciliation.day >= begin) | Reconciliation.done_at.is_(None))
    )
    rows = {row.day: row.done_at for row in recent}
    missed = {begin + timedelta(days=count) for count in range((today - begin).days)} - rows.keys()
    return sorted(missed | {day for day, done_at in rows.items() if done_at is None and day < today})


async def ask_again(session: AsyncSession, platform: Platform, day: date) -> None:
    """Staff want the day compared once more."""
    row = insert(Reconciliation).values(platform=platform, day=day)
    await session.execute(
        row.on_conflict_do_update(index_elements=["platform", "day"], set_={"done_at": None})
    )


async def holds_any(session: AsyncSession, platform: Platform, begin: datetime, end: datetime) -> bool:
    """Whether we hold something paid between the two, of which the platform should have a bill."""
    found = select(Payment.id).where(
        Payment.platform == platform,
        Payment.status == PaymentStatus.PAID,
        Payment.paid_at >= begin,
        Payment.paid_at < end,
    )
    return await session.scalar(found.limit(1)) is not None


async def mark(
    session: AsyncSession, platform: Platform, day: date, lines: Sequence[BillLine]
) -> list[BillLine]:
    """Notes of our payments and refunds that the platform names them too; gives the lines that are something else."""
    paid = [line for line in lines if not line.out_refund_no]
    back = [line for line in lines if line.out_refund_no]
    common = {"platform": platform, "day": day}
    odd = await session.execute(
        _MARK_PAYMENTS,
        common
        | {
            "numbers": [line.out_trade_no for line in paid],
            "transactions": [line.transaction_id for line in paid],
            "amounts": [line.amount_fen for line in paid],
        },
    )
    odd_refunds = await session.execute(
        _MARK_REFUNDS,
        common
        | {
            "numbers": [line.out_refund_no for line in back],
            "amounts": [line.amount_fen for line in back],
        },
    )
    return [paid[row.at - 1] for row in odd] + [back[row.at - 1] for row in odd_refunds]


async def look_into(
    session: AsyncSession, platform: Platform, day: date, line: BillLine, now: datetime
) -> bool:
    """A line that is not simply so: a payment of which nobody told us is received now, all else is a difference.
    Gives whether we learned of a payment."""
    if line.out_refund_no:
        await _odd_refund(session, platform, day, line)
        return False
    trade = Trade(platform, line.out_trade_no, line.transaction_id, line.amount_fen, line.at)
    received = await paying.receive(session, trade, FoundBy.BILL, now)
    if received is not Received.DIFFERENT:
        await session.execute(_MARK_PAYMENT, {"day": day, "number": line.out_trade_no})
    return received in (Received.PAID, Received.REFUND_DUE)


async def _odd_refund(session: AsyncSession, platform: Platform, day: date, line: BillLine) -> None:
    ours = await session.scalar(select(Refund.amount_fen).where(Refund.out_refund_no == line.out_refund_no))
    await differences.note_difference(
        session,
        DifferenceKind.UNKNOWN_REFUND if ours is None else DifferenceKind.WRONG_REFUND_AMOUNT,
        platform,
        line.out_refund_no,
        found_by=FoundBy.BILL,
        transaction_id=line.transaction_id,
        ours_fen=ours,
        theirs_fen=line.amount_fen,
        day=day,
    )


async def finish(
    session: AsyncSession,
    platform: Platform,
    day: date,
    lines: Sequence[BillLine],
    *,
    begin: datetime,
    learned: int,
    now: datetime,
) -> int:
    """Notes what should stand on the bill and does not, and that the day is done. `begin`: of the day, UTC. Gives how
    many differences the day has."""
    values = {"platform": platform, "day": day, "begin": begin}
    await session.execute(_MISSING_PAYMENTS, values | {"end": begin + timedelta(days=1)})
    await session.execute(_MISSING_REFUNDS, values | {"before": begin - timedelta(days=1)})
    found = select(func.count()).where(Difference.platform == platform, Difference.day == day)
    count = await session.scalar(found) or 0
    refunds = [line.amount_fen for line in lines if line.out_refund_no]
    payments = [line.amount_fen for line in lines if not line.out_refund_no]
    result = {
        "payments": len(payments),
        "payments_fen": sum(payments),
        "refunds": len(refunds),
        "refunds_fen": sum(refunds),
        "learned": learned,
        "differences": count,
        "done_at": now,
    }
    row = insert(Reconciliation).values(platform=platform, day=day, **result)
    await session.execute(row.on_conflict_do_update(index_elements=["platform", "day"], set_=result))
    return count
