"""Paying on the phone: a page inside WeChat, the payment sheet, the wallet; a code and Alipay; a parcel on its way."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.async_api import FrameLocator, Page, expect
from playwright.async_api import TimeoutError as NotInTime
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from wechatpayv3 import WeChatPayType

from integrations.sandbox import rsa

from . import test_phone
from .conftest import (
    ALIPAY_APP,
    ALIPAY_SELLER,
    APIV3_KEY,
    APPID,
    KUAIDI_CUSTOMER,
    KUAIDI_KEY,
    MCHID,
    PAY_KEY_ID,
    SERIAL,
    Gateway,
    key_pair,
    listening,
)
from .test_alipay import client as alipay_client
from .test_alipay import later
from .test_phone import last, page, say
from .wechatpay_client import ORDER, client

__all__ = ["page"]
pytestmark = pytest.mark.browser

KEYS = {
    "WECHATPAY_MCHID": MCHID, "WECHATPAY_SERIAL_NO": SERIAL, "WECHATPAY_APIV3_KEY": APIV3_KEY,
    "WECHATPAY_PRIVATE_KEY": key_pair("merchant")[0], "WECHATPAY_PUBLIC_KEY_ID": PAY_KEY_ID,
    "WECHATPAY_PUBLIC_KEY": key_pair("wechatpay")[1], "ALIPAY_APP_ID": ALIPAY_APP,
    "SANDBOX_WECHATPAY_PRIVATE_KEY": key_pair("wechatpay")[0], "ALIPAY_SELLER_ID": ALIPAY_SELLER,
    "ALIPAY_PRIVATE_KEY": key_pair("app")[0], "ALIPAY_PUBLIC_KEY": key_pair("alipay")[1],
    "SANDBOX_ALIPAY_PRIVATE_KEY": key_pair("alipay")[0], "KUAIDI100_CUSTOMER": KUAIDI_CUSTOMER,
    "KUAIDI100_KEY": KUAIDI_KEY,
}  # fmt: skip
PAY_PAGE = """<!doctype html><meta charset="utf-8"><title>付款</title>
<h1 style="font:24px sans-serif">挂号费 ¥35.00</h1>
<button id="pay" style="font:20px sans-serif;padding:12px 40px">微信支付</button><p id="told"></p>
<script src="%(script)s"></script><script>
const tell = (answer) => { document.getElementById("told").textContent = answer.errMsg; };
wx.error(tell);
wx.ready(() => { document.getElementById("pay").onclick = () =>
  wx.chooseWXPay({ ...%(bridge)s, success: tell, cancel: tell, fail: tell }); });
