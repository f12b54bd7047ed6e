"""The phone in a real browser: what a patient taps reaches the program, and what it says is seen, in every tab."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import xmltodict
from playwright.async_api import Locator, Page, async_playwright, expect
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from wechatpy.crypto import WeChatCrypto

from bot.launching.starting import free_ports
from integrations.settings import ROOT

from .conftest import AES_KEY, APPID, BOT_TOKEN, TOKEN, Gateway, listening

pytestmark = pytest.mark.browser
PATIENCE = 90_000  # milliseconds: a busy machine is no fault of the phone

crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
SECRETS = {
    "WECHAT_APPID": APPID, "WECHAT_SECRET": "s", "WECHAT_TOKEN": TOKEN, "WECHAT_AES_KEY": AES_KEY,
    "TELEGRAM_TOKEN": BOT_TOKEN, "TELEGRAM_WEBHOOK_SECRET": "hook", "TELEGRAM_STAFF_GROUP_ID": "-1001234567890",
}  # fmt: skip


async def program(request: Request, body: bytes) -> Response:
    """A program that repeats what it hears, and offers a button in Telegram."""
    if request.url.path == "/webhooks/wechat":
        return wechat_echo(request, body)
    update = json.loads(body)
    if "callback_query" in update:
        answer = {
            "method": "answerCallbackQuery",
            "callback_query_id": update["callback_query"]["id"],
            "text": "好的",
        }
        return JSONResponse(answer)
    chat_id = update["message"]["chat"]["id"]
    markup = {"inline_keyboard": [[{"text": "确认", "callback_data": "yes"}]]}
    text = f"收到 {update['message'].get('text', '一条消息')}"
    return JSONResponse({"method": "sendMessage", "chat_id": chat_id, "text": text, "reply_markup": markup})


def wechat_echo(request: Request, body: bytes) -> Response:
    query = request.query_params
    plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    message = xmltodict.parse(plain)["xml"]
    text = message.get("Content") or message.get("EventKey") or message.get("Event") or message["MsgType"]
    if text == "坏":
        return Response("oops")
    fields = {
        "ToUserName": message["FromUserName"], "FromUserName": message["ToUserName"],
        "CreateTime": str(int(time.time())), "MsgType": "text", "Content": f"收到 {text} http://127.0.0.1:1/page",
    }  # fmt: skip
    xml = xmltodict.unparse({"xml": fields}, full_document=False)
    return Response(crypto.encrypt_message(xml, "nonce", str(int(time.time()))))


@asynccontextmanager
async def running(gateway: str) -> AsyncIterator[str]:
    """The sandbox as a process, as it is started for real."""
    port = free_ports()
    environment = os.environ | SECRETS | {"SANDBOX_PORT": str(port), "SANDBOX_GATEWAY": gateway}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integrations.sandbox", cwd=ROOT, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    await alive(url)
    yield url
    process.terminate()
    await asyncio.wait_for(process.wait(), 90)


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with listening(Gateway(answer=program)) as gateway, running(gateway) as url:
        yield url


async def alive(url: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(300):
        while True:
            try:
                await client.get(f"{url}/health/live")
            except httpx.ConnectError:
                await asyncio.sleep(0.2)
            else:
                return


@pytest.fixture
async def page(address: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium")
        if chromium is None and not await asyncio.to_thread(Path(playwright.chromium.executable_path).exists):
            pytest.fail("no Chromium here: make test installs it")
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        await page.goto(address)
        yield page
        await browser.close()


def last(page: Page, side: str) -> Locator:
    return page.locator(f'[data-testid="message"][data-side="{side}"]').last


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("message-input").fill(text)
    await page.get_by_test_id("send").click()


async def test_wechat_on_the_phone(page: Page) -> None:
    outside: list[str] = []
    page.on(
        "request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None
    )
    await page.get_by_test_id("follow").click()
    await expect(last(page, "account")).to_contain_text("收到 subscribe")
    await say(page, "我想挂号")
    await expect(last(page, "account")).to_contain_text("收到 我想挂号")

    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(last(other, "account")).to_contain_text("收到 我想挂号")
    await say(other, "第二扇窗")
    await expect(last(page, "account")).to_contain_text("收到 第二扇窗")

    await say(page, "坏")
    await expect(page.get_by_test_id("notice").last).to_contain_text("该公众号提供的服务出现故障")
    await expect(last(page, "patient")).to_have_attribute("data-state", "failed")
    await page.get_by_test_id("plus").click()
    await page.get_by_test_id("send-picture").click()
    await expect(last(page, "account")).to_contain_text("收到 image")
    await page.get_by_test_id("link").last.click()
    await expect(page.get_by_test_id("webview-frame")).to_have_attribute("src", "http://127.0.0.1:1/page")
    await page.get_by_test_id("webview-close").click()
    await page.reload()
    await expect(last(page, "account")).to_contain_text("收到 image")
    assert outside == []


async def test_telegram_on_the_phone(page: Page) -> None:
    await page.get_by_test_id("app-telegram").click()
    await page.get_by_test_id("start").click()
    await expect(last(page, "account")).to_contain_text("收到 /start")
    await say(page, "我想挂号")
    await expect(last(page, "account")).to_contain_text("收到 我想挂号")
    await page.get_by_test_id("inline-button").last.click()
    await expect(page.get_by_test_id("toast")).to_contain_text("好的")


async def test_the_staff_s_group_on_the_phone(page: Page, address: str) -> None:
    async with httpx.AsyncClient(base_url=f"{address}/telegram/bot{BOT_TOKEN}") as program:
        for name in ("*静", "*明"):
            await program.post("/createForumTopic", json={"chat_id": -1001234567890, "name": name})
    await page.get_by_test_id("app-group").click()
    await page.get_by_test_id("topic").filter(has_text="*静").click()
    await say(page, "/take")
    await expect(last(page, "patient")).to_contain_text("*静")
    await expect(last(page, "account")).to_contain_text("收到 /take")
    await expect(last(page, "account")).to_contain_text("General")
    await page.get_by_test_id("plus").click()
    await page.get_by_test_id("send-picture").click()
    await expect(last(page, "account")).to_contain_text("收到 一条消息")


async def test_people_have_phones_of_their_own(page: Page) -> None:
    await page.get_by_test_id("follow").click()
    await expect(last(page, "account")).to_contain_text("收到")
    await page.get_by_test_id("new-person").click()
    await page.get_by_test_id("new-name").fill("欧阳静")
    await page.get_by_test_id("create-person").click()
    await expect(page.get_by_test_id("person-name")).to_have_text("欧阳静")
    await expect(page.get_by_test_id("follow")).to_be_visible()
    await page.get_by_test_id("person-p1").click()
    await expect(last(page, "account")).to_contain_text("收到")
    await page.get_by_test_id("fill-phone").click()
    await expect(page.get_by_test_id("message-input")).to_have_value("13800130001")
