"""The payment platforms' door with their real protocols: what is believed, what is stored, and what they hear."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from integrations.hospital.billing import differences, paying, refunds
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.models import (
    DifferenceKind,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
    RefundStatus,
)
from integrations.money import Platform
from integrations.payment.alipay import Alipay
from integrations.payment.interface import Unavailable
from integrations.payment.wechatpay import WeChatPay
from integrations.runtime import Runtime
from tests.bot.gateway import gateway_on
from tests.payment_platforms import PlayedAlipay, PlayedWeChatPay, alipay_paid, paid, refunded, settings

Bring = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def wechatpay(clock: Any) -> PlayedWeChatPay:
    return PlayedWeChatPay(clock)


@pytest.fixture
def rt(rt: Runtime, clock: Any, wechatpay: PlayedWeChatPay) -> Runtime:
    chosen = settings()
    vendors = {
        Platform.WECHATPAY: WeChatPay(chosen, http=wechatpay.http, now=clock),
        Platform.ALIPAY: Alipay(chosen, http=PlayedAlipay().http, now=clock),
    }
    return dataclasses.replace(rt, payments=vendors)


@pytest.fixture
async def gateway(rt: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        gateway_on(rt) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http,
    ):
        yield http


@pytest.fixture
def wechat_brings(gateway: httpx.AsyncClient, wechatpay: PlayedWeChatPay) -> Bring:
    async def bring(said: dict[str, Any], event: str = "TRANSACTION.SUCCESS", **more: str) -> httpx.Response:
        headers, body = wechatpay.notice(said, event)
        return await gateway.post("/webhooks/wechatpay", content=body, headers=headers | more)

    return bring


@pytest.fixture
def alipay_brings(gateway: httpx.AsyncClient) -> Bring:
    async def bring(said: dict[str, str], **more: str) -> httpx.Response:
        return await gateway.post("/webhooks/alipay", content=PlayedAlipay.notice(said, **more))

    return bring


@pytest.fixture
def trying(rt: Runtime, bill: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """A bill that is open at the platform; gives its number, which is the payment's too."""

    async def make(platform: Platform = Platform.WECHATPAY) -> str:
        order_no = await bill()
        async with rt.database.begin() as session:
            await paying.open_payment(session, order_no, platform, "native", rt.now(), None)
        return order_no

    return make


async def _differences(rt: Runtime) -> list[tuple[DifferenceKind, str]]:
    async with rt.database.begin() as session:
        return [(one.kind, one.number) for one in await differences.open_differences(session)]


async def _refunds(rt: Runtime) -> list[Refund]:
    async with rt.database.begin() as session:
        return list(await session.scalars(select(Refund)))


async def test_a_callback_pays_the_order_once(
    rt: Runtime, trying: Any, wechat_brings: Bring, order: Callable[[str], Awaitable[OrderView]]
) -> None:
    order_no = await trying()
    for _ in range(3):
        answer = await wechat_brings(paid(order_no))
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await order(order_no)).status is OrderStatus.PAID
    async with rt.database.begin() as session:
        [payment] = await session.scalars(select(Payment))
    assert (payment.found_by, payment.payer, payment.paid_at.astimezone(UTC).hour) == (
        "callback",
        "oPatient",
        1,
    )
    assert await _refunds(rt) == []


async def test_alipay_hears_exactly_success(trying: Any, alipay_brings: Bring, order: Any) -> None:
    order_no = await trying(Platform.ALIPAY)
    waiting = await alipay_brings(alipay_paid(order_no, trade_status="WAIT_BUYER_PAY"))
    assert (waiting.content, (await order(order_no)).status) == (b"success", OrderStatus.UNPAID)
    for _ in range(2):
        answer = await alipay_brings(alipay_paid(order_no))
        assert (answer.status_code, answer.content) == (200, b"success")
    assert (await order(order_no)).status is OrderStatus.PAID


async def test_one_order_paid_at_both_platforms_goes_back_once(
    rt: Runtime, trying: Any, wechat_brings: Bring, alipay_brings: Bring, order: Any
) -> None:
    order_no = await trying()
    async with rt.database.begin() as session:
        other = await paying.open_payment(session, order_no, Platform.ALIPAY, "wap", rt.now(), None)
    assert (await alipay_brings(alipay_paid(other.out_trade_no))).content == b"success"
    assert (await wechat_brings(paid(order_no))).status_code == 200
    assert (await order(order_no)).status is OrderStatus.PAID
    [back] = await _refunds(rt)
    assert (back.out_refund_no, back.reason) == (f"{order_no}R1", RefundReason.TWICE)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"amount": {"total": 1, "currency": "CNY"}}, DifferenceKind.WRONG_AMOUNT),
        ({"out_trade_no": "GH20261122FFFF"}, DifferenceKind.UNKNOWN_ORDER),
    ],
)
async def test_a_lie_about_order_or_amount_pays_nothing_and_is_noted(
    rt: Runtime, trying: Any, wechat_brings: Bring, order: Any, change: dict[str, Any], kind: DifferenceKind
) -> None:
    order_no = await trying()
    assert (await wechat_brings(paid(order_no) | change)).status_code == 200  # stored: again would not help
    assert (await order(order_no)).status is OrderStatus.UNPAID
    assert [found for found, _ in await _differences(rt)] == [kind]