wx.config(%(config)s);
</script>"""


class Shop:
    """A program with one page: it learns who reads it, opens an order and shows the button."""

    def __init__(self) -> None:
        self.sandbox = self.url = ""

    async def __call__(self, request: Request, body: bytes) -> Response:
        if request.url.path == "/p/seen":
            seen = HTMLResponse(f'<p id="seen">{request.cookies.get("seen", "never")}</p>')
            seen.set_cookie("seen", "before", path="/p", httponly=True)
            return seen
        if request.url.path != "/p/pay":
            return await test_phone.program(request, body)
        if "code" not in request.query_params:
            return self._ask_who(request)
        async with httpx.AsyncClient(base_url=f"{self.sandbox}/wechat") as wechat:
            query = {"appid": APPID, "secret": "s", "code": request.query_params["code"]}
            query["grant_type"] = "authorization_code"
            who = (await wechat.get("/sns/oauth2/access_token", params=query)).json()
            config = await self._config(wechat, str(request.url))
        pay = await asyncio.to_thread(client, self.sandbox)
        order = {**ORDER, "notify_url": f"{self.url}/webhooks/wechatpay", "payer": {"openid": who["openid"]}}
        _, answer = await asyncio.to_thread(lambda: pay.pay(**order, pay_type=WeChatPayType.JSAPI))
        bridge = self._bridge(pay, json.loads(answer)["prepay_id"])
        script = f"{self.sandbox}/wechat/open/js/jweixin-1.6.0.js"
        return HTMLResponse(
            PAY_PAGE % {"script": script, "bridge": json.dumps(bridge), "config": json.dumps(config)}
        )

    def _ask_who(self, request: Request) -> Response:
        ask = {
            "appid": APPID, "redirect_uri": str(request.url), "response_type": "code", "scope": "snsapi_base",
            "state": "s",
        }  # fmt: skip
        return Response(
            status_code=302,
            headers={
                "location": f"{self.sandbox}/wechat/open/connect/oauth2/authorize?{urlencode(ask)}#wechat_redirect"
            },
        )

    async def _config(self, wechat: httpx.AsyncClient, url: str) -> dict[str, Any]:
        grant = {"grant_type": "client_credential", "appid": APPID, "secret": "s"}
        token = (await wechat.post("/cgi-bin/stable_token", json=grant)).json()["access_token"]
        query = {"access_token": token, "type": "jsapi"}
        ticket = (await wechat.get("/cgi-bin/ticket/getticket", params=query)).json()["ticket"]
        stamp = int(time.time())
        parts = f"jsapi_ticket={ticket}&noncestr=n&timestamp={stamp}&url={url}"
        signature = hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324
        given = {"appId": APPID, "timestamp": stamp, "nonceStr": "n", "signature": signature}
        return given | {"jsApiList": ["chooseWXPay"]}

    def _bridge(self, pay: Any, prepay_id: str) -> dict[str, str]:
        stamp, package = str(int(time.time())), f"prepay_id={prepay_id}"
        text = f"{APPID}\n{stamp}\nn\n{package}\n".encode()
        signature = rsa.sign(rsa.private_key(key_pair("merchant")[0]), text)
        return {
            "timestamp": stamp,
            "nonceStr": "n",
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    async with listening(Gateway(answer=shop)) as shop.url:
        yield shop


@pytest.fixture
async def address(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    for name, value in (KEYS | {"PUBLIC_URL": shop.url}).items():
        monkeypatch.setitem(os.environ, name, value)
    async with test_phone.running(shop.url) as shop.sandbox:
        yield shop.sandbox


async def open_in_wechat(page: Page, address: str) -> FrameLocator:
    await page.get_by_test_id("follow").click()
    await expect(last(page, "account")).to_contain_text("收到 subscribe")
    await say(page, address)
    await expect(last(page, "account")).to_contain_text(address)
    await last(page, "account").get_by_test_id("link").first.click()
    return page.frame_locator('[data-testid="webview-frame"]')


async def test_a_page_in_wechat_is_paid(page: Page, shop: Shop) -> None:
    frame = await open_in_wechat(page, f"{shop.url}/p/pay?order=1")
    await expect(frame.locator("#pay")).to_be_visible()
    await frame.locator("#pay").click()
    await expect(page.get_by_test_id("sheet-amount")).to_have_text("¥35.00")
    await page.get_by_test_id("sheet-turn-away").click()
    await expect(frame.locator("#told")).to_have_text("chooseWXPay:cancel")
    await frame.locator("#pay").click()
    await page.get_by_test_id("sheet-pay").click()
    await expect(frame.locator("#told")).to_have_text("chooseWXPay:ok")
    await expect(page.get_by_test_id("payment-outcome")).to_contain_text("支付成功")
    await page.get_by_test_id("sheet-done").click()
    await page.get_by_test_id("webview-close").click()
    await page.get_by_test_id("app-wallet").click()
    await expect(page.get_by_test_id("wallet-line")).to_contain_text("-35.00")


async def _open_in_browser(page: Page, url: str) -> None:
    """Once more when the phone of somebody new was just being drawn, and what was typed went with the old one."""
    for _ in range(10):
        await page.get_by_test_id("app-browser").click()
        await page.get_by_test_id("address").fill(url)
        await page.get_by_test_id("address-go").click()
        try:
            await page.get_by_test_id("webview-frame").wait_for(state="visible", timeout=3_000)
        except NotInTime:
            continue
        return
    raise AssertionError(f"{url} does not open")


async def test_another_patient_has_another_phone(page: Page, shop: Shop) -> None:
    for _ in range(2):
        for seen in ("never", "before"):
            await _open_in_browser(page, f"{shop.url}/p/seen")
            frame = page.frame_locator('[data-testid="webview-frame"]')
            await expect(frame.locator("#seen")).to_have_text(seen)
            await page.get_by_test_id("webview-close").click()
        await page.get_by_test_id("new-person").click()
        async with page.expect_response(lambda answer: "known=1" in answer.url):
            await page.get_by_test_id("create-person").click()


async def test_a_code_and_alipay_in_the_browser(page: Page, shop: Shop) -> None:
    pay = await asyncio.to_thread(client, shop.sandbox)
    order = {**ORDER, "notify_url": f"{shop.url}/webhooks/wechatpay"}
    _, native = await asyncio.to_thread(lambda: pay.pay(**order, pay_type=WeChatPayType.NATIVE))
    await page.get_by_test_id("app-wallet").click()
    await page.get_by_test_id("scan-code").fill(json.loads(native)["code_url"])
    await page.get_by_test_id("scan-go").click()
    frame = page.frame_locator('[data-testid="webview-frame"]')
    await frame.get_by_test_id("pay").click()
    await expect(frame.get_by_test_id("said")).to_have_text("支付成功")
    await page.get_by_test_id("webview-close").click()
    query = alipay_client().api_alipay_trade_wap_pay(
        subject="药费", out_trade_no="A2026112200009", total_amount="18.50", time_expire=later()
    )
    await page.get_by_test_id("app-browser").click()
    await page.get_by_test_id("address").fill(f"{shop.sandbox}/alipay/gateway.do?{query}")
    await page.get_by_test_id("address-go").click()
    await frame.get_by_test_id("pay").click()
    await frame.get_by_test_id("pay").click()
    await expect(frame.get_by_test_id("said")).to_contain_text("付款成功")
    await page.get_by_test_id("webview-close").click()
    await page.get_by_test_id("app-wallet").click()
    lines = page.get_by_test_id("wallet-line")
    await expect(lines.nth(0)).to_contain_text("支付宝")
    await expect(lines.nth(1)).to_contain_text("微信支付")


async def test_a_parcel_on_the_phone(page: Page, shop: Shop) -> None:
    phone = await page.get_by_test_id("person-phone").inner_text()
    order = {"number": "SF0123456789", "company": "shunfeng", "phone": phone}
    async with httpx.AsyncClient() as outside:
        await outside.post(f"{shop.sandbox}/inspect/parcels", json=order)
    await page.get_by_test_id("app-parcels").click()
    parcel = page.get_by_test_id("parcel")
    await expect(parcel).to_have_attribute("data-state", "1")
    await parcel.get_by_test_id("step-next").click()
    await expect(parcel).to_have_attribute("data-state", "0")
    await parcel.get_by_test_id("step-2").click()
    await expect(parcel).to_contain_text("联系不上收件人")
