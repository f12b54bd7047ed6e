"""Whoever hears goes on hearing, whatever ends it; and what was said meanwhile is looked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import text

from bot.listening import Listener, said_on
from bot.wake import named
from tests.waiting import until


@pytest.fixture(autouse=True)
def no_pause(monkeypatch) -> None:
    monkeypatch.setattr("bot.listening._PAUSE", 0.01)


class Radio:
    """A source of news. `fail` holds errors to raise, one each time somebody begins to hear."""

    def __init__(self, *fail: Exception) -> None:
        self.fail = list(fail)
        self.news: asyncio.Queue[str | Exception] = asyncio.Queue()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncIterator[str]]:
        if self.fail:
            raise self.fail.pop(0)
        yield self._said()

    async def _said(self) -> AsyncIterator[str]:
        while True:
            said = await self.news.get()
            if isinstance(said, Exception):
                raise said
            yield said


async def test_what_is_said_on_redis_is_heard(rt):
    heard: list[str] = []
    listener = Listener("x", partial(said_on, rt.redis, "test-channel"), heard.append)
    async with listener.at_work():
        await until(lambda: listener.hears)
        async with asyncio.timeout(90):
            while not heard:
                await rt.redis.publish("test-channel", "you")
                await asyncio.sleep(0.02)
    assert set(heard) == {"you"}
    assert not listener.hears


async def test_what_postgres_says_is_heard(rt):
    heard: list[str] = []
    listener = Listener("x", partial(rt.database.hearing, "test_channel"), heard.append)
    async with listener.at_work():
        await until(lambda: listener.hears)
        async with rt.database.begin() as session:
            await session.execute(text("SELECT pg_notify('test_channel', 'you')"))
        await until(lambda: heard)
    assert heard == ["you"]


@pytest.mark.parametrize("failure", [RedisGone("gone"), OSError("gone"), RuntimeError("unforeseen")])
async def test_whatever_ends_it_it_begins_anew_and_looks_for_what_it_missed(failure):
    radio, heard, looked = Radio(failure), [], []

    async def look() -> None:
        looked.append(len(heard))

    listener = Listener("x", radio, heard.append, look)
    async with listener.at_work():
        await until(lambda: listener.hears)
        assert looked, "nobody knows what was said before"
        radio.news.put_nowait("one")
        await until(lambda: heard == ["one"])
        looked.clear()
        radio.news.put_nowait(failure)
        await until(lambda: looked and listener.hears)
        radio.news.put_nowait("two")
        await until(lambda: heard == ["one", "two"])


async def test_while_nothing_is_heard_it_looks_again_and_again_even_when_looking_fails():
    looked: list[int] = []

    async def look() -> None:
        looked.append(1)
        if len(looked) == 2:
            raise OSError("the database as well")

    listener = Listener("x", Radio(*[RedisGone("gone")] * 100), lambda _: None, look)
    async with listener.at_work():
        await until(lambda: len(looked) > 3)
        assert not listener.hears


async def test_what_cannot_be_read_does_not_end_the_hearing():
    radio, heard = Radio(), []

    def hear(said: str) -> None:
        heard.append(int(said))

    async with Listener("x", radio, hear).at_work():
        for said in ("1", "junk", "2"):
            radio.news.put_nowait(said)
        await until(lambda: heard == [1, 2])


def test_news_that_name_nothing_are_nobody_s():
    assert named("junk") == []
