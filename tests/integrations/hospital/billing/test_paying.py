from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital import booking, events
from integrations.hospital.billing import desk, differences, open_payments, orders, paying, refunds
from integrations.hospital.billing.desk import NotToGiveBack
from integrations.hospital.billing.orders import Item, UnknownOrder
from integrations.hospital.billing.paying import NotPayable, Opened, Received, Trade
from integrations.hospital.models import (
    AppointmentStatus,
    DifferenceKind,
    FoundBy,
    OrderKind,
    OrderStatus,
    Payment,
    PaymentStatus,
    Platform,
    Refund,
    RefundReason,
    RefundStatus,
)

MINUTE = timedelta(minutes=1)


async def _held(clinic: Any, **more: Any) -> Any:
    return await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500, **more))


async def _open(
    clinic: Any, order_no: str, payer: str = "oPatient", platform: Platform = Platform.WECHATPAY
) -> Opened:
    async with clinic.database.begin() as session:
        return await paying.open_payment(session, order_no, platform, "jsapi", clinic.now, payer)


def _trade(opened: Opened, now: datetime, transaction: str = "42000") -> Trade:
    return Trade(Platform.WECHATPAY, opened.out_trade_no, transaction, opened.amount_fen, now, "oPatient")


async def _receive(clinic: Any, trade: Trade, found_by: FoundBy = FoundBy.CALLBACK) -> Received:
    async with clinic.database.begin() as session:
        return await paying.receive(session, trade, found_by, trade.paid_at)


async def _order(clinic: Any, order_no: str) -> orders.OrderView:
    async with clinic.database.begin() as session:
        return await orders.order(session, order_no)


async def _refunds(clinic: Any) -> list[tuple[str, RefundReason, RefundStatus]]:
    async with clinic.database.begin() as session:
        found = await session.scalars(select(Refund).order_by(Refund.id))
        return [(one.out_refund_no, one.reason, one.status) for one in found]


async def _events(clinic: Any) -> list[str]:
    async with clinic.database.begin() as session:
        return [event.kind for event in await events.claim(session, 500, clinic.now)]


async def test_a_payment_books_the_number_once_wherever_it_is_heard_of(clinic: Any) -> None:
    made = await _held(clinic)
    trade = _trade(await _open(clinic, made.order_no), clinic.now)
    assert [await _receive(clinic, trade, found) for found in FoundBy] == [
        Received.PAID,
        Received.REPEATED,
        Received.REPEATED,
    ]
    paid = await _order(clinic, made.order_no)
    assert (paid.status, paid.paid_at) == (OrderStatus.PAID, clinic.now)
    async with clinic.database.begin() as session:
        assert (await booking.appointment(session, made.id)).status is AppointmentStatus.BOOKED
    assert await _events(clinic) == ["appointment_booked"]
    assert await _refunds(clinic) == []


async def test_the_first_try_goes_by_the_orders_number_and_another_payer_by_one_of_its_own(
    clinic: Any,
) -> None:
    made = await _held(clinic)
    first, again = await _open(clinic, made.order_no), await _open(clinic, made.order_no)
    other = await _open(clinic, made.order_no, "oDaughter")
    assert (first.out_trade_no, again, other.out_trade_no) == (made.order_no, first, f"{made.order_no}02")
    assert len(other.out_trade_no) <= 32


async def test_paid_twice_the_second_goes_back_and_the_order_stands(clinic: Any) -> None:
    made = await _held(clinic)
    own, other = await _open(clinic, made.order_no), await _open(clinic, made.order_no, "oDaughter")
    assert await _receive(clinic, _trade(own, clinic.now)) is Received.PAID
    assert await _receive(clinic, _trade(other, clinic.now, "42001")) is Received.REFUND_DUE
    assert (await _order(clinic, made.order_no)).status is OrderStatus.PAID
    assert await _refunds(clinic) == [(f"{made.order_no}02R1", RefundReason.TWICE, RefundStatus.DUE)]
    await _settle(clinic, f"{made.order_no}02R1", RefundStatus.SUCCEEDED)
    assert (await _order(clinic, made.order_no)).status is OrderStatus.PAID


