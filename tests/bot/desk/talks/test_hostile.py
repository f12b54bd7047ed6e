"""What a patient writes to harm whoever reads it, in a real browser: it is shown, and does nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.handoff import talking
from integrations.hospital.models import Role
from tests.bot.desk.conftest import HOST, Desks
from tests.bot.desk.talks.browsing import browsed, served

HOSTILE = (
    '<img src=x onerror="window.harmed=1">',
    "<script>window.harmed=2</script>",
    "{{ constructor.constructor('window.harmed=3')() }}",
    '"><svg onload="window.harmed=4"><a href="javascript:window.harmed=5">免费</a>',
    "[click](javascript:window.harmed=6) **bold** <style>*{display:none}</style>",
)


@pytest.mark.slow
@pytest.mark.browser
async def test_hostile_texts_are_shown_and_do_nothing(desks: Desks, rt, wait_for, arrive, accept) -> None:
    conversation = await wait_for(words=HOSTILE[0])
    for words in HOSTILE[1:]:
        await arrive(words=words)
    agent = await desks.enter(Role.AGENT, name=HOSTILE[1][:40])
    talk = await accept(conversation, agent.member)
    async with rt.database.begin() as session:
        await talking.note(session, rt, talk, agent.member, HOSTILE[0], rt.now())
    async with served() as port, browsed(agent, port) as page:
        await page.goto(f"{HOST}/talks?open={conversation}")
        lines = page.locator(".dz-lines .dz-words")
        for words in HOSTILE:
            await expect(lines.filter(has_text=words).first).to_be_visible()
        await expect(page.locator(".dz-line.note .dz-words")).to_have_text(HOSTILE[0])
        await expect(page.locator(".dz-row .dz-last")).to_contain_text(HOSTILE[-1][:20])
        await page.locator('[data-testid="who"]').click()
        await expect(page.locator(".desk-who")).to_contain_text(HOSTILE[1][:40])
        for made_of_it in (".dz-lines img", ".dz-lines svg", ".dz-lines a", ".dz-lines style", ".dz-row img"):
            assert await page.locator(made_of_it).count() == 0, made_of_it
        assert await page.evaluate("window.harmed") is None
        # And where a script came in after all, the policy does not let it run.
        await page.evaluate("""() => {
            const one = document.createElement('script');
            one.textContent = 'window.harmed = 9';
            document.body.append(one);
            const image = document.createElement('div');
            image.innerHTML = '<img src=x onerror="window.harmed=10">';
            document.body.append(image);
        }""")
        await page.wait_for_timeout(300)
        assert await page.evaluate("window.harmed") is None
