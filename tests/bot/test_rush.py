"""Many messages at once: stored first, answered then."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from bot.rush import MANY, Rush

SOON, LONG = 0.02, 60.0  # seconds


async def waits(rush: Rush) -> bool:
    waiting = asyncio.create_task(rush.over(LONG))
    await asyncio.sleep(SOON)
    if waiting.done():
        return False
    waiting.cancel()
    return True


async def test_a_few_hold_nobody_up():
    rush = Rush()
    with ExitStack() as door:
        for _ in range(MANY - 1):
            door.enter_context(rush.storing())
        assert not await waits(rush)


async def test_many_hold_answers_up_until_most_are_stored():
    rush = Rush()
    with ExitStack() as door:
        for _ in range(MANY - 1):
            door.enter_context(rush.storing())
        with rush.storing():
            assert await waits(rush)
            held = asyncio.create_task(rush.over(LONG))
        await asyncio.wait_for(held, LONG)


async def test_what_could_not_be_stored_holds_nobody_up():
    rush = Rush()
    for _ in range(MANY):
        with pytest.raises(OSError, match="gone"), rush.storing():
            raise OSError("gone")
    assert not await waits(rush)


async def test_nobody_is_held_longer_than_the_platform_waits():
    rush = Rush()
    with ExitStack() as door:
        for _ in range(MANY):
            door.enter_context(rush.storing())
        for seconds in (SOON, 0, -1):
            await asyncio.wait_for(rush.over(seconds), LONG)