async def test_paid_after_the_number_was_sold_again_it_goes_back(clinic: Any) -> None:
    schedule = await clinic.schedule(fee_fen=3500, slots=1)
    made = await clinic.book(await clinic.booker(), schedule)
    opened = await _open(clinic, made.order_no)
    async with clinic.database.begin() as session:
        await booking.expire_holds(session, made.hold_expires_at)
    await clinic.book(await clinic.booker(), schedule)
    trade = _trade(opened, made.hold_expires_at + MINUTE)
    assert [await _receive(clinic, trade) for _ in range(2)] == [Received.REFUND_DUE, Received.REPEATED]
    assert await _refunds(clinic) == [(f"{made.order_no}R1", RefundReason.TOO_LATE, RefundStatus.DUE)]
    await _settle(clinic, f"{made.order_no}R1", RefundStatus.PROCESSING)
    await _settle(clinic, f"{made.order_no}R1", RefundStatus.SUCCEEDED)
    await _settle(clinic, f"{made.order_no}R1", RefundStatus.PROCESSING)  # an old word
    assert (await _order(clinic, made.order_no)).status is OrderStatus.REFUNDED
    assert await _refunds(clinic) == [(f"{made.order_no}R1", RefundReason.TOO_LATE, RefundStatus.SUCCEEDED)]
    assert await _events(clinic) == ["hold_expired", "refund_due", "refunded"]


async def test_cancelled_in_time_everything_paid_goes_back(clinic: Any) -> None:
    made = await _held(clinic)
    await _receive(clinic, _trade(await _open(clinic, made.order_no), clinic.now))
    async with clinic.database.begin() as session:
        await booking.cancel(session, made.id, made.contact_id, None, clinic.now)
    assert (await _order(clinic, made.order_no)).status is OrderStatus.REFUND_DUE
    assert await _refunds(clinic) == [(f"{made.order_no}R1", RefundReason.CANCELLED, RefundStatus.DUE)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"amount_fen": 3499}, DifferenceKind.WRONG_AMOUNT),
        ({"out_trade_no": "GH20261122FFFF"}, DifferenceKind.UNKNOWN_ORDER),
        ({"platform": Platform.ALIPAY}, DifferenceKind.UNKNOWN_ORDER),
    ],
)
async def test_what_we_did_not_ask_for_pays_nothing_and_is_noted_once(
    clinic: Any, change: dict[str, Any], kind: DifferenceKind
) -> None:
    made = await _held(clinic)
    lie = replace(_trade(await _open(clinic, made.order_no), clinic.now), **change)
    assert [await _receive(clinic, lie) for _ in range(2)] == [Received.DIFFERENT] * 2
    assert (await _order(clinic, made.order_no)).status is OrderStatus.UNPAID
    async with clinic.database.begin() as session:
        [found] = await differences.open_differences(session)
        assert (found.kind, found.number, found.theirs_fen) == (kind, lie.out_trade_no, lie.amount_fen)
        await differences.settle_difference(session, found.id, "paid back by hand", clinic.now)
        assert await differences.open_differences(session) == []


async def test_one_transaction_pays_one_payment(clinic: Any) -> None:
    made = [await _held(clinic) for _ in range(2)]
    first, second = [_trade(await _open(clinic, one.order_no), clinic.now) for one in made]
    assert first.transaction_id == second.transaction_id
    again = replace(first, transaction_id="42009")
    assert [await _receive(clinic, one) for one in (first, second, again)] == [
        Received.PAID,
        Received.DIFFERENT,
        Received.DIFFERENT,
    ]
    assert (await _order(clinic, made[1].order_no)).status is OrderStatus.UNPAID
    async with clinic.database.begin() as session:
        found = [(one.kind, one.number) for one in await differences.open_differences(session)]
    assert found == [(DifferenceKind.OTHER_TRANSACTION, one.order_no) for one in (made[1], made[0])]


async def test_nobody_opens_a_payment_for_what_is_not_to_be_paid(clinic: Any) -> None:
    made = await _held(clinic)
    with pytest.raises(UnknownOrder):
        await _open(clinic, "GH20261122FFFF")
    await _receive(clinic, _trade(await _open(clinic, made.order_no), clinic.now))
    with pytest.raises(NotPayable) as paid:
        await _open(clinic, made.order_no)
    assert paid.value.status is OrderStatus.PAID
    late = await _held(clinic)
    async with clinic.database.begin() as session:
        with pytest.raises(NotPayable):
            await paying.open_payment(
                session, late.order_no, Platform.WECHATPAY, "jsapi", late.hold_expires_at, "oPatient"
            )


