"""WeChat Pay outside of WeChat: the page for browsers and the code that a phone scans."""

from __future__ import annotations

from typing import Any

import httpx
from wechatpayv3 import WeChatPayType

from integrations.sandbox.world import World

from .conftest import Clock
from .wechatpay_client import ORDER, Call, call

__all__ = ["call"]

SCENE = {"payer_client_ip": "10.0.0.1", "h5_info": {"type": "Wap"}}


async def pay(sandbox: httpx.AsyncClient, session: str, person: str, **more: str) -> httpx.Response:
    return await sandbox.post(
        "/wechatpay/cashier", data={"session": session, "do": "pay", "person": person, **more}
    )


async def trade(call: Call) -> dict[str, Any]:
    return (await call("query", out_trade_no=ORDER["out_trade_no"]))[1]


async def test_a_code_is_scanned(sandbox: httpx.AsyncClient, call: Call, world: World) -> None:
    person = world.people.make("周雨桐")
    _, native = await call("pay", **ORDER, pay_type=WeChatPayType.NATIVE)
    assert "扫一扫" in (await sandbox.get("/wechatpay/scan")).text
    page = await sandbox.get("/wechatpay/scan", params={"code": native["code_url"]})
    assert "¥35.00" in page.text
    assert "周雨桐" in page.text
    session = native["code_url"].partition("pr=")[2]
    assert "支付成功" in (await pay(sandbox, session, person.key)).text
    found = await trade(call)
    assert (found["trade_state"], found["trade_type"]) == ("SUCCESS", "NATIVE")
    assert found["payer"]["openid"] == world.wechat.user(person).openid
    assert "已支付" in (await sandbox.get("/wechatpay/scan", params={"code": native["code_url"]})).text


async def test_a_browser_pays_and_goes_back(sandbox: httpx.AsyncClient, call: Call, clock: Clock) -> None:
    _, h5 = await call("pay", **ORDER, pay_type=WeChatPayType.H5, scene_info=SCENE)
    page = await sandbox.get(f"{h5['h5_url']}&redirect_url=http%3A%2F%2Flocalhost%2Fback")
    assert 'value="http://localhost/back"' in page.text
    session = h5["h5_url"].partition("prepay_id=")[2].partition("&")[0]
    left = {"session": session, "do": "cancel", "redirect_url": "http://localhost/back"}
    assert (await sandbox.post("/wechatpay/cashier", data=left)).headers[
        "location"
    ] == "http://localhost/back"
    assert (await trade(call))["trade_state"] == "NOTPAY"
    answer = await pay(sandbox, session, "", redirect_url="http://localhost/back")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://localhost/back")
    assert (await trade(call))["trade_type"] == "MWEB"


async def test_a_browsers_link_lives_five_minutes(
    sandbox: httpx.AsyncClient, call: Call, clock: Clock
) -> None:
    _, h5 = await call("pay", **ORDER, pay_type=WeChatPayType.H5, scene_info=SCENE)
    clock.turn(minutes=5)
    assert "已失效" in (await sandbox.get(h5["h5_url"])).text
