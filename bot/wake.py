"""Waking the worker, and hearing that it is done. Both go through Redis and may be lost: the sweep finds
what was forgotten, and whoever waits looks into the database at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from uuid import UUID

import anyio.to_thread
import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.settings import Settings

log = structlog.get_logger()

TURN_TASK = "turn"
TURNS = "turns"  # the Redis channel on which a finished turn's inbound id is announced
_PAUSE_AFTER_FAILURE = 2.0  # seconds; a dead broker blocks a thread for up to 1.7 s a call


def make_celery(settings: Settings) -> Celery:
    """The Celery application, for the worker, beat, and whoever sends it tasks. Redis holds only wake-ups."""
    celery = Celery("daozhen", broker=settings.redis_url)
    celery.conf.update(
        task_ignore_result=True,
        task_default_queue="turns",
        worker_prefetch_multiplier=4,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 1, "max_retries": 1},
        timezone="UTC",
    )
    return celery


class Waker:
    """Sends wake-ups from an event loop without ever blocking it, or failing whoever asks."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._limiter = anyio.CapacityLimiter(8)
        self._silent_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self, conversation_id: UUID) -> None:
        if monotonic() < self._silent_until:
            return
        task = asyncio.create_task(self._send(conversation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, conversation_id: UUID) -> None:
        def send() -> None:
            self._celery.send_task(TURN_TASK, args=[conversation_id.hex], retry=False)

        try:
            await anyio.to_thread.run_sync(send, limiter=self._limiter)
        except (OperationalError, RedisError, OSError):
            self._silent_until = monotonic() + _PAUSE_AFTER_FAILURE
            log.warning("worker not woken: redis does not answer, the sweep will find the message")


class TurnNews:
    """Hears which turns are done (one subscription per process) and tells those who wait for one."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[TurnNews]:
        task = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def expecting(self, inbound_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the turn of this message is announced."""
        event = asyncio.Event()
        waiters = self._waiting.setdefault(inbound_id.hex, set())
        waiters.add(event)
        try:
            yield event
        finally:
            waiters.discard(event)
            if not waiters:
                self._waiting.pop(inbound_id.hex, None)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(TURNS)
                    while True:
                        message = await pubsub.get_message(timeout=30)
                        if message:
                            for event in self._waiting.get(message["data"].decode(), ()):
                                event.set()
            except (RedisError, OSError):
                log.warning("no news of turns without redis")
                await asyncio.sleep(1)
