"""Money on the running program, with platforms that sign and verify: told by a callback, asked about without one, and
paid back."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from sqlalchemy import select

from integrations import cashier
from integrations.hospital.billing import refunds
from integrations.hospital.models import Order, OrderStatus, Payment, RefundReason
from integrations.money import Platform
from integrations.payment.interface import Way
from integrations.runtime import Runtime
from tests.conversations.hospital import with_runtime
from tests.patients import TelegramPatient
from tests.stack import Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]


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
    eventually(lambda: _status(stack, order_no)[0] == "refunded", seconds=60)
    eventually(lambda: any(f"订单 {order_no} 已缴费" in said for said in telegram.all_said()))


def test_a_payment_of_which_nobody_tells_is_asked_about(stack: Stack, telegram: TelegramPatient) -> None:
    order_no = _bill(stack, telegram.phone)
    opening = with_runtime(stack, lambda rt: cashier.prepare(rt, order_no, Platform.ALIPAY, Way.WAP))
    assert httpx.get(opening.url, follow_redirects=True).status_code == 200
    stack.sandbox.post("/pay", json={"out_trade_no": order_no, "notify": False}).raise_for_status()
    eventually(lambda: _status(stack, order_no) == ("paid", "query"), seconds=60)
