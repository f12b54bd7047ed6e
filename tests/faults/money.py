"""Numbers that cost something, the page on which they are paid, and what staff see of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from integrations.hospital.billing import orders
from integrations.hospital.billing.orders import Item
from integrations.hospital.models import Order, OrderKind
from integrations.runtime import Runtime
from tests.conversations.hospital import Hospital
from tests.faults.breaking import until
from tests.faults.purse import DESKTOP, IN_WECHAT
from tests.patients import Patient
from tests.stack import Stack


@dataclass(frozen=True, slots=True)
class Held:
    """A number that waits for its payment. `link`: of its page."""

    link: str
    order_no: str


def hold(patient: Patient, department: str) -> Held:
    patient.say(f"下周三挂{department}")
    if "余" in patient.last:
        patient.choose("余")
    said = patient.say("确认").text
    [link], [order_no] = re.findall(r"http\S+/p/pay/[\w-]+", said), re.findall(r"订单号：(\w+)", said)
    return Held(link, order_no)


@contextmanager
def page(patient: Patient, link: str) -> Iterator[httpx.Client]:
    """A browser that shows the page: WeChat's own for its patients."""
    agent = IN_WECHAT if patient.channel == "wechat" else DESKTOP
    whose = {"user-agent": agent, "x-sandbox-openid": patient.platform_id}
    with httpx.Client(base_url=link, headers=whose, follow_redirects=True, timeout=90) as browser:
        assert browser.get(link).status_code == 200
        yield browser


def fail(stack: Stack, platform: str, operation: str | None = None, **how: Any) -> None:
    rule = {"platform": platform, "operation": operation, **how}
    stack.sandbox.post("/faults", json=rule).raise_for_status()


def well_again(stack: Stack) -> None:
    stack.sandbox.delete("/faults").raise_for_status()


def pays(stack: Stack, patient: Patient, out_trade_no: str, **how: Any) -> None:
    order = {"out_trade_no": out_trade_no, "person": patient.person, **how}
    stack.sandbox.post("/pay", json=order).raise_for_status()


def told_again(stack: Stack, out_trade_no: str, **more: Any) -> int:
    """The platform tells of it once more. Gives the program's answer."""
    order = {"out_trade_no": out_trade_no, "manner": "again", **more}
    answer = stack.sandbox.post("/pay/notices", json=order)
    answer.raise_for_status()
    return int(answer.json()["attempts"][-1]["status"])


def order_status(stack: Stack, order_no: str) -> str:
    [(status,)] = stack.rows("SELECT status FROM orders WHERE order_no = %s", order_no)
    return str(status)


def until_order(stack: Stack, order_no: str, status: str) -> None:
    until(lambda: order_status(stack, order_no) == status, 240)


def ask_soon(stack: Stack) -> None:
    """As if the pauses before the platforms are asked again were over."""
    stack.rows("UPDATE refunds SET next_try_at = now() WHERE status IN ('due', 'processing')")
    stack.rows("UPDATE payments SET ask_at = now() WHERE status = 'opened'")


def staff(stack: Stack, *words: str, typed: str = "") -> str:
    """`daozhen money …`, as staff see it."""
    command = [sys.executable, "-m", "bot.cli", "money", *words, "--var", str(stack.options.var)]
    environment = os.environ | {"DAOZHEN_STAFF": "supervisor"}
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


async def bill(rt: Runtime, patient_of: tuple[Any, Any, Any]) -> str:
    """A bill of ¥25 for (patient, account, contact)."""
    patient_id, account_id, contact_id = patient_of
    async with rt.database.begin() as session:
        made = await orders.open_order(
            session, OrderKind.TEST, [Item("血常规", 2500)], patient_id=patient_id, account_id=account_id,
            contact_id=contact_id, expires_at=None, now=rt.now(),
        )  # fmt: skip
        return (await session.get_one(Order, made)).order_no


def known_to(stack: Stack, patient: Patient) -> tuple[Any, Any, Any]:
    """(patient, account, contact) of somebody who is registered."""
    [found] = stack.rows(
        """
        SELECT patient_id, c.account_id, c.id FROM contacts c JOIN account_patients USING (account_id)
        WHERE channel = %s AND platform_id = %s AND relation = 'self'
        """,
        patient.channel,
        patient.platform_id,
    )
    return found


def register(stack: Stack, patient: Patient) -> None:
    """Through the services: quickly."""
    Hospital(stack).register([patient])
