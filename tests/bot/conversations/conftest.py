"""A patient writes, and the worker takes the turn."""

import pytest

from bot import conversations, inbox
from tests.bot.handoff.turns import PlainReader


@pytest.fixture
def drain(rt):
    async def run(conversation):
        await conversations.drain(rt, PlainReader(), conversation)
        await rt.redis.flushall()  # the pace of one message a second

    return run


@pytest.fixture
def write(rt, telegram, message):
    async def run(words="", **more):
        return await inbox.accept(rt, telegram, message(words, **more), passive_until=None)

    return run
