"""Refunds of the played WeChat Pay."""

from __future__ import annotations

import httpx
import pytest

from tests.waiting import until

from .conftest import (
    Gateway,
)
from .wechatpay_client import ORDER, Call, call, listener, open_order, paid, refund

__all__ = ["call"]


async def test_a_refund_is_accepted_once_and_then_done(
    call: Call, openid: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    await open_order(call, openid)
    assert (await refund(call))[1]["code"] == "INVALID_REQUEST"  # not paid
    await paid(sandbox)
    code, first = await refund(call)
    assert (code, first["status"], first["amount"]["refund"]) == (200, "PROCESSING", 3500)
    _, again = await refund(call)
    assert again["refund_id"] == first["refund_id"]
    assert (await refund(call, fen=1))[1]["code"] == "INVALID_REQUEST"
    assert (await refund(call, "F2", 1))[1]["code"] == "INVALID_REQUEST"  # nothing is left
    await until(lambda: gateway.requests)
    assert (await call("query_refund", out_refund_no="F1"))[1]["status"] == "SUCCESS"
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]["trade_state"] == "REFUND"
    assert (await call("query_refund", out_refund_no="F9"))[1]["code"] == "RESOURCE_NOT_EXISTS"
    request, body = gateway.requests[0]
    news = listener().callback(dict(request.headers), body)
    assert (news["event_type"], news["resource"]["refund_status"]) == ("REFUND.SUCCESS", "SUCCESS")
    assert (news["resource"]["out_refund_no"], news["resource"]["amount"]["refund"]) == ("F1", 3500)


async def test_parts_are_paid_back_up_to_the_whole(
    call: Call, openid: str, sandbox: httpx.AsyncClient
) -> None:
    await open_order(call, openid)
    await paid(sandbox)
    assert (await refund(call, "F1", 1000))[0] == 200
    assert (await refund(call, "F2", 2501))[1]["code"] == "INVALID_REQUEST"
    assert (await refund(call, "F3", 2500))[0] == 200


@pytest.mark.parametrize("outcome", ["ABNORMAL", "CLOSED"])
async def test_a_refund_may_fail(
    outcome: str, call: Call, openid: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    await open_order(call, openid)
    await paid(sandbox)
    wanted = {"out_trade_no": ORDER["out_trade_no"], "outcome": outcome}
    await sandbox.post("/inspect/pay/refunds", json=wanted)
    await refund(call)
    await until(lambda: gateway.requests)
    assert (await call("query_refund", out_refund_no="F1"))[1]["status"] == outcome
    news = listener().callback(dict(gateway.requests[0][0].headers), gateway.requests[0][1])
    assert news["event_type"] == f"REFUND.{outcome}"
    settled = wanted | {"out_refund_no": "F1", "outcome": "SUCCESS"}
    await sandbox.post("/inspect/pay/refunds", json=settled)
    assert (await call("query_refund", out_refund_no="F1"))[1]["status"] == "SUCCESS"
