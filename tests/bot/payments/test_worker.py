"""What the worker asks the platforms: open payments, refunds, bills. The platform stands in memory and fails as it is
told to."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from bot import payments
from bot.app import create_app
from integrations import cashier
from integrations.hospital import booking
from integrations.hospital.billing import desk, differences, orders, reconciling, refunds, stuck
from integrations.hospital.billing.paying import NotPayable
from integrations.hospital.cases import handling
from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    Case,
    DifferenceKind,
    FoundBy,
    OrderStatus,
    Payment,
    PaymentStatus,
    Reconciliation,
    Refund,
    RefundReason,
    RefundStatus,
)
from integrations.hospital.working_days import working_days
from integrations.money import BillLine, Platform
from integrations.payment.interface import (
    ForeignAccount,
    ForeignAnswer,
    NoFunds,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.runtime import Runtime
from tests.payment_in_memory import ZONE, MemoryPlatform

Opened = Callable[..., Awaitable[str]]


async def _statuses(rt: Runtime) -> list[PaymentStatus]:
    async with rt.database.begin() as session:
        return list(await session.scalars(select(Payment.status).order_by(Payment.id)))


async def _refund(rt: Runtime) -> Refund:
    async with rt.database.begin() as session:
        return (await session.scalars(select(Refund))).one()


async def _differences(rt: Runtime) -> list[tuple[DifferenceKind, str]]:
    async with rt.database.begin() as session:
        return [(one.kind, one.number) for one in await differences.open_differences(session)]


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
    assert await _statuses(rt) == [PaymentStatus.CLOSED, PaymentStatus.OPENED]


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
    assert await _statuses(rt) == []


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
    assert await _statuses(rt) == [PaymentStatus.CLOSED, PaymentStatus.PAID]


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
    assert await _statuses(rt) == [PaymentStatus.CLOSED]


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
    assert set(await _statuses(rt)) == {PaymentStatus.PAID}


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


# Refunds


@pytest.fixture
async def owed(rt: Runtime, platform: MemoryPlatform, opened: Opened) -> str:
    """The number of a paid order whose money goes back."""
    order_no = await opened()
    platform.pay(order_no)
    await cashier.ask(rt, order_no)
    async with rt.database.begin() as session:
        [payment] = await session.scalars(select(Payment))
        await refunds.owe(session, payment, RefundReason.STAFF, rt.now())
        await session.execute(text("UPDATE orders SET status = 'refund_due'"))
    return order_no


async def test_a_refund_whose_answer_was_lost_is_done_once(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str, order: Any
) -> None:
    platform.fault = "lost"
    await payments.refund(rt)
    assert ((await _refund(rt)).status, platform.net(owed)) == (RefundStatus.DUE, 0)
    clock.forward(seconds=16)
    await payments.refund(rt)
    assert ((await _refund(rt)).status, len(platform.refunds)) == (RefundStatus.SUCCEEDED, 1)
    assert (await order(owed)).status is OrderStatus.REFUNDED


async def test_a_refund_on_its_way_is_asked_about(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.OPEN
    await payments.refund(rt)
    assert (await _refund(rt)).status is RefundStatus.PROCESSING
    platform.become(f"{owed}R1", State.DONE)
    clock.forward(minutes=2)
    await payments.refund(rt)
    assert (await _refund(rt)).status is RefundStatus.SUCCEEDED


async def test_a_refund_that_the_platform_lost_is_asked_for_again(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.OPEN
    await payments.refund(rt)
    platform.refunds.clear()
    platform.refunds_become = State.DONE
    clock.forward(minutes=2)
    await payments.refund(rt)
    assert ((await _refund(rt)).status, platform.net(owed)) == (RefundStatus.SUCCEEDED, 0)


async def test_without_money_at_the_platform_a_refund_waits_and_says_why(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = NoFunds
    await payments.refund(rt)
    found = await _refund(rt)
    assert (found.status, found.error) == (RefundStatus.DUE, "NOT_ENOUGH")
    platform.refunds_become = State.DONE
    clock.forward(hours=1)
    await payments.refund(rt)
    assert (await _refund(rt)).status is RefundStatus.SUCCEEDED


async def test_what_the_platform_refuses_waits_for_staff(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    async def refuse(**_: Any) -> Any:
        raise Refused("no", "USER_ACCOUNT_ABNORMAL")

    platform.refund = refuse  # type: ignore[method-assign]
    await payments.refund(rt)
    found = await _refund(rt)
    assert (found.status, found.error) == (RefundStatus.CLOSED, "USER_ACCOUNT_ABNORMAL")


@pytest.mark.parametrize("state", [State.ABNORMAL, State.CLOSED])
async def test_a_refund_that_went_wrong_is_not_asked_about_without_end(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str, state: State
) -> None:
    platform.refunds_become = state
    for _ in range(3):
        await payments.refund(rt)
        clock.forward(hours=2)
    assert platform.calls.count("refund") == 1
    assert (await _refund(rt)).status == state.value


async def _cases(rt: Runtime) -> list[tuple[str, str, str, bool]]:
    """(status, kind, what it says, whether it is staff's within three working days) of all cases."""
    async with rt.database.begin() as session:
        return [
            (
                one.status,
                one.kind,
                rt.crypto.decrypt(one.words, "cases.words"),
                one.deadline == working_days().after(local_date(one.created_at), 3),
            )
            for one in await session.scalars(select(Case).order_by(Case.id))
        ]


async def _told(rt: Runtime) -> list[str]:
    async with rt.database.begin() as session:
        known = await session.execute(
            text("SELECT kind FROM hospital_events WHERE kind LIKE 'refund%' ORDER BY id")
        )
        return [row.kind for row in known if row.kind != "refund_due"]


async def test_a_refund_that_the_platform_cannot_make_becomes_a_case_until_it_is_made(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.ABNORMAL
    for _ in range(3):
        await payments.refund(rt)
        clock.forward(hours=2)
    assert await _cases(rt) == [("open", "refund_problem", f"{owed}R1 ¥35: abnormal", True)]
    assert await _told(rt) == ["refund_stuck"]
    async with rt.database.begin() as session:
        [shown] = await desk.refund_cases(session, rt.now())
        await handling.assign(session, str(shown.case_number), "wang", actor="staff:test", now=rt.now())
        [shown] = await desk.refund_cases(session, rt.now())
        assert (shown.owner, shown.deadline) == ("wang", (await session.scalars(select(Case))).one().deadline)
        await desk.settle_refund(session, f"{owed}R1", note="by transfer", actor="staff:test", now=rt.now())
    assert [one[0] for one in await _cases(rt)] == ["closed"]
    assert await _told(rt) == ["refund_stuck", "refunded"]


async def test_a_refund_asked_for_too_often_becomes_a_case_and_is_told_once(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = NoFunds
    for asked in range(1, stuck.MOST_DUE + 1):
        assert await _cases(rt) == [], asked
        await payments.refund(rt)
        clock.forward(hours=2)
    [case] = await _cases(rt)
    assert case == ("open", "refund_problem", f"{owed}R1 ¥35: due NOT_ENOUGH", True)
    async with rt.database.begin() as session:
        assert (await desk.health(session, rt.now())).refunds_for_staff == 1
    platform.refunds_become = State.ABNORMAL  # it has money again, and then the account takes none
    await payments.refund(rt)
    assert await _cases(rt) == [case]
    assert await _told(rt) == ["refund_stuck"]


async def test_a_case_that_was_closed_too_early_comes_again_with_the_next_try(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.CLOSED
    await payments.refund(rt)
    async with rt.database.begin() as session:
        [shown] = await desk.refund_cases(session, rt.now())
        number = str(shown.case_number)
        await handling.close(session, rt.crypto, number, "已处理", actor="staff:test", now=rt.now())
    await payments.refund(rt)
    assert [one[0] for one in await _cases(rt)] == ["closed"]
    async with rt.database.begin() as session:
        await refunds.try_again(session, f"{owed}R1", rt.now())
    await payments.refund(rt)
    assert [one[0] for one in await _cases(rt)] == ["closed", "open"]


# Bills


@pytest.fixture
def next_morning(clock: Any) -> Callable[[int], None]:
    def forward(hour: int = 11) -> None:
        local = clock().astimezone(ZONE)
        day = local.date() + timedelta(days=1)
        clock.time = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)

    return forward


async def _days(rt: Runtime) -> list[tuple[date, int, int, int]]:
    async with rt.database.begin() as session:
        found = await session.scalars(select(Reconciliation).order_by(Reconciliation.day))
        return [(one.day, one.payments_fen, one.learned, one.differences) for one in found if one.done_at]


async def test_a_payment_of_which_nobody_told_is_found_on_the_bill(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, order: Any, next_morning: Any
) -> None:
    first, second = await opened(), await opened()
    for number in (first, second):
        platform.pay(number)
    await cashier.ask(rt, first)
    next_morning()
    for _ in range(3):
        await payments.reconcile(rt)
    assert platform.calls.count("bill") == 1
    assert (await order(second)).status is OrderStatus.PAID
    assert await _days(rt) == [(date(2026, 11, 22), 7000, 1, 0)]
    assert await _differences(rt) == []


async def test_every_difference_is_found_once(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, next_morning: Any
) -> None:
    numbers = [await opened() for _ in range(4)]
    for number in numbers:
        platform.pay(number)
        await cashier.ask(rt, number)
    at = rt.now()
    kept = platform.trades[numbers[0]]
    platform_lines = [
        BillLine(numbers[0], kept.transaction, 3500, at),
        BillLine(numbers[1], platform.trades[numbers[1]].transaction, 3400, at),
        BillLine(numbers[2], "T-other", 3500, at),
        BillLine("JC0", "T0", 100, at),
        BillLine(numbers[0], kept.transaction, 3500, at, "JC0R1"),
    ]  # numbers[3] is missing

    async def bill(day: date) -> list[BillLine]:
        return platform_lines

    platform.bill = bill  # type: ignore[method-assign]
    next_morning()
    await payments.reconcile(rt)
    expected = {
        (DifferenceKind.WRONG_AMOUNT, numbers[1]),
        (DifferenceKind.OTHER_TRANSACTION, numbers[2]),
        (DifferenceKind.UNKNOWN_ORDER, "JC0"),
        (DifferenceKind.UNKNOWN_REFUND, "JC0R1"),
        *((DifferenceKind.NOT_ON_BILL, number) for number in numbers[1:]),
    }
    assert set(await _differences(rt)) == expected
    assert await _days(rt) == [(date(2026, 11, 22), 10500, 0, len(expected))]
    async with rt.database.begin() as session:
        await reconciling.ask_again(session, Platform.WECHATPAY, date(2026, 11, 22))
    await payments.reconcile(rt)
    assert len(await _differences(rt)) == len(expected)


async def test_before_ten_and_while_there_is_no_bill_it_is_asked_for_again(
    rt: Runtime, clock: Any, platform: MemoryPlatform, opened: Opened, next_morning: Any
) -> None:
    order_no = await opened()
    platform.pay(order_no)
    await cashier.ask(rt, order_no)
    next_morning(9)
    await payments.reconcile(rt)
    assert "bill" not in platform.calls
    clock.forward(hours=1)
    for fault in ("down", "lost", ""):
        platform.fault = fault
        await payments.reconcile(rt)
    assert platform.calls.count("bill") == 3
    assert [day for day, *_ in await _days(rt)] == [date(2026, 11, 22)]


async def test_a_day_without_payments_is_done_in_the_afternoon_and_missed_days_are_caught_up(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, next_morning: Any
) -> None:
    await opened()  # and never paid
    next_morning(11)
    await payments.reconcile(rt)
    assert await _days(rt) == []
    next_morning(11)
    await payments.reconcile(rt)
    assert [day for day, *_ in await _days(rt)] == [date(2026, 11, 22)]
    next_morning(16)
    await payments.reconcile(rt)
    assert [day for day, *_ in await _days(rt)] == [date(2026, 11, 22 + n) for n in range(3)]


async def test_a_refund_that_no_bill_names_is_found_a_day_later(
    rt: Runtime, platform: MemoryPlatform, owed: str, next_morning: Any
) -> None:
    await payments.refund(rt)
    platform.refunds.clear()
    next_morning()
    await payments.reconcile(rt)
    assert await _differences(rt) == []
    next_morning(16)
    await payments.reconcile(rt)
    assert await _differences(rt) == [(DifferenceKind.REFUND_NOT_ON_BILL, f"{owed}R1")]


async def test_what_waits_for_staff_is_shown(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    app = create_app(rt.settings, rt)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http,
    ):
        clock.forward(minutes=5)
        assert "daozhen_refund_oldest_seconds 300.0" in (await http.get("/metrics")).text
        assert "money_for_staff" not in (await http.get("/health/ready")).json()
        platform.refunds_become = State.ABNORMAL
        await payments.refund(rt)
        assert (await http.get("/health/ready")).json()["money_for_staff"] == {"refunds": 1, "differences": 0}
        metrics = (await http.get("/metrics")).text
        assert "daozhen_refunds_for_staff 1.0" in metrics
        assert "daozhen_refund_oldest_seconds 0.0" in metrics


async def test_without_platforms_nothing_is_asked(rt: Runtime, clock: Any, opened: Opened) -> None:
    await opened()
    clock.forward(days=1)
    alone = dataclasses.replace(rt, payments={})
    for work in (payments.ask_open, payments.refund, payments.reconcile):
        await work(alone)
    assert await _statuses(rt) == [PaymentStatus.OPENED]
