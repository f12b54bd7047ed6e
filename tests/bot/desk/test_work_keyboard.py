"""The lists of the desk, worked with the keyboard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nicegui import ui
from sqlalchemy import select

from bot.desk import heartbeat, registry
from bot.desk.desk import Desk
from bot.desk.work.cases import Cases
from integrations.hospital import unanswered
from integrations.hospital.cases import handling
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.models import (
    Case,
    CaseKind,
    Category,
    Role,
)
from tests.bot.desk.case_rows import complaint
from tests.bot.desk.clicking import LONG, click, fill, open_row, see
from tests.bot.desk.conftest import Desks
from tests.clinic_rows import doctor, ward
from tests.waiting import until


@pytest.mark.parametrize("key", ["j", "ArrowDown"])
async def test_the_list_is_worked_with_the_keyboard(desks: Desks, key: str) -> None:
    async with desks.rt.database.begin() as session:
        for words in ("有理发店吗", "能带狗进来吗"):
            await unanswered.note(session, words, "zh-Hans", desks.rt.now(), None)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/questions")
    await see(agent, "能带狗进来吗")
    [keyboard] = agent.user.find(kind=ui.keyboard).elements
    _key(keyboard, key)
    _key(keyboard, "Enter")
    await agent.user.should_see(marker="do-dismiss", retries=LONG)
    _key(keyboard, "?")
    await see(agent, "键盘快捷键")
    _key(keyboard, "Escape")  # is the dialog's, and so is all that is pressed while it is open
    await asyncio.sleep(0.2)
    await agent.user.should_see(marker="do-dismiss")
    next(one for one in agent.user.client.elements.values() if isinstance(one, ui.dialog)).close()
    _key(keyboard, "Escape")
    await agent.user.should_not_see(marker="do-dismiss", retries=LONG)


async def test_a_row_that_takes_long_to_read_does_not_stand_in_the_place_of_a_later_one(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pressed there is done with the row that is seen."""
    first = await complaint(desks)
    async with desks.rt.database.begin() as session:
        account, contact = (await session.execute(select(Case.account_id, Case.contact_id))).one()
        second = await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, "也等了两个小时",
            account_id=account, contact_id=contact, about=About(), now=desks.rt.now(),
        )  # fmt: skip
    plain, begun, go_on = Cases._describe, asyncio.Event(), asyncio.Event()

    async def slowly(self: Cases, session: Any, row: Any) -> Any:
        detail = await plain(self, session, row)
        if row.key == first:
            begun.set()
            await go_on.wait()
        return detail

    monkeypatch.setattr(Cases, "_describe", slowly)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", first)
    await begun.wait()
    await click(agent, f"row-{second}")
    await agent.user.should_see(marker="do-answer", retries=LONG)
    go_on.set()
    await asyncio.sleep(0.3)
    labels = agent.user.find(kind=ui.label).elements
    assert [label.text for label in labels if "drawer-title" in label.classes] == [second]


@pytest.mark.parametrize("role", Role)
async def test_no_key_of_a_page_does_two_things(
    desks: Desks, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses it would not know which. And who is called is called with the same key on every page."""
    opened: list[Desk] = []
    monkeypatch.setattr(heartbeat, "watch", opened.append)
    visitor = await desks.enter(role, **(await _as_doctor(desks) if role is Role.DOCTOR else {}))
    assert visitor.member
    for page in (one for one in registry.PAGES.values() if one.is_for(visitor.member)):
        await visitor.user.open(page.path)
        await until(lambda: opened)
        desk = opened.pop()
        keys = [key for keys, _ in desk.keys for key in keys.split()]
        assert len({*keys, "?"}) == len(keys) + 1, (page.path, keys)
        assert {key for key, means in desk.keys if "电话" in means} <= {"P"}, page.path


async def _as_doctor(desks: Desks) -> dict[str, Any]:
    async with desks.rt.database.begin() as session:
        return {"doctor": await doctor(session, "王建国", (await ward(session, "心血管内科")).id)}


async def test_keys_do_nothing_below_a_dialog(desks: Desks) -> None:
    number = await complaint(desks)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", number)
    await agent.user.should_see(marker="do-take", retries=LONG)
    [keyboard] = agent.user.find(kind=ui.keyboard).elements
    _key(keyboard, "r")
    await agent.user.should_see(marker="ask-reason", retries=LONG)
    _key(keyboard, "t")
    await fill(agent, reason="to answer it")
    await see(agent, "等了两个小时")
    async with desks.rt.database.begin() as session:
        [line] = await handling.listed(session)
    assert line.owner is None
    _key(keyboard, "t")
    await agent.told("由您负责")


def _key(keyboard: Any, name: str) -> None:
    event = {"action": "keydown", "key": name, "code": name, "location": 0, "repeat": False}
    modifiers = {"altKey": False, "ctrlKey": False, "metaKey": False, "shiftKey": False}
    for listener in keyboard._event_listeners.values():
        keyboard._handle_event({"listener_id": listener.id, "args": event | modifiers})
