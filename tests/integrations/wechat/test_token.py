"""The shared access token, against a real Valkey and against none."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import closing

import anyio
import httpx
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.launching.starting import free_ports
from integrations.channel import Rejected, Unavailable
from integrations.messages import MessageOut
from integrations.wechat.token import AccessToken
from tests.contracts.platforms import OPENID, WeChat

HELLO = MessageOut("wechat", OPENID, "您好")


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey)
    await client.delete("wechat:token:wx")
    yield client
    await client.aclose()


@pytest.fixture
async def gone() -> AsyncIterator[Redis]:
    client = Redis(port=free_ports(), socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    yield client
    await client.aclose()


class StableToken:
    """WeChat's rule: everyone gets the same token until somebody forces another."""

    def __init__(self) -> None:
        self.number = 1
        self.calls: list[bool] = []

    async def __call__(self, force: bool) -> tuple[str, int]:
        self.calls.append(force)
        await anyio.sleep(0.02)
        self.number += force
        return f"T{self.number}", 7200


async def test_processes_share_one_token_and_one_refresh(redis: Redis) -> None:
    wechat = StableToken()
    processes = [AccessToken("wechat:token:wx", redis, wechat) for _ in range(5)]
    tokens: list[str] = []

    async def use(process: AccessToken) -> None:
        tokens.append(await process.get())

    async with anyio.create_task_group() as tasks:
        for process in processes * 4:
            tasks.start_soon(use, process)
    assert tokens == ["T1"] * 20
    assert wechat.calls == [False]
    assert 6000 < await redis.ttl("wechat:token:wx") <= 6900  # gone before WeChat's own end
    assert await redis.keys("*:lock") == []


async def test_a_refused_token_is_renewed_once_for_all(redis: Redis) -> None:
    wechat = StableToken()
    processes = [AccessToken("wechat:token:wx", redis, wechat) for _ in range(5)]
    await processes[0].get()
    renewed: list[str] = []

    async def renew(process: AccessToken) -> None:
        renewed.append(await process.renew(stale="T1"))

    async with anyio.create_task_group() as tasks:
        for process in processes:
            tasks.start_soon(renew, process)
    assert renewed == ["T2"] * 5
    assert wechat.calls == [False, False, True]  # first, then asked again, then forced, once


async def test_without_redis_each_process_keeps_its_own_copy(gone: Redis) -> None:
    wechat = StableToken()
    for token in (AccessToken("wechat:token:wx", gone, wechat), AccessToken("wx", None, wechat)):
        with anyio.fail_after(8):
            assert [await token.get(), await token.get()] == ["T1", "T1"]
    assert wechat.calls == [False, False]


async def test_a_redis_that_hangs_delays_but_does_not_stop() -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        silent = Redis(port=listener.getsockname()[1])
        token = AccessToken("wechat:token:wx", silent, StableToken())
        with anyio.fail_after(5):
            assert await token.get() == "T1"
        await silent.aclose()


async def test_a_message_is_sent_again_with_a_fresh_token() -> None:
    wechat = WeChat()
    wechat.answers.queue = [{"errcode": 40001, "errmsg": "invalid credential"}]
    await wechat.channel.send(HELLO)
    assert [request.url.params["access_token"] for request in wechat.answers.requests] == ["T1", "T2"]
    assert [request["force_refresh"] for request in wechat.token_requests] == [False, False]
    assert wechat.token_requests[0] == {
        "grant_type": "client_credential",
        "appid": "wx2c2769f8efd9abc2",
        "secret": "wechat-secret",
        "force_refresh": False,
    }


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_error_that_persists_ends_after_one_refresh(code: int) -> None:
    wechat = WeChat()
    wechat.answers.queue = [{"errcode": code, "errmsg": "no"}] * 5
    with pytest.raises(Unavailable):
        await wechat.channel.send(HELLO)
    assert len(wechat.answers.requests) == 2
    assert len(wechat.token_requests) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 40164, "errmsg": "invalid ip, not in whitelist"}, Rejected),
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, Rejected),
        ({"errcode": -1, "errmsg": "system error"}, Unavailable),
        ({"hello": "world"}, Unavailable),
        (httpx.Response(200, text="<html>"), Unavailable),
        (httpx.ReadTimeout("slow"), Unavailable),  # asking for a token is no message: nothing is unknown
    ],
)
async def test_without_a_token_nothing_was_sent(answer: object, error: type[Exception]) -> None:
    wechat = WeChat()
    wechat.token_answers = [answer]  # type: ignore[list-item]
    with pytest.raises(error):
        await wechat.channel.send(HELLO)
    assert wechat.answers.requests == []
