"""Alipay as its clients know it: driven by python-alipay-sdk, paid in the cashier, heard by a verifying program."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from alipay import AliPay
from alipay.exceptions import AliPayException

from integrations.database import utcnow
from integrations.sandbox.world import World
from tests.waiting import until

from .conftest import ALIPAY_APP, ALIPAY_SELLER, Clock, Gateway, Response, key_pair

NOTIFY, RETURN = "http://localhost/webhooks/alipay", "http://localhost:8000/p/pay/back?token=t"
NUMBER, ZONE = "A20261122000001", ZoneInfo("Asia/Shanghai")

Call = Callable[..., Any]


def pem(kind: str, encoded: str) -> str:
    return f"-----BEGIN {kind} KEY-----\n{encoded}\n-----END {kind} KEY-----"


@cache
def client(base: str = "", private: str = "app") -> AliPay:
    made = AliPay(
        appid=ALIPAY_APP, app_notify_url=NOTIFY, app_private_key_string=pem("PRIVATE", key_pair(private)[0]),
        alipay_public_key_string=pem("PUBLIC", key_pair("alipay")[1]),
    )  # fmt: skip
    made._gateway = f"{base}/alipay/gateway.do"
    return made


@pytest.fixture
async def call(base: str) -> Call:
    pay = client(base)

    async def called(name: str, **biz: Any) -> Any:
        """What the method says, or the error's sub_code."""
        try:
            return await asyncio.to_thread(pay.server_api, name, biz)
        except AliPayException as error:
            return next(iter(json.loads(error.message).values()))

    return called


