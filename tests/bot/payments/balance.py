"""What holds of orders, payments, refunds and slots after every step of the saga, and in its end. `by_hand`: numbers of
refunds that staff paid back in another way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from integrations.database import Database
from integrations.hospital.billing import differences, refunds
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Case,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Slot,
    SlotStatus,
)
from integrations.hospital.models.cases import WAITING
from integrations.payment.interface import State
from tests.payment_in_memory import MemoryPlatform


async def check(database: Database, platform: MemoryPlatform, by_hand: Collection[str]) -> None:
    """Each order agrees with its payments, those with the platform, and with the slots."""
    async with database.begin() as session:
        known = list(await session.scalars(select(Order)))
        paid = defaultdict(list)
        for one in await session.scalars(select(Payment).where(Payment.status == PaymentStatus.PAID)):
            paid[one.order_id].append(one)
        back = {one.payment_id: one for one in await session.scalars(select(Refund))}
        appointments = {one.id: one for one in await session.scalars(select(Appointment))}
        slots = list(await session.scalars(select(Slot)))
        assert await differences.open_differences(session) == []
    for order in known:
        _check_order(order, paid[order.id], back, platform)
    for one in (one for some in paid.values() for one in some):
        trade = platform.trades[one.out_trade_no]
        assert (trade.transaction, trade.charge.amount_fen) == (one.transaction_id, one.amount_fen)
    for refund in back.values():
        if refund.status is RefundStatus.SUCCEEDED and refund.out_refund_no not in by_hand:
            assert platform.refunds[refund.out_refund_no].state is State.DONE
    _check_slots(known, appointments, slots)


def _check_order(
    order: Order, paid: list[Payment], back: dict[UUID, Refund], platform: MemoryPlatform
) -> None:
    standing = [one for one in paid if one.id not in back]
    owed = [one for one in paid if one.id in back and back[one.id].status is not RefundStatus.SUCCEEDED]
    match order.status:
        case OrderStatus.UNPAID | OrderStatus.CLOSED:
            assert paid == []
        case OrderStatus.PAID:
            assert len(standing) == 1
            assert platform.net(standing[0].out_trade_no) == order.amount_fen
        case OrderStatus.REFUND_DUE:
            assert paid
            assert standing == []
            assert owed
        case OrderStatus.REFUNDED:
            assert paid
            assert (standing, owed) == ([], [])


def _check_slots(known: list[Order], appointments: dict[UUID, Appointment], slots: list[Slot]) -> None:
    active = {one.id: one for one in appointments.values() if one.status in ("held", "booked")}
    assert sorted(one.slot_id for one in active.values()) == sorted(
        one.id for one in slots if one.status is SlotStatus.BUSY
    )
    standing = {
        one.appointment_id: one for one in known if one.status in ("unpaid", "paid") and one.appointment_id
    }
    assert standing.keys() == active.keys()
    for one in active.values():
        paid = standing[one.id].status is OrderStatus.PAID
        assert paid is (one.status is AppointmentStatus.BOOKED)


async def check_cases(database: Database) -> None:
    """What does not go back by itself, somebody works on."""
    async with database.begin() as session:
        without = select(Refund).where(Refund.status.in_(refunds.STUCK), Refund.case_id.is_(None))
        assert list(await session.scalars(without)) == []


async def check_end(database: Database, platform: MemoryPlatform, by_hand: Collection[str]) -> None:
    """All has been told: nobody waits for money or for staff."""
    async with database.begin() as session:
        known = {one.id: one for one in await session.scalars(select(Order))}
        tried = list(await session.scalars(select(Payment)))
        hand = {
            one.payment_id
            for one in await session.scalars(select(Refund).where(Refund.out_refund_no.in_(by_hand)))
        }
    kept: dict[UUID, int] = defaultdict(int)
    for one in tried:
        order = known[one.order_id]
        if one.status is PaymentStatus.OPENED:  # somebody may still pay it, and at the platform too
            assert order.status is OrderStatus.UNPAID
            assert platform.net(one.out_trade_no) == 0
        kept[order.id] += 0 if one.id in hand else platform.net(one.out_trade_no)
    for order in known.values():
        assert order.status is not OrderStatus.REFUND_DUE
        assert kept[order.id] == (order.amount_fen if order.status is OrderStatus.PAID else 0)
    assert {one.out_trade_no for one in tried} >= platform.trades.keys()
    async with database.begin() as session:
        assert list(await session.scalars(select(Case).where(Case.status.in_(WAITING)))) == []
