"""A platform that takes prepared notices, and somebody there whose window is shut."""

import pytest

from bot import inbox
from tests.bot.notice_platform import NoticePlatform


@pytest.fixture
def wechat():
    return NoticePlatform()


@pytest.fixture
async def talk(rt, wechat, message, clock):
    """A conversation whose window has been shut for long."""
    accepted = await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    clock.forward(days=3)
    return accepted.conversation_id
