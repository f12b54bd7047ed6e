"""Money on its way back. The platform knows a refund by its number and does it once, however often it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.billing.differences import note_difference
from integrations.hospital.cases import ending
from integrations.hospital.models import (
    Case,
    DifferenceKind,
    FoundBy,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Platform,
    Refund,
    RefundReason,
    RefundStatus,
)
from integrations.hospital.models.cases import WAITING

_FIRST_PAUSE = timedelta(seconds=15)
ASKED = (RefundStatus.DUE, RefundStatus.PROCESSING)
STUCK = (RefundStatus.ABNORMAL, RefundStatus.CLOSED)
_LONGEST_PAUSE = timedelta(hours=1)


class UnknownRefund(LookupError):
    """There is no refund with this number."""


@dataclass(frozen=True, slots=True)
class RefundTask:
    """What the platform is to be asked: to pay back (`due`), or what became of it (`processing`)."""

    out_refund_no: str
    out_trade_no: str
    platform: Platform
    status: RefundStatus
    amount_fen: int
    total_fen: int
    reason: RefundReason


async def owe(session: AsyncSession, payment: Payment, reason: RefundReason, now: datetime) -> None:
    """The whole of a payment goes back, once. The order's own status is the caller's."""
    await session.execute(
        insert(Refund)
        .values(
            payment_id=payment.id,
            out_refund_no=f"{payment.out_trade_no}R1",
            amount_fen=payment.amount_fen,
            reason=reason,
            status=RefundStatus.DUE,
            next_try_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["payment_id"])
    )


_CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM refunds WHERE status IN ('due', 'processing') AND next_try_at <= :now
        ORDER BY next_try_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE refunds SET attempts = attempts + 1,
           next_try_at = :now + least(CAST(:longest AS interval),
                                      CAST(:first AS interval) * power(2, least(attempts, 20)))
    FROM payments WHERE refunds.id IN (SELECT id FROM due) AND payments.id = payment_id
    RETURNING out_refund_no, out_trade_no, platform, refunds.status, refunds.amount_fen,
              payments.amount_fen AS total_fen, reason
""")


async def claim_refunds(session: AsyncSession, now: datetime, limit: int) -> Sequence[RefundTask]:
    """Refunds whose platform is to be asked now; each comes again after a growing pause until it is settled."""
    values = {"now": now, "limit": limit, "first": _FIRST_PAUSE, "longest": _LONGEST_PAUSE}
    return [
        RefundTask(
            row.out_refund_no,
            row.out_trade_no,
            Platform(row.platform),
            RefundStatus(row.status),
            row.amount_fen,
            row.total_fen,
            RefundReason(row.reason),
        )
        for row in await session.execute(_CLAIM, values)
    ]


async def settle_refund(
    session: AsyncSession,
    out_refund_no: str,
    status: RefundStatus,
    now: datetime,
    *,
    platform_refund_id: str | None = None,
    error: str | None = None,
    by_hand: bool = False,
) -> None:
    """What the platform says of it, or (`by_hand`) staff, who paid it back in another way. A word that comes late or
    again changes nothing. When the order's own payment is back, the order is refunded, and its owner told; they hear
    as well when it does not go back by itself. Raises UnknownRefund."""
    order, refund = await _held(session, out_refund_no)
    refund.error = error or refund.error
    refund.platform_refund_id = platform_refund_id or refund.platform_refund_id
    if refund.out_refund_no != out_refund_no or not _goes_on(refund.status, status):
        return
    asked, refund.status = refund.status in ASKED, status
    # Of staff's own tries they know.
    if asked and status in STUCK and refund.out_refund_no.endswith("R1") and refund.case_id is None:
        await tell(session, events.EventKind.REFUND_STUCK, order, refund)
    if status is RefundStatus.SUCCEEDED:
        refund.settled_at = now
        await _refunded(session, order, refund, by_hand=by_hand)
        if refund.case_id is not None:
            await ending.close_paid_back(session, refund.case_id, now)
    await session.flush()


async def paid_by_hand(session: AsyncSession, out_refund_no: str, now: datetime) -> Refund:
    """Of one that the platform could not pay back: the payer has got the money in another way. Raises UnknownRefund."""
    _, refund = await _held(session, out_refund_no)
    if refund.status not in STUCK or refund.out_refund_no != out_refund_no:
        raise UnknownRefund(out_refund_no)
    if refund.status is RefundStatus.CLOSED:  # it goes no further by itself
        refund.status = RefundStatus.DUE
        await session.flush()
    await settle_refund(session, out_refund_no, RefundStatus.SUCCEEDED, now, by_hand=True)
    return refund


