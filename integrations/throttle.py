"""Keeping to a platform's pace across all processes. The counts live in Redis; with Redis gone the
platform's own refusals (429) keep the pace."""

from __future__ import annotations

import asyncio
import time

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.channel import Channel, Paced

log = structlog.get_logger()

# One a second on the average: a patient who answers quickly is answered quickly (Telegram allows short bursts).
_BURST_SECONDS = 3
_SHORTEST_WAIT = 0.05  # seconds
_REDIS_SECONDS = 0.5  # Redis is near; when it takes longer it is gone, and an alarm may be waiting behind us


class Throttle:
    """Counts messages per platform and per patient. A channel names its pace as `per_second` and
    `per_chat`; one without them is not throttled."""

    def __init__(self, redis: Redis) -> None:
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="throttle",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # goes on to Redis.from_url
        )
        self._limiter = FixedWindowRateLimiter(storage)

    async def wait(self, channel: Channel, recipient: str) -> float:
        """Counts one message to `recipient`. Seconds to wait before it may leave; 0: now."""
        if not isinstance(channel, Paced):
            return 0.0
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                for limit, names in (
                    (RateLimitItemPerSecond(channel.per_chat, _BURST_SECONDS), (channel.name, recipient)),
                    (RateLimitItemPerSecond(channel.per_second), (channel.name,)),
                ):
                    if not await self._limiter.hit(limit, *names):
                        window = await self._limiter.get_window_stats(limit, *names)
                        left = window.reset_time - time.time()
                        if left <= limit.get_expiry() + 1:
                            return min(max(left, _SHORTEST_WAIT), 1.0)
                        # Redis ends windows by the clock, and that was set back: the count begins anew.
                        await self._limiter.clear(limit, *names)
                        await self._limiter.hit(limit, *names)
        except (RedisError, OSError):
            log.warning("no throttle without redis", channel=channel.name)
        return 0.0
