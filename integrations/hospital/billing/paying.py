"""How an order gets paid. Callback, query and the daily bill all bring the same `Trade` to `receive`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.billing.differences import note_difference
from integrations.hospital.billing.open_payments import FIRST_PAUSE
from integrations.hospital.billing.orders import hold_order
from integrations.hospital.billing.refunds import owe
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import fulfilment as consulting
from integrations.hospital.holds import Fulfilment, confirm_paid
from integrations.hospital.models import (
    DifferenceKind,
    FoundBy,
    OrderKind,
    OrderStatus,
    Payment,
    PaymentStatus,
    Platform,
    RefundReason,
)
from integrations.hospital.pharmacy import fulfilment

_NUMBER_LIMIT = 32  # characters of an out_trade_no at WeChat


class NotPayable(Exception):
    """Nobody is to pay this order (any more). `status` says why."""

    def __init__(self, status: OrderStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Opened:
    """What the platform is to be asked for."""

    payment_id: UUID
    out_trade_no: str
    amount_fen: int
    kind: OrderKind
    expires_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Trade:
    """A payment that succeeded, as the platform says it; `paid_at` by its clock, UTC."""

    platform: Platform
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    paid_at: datetime
    payer: str | None = field(default=None, repr=False)


class Received(StrEnum):
    """What became of a trade."""

    PAID = "paid"  # the order is paid by it
    REPEATED = "repeated"  # it was known
    REFUND_DUE = "refund_due"  # it came too late, or the order was paid already: it goes back
    DIFFERENT = "different"  # it is not what we asked for: staff look into it


async def open_payment(
    session: AsyncSession, order_no: str, platform: Platform, way: str, now: datetime, opened_for: str | None
) -> Opened:
    """A try to pay the order at a platform, or the one that is open there already for the same payer and way. To be
    committed before the platform is asked. Raises UnknownOrder, NotPayable."""
    order = await hold_order(session, order_no)
    if order.status is not OrderStatus.UNPAID:
        raise NotPayable(order.status)
    if order.expires_at is not None and order.expires_at <= now:
        raise NotPayable(OrderStatus.CLOSED)
    same = select(Payment).where(
        Payment.order_id == order.id,
        Payment.platform == platform,
        Payment.way == way,
        Payment.status == PaymentStatus.OPENED,
        Payment.opened_for.is_not_distinct_from(opened_for),
    )
    found = await session.scalar(same)
    if found is not None:
        found.ask_at = now + FIRST_PAUSE
        await session.flush()
        return Opened(
            found.id, found.out_trade_no, found.amount_fen, order.kind, order.expires_at, found.opened_at
        )
    tries = await session.scalar(select(func.count()).where(Payment.order_id == order.id)) or 0
    out_trade_no = order_no if tries == 0 else f"{order_no}{tries + 1:02d}"
    if len(out_trade_no) > _NUMBER_LIMIT:
        raise NotPayable(order.status)
    made = insert(Payment).values(
        order_id=order.id,
        platform=platform,
        way=way,
        out_trade_no=out_trade_no,
        amount_fen=order.amount_fen,
        status=PaymentStatus.OPENED,
        opened_for=opened_for,
        opened_at=now,
        ask_at=now + FIRST_PAUSE,
    )
    payment_id = (await session.scalars(made.returning(Payment.id))).one()
    return Opened(payment_id, out_trade_no, order.amount_fen, order.kind, order.expires_at, now)


# The payment, whether its transaction pays another one too, and what it is for.
_KNOWN = text("""
    SELECT p.id, p.order_id, p.platform, p.amount_fen, p.status, p.transaction_id, o.order_no, o.kind,
           EXISTS (SELECT FROM payments other WHERE other.platform = :platform
                     AND other.transaction_id = :transaction_id AND other.id <> p.id) AS elsewhere
    FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.out_trade_no = :number
""")
# What else is open for the order is looked at, and closed, at once.
_PAY = text("""
    WITH others AS (
        UPDATE payments SET ask_at = :now WHERE order_id = :order_id AND id <> :id AND status = 'opened'
    )
    UPDATE payments SET status = 'paid', paid_at = :paid_at, found_by = :found_by, transaction_id = :transaction_id,
                        payer = :payer
    WHERE id = :id AND status <> 'paid' RETURNING id