async def hear(
    session: AsyncSession,
    platform: Platform,
    out_refund_no: str,
    status: RefundStatus,
    amount_fen: int | None,
    found_by: FoundBy,
    now: datetime,
    *,
    platform_refund_id: str | None = None,
    error: str | None = None,
) -> bool:
    """What a platform says of a refund, when it is one that we asked for; otherwise a difference is noted, and False
    given."""
    known = (
        select(Refund.amount_fen)
        .join(Payment)
        .where(Refund.out_refund_no == out_refund_no, Payment.platform == platform)
    )
    ours = await session.scalar(known)
    if ours is None or (amount_fen is not None and amount_fen != ours):
        await note_difference(
            session,
            DifferenceKind.UNKNOWN_REFUND if ours is None else DifferenceKind.WRONG_REFUND_AMOUNT,
            platform,
            out_refund_no,
            found_by=found_by,
            transaction_id=platform_refund_id,
            ours_fen=ours,
            theirs_fen=amount_fen,
        )
        return False
    await settle_refund(
        session, out_refund_no, status, now, platform_refund_id=platform_refund_id, error=error
    )
    return True


def _goes_on(before: RefundStatus, after: RefundStatus) -> bool:
    """Whether that is news. Processing, said of what has been settled, is an old word."""
    if before is after or before in (RefundStatus.SUCCEEDED, RefundStatus.CLOSED):
        return False
    return after is not RefundStatus.DUE


async def _held(session: AsyncSession, out_refund_no: str) -> tuple[Order, Refund]:
    """Both locked, the order first. By then the refund may have another number. Raises UnknownRefund."""
    payment_id = await session.scalar(select(Refund.payment_id).where(Refund.out_refund_no == out_refund_no))
    if payment_id is None:
        raise UnknownRefund(out_refund_no)
    order = (
        select(Order)
        .join(Payment, Payment.order_id == Order.id)
        .where(Payment.id == payment_id)
        .with_for_update(of=Order, key_share=True)
    )
    refund = select(Refund).where(Refund.payment_id == payment_id).with_for_update()
    anew = {"populate_existing": True}
    return (
        (await session.scalars(order.execution_options(**anew))).one(),
        (await session.scalars(refund.execution_options(**anew))).one(),
    )


async def _refunded(session: AsyncSession, order: Order, refund: Refund, *, by_hand: bool) -> None:
    """What was paid twice goes back without a word about the order, which stands."""
    owed = (
        select(Payment.id)
        .outerjoin(Refund)
        .where(
            Payment.order_id == order.id,
            Payment.status == PaymentStatus.PAID,
            Payment.id != refund.payment_id,
            (Refund.id.is_(None)) | (Refund.status != RefundStatus.SUCCEEDED),
        )
    )
    if order.status is OrderStatus.REFUND_DUE and await session.scalar(owed.limit(1)) is None:
        order.status = OrderStatus.REFUNDED
    await session.flush()
    await tell(session, events.EventKind.REFUNDED, order, refund, by_hand=by_hand)


async def tell(
    session: AsyncSession, kind: events.EventKind, order: Order, refund: Refund, **more: bool
) -> None:
    """The order's owner hears of a refund."""
    named = {"order_no": order.order_no, "amount_fen": refund.amount_fen, "reason": refund.reason}
    await events.emit(
        session, kind, account_id=order.account_id, contact_id=order.contact_id, payload=named | more
    )


async def try_again(session: AsyncSession, out_refund_no: str, now: datetime) -> str:
    """A refund that the platform refused, once more under a new number, which is given. By staff, after they have
    seen to the cause. Raises UnknownRefund."""
    refund = await session.scalar(
        select(Refund)
        .where(Refund.out_refund_no == out_refund_no, Refund.status == RefundStatus.CLOSED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if refund is None:
        raise UnknownRefund(out_refund_no)
    before, tries = refund.out_refund_no.rsplit("R", 1)
    refund.out_refund_no = f"{before}R{int(tries) + 1}"
    refund.status, refund.attempts, refund.next_try_at, refund.error = RefundStatus.DUE, 0, now, None
    if refund.case_id is not None and (await session.get_one(Case, refund.case_id)).status not in WAITING:
        refund.case_id = None  # what was settled is settled: should this one fail too, staff get it anew
    await session.flush()
    return refund.out_refund_no
