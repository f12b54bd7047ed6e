"""Waking the worker, and telling what is new. All goes through Redis and may be lost: the sweep finds what was
forgotten. While Redis is away there is no sweep either, and workers look into the database by themselves.

Conversations with something to do stand in one sorted set, in the order of their first wake-up: each stands there
once, however often it is woken, and workers take as many as they have places for. (A Celery task for each wake-up
cost 12 ms of CPU in the worker and 3 in the gateway; this costs half a millisecond on both sides.)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any, cast
from uuid import UUID

import structlog
from celery import Celery
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.settings import Settings

log = structlog.get_logger()

WOKEN = "woken"  # the sorted set in Redis
# Places are counted, not timed: whoever was woken by a clock that ran ahead would wait behind all who came later.
_STAND_BEHIND = """
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local place = tonumber(last[2]) or 0
for at, conversation in ipairs(ARGV) do
    redis.call('ZADD', KEYS[1], 'NX', place + at, conversation)
end
"""
TURNS = "turns"  # the Redis channel on which a finished turn's inbound id is announced
DESK = "desk"  # the Redis channel on which a conversation's id says that the desk has something new to show
_TOGETHER_SECONDS = 0.01  # what comes within them, in a crowd, is woken together
_PAUSE_AFTER_FAILURE = 2.0  # seconds in which nobody is woken after Redis did not answer
_WAIT_SECONDS = 2  # for a wake-up, below the time after which a silent Redis counts as gone
_REDIS_SECONDS = 2.0
_SOON = 120.0  # seconds; what waits for longer may wait for the sweep
_begun: set[asyncio.Task[None]] = set()  # so that none is collected before it is done
_LAST_TURNS_SECONDS = 20  # how long a worker that stops waits for the turns it has begun


def make_celery(settings: Settings) -> Celery:
    """The Celery application for what time brings, in the worker and beat."""
    celery = Celery("daozhen", broker=settings.redis_url)
    celery.conf.update(
        task_ignore_result=True,
        worker_prefetch_multiplier=4,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 1, "max_retries": 1},
        timezone="UTC",
    )
    return celery


async def wake(redis: Redis, conversations: Iterable[UUID]) -> None:
    """Puts the conversations in line, behind those that wait already. Raises RedisError, OSError."""
    if line := [conversation.bytes for conversation in conversations]:
        async with asyncio.timeout(_REDIS_SECONDS):
            await cast(Awaitable[None], redis.eval(_STAND_BEHIND, 1, WOKEN, *line))


async def tell_desk(redis: Redis, conversations: Iterable[UUID]) -> None:
    """After the commit of what the desk shows. It may be lost: the desk looks into the database by itself."""
    try:
        async with asyncio.timeout(_REDIS_SECONDS):
            for conversation in conversations:
                await redis.publish(DESK, conversation.hex)
    except (RedisError, OSError):
        log.warning("the desk does not hear without redis")


def wake_in(redis: Redis, seconds: float, conversation: UUID) -> None:
    """Wakes it at the second that a platform named, if this process lives so long: a sweep comes by later, too."""
    _in(seconds, partial(wake, redis, [conversation]))


def tell_desk_in(redis: Redis, seconds: float, conversation: UUID) -> None:
    """The same for what is told rather than woken."""
    _in(seconds, partial(tell_desk, redis, [conversation]))


def _in(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    async def quietly() -> None:
        try:
            await do()
        except (RedisError, OSError):
            log.warning("not woken at its second: redis does not answer, the sweep will find it")

    def begin() -> None:
        task = asyncio.create_task(quietly())
        _begun.add(task)
        task.add_done_callback(_begun.discard)

    if seconds <= _SOON:
        asyncio.get_running_loop().call_later(seconds, begin)


def named(news: str) -> list[UUID]:
    """The conversations that news for the desk names. What is no id comes from nobody of ours."""
    try:
        return [UUID(part) for part in news.split()]
    except ValueError:
        log.warning("news for the desk that cannot be read")
        return []


class Waker:
    """Wakes without making whoever asks wait, or fail. What comes together goes to Redis together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._due: set[UUID] = set()
        self._sending: asyncio.Task[None] | None = None
        self._silent_until = 0.0

    def wake(self, conversation_id: UUID) -> None:
        if monotonic() < self._silent_until:
            return
        self._due.add(conversation_id)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, set()
                await wake(self._redis, due)
                if self._due:
                    await asyncio.sleep(_TOGETHER_SECONDS)
        except (RedisError, OSError):
            self._due.clear()
            self._silent_until = monotonic() + _PAUSE_AFTER_FAILURE
            log.warning("worker not woken: redis does not answer, the sweep will find the message")
        finally:
            self._sending = None


class Takers:
    """Takes up woken conversations, at most `places` at once: `answer`, and `send` when that says so. Each is answered
    by one at a time; one that is woken meanwhile once more. Sending may wait for a platform's pace and takes
    no place. `find` says who waits in the database, for the time without Redis.
    """

    def __init__(
        self,
        redis: Redis,
        places: int,
        *,
        answer: Callable[[UUID], Awaitable[bool]],
        send: Callable[[UUID], Awaitable[None]],
        find: Callable[[], Awaitable[Sequence[UUID]]],
    ) -> None:
        self._redis = redis
        self._find = find
        self._answer = answer
        self._send = send
        self._places = places
        self._answering: set[UUID] = set()
        self._again: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """On leaving nothing new is taken up, and what was begun is finished."""
        taking = asyncio.create_task(self._take())
        try:
            yield
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_LAST_TURNS_SECONDS)

    async def _take(self) -> None:
        while True:
            while (free := self._places - len(self._answering)) <= 0:
                self._freed.clear()
                await self._freed.wait()
            try:
                for conversation in await self._next(free):
                    self._start(conversation)
            except Exception:  # whoever takes must never end before the worker does
                log.exception("nobody is woken for a moment")
                await asyncio.sleep(1)

    async def _next(self, most: int) -> Sequence[UUID]:
        try:
            found: Any = await self._redis.bzmpop(_WAIT_SECONDS, 1, [WOKEN], min=True, count=most)
        except (RedisError, OSError):
            log.warning("nobody is woken without redis: looking into the database")
            await asyncio.sleep(_PAUSE_AFTER_FAILURE)
            return (await self._find())[:most]
        return [UUID(bytes=member) for member, _ in found[1]] if found else []

    def _start(self, conversation: UUID) -> None:
        if conversation in self._answering:
            self._again.add(conversation)
            return
        self._answering.add(conversation)
        task = asyncio.create_task(self._run(conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, conversation: UUID) -> None:
        try:
            try:
                to_send = await self._answer_all(conversation)
            finally:
                self._answering.discard(conversation)
                self._again.discard(conversation)
                self._freed.set()
            if to_send:
                await self._send(conversation)
        except Exception:  # what is left stands in the database: the sweep brings it back
            log.exception("conversation left unfinished", conversation=str(conversation))

    async def _answer_all(self, conversation: UUID) -> bool:
        to_send = await self._answer(conversation)
        while conversation in self._again:
            self._again.discard(conversation)
            to_send = await self._answer(conversation)
        return to_send
