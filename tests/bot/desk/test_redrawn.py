"""What changes on a page leaves the rest of it standing: a click on what was drawn before would be lost."""

from __future__ import annotations

import pytest
from nicegui import ui

from integrations.hospital import unanswered
from tests.bot.desk.case_rows import complaint
from tests.bot.desk.clicking import LONG, click, open_row, press, see
from tests.bot.desk.conftest import Desks, Visitor
from tests.waiting import until

BARBER, DOG, LIGHTS = "有理发店吗", "能带狗进来吗", "晚上什么时候熄灯"


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.queue.listing.LOOKS_EVERY", 0.05)


async def test_a_row_stays_while_others_come_and_go_and_what_it_says_changes(desks: Desks) -> None:
    await _asked(desks, DOG, DOG, BARBER)
    agent = await desks.enter()
    await agent.user.open("/questions")
    row = await _drawn(agent, f"row-{BARBER}")
    assert _listed(row) == [DOG, BARBER]
    await _asked(desks, LIGHTS, BARBER, BARBER)
    await until(lambda: _listed(row) == [BARBER, DOG, LIGHTS])
    async with desks.rt.database.begin() as session:
        await unanswered.answered(session, DOG, topic=None, actor="staff:other")
    await until(lambda: _listed(row) == [BARBER, LIGHTS])
    assert "3" in _cells(row)
    assert await _drawn(agent, f"row-{BARBER}") is row
    await click(agent, f"row-{BARBER}")
    await agent.user.should_see(marker="do-dismiss", retries=LONG)


async def test_a_button_stays_while_what_was_done_takes_another_away(desks: Desks) -> None:
    number = await complaint(desks)
    agent = await desks.enter()
    await open_row(agent, "/cases", number)
    close = await _drawn(agent, "do-close")
    await press(agent, "take")
    await agent.user.should_not_see(marker="do-take", retries=LONG)
    assert await _drawn(agent, "do-close") is close
    await press(agent, "close", words="已经道歉")
    await agent.told("已结案")


async def test_the_buttons_of_another_row_are_others(desks: Desks) -> None:
    """Whoever meant the one before does nothing to this one."""
    await _asked(desks, BARBER, DOG)
    agent = await desks.enter()
    await open_row(agent, "/questions", BARBER)
    button = await _drawn(agent, "do-dismiss")
    await click(agent, f"row-{DOG}")
    await until(lambda: button.is_deleted)
    await press(agent, "dismiss")
    await click(agent, "queue-confirm")
    await agent.user.should_not_see(DOG, retries=LONG)
    await see(agent, BARBER)


async def _asked(desks: Desks, *questions: str) -> None:
    async with desks.rt.database.begin() as session:
        for words in questions:
            await unanswered.note(session, words, "zh-Hans", desks.rt.now(), None)


async def _drawn(visitor: Visitor, marker: str) -> ui.element:
    await visitor.user.should_see(marker=marker, retries=LONG)
    [element] = visitor.user.find(marker=marker).elements
    return element


def _listed(row: ui.element) -> list[str]:
    """The first words of each row beside this one, from above."""
    assert row.parent_slot
    return [_cells(one)[0] for one in row.parent_slot.children]


def _cells(row: ui.element) -> list[str]:
    return [cell.text for cell in row.default_slot.children if isinstance(cell, ui.label)]
