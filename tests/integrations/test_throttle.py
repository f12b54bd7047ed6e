"""A platform's pace, kept by all processes together; without Redis messages leave, and at once."""

import asyncio
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

from integrations.throttle import Throttle


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_redis_that_hangs_holds_nobody_up(silent_port):
    redis = Redis.from_url(f"redis://127.0.0.1:{silent_port}", socket_timeout=3600)
    async with asyncio.timeout(90):  # it would wait for an hour
        platform = SimpleNamespace(name="telegram", per_second=30, per_chat=3)
        assert await Throttle(redis).wait(platform, "1") == 0
    await redis.aclose()


async def test_a_window_that_a_set_back_clock_made_long_holds_nobody_up(valkey):
    """Redis ends windows by the wall clock: set back by ten minutes, three seconds last ten minutes."""
    redis = Redis.from_url(valkey)
    await redis.flushall()
    throttle, platform = Throttle(redis), SimpleNamespace(name="telegram", per_second=30, per_chat=3)
    assert [await throttle.wait(platform, "1") for _ in range(3)] == [0, 0, 0]
    assert await throttle.wait(platform, "1") > 0
    for key in await redis.keys("*telegram*"):
        await redis.expire(key, 600)
    assert await throttle.wait(platform, "1") == 0
    assert [await throttle.wait(platform, "1") > 0 for _ in range(3)] == [
        False,
        False,
        True,
    ]  # and counts again
    await redis.aclose()


async def test_all_processes_together_keep_a_platforms_pace(valkey):
    """Two senders to patients of their own, as fast as they can: two messages a second between them."""
    redis = Redis.from_url(valkey)
    await redis.flushall()
    platform = SimpleNamespace(name="telegram", per_second=2, per_chat=3)
    senders, began = (Throttle(redis), Throttle(redis)), int(time.time())
    waits = [await senders[n % 2].wait(platform, str(n)) for n in range(100)]
    windows = int(time.time()) - began + 1
    assert waits.count(0) <= 2 * windows
    assert all(0 < wait <= 1 for wait in waits if wait)
    await redis.aclose()
