"""What the worker asks the platforms: open payments, refunds, bills. The platform stands in memory and fails as it is
told to."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import payments
from integrations import cashier
from integrations.hospital import booking
from integrations.hospital.billing import differences, orders
from integrations.hospital.billing.paying import NotPayable
from integrations.hospital.models import (
    DifferenceKind,
    FoundBy,
    OrderStatus,
    Payment,
    PaymentStatus,
)
from integrations.money import Platform
from integrations.payment.interface import (
    ForeignAccount,
    ForeignAnswer,
    Refused,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.runtime import Runtime
from tests.payment_in_memory import MemoryPlatform

from .conftest import Opened


async def statuses(rt: Runtime) -> list[PaymentStatus]:
    async with rt.database.begin() as session:
        return list(await session.scalars(select(Payment.status).order_by(Payment.id)))


# Opening


async def test_a_payment_is_opened_once_for_the_same_payer(
    rt: Runtime, platform: MemoryPlatform, opened: Opened
) -> None:
    order_no = await opened()
    await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer="oPatient")
    assert list(platform.trades) == [order_no]
    assert platform.trades[order_no].charge.description == f"{rt.settings.hospital_name}缴费"


async def test_on_other_terms_the_first_is_closed_and_another_opened(
    rt: Runtime, platform: MemoryPlatform, bill: Opened
) -> None:
    order_no = await bill()
    for address in ("10.0.0.1", "10.0.0.2"):
        await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.H5, client_ip=address)
    assert {number: one.closed for number, one in platform.trades.items()} == {
        order_no: True,
        f"{order_no}02": False,
    }
    assert await statuses(rt) == [PaymentStatus.CLOSED, PaymentStatus.OPENED]


async def test_who_opens_what_was_just_paid_hears_so(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, order: Any
) -> None:
    order_no = await opened()
    platform.pay(order_no)
    with pytest.raises(NotPayable) as paid:
        await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer="oPatient")
    assert paid.value.status is OrderStatus.PAID


async def test_a_platform_that_is_not_there_opens_nothing(rt: Runtime, bill: Opened) -> None:
    order_no = await bill()
    with pytest.raises(Refused):
        await cashier.prepare(rt, order_no, Platform.ALIPAY, Way.WAP)
    assert await statuses(rt) == []


async def test_an_answer_that_is_lost_leaves_a_payment_that_is_asked_about(
    rt: Runtime, clock: Any, platform: MemoryPlatform, bill: Opened, order: Any
) -> None:
    order_no = await bill()
    platform.fault = "lost"
    with pytest.raises(Unavailable):
        await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer="oPatient")
    platform.pay(order_no)
    clock.forward(seconds=11)
    await payments.ask_open(rt)
    assert (await order(order_no)).status is OrderStatus.PAID


# Asking


async def test_i_have_paid_is_looked_up_at_once(
    rt: Runtime, platform: MemoryPlatform, opened: Opened
) -> None:
    order_no = await opened()
    assert await cashier.ask(rt, order_no) is OrderStatus.UNPAID
    platform.pay(order_no)
    platform.fault = "down"
    assert await cashier.ask(rt, order_no) is OrderStatus.UNPAID
    assert await cashier.ask(rt, order_no) is OrderStatus.PAID
    with pytest.raises(orders.UnknownOrder):
        await cashier.ask(rt, "GH1")


async def test_however_often_somebody_began_to_pay_a_platform_is_asked_a_few_at_once_and_the_newest_first(
    rt: Runtime, platform: MemoryPlatform, opened: Opened
) -> None:
    order_no = await opened()
    for at in range(12):
        await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer=f"oRelative{at}")
    asked: list[str] = []
    together, most = 0, 0

    async def query(out_trade_no: str) -> TradeNews:
        nonlocal together, most
        asked.append(out_trade_no)
        together += 1
        most = max(most, together)
        await asyncio.sleep(0)
        together -= 1
        return platform.told(out_trade_no)

    platform.query = query  # type: ignore[method-assign]
    assert await cashier.ask(rt, order_no) is OrderStatus.UNPAID
    assert asked == [*(f"{order_no}{number:02d}" for number in range(13, 1, -1)), order_no]
    assert most == cashier._AT_ONCE


async def test_who_asks_does_not_wait_for_a_slow_platform(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(out_trade_no: str) -> TradeNews:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")

    monkeypatch.setattr(cashier, "_PATIENCE", 0.05)
    order_no = await opened()
    platform.query = slow  # type: ignore[method-assign]
    assert await cashier.ask(rt, order_no) is OrderStatus.UNPAID


async def test_an_open_payment_is_asked_about_soon_and_then_less_and_less(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened
) -> None:
    await opened()
    platform.calls.clear()
    asked: list[int] = []
    for second in range(0, 900, 5):
        before = len(platform.calls)
        await payments.ask_open(rt)
        asked += [second] * (len(platform.calls) - before)
        clock.forward(seconds=5)
    assert asked[:4] == [10, 20, 30, 40]
    pauses = [later - sooner for sooner, later in itertools.pairwise(asked)]
    assert pauses == sorted(pauses)
    assert 10 < len(asked) < 25


async def test_what_nobody_is_to_pay_any_more_is_closed_there(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened, order: Any
) -> None:
    order_no = await opened(clock() + timedelta(minutes=15))
    await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer="oDaughter")
    platform.pay(f"{order_no}02")
    await cashier.take_note(rt, Platform.WECHATPAY, platform.told(f"{order_no}02"), FoundBy.CALLBACK)
    await payments.ask_open(rt)  # at once, for the order is paid
    assert platform.trades[order_no].closed
    assert await statuses(rt) == [PaymentStatus.CLOSED, PaymentStatus.PAID]


async def test_paid_in_the_moment_it_was_to_be_closed_it_goes_back(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened, order: Any
) -> None:
    order_no = await opened(clock() + timedelta(minutes=15))
    clock.forward(minutes=14)
    platform.pay(order_no)
    clock.forward(minutes=2)
    async with rt.database.begin() as session:
        await orders.expire_orders(session, clock())
    await payments.ask_open(rt)
    await payments.refund(rt)
    assert (await order(order_no)).status is OrderStatus.REFUNDED
    assert platform.net(order_no) == 0


async def test_a_cancelled_number_is_closed_at_the_platform_at_once(
    rt: Runtime, clinic: Any, platform: MemoryPlatform
) -> None:
    made = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    await cashier.prepare(rt, made.order_no, Platform.WECHATPAY, Way.JSAPI, payer="oPatient")
    async with rt.database.begin() as session:
        await booking.cancel(session, made.id, made.contact_id, None, rt.now())
    await payments.ask_open(rt)
    assert platform.trades[made.order_no].closed
    assert await statuses(rt) == [PaymentStatus.CLOSED]


async def test_a_platform_that_does_not_answer_is_left_alone(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened
) -> None:
    for _ in range(12):
        await opened()
    clock.forward(minutes=1)
    platform.calls.clear()

    async def silent(out_trade_no: str) -> TradeNews:
        platform.calls.append("query")
        raise Unavailable("ReadTimeout")

    platform.query = silent  # type: ignore[method-assign]
    await payments.ask_open(rt)
    assert len(platform.calls) <= 6  # three, and those that were on their way
    del platform.query  # type: ignore[method-assign]
    for number in list(platform.trades):
        platform.pay(number)
    clock.forward(minutes=1)
    await payments.ask_open(rt)
    assert set(await statuses(rt)) == {PaymentStatus.PAID}


async def test_an_answer_about_another_merchant_pays_nothing_and_is_noted(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened, order: Any
) -> None:
    order_no = await opened()
    platform.pay(order_no)

    async def foreign(out_trade_no: str) -> TradeNews:
        raise ForeignAnswer(ForeignAccount(out_trade_no, "4200", 3500))

    platform.query = foreign  # type: ignore[method-assign]
    clock.forward(minutes=1)
    await payments.ask_open(rt)
    assert await cashier.ask(rt, order_no) is OrderStatus.UNPAID
    async with rt.database.begin() as session:
        [found] = await differences.open_differences(session)
    assert (found.kind, found.number, found.found_by) == (
        DifferenceKind.FOREIGN_ACCOUNT,
        order_no,
        FoundBy.QUERY,
    )
    del platform.query  # type: ignore[method-assign]
    assert await cashier.ask(rt, order_no) is OrderStatus.PAID


async def test_without_platforms_nothing_is_asked(rt: Runtime, clock: Any, opened: Opened) -> None:
    await opened()
    clock.forward(days=1)
    alone = dataclasses.replace(rt, payments={})
    for work in (payments.ask_open, payments.refund, payments.reconcile):
        await work(alone)
    assert await statuses(rt) == [PaymentStatus.OPENED]