async def _bill(clinic: Any, expires_at: datetime | None = None) -> str:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        made: UUID = await orders.open_order(
            session,
            OrderKind.TEST,
            [Item("血常规", 2500), Item("尿常规", 2000, 2)],
            patient_id=who.patient_id,
            account_id=who.account_id,
            contact_id=who.contact_id,
            expires_at=expires_at,
            now=clinic.now,
        )
        [bill] = await orders.orders_of(session, who.account_id)
    assert (bill.id, bill.amount_fen, bill.order_no[:10]) == (made, 4500, f"JC{clinic.now:%Y%m%d}")
    assert [(item.name, item.amount_fen, item.quantity) for item in bill.items] == [
        ("血常规", 2500, 1),
        ("尿常规", 2000, 2),
    ]
    return bill.order_no


async def test_a_bill_is_paid_and_told(clinic: Any) -> None:
    order_no = await _bill(clinic)
    trade = _trade(await _open(clinic, order_no), clinic.now)
    assert [await _receive(clinic, trade) for _ in range(2)] == [Received.PAID, Received.REPEATED]
    assert (await _order(clinic, order_no)).status is OrderStatus.PAID
    assert await _events(clinic) == ["order_paid"]


async def test_a_bill_whose_time_ran_out_is_closed_and_paid_too_late_goes_back(clinic: Any) -> None:
    order_no = await _bill(clinic, clinic.now + MINUTE)
    opened = await _open(clinic, order_no)
    async with clinic.database.begin() as session:
        assert await orders.expire_orders(session, clinic.now) == 0
        assert await orders.expire_orders(session, clinic.now + MINUTE) == 1
    assert (await _order(clinic, order_no)).status is OrderStatus.CLOSED
    assert await _receive(clinic, _trade(opened, clinic.now + MINUTE)) is Received.REFUND_DUE
    assert (await _order(clinic, order_no)).status is OrderStatus.REFUND_DUE
    assert await _events(clinic) == ["order_expired", "refund_due"]


async def _given_back(clinic: Any, order_no: str) -> int:
    async with clinic.database.begin() as session:
        return await desk.give_back(session, order_no, note="没有做", actor="staff:lin", now=clinic.now)


async def test_what_was_not_done_goes_back_to_who_paid_once(clinic: Any) -> None:
    order_no = await _bill(clinic)
    await _receive(clinic, _trade(await _open(clinic, order_no, payer="oDaughter"), clinic.now))
    assert await _given_back(clinic, order_no) == 4500
    assert (await _order(clinic, order_no)).status is OrderStatus.REFUND_DUE
    assert await _refunds(clinic) == [(f"{order_no}R1", RefundReason.STAFF, RefundStatus.DUE)]
    with pytest.raises(NotToGiveBack):
        await _given_back(clinic, order_no)
    async with clinic.database.begin() as session:
        await refunds.settle_refund(session, f"{order_no}R1", RefundStatus.SUCCEEDED, clinic.now)
    assert (await _order(clinic, order_no)).status is OrderStatus.REFUNDED
    assert await _events(clinic) == ["order_paid", "refunded"]


async def test_a_bill_that_is_not_to_be_is_closed_and_paid_all_the_same_goes_back(clinic: Any) -> None:
    order_no = await _bill(clinic)
    opened = await _open(clinic, order_no)
    assert await _given_back(clinic, order_no) == 0
    async with clinic.database.begin() as session:
        [task] = await open_payments.claim(session, clinic.now, 9)
    assert (task.out_trade_no, task.payable) == (order_no, False)
    assert await _receive(clinic, _trade(opened, clinic.now)) is Received.REFUND_DUE


async def test_a_number_that_stands_is_not_paid_back_beside_it(clinic: Any) -> None:
    made = await _held(clinic)
    await _receive(clinic, _trade(await _open(clinic, made.order_no), clinic.now))
    with pytest.raises(NotToGiveBack):
        await _given_back(clinic, made.order_no)
    assert (await _order(clinic, made.order_no)).status is OrderStatus.PAID


async def test_all_at_once_one_payment_counts_and_the_rest_goes_back(clinic: Any) -> None:
    made = await _held(clinic)
    tries = [await _open(clinic, made.order_no, f"o{number}") for number in range(4)]
    trades = [_trade(one, clinic.now, f"4200{number}") for number, one in enumerate(tries)]
    outcomes = await asyncio.gather(*(_receive(clinic, trade) for trade in trades * 3))
    assert sorted(outcomes) == sorted([Received.PAID] + [Received.REFUND_DUE] * 3 + [Received.REPEATED] * 8)
    assert [reason for _, reason, _ in await _refunds(clinic)] == [RefundReason.TWICE] * 3
    async with clinic.database.begin() as session:
        assert set(await session.scalars(select(Payment.status))) == {PaymentStatus.PAID}


