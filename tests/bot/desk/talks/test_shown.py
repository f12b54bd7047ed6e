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


@pytest.mark.slow
@pytest.mark.browser
async def test_on_a_phone_the_latest_stays_in_sight_and_the_card_goes_again(
    desks: Desks, wait_for, arrive, accept, clock
) -> None:
    """Also when the keyboard takes half of the screen."""
    conversation = await wait_for()
    for number in range(20):
        clock.forward(seconds=1)
        await arrive(words=f"第{number}句，说得长一些，一行写不下，要写到第二行去才行")
    agent = await desks.enter(Role.AGENT)
    await accept(conversation, agent.member)
    async with served() as port, browsed(agent, port, width=390, height=844) as page:
        await page.goto(f"{HOST}/talks?open={conversation}")
        latest = page.locator(".dz-line").last
        await expect(latest).to_be_in_viewport()
        await page.locator(".dz-box textarea").click()
        await page.set_viewport_size({"width": 390, "height": 500})
        await expect(latest).to_be_in_viewport()
        await expect(page.locator(".dz-send")).to_be_in_viewport(ratio=1)
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.locator(".dz-lines").evaluate("lines => { lines.scrollTop = 0; }")
        await expect(latest).not_to_be_in_viewport()
        await page.get_by_role("button", name="患者卡").click()
        await expect(page.locator(".dz-card")).to_be_in_viewport()
        await page.get_by_test_id("shut-card").click()
        await expect(page.locator(".dz-card")).to_be_hidden()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("language", "width"), [("en", 1440), ("en", 1280), ("zh", 1280)])
async def test_nothing_of_the_list_is_cut_off(desks: Desks, rt, wait_for, language: str, width: int) -> None:
    """At a desk in the languages' own lengths: all lists by name, and who has each talk."""
    conversation = await wait_for()
    boss = await desks.enter(Role.SUPERVISOR, name="Maximiliana Windermere")
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE staff SET language = :language"), {"language": language})
        await session.execute(
            text("UPDATE talks SET staff_id = :boss, escalated_at = requested_at"), {"boss": boss.member.id}
        )
        await session.execute(text("UPDATE conversations SET language = 'en'"))
    async with served() as port, browsed(boss, port, width=width, height=800) as page:
        await page.goto(f"{HOST}/talks")
        await page.locator('[data-filter="all"]').click()
        row = page.locator(f'.dz-row[data-id="{conversation}"]')
        words = Words(language)
        for one in (row.locator(".dz-agent"), row.locator(".dz-chip", has_text=words("talks.late_nobody"))):
            await expect(one).to_be_in_viewport(ratio=1)
        for one in await page.locator(".dz-filters button").all():
            await expect(one).to_be_in_viewport(ratio=0.99)


async def _turns(clock: Locator) -> None:
    """It counts by itself, second by second."""
    await expect(clock).to_have_text(re.compile(r"\d:\d\d"))
    before = await clock.text_content()
    assert before
    await expect(clock).not_to_have_text(before)
