"""Whose visits they are."""

from __future__ import annotations

import pytest

from tests.bot.visit_news.heard import talk


@pytest.fixture
async def who(rt, clinic):
    found = await clinic.booker(channel="telegram")
    await talk(rt, found.contact_id)
    return found
