"""Hearing which turns are done. It may be lost: whoever waits looks into the database at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from redis.asyncio import Redis

from bot.listening import Listener, said_on
from bot.wake import TURNS


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
        async with Listener("turns", partial(said_on, self._redis, TURNS), self._hear).at_work():
            yield self

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

    def _hear(self, inbound: str) -> None:
        for event in self._waiting.get(inbound, ()):
            event.set()