async def open_page(sandbox: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    given = {"subject": "挂号费", "out_trade_no": NUMBER, "total_amount": "35.00"}
    query = client().api_alipay_trade_wap_pay(
        **(given | {"return_url": RETURN, "time_expire": later()} | changes)
    )
    return await sandbox.get(f"/alipay/gateway.do?{query}", follow_redirects=True)


def later(minutes: int = 15) -> str:
    return (utcnow() + timedelta(minutes=minutes)).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


async def act(sandbox: httpx.AsyncClient, do: str, person: str = "") -> httpx.Response:
    return await sandbox.post("/alipay/cashier", data={"trade": NUMBER, "do": do, "person": person})


async def paid(sandbox: httpx.AsyncClient, **how: Any) -> httpx.Response:
    return await sandbox.post("/inspect/pay", json={"out_trade_no": NUMBER, "notify": False, **how})


def verified(fields: dict[str, str]) -> bool:
    fields = dict(fields)
    return client().verify(fields, fields.pop("sign"))


async def test_the_cashier_is_paid(
    sandbox: httpx.AsyncClient, call: Call, gateway: Gateway, world: World
) -> None:
    async def success(request: object, body: bytes) -> Response:
        return Response("success")

    gateway.answer = success
    person = world.people.make("陈晓明")
    page = await open_page(sandbox)
    assert "¥35.00" in page.text
    assert "陈晓明" in page.text
    # Nobody has signed in yet: for the seller the trade does not exist.
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert "确认付款" in (await act(sandbox, "begin", person.key)).text
    waiting = await call("alipay.trade.query", out_trade_no=NUMBER)
    assert (waiting["code"], waiting["trade_status"]) == ("10000", "WAIT_BUYER_PAY")
    back = (await act(sandbox, "pay", person.key)).headers["location"]
    assert back.startswith(RETURN + "&")
    fields = dict(parse_qsl(urlsplit(back).query))
    del fields["token"]
    assert verified(fields)
    assert (fields["out_trade_no"], fields["total_amount"], fields["seller_id"]) == (
        NUMBER,
        "35.00",
        ALIPAY_SELLER,
    )
    found = await call("alipay.trade.query", out_trade_no=NUMBER)
    assert (found["trade_status"], found["total_amount"]) == ("TRADE_SUCCESS", "35.00")
    assert await call("alipay.trade.query", trade_no=found["trade_no"]) == found
    await until(lambda: gateway.requests)
    told = dict(parse_qsl(gateway.requests[0][1].decode()))
    assert verified(told)
    assert (told["trade_status"], told["trade_no"], told["app_id"]) == (
        "TRADE_SUCCESS",
        found["trade_no"],
        ALIPAY_APP,
    )
    assert told["gmt_payment"] == found["send_pay_date"]


async def test_who_turns_away_goes_back(sandbox: httpx.AsyncClient, world: World) -> None:
    await open_page(sandbox, quit_url="http://localhost:8000/p/pay/left")
    assert (await act(sandbox, "cancel")).headers["location"] == "http://localhost:8000/p/pay/left"


REFUSED = [
    ({"total_amount": "0.00"}, "ACQ.INVALID_PARAMETER"),
    ({"total_amount": "1.005"}, "ACQ.INVALID_PARAMETER"),
    ({"subject": "挂号=费"}, "ACQ.INVALID_PARAMETER"),
    ({"product_code": "OTHER"}, "product_code"),
    ({"out_trade_no": "A-1"}, "ACQ.INVALID_PARAMETER"),
    ({"time_expire": "2020-01-01 00:00:00"}, "ACQ.TRADE_HAS_CLOSE"),
]


async def test_pages_that_are_refused(sandbox: httpx.AsyncClient) -> None:
    for changes, said in REFUSED:
        assert said in (await open_page(sandbox, **changes)).text
        assert (await paid(sandbox)).status_code == 404


async def test_an_address_that_was_changed_is_refused(sandbox: httpx.AsyncClient) -> None:
    query = client().api_alipay_trade_wap_pay(subject="挂号费", out_trade_no=NUMBER, total_amount="35.00")
    answer = await sandbox.get(f"/alipay/gateway.do?{query.replace('35.00', '00.01')}", follow_redirects=True)
    assert "isv.invalid-signature" in answer.text


async def test_a_wrong_key_is_refused(base: str) -> None:
    pay = client(base, "somebody else")
    with pytest.raises(AliPayException, match=r"isv\.invalid-signature"):
        await asyncio.to_thread(pay.api_alipay_trade_query, out_trade_no=NUMBER)


async def test_a_number_stands_for_one_trade(sandbox: httpx.AsyncClient) -> None:
    await open_page(sandbox)
    assert "¥36.00" in (await open_page(sandbox, total_amount="36.00")).text  # nobody has begun
    await act(sandbox, "begin")
    assert "ACQ.CONTEXT_INCONSISTENT" in (await open_page(sandbox)).text
    await paid(sandbox)
    assert "ACQ.TRADE_HAS_SUCCESS" in (await open_page(sandbox, total_amount="36.00")).text
    assert (await paid(sandbox)).status_code == 409


async def test_closing(sandbox: httpx.AsyncClient, call: Call) -> None:
    await open_page(sandbox)
    assert (await call("alipay.trade.close", out_trade_no=NUMBER))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await act(sandbox, "begin")
    assert (await call("alipay.trade.close", out_trade_no=NUMBER))["code"] == "10000"
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["trade_status"] == "TRADE_CLOSED"
    assert "已经关闭" in (await act(sandbox, "pay")).text
    assert (await paid(sandbox)).status_code == 409


async def test_a_trade_runs_out(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    await open_page(sandbox)
    clock.turn(minutes=16)
    assert (await paid(sandbox)).status_code == 409
    assert (await paid(sandbox, late=True)).status_code == 200


async def test_refunds(sandbox: httpx.AsyncClient, call: Call, gateway: Gateway) -> None:
    async def refund(number: str, amount: str) -> Any:
        return await call(
            "alipay.trade.refund", out_trade_no=NUMBER, out_request_no=number, refund_amount=amount
        )

    await open_page(sandbox)
    await act(sandbox, "begin")
    assert (await refund("F1", "35.00"))["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    await paid(sandbox)
    first = await refund("F1", "15.00")
    assert (first["fund_change"], first["refund_fee"]) == ("Y", "15.00")
    assert (await refund("F1", "15.00"))["fund_change"] == "N"
    assert (await refund("F1", "16.00"))["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    assert (await refund("F2", "20.01"))["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["trade_status"] == "TRADE_SUCCESS"
    assert (await refund("F2", "20.00"))["refund_fee"] == "35.00"
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["trade_status"] == "TRADE_CLOSED"
    found = await call("alipay.trade.fastpay.refund.query", out_trade_no=NUMBER, out_request_no="F1")
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "15.00")
    none = await call("alipay.trade.fastpay.refund.query", out_trade_no=NUMBER, out_request_no="F9")
    assert none == {"code": "10000", "msg": "Success"}
    await until(lambda: len(gateway.requests) >= 2)
    told = dict(parse_qsl(gateway.requests[0][1].decode()))
    assert verified(told)
    assert (told["out_biz_no"], told["refund_fee"]) == ("F1", "15.00")


async def test_a_refund_may_take_its_time(sandbox: httpx.AsyncClient, call: Call) -> None:
    await open_page(sandbox)
    await paid(sandbox)
    slow = {"out_trade_no": NUMBER, "outcome": "PROCESSING"}
    await sandbox.post("/inspect/pay/refunds", json=slow)
    biz = {"out_trade_no": NUMBER, "out_request_no": "F1"}
    assert (await call("alipay.trade.refund", **biz, refund_amount="35.00"))["fund_change"] == "N"
    assert "refund_status" not in await call("alipay.trade.fastpay.refund.query", **biz)
    await sandbox.post("/inspect/pay/refunds", json=slow | {"outcome": "SUCCESS"})
    assert (await call("alipay.trade.fastpay.refund.query", **biz))["refund_status"] == "REFUND_SUCCESS"


async def test_a_finished_trade_is_not_refunded(sandbox: httpx.AsyncClient, call: Call) -> None:
    await open_page(sandbox)
    await paid(sandbox)
    await sandbox.post("/inspect/pay/finish", json={"out_trade_no": NUMBER})
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["trade_status"] == "TRADE_FINISHED"
    answer = await call(
        "alipay.trade.refund", out_trade_no=NUMBER, out_request_no="F1", refund_amount="35.00"
    )
    assert answer["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


async def test_a_notice_is_repeated_until_success_is_said(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    answers = iter(["SUCCESS", "success\n", "success"])

    async def answer(request: object, body: bytes) -> Response:
        return Response(next(answers))

    gateway.answer = answer
    await open_page(sandbox)
    await paid(sandbox, notify=True)
    await until(lambda: len(gateway.requests) == 3)
    await asyncio.sleep(0.2)
    assert len(gateway.requests) == 3
    told = [dict(parse_qsl(body.decode())) for _, body in gateway.requests]
    assert len({one["notify_id"] for one in told}) == 1
    gateway.answer = None
    forged = await sandbox.post("/inspect/pay/notices", json={"out_trade_no": NUMBER, "manner": "forged"})
    assert forged.status_code == 200
    assert not verified(dict(parse_qsl(gateway.requests[-1][1].decode())))


LIES = [
    ("amount", "total_amount", "35.01"),
    ("order", "out_trade_no", "XA20261122000001"),
    ("appid", "app_id", "2021999999999999"),
    ("mchid", "seller_id", "2088999999999999"),
]


@pytest.mark.parametrize(("lie", "name", "value"), LIES)
async def test_lies(lie: str, name: str, value: str, sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    await open_page(sandbox)
    rule = {"platform": "alipay", "operation": "notify", "lie": lie}
    await sandbox.post("/inspect/faults", json=rule)
    await paid(sandbox, notify=True)
    await until(lambda: gateway.requests)
    told = dict(parse_qsl(gateway.requests[0][1].decode()))
    assert verified(told)
    assert told[name] == value


async def test_faults(sandbox: httpx.AsyncClient, call: Call) -> None:
    await open_page(sandbox)
    await paid(sandbox)
    busy = {"platform": "alipay", "operation": "alipay.trade.query", "code": "ACQ.SYSTEM_ERROR", "count": 1}
    await sandbox.post("/inspect/faults", json=busy)
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["sub_code"] == "ACQ.SYSTEM_ERROR"
    await sandbox.post("/inspect/faults", json={"platform": "alipay", "code": 503, "count": 1})
    with pytest.raises(Exception, match="503"):
        await call("alipay.trade.query", out_trade_no=NUMBER)
    assert (await call("alipay.trade.query", out_trade_no=NUMBER))["code"] == "10000"


async def test_a_bill_of_a_day(sandbox: httpx.AsyncClient, call: Call, base: str, clock: Clock) -> None:
    today = utcnow().astimezone(ZONE).date()
    day = (today - timedelta(days=1)).isoformat()
    biz = {"bill_type": "trade", "bill_date": day}
    name = "alipay.data.dataservice.bill.downloadurl.query"
    await open_page(sandbox)
    await paid(sandbox)
    missing = await call(name, bill_type="trade", bill_date=today.isoformat())
    assert missing["sub_code"] == "isp.bill_not_exist"
    await call("alipay.trade.refund", out_trade_no=NUMBER, out_request_no="F1", refund_amount="15.00")
    await sandbox.post("/inspect/pay/bill", json={"day": day, "out_trade_no": NUMBER})
    link = (await call(name, **biz))["bill_download_url"]
    content = (await sandbox.get(link)).content
    with zipfile.ZipFile(io.BytesIO(content), metadata_encoding="gbk") as archive:
        names = archive.namelist()
        text = archive.read(names[0]).decode("gbk")
        sums = archive.read(names[1]).decode("gbk")
    assert names[0].endswith("_业务明细.csv")
    assert names[1].endswith("_业务明细(汇总).csv")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert [(row["业务类型"], row["订单金额（元）"]) for row in rows] == [
        ("交易", "35.00"),
        ("退款", "-15.00"),
    ]
    assert rows[1]["退款批次号/请求号"].strip() == "F1"
    assert rows[0]["商户订单号"].strip() == NUMBER
    assert "#交易合计：1笔，商家实收共35.00元" in text
    assert "合计" in sums
    clock.turn(seconds=31)
    assert (await sandbox.get(link)).status_code == 404
