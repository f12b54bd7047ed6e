"""Money on the running program, with platforms that sign and verify: told by a callback, asked about without one,
found on the daily bill, lied about, and paid back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy import select

from bot import payments
from integrations import cashier
from integrations.hospital.billing import reconciling, refunds
from integrations.hospital.models import Order, OrderStatus, Payment, RefundReason
from integrations.money import Platform
from integrations.payment.interface import Charge, Way
from integrations.runtime import Runtime
from tests.conversations.hospital import with_runtime
from tests.faults.money import bill, known_to
from tests.patients import TelegramPatient
from tests.stack import Stack, eventually

Faults = Callable[..., None]

pytestmark = pytest.mark.slow


def _bill(stack: Stack, phone: str) -> str:
    """Staff make it."""
    command = [sys.executable, "-m", "bot.cli", "money", "bills", "add", "--item", "血常规=25.00"]
    done = subprocess.run(
        [*command, "--var", str(stack.options.var)],
        input=f"{phone}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return next(word for word in done.stdout.split() if word.startswith("JC"))


def _status(stack: Stack, order_no: str) -> tuple[str, str | None]:
    [found] = stack.rows(
        "SELECT o.status, p.found_by FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE order_no = %s",
        order_no,
    )
    return found


def test_a_bill_is_paid_by_callback_and_paid_back(stack: Stack, telegram: TelegramPatient) -> None:
    order_no = _bill(stack, telegram.phone)
    opening = with_runtime(stack, lambda rt: cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.NATIVE))
    assert opening.code
    stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()
    eventually(lambda: _status(stack, order_no) == ("paid", "callback"))

    async def owe(rt: Runtime) -> None:
        async with rt.database.begin() as session:
            order = (await session.scalars(select(Order).where(Order.order_no == order_no))).one()
            payment = (await session.scalars(select(Payment).where(Payment.order_id == order.id))).one()
            order.status = OrderStatus.REFUND_DUE
            await refunds.owe(session, payment, RefundReason.STAFF, rt.now())

    with_runtime(stack, owe)
    eventually(lambda: _status(stack, order_no)[0] == "refunded")
    eventually(lambda: any(f"订单 {order_no} 已缴费" in said for said in telegram.all_said()))


def test_a_payment_of_which_nobody_tells_is_asked_about(stack: Stack, telegram: TelegramPatient) -> None:
    order_no = _bill(stack, telegram.phone)
    opening = with_runtime(stack, lambda rt: cashier.prepare(rt, order_no, Platform.ALIPAY, Way.WAP))
    assert httpx.get(opening.url, follow_redirects=True).status_code == 200
    stack.sandbox.post("/pay", json={"out_trade_no": order_no, "notify": False}).raise_for_status()
    eventually(lambda: _status(stack, order_no) == ("paid", "query"))


LIES = {"amount": "wrong_amount", "order": "unknown_order", "appid": "foreign_account"}


def _opened(stack: Stack, patient: TelegramPatient, count: int) -> list[str]:
    """So many bills, each open at Alipay's cashier."""
    whose = known_to(stack, patient)

    async def open_all(rt: Runtime) -> list[tuple[str, str]]:
        made = [await bill(rt, whose) for _ in range(count)]
        return [(one, (await cashier.prepare(rt, one, Platform.ALIPAY, Way.WAP)).url) for one in made]

    known = with_runtime(stack, open_all)
    for _, url in known:
        assert httpx.get(url, follow_redirects=True).status_code == 200
    return [order_no for order_no, _ in known]


def _differences(stack: Stack, *numbers: str) -> set[tuple[str, str]]:
    known = stack.rows("SELECT kind, number FROM differences WHERE number = ANY(%s)", list(numbers))
    return {(str(kind), str(number)) for kind, number in known}


def test_what_alipay_says_untruly_pays_nothing(
    stack: Stack, telegram: TelegramPatient, faults: Faults
) -> None:
    forged, *lied = _opened(stack, telegram, 1 + len(LIES))
    faults(
        platform="alipay", operation="alipay.trade.query", code="ACQ.SYSTEM_ERROR"
    )  # nobody tells the truth yet
    for (lie, kind), order_no in zip(LIES.items(), lied, strict=True):
        faults(platform="alipay", operation="notify", lie=lie, count=1)
        stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()
        named = f"X{order_no}" if lie == "order" else order_no
        eventually(lambda kind=kind, named=named: (kind, named) in _differences(stack, named))
    stack.sandbox.post("/pay", json={"out_trade_no": forged, "notify": False}).raise_for_status()
    told = stack.sandbox.post("/pay/notices", json={"out_trade_no": forged, "manner": "forged"}).json()
    assert told["attempts"][-1]["status"] in (401, 403)
    assert [_status(stack, one)[0] for one in (forged, *lied)] == ["unpaid"] * 4
    assert "还没收到" in telegram.say("我付好了")
    stack.sandbox.delete("/faults").raise_for_status()
    eventually(lambda: {_status(stack, one)[0] for one in (forged, *lied)} == {"paid"}, seconds=240)


def test_the_daily_bill_finds_what_nobody_told_and_what_is_not_true(
    stack: Stack, telegram: TelegramPatient, faults: Faults
) -> None:
    untold, unbilled = _opened(stack, telegram, 2)
    stranger = f"ZZ{untold}"  # of another till that has our merchant's number
    day = with_runtime(stack, _today) - timedelta(days=3)

    async def open_strange(rt: Runtime) -> str:
        charge = Charge(stranger, 1200, "午餐", None)
        return (await rt.payments[Platform.ALIPAY].prepare(Way.WAP, charge)).url

    assert httpx.get(with_runtime(stack, open_strange), follow_redirects=True).status_code == 200
    stack.sandbox.post("/pay", json={"out_trade_no": unbilled}).raise_for_status()
    eventually(lambda: _status(stack, unbilled) == ("paid", "callback"))
    stack.rows("UPDATE payments SET paid_at = paid_at - interval '3 days' WHERE out_trade_no = %s", unbilled)
    faults(platform="alipay", operation="alipay.trade.query", code="ACQ.SYSTEM_ERROR")
    for number in (untold, stranger):
        stack.sandbox.post("/pay", json={"out_trade_no": number, "notify": False}).raise_for_status()
        moved = {"day": day.isoformat(), "out_trade_no": number}
        stack.sandbox.post("/pay/bill", json=moved).raise_for_status()

    async def compare(rt: Runtime) -> None:
        async with rt.database.begin() as session:
            await reconciling.ask_again(session, Platform.ALIPAY, day)
        await payments.reconcile(rt)

    with_runtime(stack, compare)
    assert _status(stack, untold) == ("paid", "bill")
    assert _differences(stack, untold, unbilled, stranger) == {
        ("unknown_order", stranger),
        ("not_on_bill", unbilled),
    }
    eventually(lambda: any(f"订单 {untold} 已缴费" in said for said in telegram.all_said()))


async def _today(rt: Runtime) -> date:
    return rt.local_now().date()
