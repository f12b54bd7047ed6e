"""What somebody wrote in a talk that is no longer theirs, in a real browser: nothing is lost unseen."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.handoff import talking
from integrations.hospital.models import Role
from tests.bot.desk.conftest import HOST, Desks
from tests.bot.desk.talks.test_hostile import browsed, served


@pytest.mark.slow
@pytest.mark.browser
async def test_what_is_unsent_when_the_talk_changes_hands_is_said_to_be(
    desks: Desks, rt, wait_for, accept
) -> None:
    """What was still typed, and what waited to leave."""
    conversation = await wait_for()
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR)
    talk = await accept(conversation, agent.member)
    async with rt.database.begin() as session:
        await talking.say(session, rt, talk, agent.member, "明天不用来了", now=rt.now())
    async with served() as port, browsed(agent, port) as page:
        await page.goto(f"{HOST}/talks?open={conversation}")
        await page.locator(".dz-box textarea").fill("其实也可以后天来")
        async with rt.database.begin() as session:
            await talking.take_over(session, rt, conversation, boss.member, rt.now())
        await expect(page.locator(".dz-problem")).to_contain_text("这段话没有发出：其实也可以后天来")
        waited = page.locator(".dz-line.staff", has_text="明天不用来了")
        await expect(waited.locator("footer")).to_contain_text("会话换人接待，没有发出")
