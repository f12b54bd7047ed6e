"""WeChat Pay's own client at the sandbox, and what is done there beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from .conftest import (
    APIV3_KEY,
    APPID,
    MCHID,
    PAY_KEY_ID,
    SERIAL,
    key_pair,
)

NOTIFY = "http://localhost/webhooks/wechatpay"
ORDER = {
    "description": "挂号费",
    "out_trade_no": "R20261122000001",
    "amount": {"total": 3500, "currency": "CNY"},
}
Call = Callable[..., Any]


def client(base: str, *, public_key: bool = True, **changes: Any) -> WeChatPay:
    """The real client, pointed at the sandbox."""
    known = {"public_key": key_pair("wechatpay")[1], "public_key_id": PAY_KEY_ID} if public_key else {}
    given = {
        "wechatpay_type": WeChatPayType.JSAPI, "mchid": MCHID, "private_key": key_pair("merchant")[0],
        "cert_serial_no": SERIAL, "appid": APPID, "apiv3_key": APIV3_KEY, "notify_url": NOTIFY, "timeout": 20,
    }  # fmt: skip
    made = WeChatPay.__new__(WeChatPay)
    from wechatpayv3 import core

    gate = core.Core._init_certificates
    try:
        # Certificates are fetched while it is being made, and it has no option for the address.
        def fetch(self: core.Core) -> None:
            self._gate_way = f"{base}/wechatpay"
            gate(self)

        core.Core._init_certificates = fetch
        made.__init__(**(given | known | changes))
    finally:
        core.Core._init_certificates = gate
    made._core._gate_way = f"{base}/wechatpay"
    return made


@cache
def listener() -> WeChatPay:
    """The client as it hears notices."""
    return client("")


@pytest.fixture
async def call(base: str) -> Call:
    """Calls a method of the client and gives status and JSON."""
    pay = await asyncio.to_thread(client, base)

    async def called(name: str, **given: Any) -> tuple[int, Any]:
        code, text = await asyncio.to_thread(getattr(pay, name), **given)
        return code, json.loads(text) if text and isinstance(text, str) else text

    return called


async def open_order(call: Call, openid: str, **changes: Any) -> tuple[int, Any]:
    return await call("pay", **(ORDER | {"payer": {"openid": openid}} | changes))


async def paid(sandbox: httpx.AsyncClient, **given: Any) -> httpx.Response:
    return await sandbox.post(
        "/inspect/pay", json={"out_trade_no": ORDER["out_trade_no"], "notify": False, **given}
    )


async def refund(call: Call, number: str = "F1", fen: int = 3500, **changes: Any) -> tuple[int, Any]:
    amount = {"refund": fen, "total": 3500, "currency": "CNY"}
    given = {
        "out_refund_no": number,
        "amount": amount,
        "out_trade_no": ORDER["out_trade_no"],
        "reason": "退号",
    }
    return await call("refund", **(given | {"notify_url": NOTIFY} | changes))
