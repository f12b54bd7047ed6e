"""A runtime whose payment platform stands in memory, and bills to pay there."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from integrations import cashier
from integrations.hospital.billing import orders, refunds
from integrations.hospital.billing.orders import Item, OrderView
from integrations.hospital.models import OrderKind, Payment, RefundReason
from integrations.money import Platform
from integrations.payment.interface import Way
from integrations.runtime import Runtime
from tests.integrations.hospital.conftest import Clinic
from tests.payment_in_memory import MemoryPlatform

Opened = Callable[..., Awaitable[str]]


@pytest.fixture
def platform(clock: Callable[[], datetime]) -> MemoryPlatform:
    return MemoryPlatform(clock)


@pytest.fixture
def rt(rt: Runtime, platform: MemoryPlatform) -> Runtime:
    return dataclasses.replace(rt, payments={Platform.WECHATPAY: platform})


@pytest.fixture
def bill(rt: Runtime, clinic: Clinic) -> Callable[..., Awaitable[str]]:
    """Makes a bill of ¥35 and gives its number."""

    async def make(expires_at: datetime | None = None) -> str:
        who = await clinic.booker()
        async with rt.database.begin() as session:
            await orders.open_order(
                session,
                OrderKind.TEST,
                [Item("血常规", 3500)],
                patient_id=who.patient_id,
                account_id=who.account_id,
                contact_id=who.contact_id,
                expires_at=expires_at,
                now=rt.now(),
            )
            [made] = await orders.orders_of(session, who.account_id)
        return made.order_no

    return make


@pytest.fixture
def opened(rt: Runtime, bill: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """Makes a bill that somebody is about to pay."""

    async def make(expires_at: datetime | None = None, payer: str = "oPatient") -> str:
        order_no = await bill(expires_at)
        await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.JSAPI, payer=payer)
        return order_no

    return make


@pytest.fixture
def order(rt: Runtime) -> Callable[[str], Awaitable[OrderView]]:
    async def read(order_no: str) -> Any:
        async with rt.database.begin() as session:
            return await orders.order(session, order_no)

    return read


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
