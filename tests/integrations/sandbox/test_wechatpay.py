"""WeChat Pay as its clients know it: driven by wechatpayv3, heard by a program that verifies with wechatpayv3."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import json
import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from wechatpayv3 import WeChatPayType

from integrations.database import utcnow
from integrations.sandbox import rsa
from integrations.sandbox.wechatpay.signing import SCHEME
from integrations.sandbox.world import World
from tests.waiting import until

from .conftest import (
    MCHID,
    PAY_KEY_ID,
    SERIAL,
    Clock,
    Gateway,
    Response,
    key_pair,
)
from .wechatpay_client import ORDER, Call, call, client, listener, open_order, paid, refund

__all__ = ["call"]

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("public_key", [True, False], ids=["public key", "certificate"])
async def test_an_order_is_opened_paid_and_found(
    public_key: bool, base: str, openid: str, sandbox: httpx.AsyncClient
) -> None:
    pay = await asyncio.to_thread(lambda: client(base, public_key=public_key))
    code, text = await asyncio.to_thread(lambda: pay.pay(**ORDER, payer={"openid": openid}))
    assert (code, json.loads(text)["prepay_id"][:2]) == (200, "wx")
    number = ORDER["out_trade_no"]
    _, before = await asyncio.to_thread(lambda: pay.query(out_trade_no=number))
    assert json.loads(before)["trade_state"] == "NOTPAY"
    assert (await paid(sandbox)).status_code == 200
    _, after = await asyncio.to_thread(lambda: pay.query(out_trade_no=number))
    found = json.loads(after)
    assert (found["trade_state"], found["amount"]["total"], found["payer"]["openid"]) == (
        "SUCCESS",
        3500,
        openid,
    )
    _, same = await asyncio.to_thread(lambda: pay.query(transaction_id=found["transaction_id"]))
    assert json.loads(same) == found


REFUSED = [
    ({"amount": {"total": 0, "currency": "CNY"}}, 400, "PARAM_ERROR"),
    ({"amount": {"total": 1.5, "currency": "CNY"}}, 400, "PARAM_ERROR"),
    ({"amount": {"total": 100, "currency": "USD"}}, 400, "PARAM_ERROR"),
    ({"out_trade_no": "R" * 33}, 400, "PARAM_ERROR"),
    ({"out_trade_no": "挂号20261122"}, 400, "PARAM_ERROR"),
    ({"description": "费" * 128}, 400, "PARAM_ERROR"),
    ({"notify_url": "http://localhost/hook?order=1"}, 400, "PARAM_ERROR"),
    ({"time_expire": "2030-01-01 00:00:00"}, 400, "PARAM_ERROR"),
    ({"appid": "wxffffffffffffffff"}, 400, "APPID_MCHID_NOT_MATCH"),
    ({"mchid": "1999999999"}, 400, "INVALID_REQUEST"),
    ({"payer": {"openid": "o-of-nobody"}}, 500, "OPENID_MISMATCH"),
]


async def test_orders_that_are_refused(call: Call, openid: str) -> None:
    for changes, status, code in REFUSED:
        answered, said = await open_order(call, openid, **changes)
        assert (answered, said["code"]) == (status, code)


async def test_a_number_stands_for_one_order(call: Call, openid: str, sandbox: httpx.AsyncClient) -> None:
    expiry = (utcnow() + timedelta(minutes=15)).astimezone(ZONE).isoformat(timespec="seconds")
    later = (utcnow() + timedelta(minutes=30)).astimezone(ZONE).isoformat(timespec="seconds")
    assert (await open_order(call, openid, time_expire=expiry))[0] == 200
    assert (await open_order(call, openid, time_expire=expiry))[0] == 200
    for change in (
        {"amount": {"total": 1, "currency": "CNY"}},
        {"time_expire": later},
        {"description": "别的"},
    ):
        code, said = await open_order(call, openid, **({"time_expire": expiry} | change))
        assert (code, said["code"]) == (403, "OUT_TRADE_NO_USED")
    await paid(sandbox)
    code, said = await open_order(call, openid, time_expire=expiry)
    assert (code, said["code"]) == (400, "ORDERPAID")


async def test_a_closed_order_cannot_be_paid(call: Call, openid: str, sandbox: httpx.AsyncClient) -> None:
    await open_order(call, openid)
    number = ORDER["out_trade_no"]
    assert (await call("close", out_trade_no=number))[0] == 204
    assert (await call("close", out_trade_no=number))[0] == 204
    assert (await call("query", out_trade_no=number))[1]["trade_state"] == "CLOSED"
    assert (await open_order(call, openid))[1]["code"] == "ORDER_CLOSED"
    assert (await paid(sandbox)).status_code == 409
    assert (await call("close", out_trade_no="unknown-1"))[1]["code"] == "ORDER_NOT_EXIST"


async def test_a_paid_order_cannot_be_closed(call: Call, openid: str, sandbox: httpx.AsyncClient) -> None:
    await open_order(call, openid)
    await paid(sandbox)
    assert (await call("close", out_trade_no=ORDER["out_trade_no"]))[1]["code"] == "ORDERPAID"
    assert (await paid(sandbox)).status_code == 409


async def test_an_order_runs_out_but_not_in_its_first_minute(
    call: Call, openid: str, sandbox: httpx.AsyncClient, clock: Clock
) -> None:
    expiry = (utcnow() + timedelta(seconds=10)).astimezone(ZONE).isoformat(timespec="seconds")
    await open_order(call, openid, time_expire=expiry)
    clock.turn(seconds=30)
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]["trade_state"] == "NOTPAY"
    clock.turn(seconds=31)
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]["trade_state"] == "CLOSED"
    assert (await paid(sandbox)).status_code == 409
    assert (await paid(sandbox, late=True)).status_code == 200
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]["trade_state"] == "SUCCESS"


async def test_nobody_pays_what_nobody_opened(sandbox: httpx.AsyncClient) -> None:
    answer = await sandbox.post("/inspect/pay", json={"out_trade_no": "never-opened"})
    assert answer.status_code == 404
    assert "opened" in answer.json()["detail"]


async def test_who_signs_wrongly_is_refused_and_gets_no_signature(base: str, openid: str) -> None:
    other = key_pair("somebody else")[0]
    for changes in ({"private_key": other}, {"cert_serial_no": "6B" * 20}, {"mchid": "1900000110"}):
        pay = await asyncio.to_thread(lambda changes=changes: client(base, **changes))
        code, text = await asyncio.to_thread(lambda pay=pay: pay.query(out_trade_no="R2026", mchid=MCHID))
        assert (code, json.loads(text)["code"]) == (401, "SIGN_ERROR")


async def test_an_old_request_is_refused(call: Call, clock: Clock) -> None:
    clock.turn(seconds=301)
    assert (await call("query", out_trade_no="R20261122"))[1]["code"] == "SIGN_ERROR"


async def test_the_signature_covers_query_and_body(base: str) -> None:
    async with httpx.AsyncClient(base_url=f"{base}/wechatpay") as plain:
        stamp, target = str(int(time.time())), "/v3/pay/transactions/out-trade-no/R1?mchid=1"
        text = f"GET\n{target}\n{stamp}\nnonce\n\n"
        signature = rsa.sign(rsa.private_key(key_pair("merchant")[0]), text.encode())
        parts = f'mchid="{MCHID}",nonce_str="nonce",signature="{signature}",timestamp="{stamp}",serial_no="{SERIAL}"'
        headers = {"authorization": f"{SCHEME} {parts}"}
        right = await plain.get(target, headers=headers)
        wrong = await plain.get(target + "2", headers=headers)
        assert (right.status_code, right.json()["code"]) == (400, "INVALID_REQUEST")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "SIGN_ERROR")
        assert "wechatpay-signature" in right.headers
        assert "wechatpay-signature" not in wrong.headers
        nothing = await plain.get(target)
        assert nothing.status_code == 401


async def test_faults(call: Call, openid: str, sandbox: httpx.AsyncClient) -> None:
    await open_order(call, openid)
    await paid(sandbox)
    poor = {"platform": "wechatpay", "operation": "refund", "code": "NOT_ENOUGH", "count": 1}
    await sandbox.post("/inspect/faults", json=poor)
    code, said = await refund(call)
    assert (code, said["code"]) == (403, "NOT_ENOUGH")
    await sandbox.post("/inspect/faults", json={"platform": "wechatpay", "code": 502, "count": 1})
    assert (await refund(call))[0] == 502
    lost = {"platform": "wechatpay", "operation": "refund", "drop_after_accept": True, "count": 1}
    await sandbox.post("/inspect/faults", json=lost)
    with pytest.raises(Exception, match=r"Connection|IncompleteRead|broken"):
        await refund(call)
    assert (await call("query_refund", out_refund_no="F1"))[0] == 200  # it was taken all the same


LIES = [
    ("amount", ("amount", {"total": 3501, "payer_total": 3501, "currency": "CNY", "payer_currency": "CNY"})),
    ("order", ("out_trade_no", "XR20261122000001")),
    ("appid", ("appid", "wxffffffffffffffff")),
    ("mchid", ("mchid", "1999999999")),
]


@pytest.mark.parametrize(("lie", "seen"), LIES)
async def test_lies(
    lie: str, seen: tuple[str, Any], call: Call, openid: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    await open_order(call, openid)
    await sandbox.post("/inspect/faults", json={"platform": "wechatpay", "lie": lie, "count": 2})
    await paid(sandbox, notify=True)
    await until(lambda: gateway.requests)
    told = listener().callback(dict(gateway.requests[0][0].headers), gateway.requests[0][1])
    assert told["resource"][seen[0]] == seen[1]
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1][seen[0]] == seen[1]
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1][seen[0]] != seen[1]


# Notices


async def test_a_notice_is_repeated_until_it_is_taken(
    call: Call, openid: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    answers = iter([500, 401, 204])

    async def answer(request: object, body: bytes) -> Response:
        return Response(status_code=next(answers))

    gateway.answer = answer
    await open_order(call, openid)
    await paid(sandbox, notify=True)
    await until(lambda: len(gateway.requests) == 3)
    await asyncio.sleep(0.3)
    assert len(gateway.requests) == 3
    pay = listener()
    news = [pay.callback(dict(request.headers), body) for request, body in gateway.requests]
    assert {one["id"] for one in news} == {news[0]["id"]}
    assert {one["resource"]["transaction_id"] for one in news} == {news[0]["resource"]["transaction_id"]}
    assert news[0]["event_type"] == "TRANSACTION.SUCCESS"
    assert gateway.requests[0][0].headers["wechatpay-serial"] == PAY_KEY_ID


async def test_notices_on_demand(
    call: Call, openid: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    await open_order(call, openid)
    order = {"out_trade_no": ORDER["out_trade_no"]}
    assert (await sandbox.post("/inspect/pay/notices", json=order)).status_code == 409
    await paid(sandbox)
    for manner in ("again", "stale", "signtest", "forged"):
        told = await sandbox.post("/inspect/pay/notices", json=order | {"manner": manner})
        assert told.json()["attempts"][0]["status"] == 200
    headers = [request.headers for request, _ in gateway.requests]
    assert time.time() - int(headers[1]["wechatpay-timestamp"]) > 300
    assert headers[2]["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    pay = listener()
    heard = [pay.callback(dict(request.headers), body) for request, body in gateway.requests]
    assert [bool(one) for one in heard] == [True, True, False, False]  # the client does not look at the time


# Bills


async def bill(call: Call, day: str, **given: Any) -> tuple[int, Any]:
    return await call("trade_bill", bill_date=day, **given)


async def test_a_bill_of_a_day(call: Call, openid: str, sandbox: httpx.AsyncClient, world: World) -> None:
    day = (utcnow().astimezone(ZONE) - timedelta(days=1)).date().isoformat()
    today = utcnow().astimezone(ZONE).date().isoformat()
    await open_order(call, openid)
    await paid(sandbox)
    assert (await bill(call, today))[1]["code"] == "NO_STATEMENT_EXIST"
    assert (await bill(call, "2026-1-1"))[1]["code"] == "PARAM_ERROR"
    await refund(call, "F1", 1500)
    moved = {"day": day, "out_trade_no": ORDER["out_trade_no"]}
    assert (await sandbox.post("/inspect/pay/bill", json=moved)).status_code == 200
    for packed in ({}, {"tar_type": None}):
        code, link = await bill(call, day, **packed) if not packed else await plain_bill(call, world, day)
        assert code == 200
        _, content = await call(
            "download_bill", url=link["download_url"].replace("http://sandbox/wechatpay", "")
        )
        text = gzip.decompress(content) if not packed else content
        assert link["hash_value"] == hashlib.sha1(text).hexdigest()  # noqa: S324
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
        assert rows[0]["商户订单号"] == "`" + str(ORDER["out_trade_no"])
        assert rows[0]["交易时间"].startswith(f"`{day} ")
        assert (rows[0]["交易状态"], rows[0]["订单金额"]) == ("`SUCCESS", "`35.00")
        assert (rows[1]["交易状态"], rows[1]["商户退款单号"], rows[1]["退款金额"]) == (
            "`REFUND",
            "`F1",
            "`15.00",
        )
        last = text.decode("utf-8-sig").splitlines()[-2:]
        assert last[0].startswith("总交易单数,应结订单总金额,退款总金额")
        assert last[1].startswith("`2,`35.00,`15.00,")


async def plain_bill(call: Call, world: World, day: str) -> tuple[int, Any]:
    """The client always asks for a packed one."""
    return 200, world.wechatpay.bills.ask({"bill_date": day})


async def test_yesterdays_bill_is_made_in_the_morning(
    call: Call, openid: str, sandbox: httpx.AsyncClient, world: World, clock: Clock
) -> None:
    await open_order(call, openid)
    await paid(sandbox)
    local = utcnow().astimezone(ZONE)
    night = (local + timedelta(days=1)).replace(hour=3, minute=0)
    clock.turn(seconds=(night - local).total_seconds())
    with pytest.raises(Exception, match="STATEMENT_CREATING"):
        world.wechatpay.bills.ask({"bill_date": local.date().isoformat()})
    clock.turn(hours=8)
    assert world.wechatpay.bills.ask({"bill_date": local.date().isoformat()})["hash_type"] == "SHA1"


# Native and H5


async def test_a_code_and_a_browser_page(call: Call, sandbox: httpx.AsyncClient) -> None:
    code, native = await call("pay", **ORDER, pay_type=WeChatPayType.NATIVE)
    assert (code, native["code_url"][:34]) == (
        200,
        "weixin://wxpay/bizpayurl?pr=wx" + native["code_url"][30:34],
    )
    scene = {"payer_client_ip": "10.0.0.1", "h5_info": {"type": "Wap"}}
    other = ORDER | {"out_trade_no": "R20261122000002"}
    assert (await call("pay", **other, pay_type=WeChatPayType.H5, scene_info={"payer_client_ip": "1.1.1.1"}))[
        0
    ] == 400
    code, h5 = await call("pay", **other, pay_type=WeChatPayType.H5, scene_info=scene)
    assert code == 200
    assert "/wechatpay/h5?prepay_id=wx" in h5["h5_url"]
    assert (await paid(sandbox)).json()["payer"]["openid"].startswith("o")
