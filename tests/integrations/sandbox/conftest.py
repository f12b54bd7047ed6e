"""The sandbox in this process, a gateway of our own on loopback, and a clock that tests turn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest
import uvicorn
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
    )  # fmt: skip


@pytest.fixture
def gateway() -> Gateway:
    return Gateway("http://localhost")


@pytest.fixture
def options(gateway: Gateway) -> Options:
    return Options(
        gateway=gateway.url, own="http://sandbox", wechat_answer_seconds=0.3, wechat_send_seconds=0,
        telegram_answer_seconds=0.5,
        telegram_retry_pause=0.05,
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
