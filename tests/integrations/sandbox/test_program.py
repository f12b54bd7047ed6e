"""The program's own platforms against the played ones: both sides read the same protocol in the same way."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from integrations.database import utcnow
from integrations.messages import Webhook
from integrations.payment.alipay import Alipay
from integrations.payment.interface import Charge, NoBill, NumberUsed, PaymentPlatform, State, TradeNews, Way
from integrations.payment.wechatpay import WeChatPay
from integrations.settings import Settings
from tests.waiting import until

from .conftest import Gateway, Response

NUMBER = "GH2026112200000001"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(params=["wechatpay", "wechatpay by certificate", "alipay"])
def pay(request: pytest.FixtureRequest, settings: Settings, sandbox: httpx.AsyncClient) -> PaymentPlatform:
    changes = {
        "wechatpay_api_base": "http://sandbox/wechatpay",
        "alipay_api_base": "http://sandbox/alipay/gateway.do",
        "public_url": "http://localhost",
    }
    if request.param == "wechatpay by certificate":
        changes |= {"wechatpay_public_key": "", "wechatpay_public_key_id": ""}
        sandbox.world.wechatpay.keys._own_id = ""  # a merchant without the public key gets notices so, too
    made = Alipay if request.param == "alipay" else WeChatPay
    return made(settings.model_copy(update=changes), http=sandbox)


async def open_trade(pay: PaymentPlatform, sandbox: httpx.AsyncClient, fen: int = 3500) -> None:
    expires = utcnow() + timedelta(minutes=15)
    charge = Charge(NUMBER, fen, "仁和互联网医院缴费", expires, client_ip="127.0.0.1")
    prepared = await pay.prepare(Way.WAP if isinstance(pay, Alipay) else Way.NATIVE, charge)
    if prepared.url:
        await sandbox.get(prepared.url)


async def paid(sandbox: httpx.AsyncClient, **how: Any) -> None:
    answer = await sandbox.post("/inspect/pay", json={"out_trade_no": NUMBER, **how})
    assert answer.status_code == 200


def heard(gateway: Gateway, number: int) -> Webhook:
    request, body = gateway.requests[number]
    return Webhook(request.method, dict(request.query_params), dict(request.headers), body)


async def test_from_the_order_to_the_refund(
    pay: PaymentPlatform, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    async def received(request: object, body: bytes) -> Response:
        return Response(pay.received.body, media_type=pay.received.media_type)

    gateway.answer = received
    assert (await pay.query(NUMBER)).state is State.UNKNOWN
    await open_trade(pay, sandbox)
    assert (await pay.query(NUMBER)).state in (State.OPEN, State.UNKNOWN)
    await paid(sandbox)
    asked = await pay.query(NUMBER)
    assert (asked.state, asked.amount_fen) == (State.DONE, 3500)
    await until(lambda: gateway.requests)
    told = await pay.read(heard(gateway, 0))
    assert isinstance(told, TradeNews)
    assert (told.transaction_id, told.amount_fen, told.state) == (asked.transaction_id, 3500, State.DONE)
    given = {"out_trade_no": NUMBER, "out_refund_no": "TK2026112200000001"}
    amount = {"amount_fen": 3500, "total_fen": 3500, "reason": "取消预约"}
    assert (await pay.refund(**given, **amount)).state in (State.OPEN, State.DONE)
    await until(lambda: len(gateway.requests) == 2)
    await pay.read(heard(gateway, 1))
    assert (await pay.query_refund(**given)).state is State.DONE
    assert (await pay.refund(**given, **amount)).out_refund_no == given["out_refund_no"]
    assert (await pay.query(NUMBER)).state is State.DONE
    await asyncio.sleep(0.3)
    assert len(gateway.requests) == 2  # nothing is told again


async def test_a_bill(pay: PaymentPlatform, sandbox: httpx.AsyncClient) -> None:
    today: date = utcnow().astimezone(ZONE).date()
    with pytest.raises(NoBill):
        await pay.bill(today)
    await open_trade(pay, sandbox)
    await paid(sandbox, notify=False)
    await pay.refund(
        out_trade_no=NUMBER, out_refund_no="TK1", amount_fen=3500, total_fen=3500, reason="取消预约"
    )
    await sandbox.post("/inspect/pay/bill", json={"day": today.isoformat()})
    lines = await pay.bill(today)
    assert [(line.out_trade_no, line.amount_fen, line.out_refund_no) for line in lines] == [
        (NUMBER, 3500, ""),
        (NUMBER, 3500, "TK1"),
    ]


async def test_a_number_for_other_terms(pay: PaymentPlatform, sandbox: httpx.AsyncClient) -> None:
    await open_trade(pay, sandbox)
    if isinstance(pay, Alipay):
        return  # its address holds the terms; see test_alipay
    with pytest.raises(NumberUsed):
        await open_trade(pay, sandbox, 100)
    await pay.close(NUMBER)
    assert (await pay.query(NUMBER)).state is State.CLOSED
