"""Pace without Redis: messages leave, and at once."""

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
    redis = Redis.from_url(f"redis://127.0.0.1:{silent_port}", socket_timeout=5)
    began = time.monotonic()
    assert await Throttle(redis).wait(SimpleNamespace(name="telegram", per_second=30, per_chat=3), "1") == 0
    assert time.monotonic() - began < 2
    await redis.aclose()