@pytest.mark.parametrize("change", [{"appid": "wxOther"}, {"mchid": "1900000009"}])
async def test_wechat_news_for_another_account_is_refused_and_noted(
    rt: Runtime, trying: Any, wechat_brings: Bring, order: Any, change: dict[str, Any]
) -> None:
    order_no = await trying()
    assert (await wechat_brings(paid(order_no, **change))).status_code == 403
    assert (await order(order_no)).status is OrderStatus.UNPAID
    assert await _differences(rt) == [(DifferenceKind.FOREIGN_ACCOUNT, order_no)]


@pytest.mark.parametrize("change", [{"app_id": "2026999"}, {"seller_id": "2088999"}])
async def test_alipay_news_for_another_account_is_refused_and_noted(
    rt: Runtime, trying: Any, alipay_brings: Bring, order: Any, change: dict[str, str]
) -> None:
    order_no = await trying(Platform.ALIPAY)
    answer = await alipay_brings(alipay_paid(order_no, **change))
    assert (answer.status_code, answer.content) == (403, b"")
    assert (await order(order_no)).status is OrderStatus.UNPAID
    assert await _differences(rt) == [(DifferenceKind.FOREIGN_ACCOUNT, order_no)]


async def test_what_is_not_signed_or_is_junk_is_refused(
    rt: Runtime,
    trying: Any,
    gateway: httpx.AsyncClient,
    wechat_brings: Bring,
    alipay_brings: Bring,
    order: Any,
) -> None:
    order_no = await trying()
    probe = {"wechatpay-signature": "WECHATPAY/SIGNTEST/abc"}
    assert (await wechat_brings(paid(order_no), **probe)).status_code == 403
    assert (await alipay_brings(alipay_paid(order_no), sign="AAAA")).status_code == 403
    assert (await gateway.post("/webhooks/wechatpay", content=b"junk")).status_code == 403
    assert (await gateway.post("/webhooks/alipay", content=b"junk")).status_code == 400
    assert (await gateway.post("/webhooks/alipay", content=b"x" * 300_000)).status_code == 413
    assert (await gateway.get("/webhooks/wechatpay")).status_code == 404
    assert (await order(order_no)).status is OrderStatus.UNPAID
    assert await _differences(rt) == []


async def test_a_platform_that_is_not_set_up_has_no_door(rt: Runtime) -> None:
    async with (
        gateway_on(dataclasses.replace(rt, payments={})) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http,
    ):
        for platform in Platform:
            assert (await http.post(f"/webhooks/{platform}", content=b"{}")).status_code == 404


async def test_a_refund_that_wechat_tells_of_is_settled(
    rt: Runtime, trying: Any, wechat_brings: Bring, order: Any
) -> None:
    order_no = await trying()
    await wechat_brings(paid(order_no))
    async with rt.database.begin() as session:
        [payment] = await session.scalars(select(Payment))
        await refunds.owe(session, payment, RefundReason.STAFF, rt.now())
    number = f"{order_no}R1"

    def told(amount_fen: int, status: str, out_refund_no: str = number) -> dict[str, Any]:
        return refunded(out_refund_no, amount_fen, mchid="1900000001", refund_status=status)

    assert (await wechat_brings(told(3499, "SUCCESS"), "REFUND.SUCCESS")).status_code == 200
    assert (await wechat_brings(told(3500, "SUCCESS", "JC0R1"), "REFUND.SUCCESS")).status_code == 200
    assert await _differences(rt) == [
        (DifferenceKind.WRONG_REFUND_AMOUNT, number),
        (DifferenceKind.UNKNOWN_REFUND, "JC0R1"),
    ]
    assert [one.status for one in await _refunds(rt)] == [RefundStatus.DUE]
    assert (await wechat_brings(told(3500, "ABNORMAL"), "REFUND.ABNORMAL")).status_code == 200
    assert [one.status for one in await _refunds(rt)] == [RefundStatus.ABNORMAL]
    assert (await wechat_brings(told(3500, "SUCCESS"), "REFUND.SUCCESS")).status_code == 200
    assert [one.status for one in await _refunds(rt)] == [RefundStatus.SUCCEEDED]


async def test_what_cannot_be_stored_is_to_be_brought_again(
    trying: Any, wechat_brings: Bring, monkeypatch: pytest.MonkeyPatch, order: Any
) -> None:
    order_no = await trying()

    async def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("insert", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(paying, "receive", fail)
        assert (await wechat_brings(paid(order_no))).status_code == 503
    assert (await wechat_brings(paid(order_no))).status_code == 200
    assert (await order(order_no)).status is OrderStatus.PAID


async def test_what_cannot_be_verified_now_is_to_be_brought_again(
    rt: Runtime, trying: Any, wechat_brings: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_no = await trying()

    async def no_certificates(*_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(rt.payments[Platform.WECHATPAY], "read", no_certificates)
    assert (await wechat_brings(paid(order_no))).status_code == 503
