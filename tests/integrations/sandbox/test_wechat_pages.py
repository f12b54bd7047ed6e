"""A page inside WeChat: who reads it (web authorisation), and the payment that it asks for."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from integrations.sandbox import rsa
from integrations.sandbox.world import World

from .conftest import APPID, Clock, key_pair
from .wechatpay_client import ORDER, Call, call, open_order

__all__ = ["call"]

ASK = {
    "appid": APPID, "redirect_uri": "http://127.0.0.1:8000/p/pay/token?step=2", "response_type": "code",
    "scope": "snsapi_base", "state": "bound-to-the-order",
}  # fmt: skip
TOKEN = {"appid": APPID, "secret": "wechat-secret", "grant_type": "authorization_code"}


async def authorize(sandbox: httpx.AsyncClient, openid: str, **changes: str) -> httpx.Response:
    headers = {"X-Sandbox-Openid": openid} if openid else {}
    return await sandbox.get("/wechat/open/connect/oauth2/authorize", params=ASK | changes, headers=headers)


async def exchange(sandbox: httpx.AsyncClient, code: str, **changes: str) -> dict[str, Any]:
    answer = await sandbox.get("/wechat/sns/oauth2/access_token", params=TOKEN | {"code": code} | changes)
    return answer.json()


async def fresh_code(sandbox: httpx.AsyncClient, openid: str) -> str:
    back = (await authorize(sandbox, openid)).headers["location"]
    return parse_qs(urlsplit(back).query)["code"][0]


async def test_the_page_learns_who_reads_it(sandbox: httpx.AsyncClient, openid: str) -> None:
    answer = await authorize(sandbox, openid)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    query = parse_qs(back.query)
    assert (back.path, query["step"], query["state"]) == ("/p/pay/token", ["2"], ["bound-to-the-order"])
    told = await exchange(sandbox, query["code"][0])
    assert (told["openid"], told["scope"]) == (openid, "snsapi_base")


async def test_a_code_is_good_once_and_for_five_minutes(
    sandbox: httpx.AsyncClient, openid: str, clock: Clock
) -> None:
    code = await fresh_code(sandbox, openid)
    assert (await exchange(sandbox, code, secret="wrong"))["errcode"] == 40125
    assert (await exchange(sandbox, code))["openid"] == openid
    assert (await exchange(sandbox, code))["errcode"] == 40163
    late = await fresh_code(sandbox, openid)
    clock.turn(minutes=5)
    assert (await exchange(sandbox, late))["errcode"] == 42003
    assert (await exchange(sandbox, "made-up"))["errcode"] == 40029


REFUSED = [
    ({"appid": "wx0"}, "10012"),
    ({"redirect_uri": "https://elsewhere.example/p"}, "10003"),
    ({"scope": "all"}, "10005"),
    ({"response_type": "token"}, "response_type"),
    ({"state": "s" * 129}, "state"),
]


async def test_wechat_shows_what_is_wrong(sandbox: httpx.AsyncClient, openid: str) -> None:
    for changes, said in REFUSED:
        answer = await authorize(sandbox, openid, **changes)
        assert answer.status_code == 200
        assert said in answer.text


async def test_outside_of_wechat_nobody_is_known(sandbox: httpx.AsyncClient) -> None:
    for nobody in ("", "o-of-nobody"):
        answer = await authorize(sandbox, nobody)
        assert answer.status_code == 200
        assert "请在微信客户端打开链接" in answer.text


def signed(openid: str, prepay_id: str, key: str = "merchant", **changes: str) -> dict[str, str]:
    """What a page hands to the bridge."""
    stamp, package = str(int(time.time())), f"prepay_id={prepay_id}"
    text = f"{APPID}\n{stamp}\nnonce\n{package}\n"
    signature = rsa.sign(rsa.private_key(key_pair(key)[0]), text.encode())
    given = {"appId": APPID, "timeStamp": stamp, "nonceStr": "nonce", "package": package, "signType": "RSA"}
    return {"openid": openid, **given, "paySign": signature} | changes


async def ask(sandbox: httpx.AsyncClient, given: dict[str, str]) -> dict[str, str]:
    return (await sandbox.post("/wechat/open/pay", json=given)).json()


async def sheet(sandbox: httpx.AsyncClient) -> dict[str, Any]:
    async with asyncio.timeout(90):
        while True:
            if shown := (await sandbox.get("/inspect/pay/sheets")).json():
                return shown[0]
            await asyncio.sleep(0.01)


async def test_the_sheet_is_paid_or_closed(sandbox: httpx.AsyncClient, call: Call, openid: str) -> None:
    prepay_id = (await open_order(call, openid))[1]["prepay_id"]
    for accept, heard in ((False, "cancel"), (True, "ok")):
        asking = asyncio.create_task(ask(sandbox, signed(openid, prepay_id)))
        shown = await sheet(sandbox)
        assert (shown["openid"], shown["amount"]["total"], shown["description"]) == (openid, 3500, "挂号费")
        await sandbox.post("/inspect/pay/sheets", json={"openid": openid, "accept": accept})
        assert await asking == {"result": heard}
        assert not (await sandbox.get("/inspect/pay/sheets")).json()
    assert (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]["trade_state"] == "SUCCESS"
    again = await ask(sandbox, signed(openid, prepay_id))
    assert again["result"] == "fail"
    assert "已支付" in again["reason"]


async def test_paying_elsewhere_closes_the_sheet(sandbox: httpx.AsyncClient, call: Call, openid: str) -> None:
    prepay_id = (await open_order(call, openid))[1]["prepay_id"]
    asking = asyncio.create_task(ask(sandbox, signed(openid, prepay_id)))
    await sheet(sandbox)
    await sandbox.post("/inspect/pay", json={"out_trade_no": ORDER["out_trade_no"]})
    assert await asking == {"result": "ok"}


async def test_what_the_bridge_refuses(
    sandbox: httpx.AsyncClient, call: Call, openid: str, world: World
) -> None:
    prepay_id = (await open_order(call, openid))[1]["prepay_id"]
    other = world.wechat.user(world.people.make()).openid
    refused = [
        (signed(openid, prepay_id, "somebody else"), "签名"),
        (signed(openid, prepay_id, signType="MD5"), "RSA"),
        (signed(openid, "wx-made-up"), "会话"),
        (signed(other, prepay_id), "账号不一致"),
        (signed(openid, prepay_id, appId="wx0"), "appid"),
    ]
    for given, reason in refused:
        answer = await ask(sandbox, given)
        assert answer["result"] == "fail"
        assert reason in answer["reason"]


async def test_a_session_lives_for_two_hours(
    sandbox: httpx.AsyncClient, call: Call, openid: str, clock: Clock
) -> None:
    prepay_id = (await open_order(call, openid))[1]["prepay_id"]
    clock.turn(hours=2)
    assert (await ask(sandbox, signed(openid, prepay_id)))["result"] == "fail"
