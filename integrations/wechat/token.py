"""WeChat's access token and its like (the ticket for pages): one copy in Redis for all processes, one refresher
at a time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import RedisError

Fetch = Callable[[bool], Awaitable[tuple[str, int]]]

_REDIS_SECONDS = 0.5  # Redis is near; when it takes longer it is gone
_LOCK_SECONDS = 30
_WAIT_SECONDS = 12
_EARLY_SECONDS = 300  # WeChat hands out the next token five minutes before the old one ends


class AccessToken:
    """`key` is its name in Redis; `fetch(force)` asks WeChat for (value, seconds). stable_token gives every caller
    the same token until it is forced: with Redis gone each process keeps its own copy, and all goes on."""

    def __init__(self, key: str, redis: Redis | None, fetch: Fetch) -> None:
        self._key = key
        self._redis = redis
        self._fetch = fetch
        self._lock = anyio.Lock()
        self._own: tuple[str, float] = ("", 0.0)  # token, monotonic end

    async def get(self) -> str:
        """A token that should work. Raises SendError when WeChat gives none."""
        return await self._read() or await self.renew(stale="")

    async def renew(self, *, stale: str) -> str:
        """Another token than `stale`, which WeChat refused; when someone else renewed it, theirs."""
        async with self._lock, self._everywhere():
            known = await self._read()
            if known and known != stale:
                return known
            token, seconds = await self._fetch(False)
            if token == stale:  # WeChat still calls it valid: only force gives a new one (20 times a day)
                token, seconds = await self._fetch(True)
            await self._write(token, max(seconds - _EARLY_SECONDS, 30))
            return token

    async def _read(self) -> str:
        if self._redis is not None:
            with suppress(RedisError, OSError), anyio.move_on_after(_REDIS_SECONDS):
                value = await self._redis.get(self._key)
                return value.decode() if isinstance(value, bytes) else value or ""
        token, end = self._own
        return token if time.monotonic() < end else ""

    async def _write(self, token: str, seconds: int) -> None:
        self._own = (token, time.monotonic() + seconds)
        if self._redis is not None:
            with suppress(RedisError, OSError), anyio.move_on_after(_REDIS_SECONDS):
                await self._redis.set(self._key, token, ex=seconds)

    @asynccontextmanager
    async def _everywhere(self) -> AsyncIterator[None]:
        """The lock across processes. Without Redis, or when its holder hangs, going on is harmless."""
        lock = await self._acquire()
        try:
            yield
        finally:
            if lock is not None:
                with suppress(RedisError, OSError), anyio.move_on_after(_REDIS_SECONDS, shield=True):
                    await lock.release()

    async def _acquire(self) -> Lock | None:
        if self._redis is None:
            return None
        lock = self._redis.lock(
            f"{self._key}:lock", timeout=_LOCK_SECONDS, blocking_timeout=_WAIT_SECONDS, sleep=0.05
        )
        with suppress(RedisError, OSError):
            answered = False
            with anyio.move_on_after(_REDIS_SECONDS):  # a refresher may take long, Redis itself may not
                answered = bool(await self._redis.ping())
            if answered and await lock.acquire():
                return lock
        return None
