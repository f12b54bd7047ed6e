"""Money on its way back: what the worker asks the platform, and what becomes a case for staff."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from bot import payments
from bot.app import create_app
from integrations.hospital.billing import desk, refunds, stuck
from integrations.hospital.cases import handling
from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    Case,
    OrderStatus,
    Refund,
    RefundStatus,
)
from integrations.hospital.working_days import working_days
from integrations.payment.interface import (
    NoFunds,
    Refused,
    State,
)
from integrations.runtime import Runtime
from tests.payment_in_memory import MemoryPlatform


async def refund_of(rt: Runtime) -> Refund:
    async with rt.database.begin() as session:
        return (await session.scalars(select(Refund))).one()


async def test_a_refund_whose_answer_was_lost_is_done_once(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str, order: Any
) -> None:
    platform.fault = "lost"
    await payments.refund(rt)
    assert ((await refund_of(rt)).status, platform.net(owed)) == (RefundStatus.DUE, 0)
    clock.forward(seconds=16)
    await payments.refund(rt)
    assert ((await refund_of(rt)).status, len(platform.refunds)) == (RefundStatus.SUCCEEDED, 1)
    assert (await order(owed)).status is OrderStatus.REFUNDED


async def test_a_refund_on_its_way_is_asked_about(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.OPEN
    await payments.refund(rt)
    assert (await refund_of(rt)).status is RefundStatus.PROCESSING
    platform.become(f"{owed}R1", State.DONE)
    clock.forward(minutes=2)
    await payments.refund(rt)
    assert (await refund_of(rt)).status is RefundStatus.SUCCEEDED


async def test_a_refund_that_the_platform_lost_is_asked_for_again(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = State.OPEN
    await payments.refund(rt)
    platform.refunds.clear()
    platform.refunds_become = State.DONE
    clock.forward(minutes=2)
    await payments.refund(rt)
    assert ((await refund_of(rt)).status, platform.net(owed)) == (RefundStatus.SUCCEEDED, 0)


async def test_without_money_at_the_platform_a_refund_waits_and_says_why(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    platform.refunds_become = NoFunds
    await payments.refund(rt)
    found = await refund_of(rt)
    assert (found.status, found.error) == (RefundStatus.DUE, "NOT_ENOUGH")
    platform.refunds_become = State.DONE
    clock.forward(hours=1)
    await payments.refund(rt)
    assert (await refund_of(rt)).status is RefundStatus.SUCCEEDED


async def test_what_the_platform_refuses_waits_for_staff(
    rt: Runtime, clock: Any, platform: MemoryPlatform, owed: str
) -> None:
    async def refuse(**_: Any) -> Any:
        raise Refused("no", "USER_ACCOUNT_ABNORMAL")

    platform.refund = refuse  # type: ignore[method-assign]
    await payments.refund(rt)
    found = await refund_of(rt)
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
    assert (await refund_of(rt)).status == state.value


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
