"""What the program asks the payment platforms, and what the sandbox answers and tells: one protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from integrations.database import utcnow
from integrations.messages import Webhook
from integrations.payment.alipay import Alipay
from integrations.payment.amounts import CHINA
from integrations.payment.interface import (
    Charge,
    NumberUsed,
    PaymentPlatform,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Way,
)
from integrations.payment.wechatpay import WeChatPay
from integrations.sandbox.options import Options
from integrations.settings import Settings

NUMBER = "GH20261122000000000000"
BACK = {"out_trade_no": NUMBER, "out_refund_no": f"{NUMBER}R1"}


@pytest.fixture
def heard(gateway: Any) -> list[Webhook]:
    """What the platforms brought."""
    brought: list[Webhook] = []

    async def answer(request: Request, body: bytes) -> Response:
        brought.append(Webhook(request.method, dict(request.query_params), dict(request.headers), body))
        return Response("success")

    gateway.answer = answer
    return brought


def _program(settings: Settings, **more: str) -> Settings:
    bases = {
        "wechatpay_api_base": "http://sandbox/wechatpay",
        "alipay_api_base": "http://sandbox/alipay/gateway.do",
        "public_url": "http://localhost",
    }
    return settings.model_copy(update=bases | more)


@pytest.fixture(params=["public key", "certificates"])
def signed_with(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def options(request: pytest.FixtureRequest, options: Options) -> Options:
    """A WeChat Pay that has no public key signs with a certificate."""
    if "signed_with" not in request.fixturenames or request.getfixturevalue("signed_with") == "public key":
        return options
    return options.model_copy(update={"wechatpay_private_key": SecretStr("")})


@pytest.fixture
def wechatpay(signed_with: str, settings: Settings, sandbox: httpx.AsyncClient) -> WeChatPay:
    without = {"wechatpay_public_key_id": "", "wechatpay_public_key": ""}
    chosen = _program(settings, **(without if signed_with == "certificates" else {}))
    return WeChatPay(chosen, http=sandbox)


@pytest.fixture
def alipay(settings: Settings, sandbox: httpx.AsyncClient) -> Alipay:
    return Alipay(_program(settings), http=sandbox)


def _charge(**more: Any) -> Charge:
    return Charge(NUMBER, 3505, "仁和互联网医院缴费", utcnow() + timedelta(minutes=15), **more)


async def _pay(sandbox: httpx.AsyncClient, **more: Any) -> None:
    answer = await sandbox.post("/inspect/pay", json={"out_trade_no": NUMBER} | more)
    assert answer.status_code == 200, answer.text


async def _until[T](look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    for _ in range(200):
        if good(found := await look()):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"still {found}")


async def _open(platform: PaymentPlatform, sandbox: httpx.AsyncClient) -> None:
    way = Way.WAP if isinstance(platform, Alipay) else Way.NATIVE
    prepared = await platform.prepare(way, _charge())
    if prepared.url:
        assert (await sandbox.get(prepared.url, follow_redirects=True)).status_code == 200


async def _from_payment_to_refund(
    platform: PaymentPlatform, sandbox: httpx.AsyncClient, heard: list[Webhook]
) -> None:
    assert (await platform.query(NUMBER)).state is State.UNKNOWN
    await _open(platform, sandbox)
    await _pay(sandbox)
    news = await platform.query(NUMBER)
    assert (news.state, news.amount_fen) == (State.DONE, 3505)
    assert abs(news.paid_at - utcnow()) < timedelta(minutes=5)  # type: ignore[operator]
    with pytest.raises(Refused):
        await platform.close(NUMBER)
    assert (await platform.query_refund(**BACK)).state is State.UNKNOWN
    asked = await platform.refund(**BACK, amount_fen=3505, total_fen=3505, reason="退款")
    assert asked.state in (State.OPEN, State.DONE)
    await _until(lambda: platform.query_refund(**BACK), lambda found: found.state is State.DONE)
    again = await platform.refund(**BACK, amount_fen=3505, total_fen=3505, reason="退款")
    assert again.state in (State.OPEN, State.DONE)
    assert (await platform.query(NUMBER)).state is State.DONE  # it was paid, whatever became of it

    yesterday = (utcnow().astimezone(CHINA) - timedelta(days=1)).date()
    moved = {"day": yesterday.isoformat(), "out_trade_no": NUMBER}
    assert (await sandbox.post("/inspect/pay/bill", json=moved)).status_code == 200
    lines = await platform.bill(yesterday)
    assert [(one.out_trade_no, one.transaction_id, one.amount_fen, one.out_refund_no) for one in lines] == [
        (NUMBER, news.transaction_id, 3505, ""),
        (NUMBER, news.transaction_id, 3505, f"{NUMBER}R1"),
    ]
    paid = TradeNews(NUMBER, State.DONE, news.transaction_id, 3505, news.paid_at, news.payer)

    async def told() -> list[TradeNews | RefundNews | None]:
        return [await platform.read(one) for one in heard]

    await _until(told, lambda found: paid in found)


async def test_wechatpay_from_the_payment_to_the_refund(
    wechatpay: WeChatPay, sandbox: httpx.AsyncClient, heard: list[Webhook]
) -> None:
    await _from_payment_to_refund(wechatpay, sandbox, heard)

    async def kinds() -> list[type]:
        return [type(await wechatpay.read(one)) for one in heard]

    await _until(kinds, lambda found: RefundNews in found)


async def test_alipay_from_the_payment_to_the_refund(
    alipay: Alipay, sandbox: httpx.AsyncClient, heard: list[Webhook]
) -> None:
    await _from_payment_to_refund(alipay, sandbox, heard)


async def test_wechatpay_closes_and_takes_a_number_once(
    wechatpay: WeChatPay, sandbox: httpx.AsyncClient
) -> None:
    await wechatpay.prepare(Way.H5, _charge(client_ip="10.0.0.1"))
    with pytest.raises(NumberUsed):
        await wechatpay.prepare(Way.NATIVE, replace(_charge(), amount_fen=3504))
    await wechatpay.close(NUMBER)
    assert (await wechatpay.query(NUMBER)).state is State.CLOSED
    await wechatpay.close(NUMBER)
    with pytest.raises(NumberUsed):
        await wechatpay.prepare(Way.H5, _charge(client_ip="10.0.0.1"))


async def test_alipay_closes(alipay: Alipay, sandbox: httpx.AsyncClient) -> None:
    await _open(alipay, sandbox)
    await alipay.close(NUMBER)
    assert (await alipay.query(NUMBER)).state in (State.CLOSED, State.UNKNOWN)