""")


async def receive(session: AsyncSession, trade: Trade, found_by: FoundBy, now: datetime) -> Received:
    """Takes note of a payment that succeeded: the payment is paid, and what its order is for happens, or the money
    is owed back. Repeats change nothing, in whatever order and from wherever they come."""
    named = {"number": trade.out_trade_no, "platform": trade.platform, "transaction_id": trade.transaction_id}
    known = (await session.execute(_KNOWN, named)).one_or_none()
    if known is None or known.platform != trade.platform:
        await _differs(session, DifferenceKind.UNKNOWN_ORDER, trade, found_by, None)
        return Received.DIFFERENT
    if known.amount_fen != trade.amount_fen:
        await _differs(session, DifferenceKind.WRONG_AMOUNT, trade, found_by, known.amount_fen)
        return Received.DIFFERENT
    if known.elsewhere:  # one transaction pays once
        await _differs(session, DifferenceKind.OTHER_TRANSACTION, trade, found_by, known.amount_fen)
        return Received.DIFFERENT
    if known.status == PaymentStatus.PAID:  # it stays so: there is nothing to wait for
        return await _again(session, trade, found_by, known.amount_fen, known.transaction_id)
    fulfil = _FULFIL.get(known.kind, _settle)
    fulfilled = await fulfil(session, known.order_no, now)
    if not await _pay(session, known.id, known.order_id, trade, found_by, now):  # by somebody else, meanwhile
        paid_by = await session.scalar(select(Payment.transaction_id).where(Payment.id == known.id))
        return await _again(session, trade, found_by, known.amount_fen, paid_by)
    if fulfilled is Fulfilment.CONFIRMED:
        return Received.PAID
    payment = await session.get_one(Payment, known.id, populate_existing=True)
    paid_before = select(Payment.id).where(
        Payment.order_id == payment.order_id, Payment.status == PaymentStatus.PAID, Payment.id != payment.id
    )
    twice = await session.scalar(paid_before.limit(1)) is not None
    await owe(session, payment, RefundReason.TWICE if twice else RefundReason.TOO_LATE, now)
    return Received.REFUND_DUE


async def _pay(
    session: AsyncSession, payment_id: UUID, order_id: UUID, trade: Trade, found_by: FoundBy, now: datetime
) -> bool:
    """Whether it was not paid yet."""
    values = {
        "id": payment_id,
        "order_id": order_id,
        "paid_at": trade.paid_at,
        "found_by": found_by,
        "transaction_id": trade.transaction_id,
        "payer": trade.payer,
        "now": now,
    }
    return (await session.execute(_PAY, values)).one_or_none() is not None


async def _again(
    session: AsyncSession, trade: Trade, found_by: FoundBy, amount_fen: int, paid_by: str | None
) -> Received:
    """Of a payment that is paid. `paid_by`: the transaction that we hold."""
    if paid_by == trade.transaction_id:
        return Received.REPEATED
    await _differs(session, DifferenceKind.OTHER_TRANSACTION, trade, found_by, amount_fen)
    return Received.DIFFERENT


async def _settle_medicine(session: AsyncSession, order_no: str, now: datetime) -> Fulfilment:
    """With the prescription that it is for: the pharmacy has to put it together now."""
    prescription = await fulfilment.hold(session, order_no)
    if prescription is None:
        return await _settle(session, order_no, now)
    done = await _settle(session, order_no, now, told=False)
    if done is Fulfilment.CONFIRMED:
        await fulfilment.paid(session, prescription)
    return done


async def _settle_consultation(session: AsyncSession, order_no: str, now: datetime) -> Fulfilment:
    """With the consultation that it is for: its doctor has to accept it now."""
    consultation = await consulting.hold(session, order_no)
    if consultation is None:
        return await _settle(session, order_no, now)
    done = await _settle(session, order_no, now, told=False)
    if done is Fulfilment.CONFIRMED:
        await consulting.paid(session, consultation, now)
    return done


# The usual case in one statement.
_SETTLE = text("""
    WITH settled AS (
        UPDATE orders SET status = 'paid', paid_at = :now WHERE order_no = :order_no AND status = 'unpaid'
        RETURNING account_id, contact_id
    ), told AS (
        INSERT INTO hospital_events (kind, account_id, contact_id, payload)
        SELECT 'order_paid', account_id, contact_id, jsonb_build_object('order_no', CAST(:order_no AS text))
        FROM settled WHERE :told
    )
    SELECT FROM settled
""")


async def _settle(session: AsyncSession, order_no: str, now: datetime, *, told: bool = True) -> Fulfilment:
    """An order that is not for an appointment: paid, unless it was closed before. `told`: whether the patient hears
    that it is paid; that it goes back they hear in any case."""
    values = {"order_no": order_no, "now": now, "told": told}
    if (await session.execute(_SETTLE, values)).one_or_none() is not None:
        return Fulfilment.CONFIRMED
    order = await hold_order(session, order_no)
    if order.status is OrderStatus.PAID:
        return Fulfilment.ALREADY_CONFIRMED
    if order.status is OrderStatus.CLOSED:
        order.status, order.paid_at = OrderStatus.REFUND_DUE, now
        await session.flush()
        await events.emit(
            session,
            events.EventKind.REFUND_DUE,
            account_id=order.account_id,
            contact_id=order.contact_id,
            payload={"order_no": order.order_no},
        )
    return Fulfilment.REFUND_DUE


_FULFIL = {
    OrderKind.REGISTRATION: confirm_paid,
    OrderKind.MEDICINE: _settle_medicine,
    OrderKind.CONSULTATION: _settle_consultation,
}


async def _differs(
    session: AsyncSession, kind: DifferenceKind, trade: Trade, found_by: FoundBy, ours: int | None
) -> None:
    await note_difference(
        session,
        kind,
        trade.platform,
        trade.out_trade_no,
        found_by=found_by,
        transaction_id=trade.transaction_id,
        ours_fen=ours,
        theirs_fen=trade.amount_fen,
        day=local_date(trade.paid_at) if found_by is FoundBy.BILL else None,
    )
