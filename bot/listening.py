"""Hearing what other processes say, for as long as this one runs: on a channel of Redis, or of Postgres."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psycopg
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

_PAUSE = 1.0  # seconds until it is tried again
_NO_WORD = 30  # seconds for which one look at a channel waits
_AWAY = (RedisError, SQLAlchemyError, psycopg.Error, OSError)

Source = Callable[[], AbstractAsyncContextManager[AsyncIterator[str]]]


@asynccontextmanager
async def said_on(redis: Redis, channel: str) -> AsyncIterator[AsyncIterator[str]]:
    """What is published from now on. Raises RedisError, OSError."""
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(channel)
        yield _messages(pubsub)


async def _messages(pubsub: PubSub) -> AsyncIterator[str]:
    while True:
        if message := await pubsub.get_message(timeout=_NO_WORD):
            yield message["data"].decode()


class Listener:
    """Hears one source, and goes on when that fails, whatever the reason. What is said while nobody hears is lost: so
    `look` is awaited whenever hearing begins, and again and again until it does.

    `hear` takes what was said, and returns at once. `what` names it in the log.
    """

    def __init__(
        self,
        what: str,
        source: Source,
        hear: Callable[[str], None],
        look: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._what = what
        self._source = source
        self._hear = hear
        self._look = look
        self.hears = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Listener]:
        task = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self._safely(self._listen)
            if self._look:
                await self._safely(self._look)
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        async with self._source() as news:
            if self._look:
                await self._look()
            self.hears = True
            try:
                async for said in news:
                    self._hear(said)
            finally:
                self.hears = False

    async def _safely(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except _AWAY as error:
            log.warning("nothing is heard for a moment", of=self._what, reason=type(error).__name__)
        except Exception:  # who hears for the whole process must never end before it does
            log.exception("nothing is heard for a moment", of=self._what)
