"""What a member of staff sees of a talk, in a real browser: the parts of the page that live there."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import text

from bot.desk.words import LANGUAGES, Words
from bot.handoff import talking
from bot.outbox import CHANGED_HANDS
from integrations.hospital.models import Role
from integrations.messages import Kind
from tests.bot.desk.conftest import HOST, Desks
from tests.bot.desk.talks.browsing import browsed, served

STATES = ("queued", "sent", "failed", "unknown", "dropped")
_BECAME = text("UPDATE outbound SET created_at = :now, status = :status, error = :error WHERE id = ANY(:ids)")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
async def test_clocks_turn_and_each_message_says_what_became_of_it(
    desks: Desks, rt, wait_for, arrive, accept, clock, language: str
) -> None:
    conversation = await wait_for()
    agent = await desks.enter(Role.AGENT)
    talk = await accept(conversation, agent.member)
    async with rt.database.begin() as session:
        for state in STATES:
            clock.forward(seconds=1)
            made = await talking.say(session, rt, talk, agent.member, f"is {state}", now=rt.now())
            error = CHANGED_HANDS if state == "dropped" else None
            await session.execute(_BECAME, {"now": rt.now(), "status": state, "error": error, "ids": made})
        await session.execute(text("UPDATE staff SET language = :language"), {"language": language})
    clock.forward(seconds=1)
    await arrive(words="我按了说明", kind=Kind.VOICE)
    clock.forward(seconds=5)
    words = Words(language)
    async with served() as port, browsed(agent, port) as page:
        await page.goto(f"{HOST}/talks")
        row = page.locator(f'.dz-row[data-id="{conversation}"]')
        await expect(row.locator(".dz-unread")).to_have_text("2")
        await expect(page).to_have_title(re.compile(r"^\(2\) "))
        await _turns(row.locator(".dz-chip", has_text=re.compile(r"^\D*\d+:\d\d$")))
        await row.click()
        await expect(row.locator(".dz-unread")).to_have_count(0)
        above = page.locator(".dz-facts .dz-chip")
        await _turns(above.filter(has_text=words("talks.unanswered")))
        await _turns(above.filter(has_text=words("talks.closes_in").split("%")[0].strip()))
        await expect(above.filter(has_text=words("talks.quota").split("%")[-1].strip())).to_be_visible()
        heard = page.locator(".dz-line.patient", has_text="我按了说明")
        await expect(heard.locator(".dz-label")).to_contain_text(words("talks.voice_text"))
        for state in STATES:
            said = page.locator(f".dz-line.staff[data-state={state}]", has_text=f"is {state}")
            key = "talks.changed_hands" if state == "dropped" else f"talks.state_{state}"
            told = (
                said.locator("footer") if state != "sent" else said.locator(f'footer[title="{words(key)}"]')
            )
            await expect(told).to_contain_text("done" if state == "sent" else words(key))


async def _turns(clock: Locator) -> None:
    """It counts by itself, second by second."""
    await expect(clock).to_have_text(re.compile(r"\d:\d\d"))
    before = await clock.text_content()
    assert before
    await expect(clock).not_to_have_text(before)
