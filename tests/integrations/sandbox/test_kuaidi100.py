"""Kuaidi100: questions with their signature and their pause, subscriptions, and signed news until it is taken."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.waiting import until

from .conftest import KUAIDI_CUSTOMER, KUAIDI_KEY, KUAIDI_SALT, Clock, Gateway, Response

CALLBACK = "http://localhost/webhooks/kuaidi100"
TAKEN = {"result": True, "returnCode": "200", "message": "成功"}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324


async def query(sandbox: httpx.AsyncClient, com: str, num: str, **more: Any) -> dict[str, Any]:
    param = json.dumps({"com": com, "num": num, **more})
    form = {"customer": KUAIDI_CUSTOMER, "sign": md5(param + KUAIDI_KEY + KUAIDI_CUSTOMER), "param": param}
    return (await sandbox.post("/kuaidi100/poll/query.do", data=form)).json()


async def subscribe(
    sandbox: httpx.AsyncClient, com: str, num: str, key: str = KUAIDI_KEY, **more: Any
) -> str:
    extra = {"callbackurl": CALLBACK, "salt": KUAIDI_SALT, "resultv2": "1", **more}
    param = json.dumps({"company": com, "number": num, "key": key, "parameters": extra})
    answer = await sandbox.post("/kuaidi100/poll", data={"schema": "json", "param": param})
    return str(answer.json()["returnCode"])


async def scan(sandbox: httpx.AsyncClient, num: str, **more: Any) -> httpx.Response:
    return await sandbox.post("/inspect/parcels", json={"number": num, **more})


def news(gateway: Gateway) -> list[dict[str, Any]]:
    """What was pushed, its signature checked."""
    told = [{k: v[0] for k, v in parse_qs(body.decode()).items()} for _, body in gateway.requests]
    for one in told:
        assert one["sign"] == md5(one["param"] + KUAIDI_SALT)
    return [json.loads(one["param"]) for one in told]


async def test_a_parcel_is_asked_for_once_in_half_an_hour(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    first = await query(sandbox, "yuantong", "YT0123456789")
    assert (first["status"], first["state"], len(first["data"])) == ("200", "1", 1)
    again = await query(sandbox, "yuantong", "YT0123456789")
    assert (again["result"], again["returnCode"]) == (False, "502")
    assert (await query(sandbox, "yuantong", "YT9876543210"))["status"] == "200"
    await scan(sandbox, "YT0123456789")
    clock.turn(minutes=30)
    later = await query(sandbox, "yuantong", "YT0123456789", resultv2="1")
    assert (later["state"], [one["status"] for one in later["data"]]) == ("0", ["在途", "揽收"])
    clock.turn(minutes=30)
    finer = await query(sandbox, "yuantong", "YT0123456789", resultv2="4", order="asc")
    assert (finer["state"], [one["statusCode"] for one in finer["data"]]) == ("1002", ["103", "1002"])


async def test_who_asks_wrongly_is_refused(sandbox: httpx.AsyncClient) -> None:
    param = json.dumps({"com": "yuantong", "num": "YT0123456789"})
    for sign in (md5(param + KUAIDI_KEY), md5(param + KUAIDI_KEY + KUAIDI_CUSTOMER).lower()):
        form = {"customer": KUAIDI_CUSTOMER, "sign": sign, "param": param}
        assert (await sandbox.post("/kuaidi100/poll/query.do", data=form)).json()["returnCode"] == "503"
    assert (await query(sandbox, "nobody", "YT0123456789"))["returnCode"] == "400"
    assert (await query(sandbox, "yuantong", "圆通"))["returnCode"] == "400"
    assert (await query(sandbox, "yuantong", "0000123456"))["returnCode"] == "500"


@pytest.mark.parametrize("company", ["shunfeng", "zhongtong"])
async def test_some_want_the_phone(company: str, sandbox: httpx.AsyncClient) -> None:
    await scan(sandbox, "SF0123456789", company=company, phone="13800130001")
    assert (await query(sandbox, company, "SF0123456789"))["returnCode"] == "408"
    assert (await query(sandbox, company, "SF0123456789", phone="13800139999"))["returnCode"] == "408"
    assert (await query(sandbox, company, "SF0123456789", phone="0001"))["status"] == "200"
    assert await subscribe(sandbox, company, "SF0123456789") == "700"


async def test_news_comes_until_it_is_signed_for(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    async def taken(request: object, body: bytes) -> Response:
        return Response(json.dumps(TAKEN))

    gateway.answer = taken
    assert await subscribe(sandbox, "yuantong", "YT0123456789") == "200"
    assert await subscribe(sandbox, "yuantong", "YT0123456789") == "501"
    for number in range(4):
        await until(lambda number=number: len(gateway.requests) == number + 1)
        assert (await scan(sandbox, "YT0123456789")).status_code == 200
    await until(lambda: len(gateway.requests) == 5)
    assert (await scan(sandbox, "YT0123456789")).status_code == 409
    told = news(gateway)
    assert [one["lastResult"]["state"] for one in told] == ["1", "0", "0", "5", "3"]
    assert [one["status"] for one in told] == ["polling"] * 4 + ["shutdown"]
    assert told[-1]["lastResult"]["ischeck"] == "1"
    assert len(told[-1]["lastResult"]["data"]) == 5


async def test_news_is_repeated_until_it_is_taken(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    answers = iter(["", '{"result": true}', json.dumps(TAKEN)])

    async def answer(request: object, body: bytes) -> Response:
        return Response(next(answers))

    gateway.answer = answer
    await subscribe(sandbox, "yuantong", "YT0123456789")
    await until(lambda: len(gateway.requests) == 3)
    await asyncio.sleep(0.5)
    assert len(gateway.requests) == 3
    shown = (await sandbox.get("/inspect/parcels", params={"number": "YT0123456789"})).json()
    assert [push["taken"] for push in shown[0]["pushes"]] == [True]


async def test_problems_on_the_way(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    await subscribe(sandbox, "jd", "JD0123456789")
    for state in ("2", "14", "6", "4"):
        assert (await scan(sandbox, "JD0123456789", state=state)).json()["state"] == state
    assert (await scan(sandbox, "JD0123456789", state="9")).status_code == 422
    assert (await scan(sandbox, "unknown-123")).status_code == 404
    forged = await scan(sandbox, "JD0123456789", forged=True)
    assert forged.json()["answer"]["attempts"][0]["status"] == 200
    last = parse_qs(gateway.requests[-1][1].decode())
    assert last["sign"][0] != md5(last["param"][0] + KUAIDI_SALT)


async def test_a_parcel_travels_by_itself(sandbox: httpx.AsyncClient) -> None:
    await scan(sandbox, "YD0123456789", company="yunda", every_s=0.01)

    async def arrived() -> bool:
        return bool((await sandbox.get("/inspect/parcels")).json()[0]["state"] == "3")

    async with asyncio.timeout(90):
        while not await arrived():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_subscriptions_that_are_refused(sandbox: httpx.AsyncClient) -> None:
    assert await subscribe(sandbox, "yuantong", "YT0123456789", key="other") == "600"
    assert await subscribe(sandbox, "nobody", "YT0123456789") == "700"
    assert await subscribe(sandbox, "yuantong", "YT0123456789", callbackurl="") == "700"


async def test_faults(sandbox: httpx.AsyncClient) -> None:
    await sandbox.post("/inspect/faults", json={"platform": "kuaidi100", "code": "601", "count": 1})
    assert (await query(sandbox, "yuantong", "YT0123456789"))["returnCode"] == "601"
    await sandbox.post(
        "/inspect/faults", json={"platform": "kuaidi100", "operation": "query", "code": 502, "count": 1}
    )
    answer = await sandbox.post("/kuaidi100/poll/query.do", data={})
    assert answer.status_code == 502
