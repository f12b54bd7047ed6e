"""The sandbox in this process, a gateway of our own on loopback, and a clock that tests turn."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.database import utcnow
from integrations.sandbox.app import create_app
from integrations.sandbox.options import Options
from integrations.sandbox.world import World
from integrations.settings import Settings

# Token, key and appid of the platform's own example.
TOKEN = "spamtest"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx2c2769f8efd9abc2"
BOT_TOKEN = "123456:sandbox-token"
MCHID, SERIAL, APIV3_KEY, PAY_KEY_ID = (
    "1900000109",
    "5A" * 20,
    "k" * 32,
    "PUB_KEY_ID_0119000001092026112200001",
)
ALIPAY_APP, ALIPAY_SELLER = "2021000000000001", "2088000000000001"
KUAIDI_CUSTOMER, KUAIDI_KEY, KUAIDI_SALT = "C" * 32, "kuaidi-key", "kuaidi-salt"


@cache
def key_pair(name: str) -> tuple[str, str]:
    """Private and public key of "merchant", "wechatpay", "app", "alipay" as the settings hold them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = serialization.Encoding.DER
    private = key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


@dataclass
class Clock:
    """The real time, moved forward by `turn`, or standing still after `stop`."""

    offset: timedelta = timedelta()
    stopped: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stopped or utcnow()) + self.offset

    def stop(self) -> None:
        self.stopped = utcnow()

    def turn(self, **length: float) -> None:
        self.offset += timedelta(**length)


@dataclass
class Gateway:
    """Plays the program: keeps the requests (with their bodies) and answers with `answer`."""

    url: str = ""
    requests: list[tuple[Request, bytes]] = field(default_factory=list)
    answer: Callable[[Request, bytes], Awaitable[Response]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.requests.append((request, body))
        response = await self.answer(request, body) if self.answer else Response("success")
        await response(scope, receive, send)


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """A real server on a free loopback port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[free]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        await task


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        _env_file=None, wechat_appid=APPID, wechat_secret="wechat-secret", wechat_token=TOKEN,
        wechat_aes_key=AES_KEY, telegram_token=BOT_TOKEN, telegram_webhook_secret="hook-secret",
        sms_secret_id="sms-id", sms_secret_key="sms-key", sms_app_id="1400006666", sms_sign_name="仁和医院",
        sms_template_code="1110", sms_consent_template_code="1120",
        identity_secret_id="id-id", identity_secret_key="id-key",
        wechatpay_mchid=MCHID, wechatpay_serial_no=SERIAL, wechatpay_private_key=key_pair("merchant")[0],
        wechatpay_apiv3_key=APIV3_KEY, wechatpay_public_key_id=PAY_KEY_ID,
        wechatpay_public_key=key_pair("wechatpay")[1],
        alipay_app_id=ALIPAY_APP, alipay_seller_id=ALIPAY_SELLER, alipay_private_key=key_pair("app")[0],
        alipay_public_key=key_pair("alipay")[1],
        kuaidi100_customer=KUAIDI_CUSTOMER, kuaidi100_key=KUAIDI_KEY, kuaidi100_salt=KUAIDI_SALT,
    )  # fmt: skip


@pytest.fixture
def gateway() -> Gateway:
    return Gateway("http://localhost")


@pytest.fixture
def answer_seconds() -> float:
    """How long platforms wait for an answer: here none is cut because the machine stands still. Tests of what is cut
    parametrize it."""
    return 90


@pytest.fixture
def options(gateway: Gateway, answer_seconds: float) -> Options:
    return Options(
        gateway=gateway.url, own="http://sandbox", wechat_answer_seconds=answer_seconds, wechat_send_seconds=0,
        telegram_answer_seconds=answer_seconds,
        telegram_retry_pause=0.05,
        wechatpay_private_key=key_pair("wechatpay")[0], wechatpay_notify_scale=0.001,
        alipay_private_key=key_pair("alipay")[0], alipay_notify_scale=0.0001, alipay_answer_seconds=answer_seconds,
        kuaidi100_push_scale=0.0001, kuaidi100_answer_seconds=answer_seconds,
        wechatpay_refund_seconds=0.05, wechatpay_answer_seconds=answer_seconds,
    )  # fmt: skip


@pytest.fixture
async def sandbox(
    settings: Settings, options: Options, clock: Clock, gateway: Gateway
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sandbox; `sandbox.world` and `sandbox.app` are what it talks to."""
    program = httpx.AsyncClient(transport=httpx.ASGITransport(gateway))
    app = create_app(settings, options, clock=clock, http=program, phone=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as client:
        client.world = app.state.world
        client.app = app
        yield client
    await app.state.world.close()


@pytest.fixture
def world(sandbox: httpx.AsyncClient) -> World:
    return sandbox.world


@pytest.fixture
async def base(sandbox: httpx.AsyncClient) -> AsyncIterator[str]:
    """The sandbox behind a real port, for clients that bring their own HTTP."""
    async with listening(sandbox.app) as url:
        yield url


@pytest.fixture
async def openid(sandbox: httpx.AsyncClient) -> str:
    return (await sandbox.post("/inspect/wechat/users", json={"follow": False})).json()["openid"]