async def test_payment_expiry_and_cancellation_at_once_leave_money_and_number_together(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=12, fee_fen=3500)
    held = [await clinic.book(await clinic.booker(), schedule) for _ in range(12)]
    trades = [_trade(await _open(clinic, one.order_no), clinic.now, f"42-{n}") for n, one in enumerate(held)]
    late = held[0].hold_expires_at

    def cancel(one: Any) -> Any:
        return lambda session: booking.cancel(session, one.id, one.contact_id, None, clinic.now)

    def pay(trade: Trade) -> Any:
        return lambda session: paying.receive(session, trade, FoundBy.CALLBACK, late)

    work = [pay(trade) for trade in trades] + [cancel(one) for one in held[:6]]
    await clinic.together(*work, *[lambda session: booking.expire_holds(session, late, 3)] * 4)
    for one in held:
        order = await _order(clinic, one.order_no)
        async with clinic.database.begin() as session:
            status = (await booking.appointment(session, one.id)).status
        assert (order.status, status) in {
            (OrderStatus.PAID, AppointmentStatus.BOOKED),
            (OrderStatus.REFUND_DUE, AppointmentStatus.CANCELLED),
        }
    back = [one for one in held if (await _order(clinic, one.order_no)).status is OrderStatus.REFUND_DUE]
    assert len(await _refunds(clinic)) == len(back)


async def _settle(clinic: Any, number: str, status: RefundStatus) -> None:
    async with clinic.database.begin() as session:
        await refunds.settle_refund(session, number, status, clinic.now)


async def _due_refund(clinic: Any) -> str:
    made = await _held(clinic)
    await _receive(clinic, _trade(await _open(clinic, made.order_no), clinic.now, made.order_no))
    async with clinic.database.begin() as session:
        await booking.cancel(session, made.id, made.contact_id, None, clinic.now)
    return f"{made.order_no}R1"


async def test_a_refund_is_asked_for_until_it_is_settled(clinic: Any) -> None:
    number = await _due_refund(clinic)
    now, asked = clinic.now, []
    for _ in range(12):
        async with clinic.database.begin() as session:
            tasks = await refunds.claim_refunds(session, now, 10)
        asked += [(task.out_refund_no, task.status) for task in tasks]
        if len(asked) == 2:
            await _settle(clinic, number, RefundStatus.PROCESSING)
        if len(asked) == 3:
            await _settle(clinic, number, RefundStatus.SUCCEEDED)
        now += MINUTE
    assert asked == [(number, "due"), (number, "due"), (number, "processing")]


async def test_a_refused_refund_is_tried_under_a_new_number_by_staff(clinic: Any) -> None:
    number = await _due_refund(clinic)
    with pytest.raises(refunds.UnknownRefund):
        async with clinic.database.begin() as session:
            await refunds.try_again(session, number, clinic.now)
    async with clinic.database.begin() as session:
        await refunds.settle_refund(session, number, RefundStatus.CLOSED, clinic.now, error="NOT_ENOUGH")
        renewed = await refunds.try_again(session, number, clinic.now)
    assert renewed == f"{number[:-2]}R2"
    await _settle(clinic, renewed, RefundStatus.ABNORMAL)
    await _settle(clinic, renewed, RefundStatus.SUCCEEDED)
    assert [status for *_, status in await _refunds(clinic)] == [RefundStatus.SUCCEEDED]


async def test_paid_back_by_hand_by_two_at_once_it_is_settled_once(clinic: Any) -> None:
    number = await _due_refund(clinic)
    await _settle(clinic, number, RefundStatus.CLOSED)
    await _events(clinic)

    async def by_hand() -> None:
        async with clinic.database.begin() as session:
            await desk.settle_refund(session, number, note="by transfer", actor="staff:test", now=clinic.now)

    came = await asyncio.gather(by_hand(), by_hand(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in came) == ["NoneType", "UnknownRefund"]
    assert await _events(clinic) == ["refunded"]


async def test_of_a_refund_that_does_not_go_back_by_itself_its_owner_hears_once(clinic: Any) -> None:
    number = await _due_refund(clinic)
    await _events(clinic)
    for status in (RefundStatus.PROCESSING, RefundStatus.ABNORMAL, RefundStatus.CLOSED):
        await _settle(clinic, number, status)
    async with clinic.database.begin() as session:
        renewed = await refunds.try_again(session, number, clinic.now)
    await _settle(clinic, renewed, RefundStatus.CLOSED)
    assert await _events(clinic) == ["refund_stuck"]
