"""The platforms' daily bills: what nobody told of is found there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import payments
from integrations import cashier
from integrations.hospital.billing import desk, differences, reconciling
from integrations.hospital.cases import handling
from integrations.hospital.cases.refusals import NobodyToTell
from integrations.hospital.models import (
    Case,
    CaseKind,
    Difference,
    DifferenceKind,
    FoundBy,
    HospitalEvent,
    OrderStatus,
    Reconciliation,
)
from integrations.money import BillLine, Platform
from integrations.runtime import Runtime
from tests.payment_in_memory import ZONE, MemoryPlatform

from .conftest import Opened


async def open_differences(rt: Runtime) -> list[tuple[DifferenceKind, str]]:
    async with rt.database.begin() as session:
        return [(one.kind, one.number) for one in await differences.open_differences(session)]


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
    assert await open_differences(rt) == []


async def test_a_line_that_fails_keeps_nothing_else_from_staff(
    rt: Runtime, platform: MemoryPlatform, opened: Opened, next_morning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.pay(await opened())  # nobody told of it: it is looked into

    async def fails(*_: object) -> bool:
        raise ValueError("a line that nobody thought of")

    monkeypatch.setattr(reconciling, "look_into", fails)
    async with rt.database.begin() as session:
        await differences.note_difference(
            session, DifferenceKind.UNKNOWN_ORDER, Platform.WECHATPAY, "JC0", found_by=FoundBy.CALLBACK
        )
    next_morning()
    await payments.reconcile(rt)
    assert await _days(rt) == []  # it is compared again
    async with rt.database.begin() as session:
        assert await session.scalar(select(Difference.case_id)) is not None


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
    assert set(await open_differences(rt)) == expected
    assert await _days(rt) == [(date(2026, 11, 22), 10500, 0, len(expected))]
    async with rt.database.begin() as session:
        await reconciling.ask_again(session, Platform.WECHATPAY, date(2026, 11, 22))
    await payments.reconcile(rt)
    assert len(await open_differences(rt)) == len(expected)


async def test_a_difference_is_a_case_until_staff_know_what_it_was(
    rt: Runtime, opened: Opened, order: Any
) -> None:
    number = await opened()
    async with rt.database.begin() as session:
        for odd in (number, "JC0"):
            await differences.note_difference(
                session, DifferenceKind.WRONG_AMOUNT, Platform.WECHATPAY, odd, found_by=FoundBy.BILL,
                ours_fen=3500, theirs_fen=3400, day=date(2026, 11, 20),
            )  # fmt: skip
    for _ in range(2):
        await payments.reconcile(rt)
    async with rt.database.begin() as session:
        waiting = await handling.listed(session, kinds=[CaseKind.MONEY_DIFFERENCE])
        [day] = await differences.by_day(session)
        cases = list(await session.scalars(select(Case).where(Case.order_id.is_not(None))))
        assert await handling.listed(session) == []  # no patient has complained
    assert [(one.kind, one.owner, one.deadline) for one in waiting] == [
        (CaseKind.MONEY_DIFFERENCE, None, date(2026, 11, 25))
    ] * 2
    assert (day.day, day.platform, day.deadline) == (
        date(2026, 11, 20),
        Platform.WECHATPAY,
        date(2026, 11, 25),
    )
    assert {one.case_number for one in day.differences} == {one.number for one in waiting}
    [ours] = cases
    assert ours.order_id == (await order(number)).id
    async with rt.database.begin() as session:
        await handling.assign(session, ours.number, "staff:lin", actor="staff:lin", now=rt.now())
        with pytest.raises(NobodyToTell):
            await handling.close(session, rt.crypto, ours.number, "?", actor="staff:lin", now=rt.now())
        for one in day.differences:
            await desk.settle_difference(session, one.id, note="a coupon", actor="staff:lin", now=rt.now())
        assert await handling.listed(session, kinds=[CaseKind.MONEY_DIFFERENCE]) == []
        assert await differences.by_day(session) == []
        told = await session.scalars(select(HospitalEvent.kind))
        assert [kind for kind in told if kind.startswith("case_")] == []


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
    assert await open_differences(rt) == []
    next_morning(16)
    await payments.reconcile(rt)
    assert await open_differences(rt) == [(DifferenceKind.REFUND_NOT_ON_BILL, f"{owed}R1")]
