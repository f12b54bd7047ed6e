"""Who waits for a turn hears that it is done."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from bot.turn_news import TurnNews
from bot.wake import TURNS


async def test_who_waits_for_a_turn_hears_of_it_and_nobody_else(rt):
    mine, theirs = uuid4(), uuid4()
    async with TurnNews(rt.redis).listening() as news:
        async with news.expecting(mine) as announced, news.expecting(theirs) as other:
            assert news.waiting == 2
            async with asyncio.timeout(90):
                while not announced.is_set():
                    await rt.redis.publish(TURNS, mine.hex)
                    await asyncio.sleep(0.05)
            assert not other.is_set()
        assert news.waiting == 0
