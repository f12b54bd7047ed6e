"""The frame of all pages, the own account, and that a click asks anew who clicks."""

from __future__ import annotations

import asyncio
import json
import re
import string
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from nicegui import ui
from sqlalchemy import text

from bot import inbox
from bot.desk import frame, registry
from bot.desk.desk import Desk, SessionOver
from bot.desk.heartbeat import Heartbeat, connected
from bot.desk.words import catalogue
from integrations.hospital.models import PresenceState, Role
from integrations.hospital.staff import accounts, login, presence
from integrations.hospital.staff.permissions import NotPermitted, Right
from tests.bot.conftest import Clock
from tests.bot.desk.conftest import Desks, Visitor
from tests.staff_rows import PASSWORD
from tests.waiting import until


def _desk(visitor: Visitor) -> Desk:
    return next(desk for desk in connected() if desk.token == visitor.token)


async def _built(visitor: Visitor, path: str) -> Desk:
    """The page when it stands in the browser."""
    await visitor.user.open(path)
    await until(lambda: any(desk.token == visitor.token for desk in connected()))
    return _desk(visitor)


def test_both_languages_have_the_same_blanks() -> None:
    for key, said in catalogue().items():
        blanks = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in said.values()
        ]
        assert blanks[0] == blanks[1], key
        assert all(text.strip() for text in said.values()), key


def test_every_page_has_a_title_and_refusals_have_words() -> None:
    words = catalogue()
    assert not [page.path for page in registry.PAGES.values() if page.title not in words]
    assert not [key for key in registry.REFUSALS.values() if key not in words]


async def test_changing_the_own_password(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")

    async def change(old: str, new: str, again: str) -> None:
        for name, value in (("old_password", old), ("new_password", new), ("again", again)):
            field = next(iter(agent.user.find(marker=name).elements))
            field.set_value(value)
        agent.user.find(marker="change-password").click()

    new = "three-unrelated-words"
    await change(PASSWORD, new, "another-of-the-tests")
    await agent.told("不一样")
    await change(PASSWORD, "short", "short")
    await agent.told("太短或太简单")
    await change("wrong", new, new)
    await agent.told("现在的密码不对")
    await change(PASSWORD, new, new)
    await agent.told("密码已修改")
    async with desks.rt.database.begin() as session:
        assert await login.member_of(session, agent.token, desks.rt.now()) is not None
        assert await login.check_password(session, agent.member.login, new, "", desks.rt.now()) is not None


async def test_who_was_given_a_password_first_chooses_another(desks: Desks, clock: Clock) -> None:
    agent = await desks.enter()
    async with desks.rt.database.begin() as session:
        (await accounts.find(session, agent.member.login)).must_change_password = True
    assert (await agent.http.get("/account")).status_code == 200
    others = [
        page.path for page in registry.PAGES.values() if page.path != "/account" and "{" not in page.path
    ]
    for path in others:
        answer = await agent.http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account"), path


async def test_the_language_is_kept(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")
    await agent.see("我的账号")
    agent.user.find(marker="language").click()
    async with asyncio.timeout(90):
        while await _language(desks, agent) != "en":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await agent.user.open("/account")
    await agent.see("My account")


async def _language(desks: Desks, visitor: Visitor) -> str:
    assert visitor.member is not None
    async with desks.rt.database.begin() as session:
        return (await accounts.find(session, visitor.member.login)).language


async def test_presence_is_what_one_says(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")
    agent.user.find(marker="state-online").click()
    here: list[UUID] = []
    async with asyncio.timeout(90):
        while not here:
            await asyncio.sleep(0.02)
            async with desks.rt.database.begin() as session:
                here = [one.member.id for one in await presence.present(session, desks.rt.now())]
    assert here == [agent.member.id]


async def test_who_is_offline_sees_what_follows_and_goes_online_with_one_click(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/start")
    await agent.user.should_see("您现在是离线，不会分到对话")
    agent.user.find(marker="go-online").click()
    await agent.user.should_not_see("您现在是离线，不会分到对话")
    async with desks.rt.database.begin() as session:
        assert await presence.state_of(session, agent.member.id) is PresenceState.ONLINE
    await agent.user.open("/account")
    await asyncio.sleep(0.2)
    await agent.user.should_not_see("您现在是离线，不会分到对话")
    for role in (Role.NURSE, Role.ADMINISTRATOR):  # whom no talk is given to in any case
        other = await desks.enter(role)
        await other.user.open("/account")
        await asyncio.sleep(0.2)
        await other.user.should_not_see(marker="go-online")


async def test_light_or_dark_is_the_machines_until_one_is_chosen(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")
    await agent.user.should_not_see(kind=ui.dark_mode)
    for chosen, dark in (("dark", True), ("light", False)):
        answer = await agent.http.get(f"/theme?to={chosen}&next=/account")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        await agent.user.open("/account")
        [mode] = agent.user.find(kind=ui.dark_mode).elements
        assert mode.value is dark
        assert f'data-theme="{chosen}"' in (await agent.http.get("/login")).text
    away = await agent.http.get("/theme?to=dark&next=//evil.test")
    assert away.headers["location"] == "/"
    assert "desk-theme" not in (await agent.http.get("/theme?to=<b>")).headers.get("set-cookie", "")


async def test_the_keys_of_a_page_are_shown(desks: Desks) -> None:
    agent = await desks.enter()
    await agent.user.open("/cases")
    agent.user.find(marker="keys").click()
    await agent.user.should_see("上一条、下一条")
    await agent.user.should_see("筛选")


@pytest.mark.parametrize("what", ["logged out", "disabled", "idle", "other role"])
async def test_the_very_next_click_is_stopped(desks: Desks, clock: Clock, what: str) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")
    desk = _desk(agent)
    async with desk.acting(Right.CASES_WORK):
        pass
    async with desks.rt.database.begin() as session:
        if what == "logged out":
            await login.end_session(session, agent.token)
        elif what == "disabled":
            await accounts.set_active(session, agent.member.login, False, by="staff:root")
        elif what == "other role":
            await accounts.change_role(session, agent.member.login, Role.NURSE, by="staff:root")
        else:
            clock.forward(minutes=31)
    with pytest.raises(SessionOver):
        async with desk.acting(Right.CASES_WORK):
            raise AssertionError("came in")


async def test_in_a_page_of_the_doctors_name_nobody_but_a_doctor_clicks(desks: Desks) -> None:
    """Though the session stands: who opened it was a doctor then."""
    agent = await desks.enter()
    await agent.user.open("/account")
    desk = _desk(agent)
    async with desk.acting():
        pass
    desk.doctors_only = True
    with pytest.raises(SessionOver):
        async with desk.acting():
            raise AssertionError("came in")


async def test_a_right_is_asked_for_at_every_click(desks: Desks) -> None:
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/account")
    with pytest.raises(NotPermitted):
        async with _desk(agent).acting(Right.STAFF_MANAGE):
            raise AssertionError("came in")


async def test_the_clock_keeps_people_present_and_sends_away_who_is_logged_out(
    desks: Desks, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await desks.enter()
    client = await agent.user.open("/account")
    async with desks.rt.database.begin() as session:
        await presence.set_state(session, agent.member.id, PresenceState.ONLINE, clock())
    clock.forward(minutes=2)
    opened: list[str] = []
    monkeypatch.setattr(client, "open", lambda path, new_tab=False: opened.append(path))
    await Heartbeat(desks.rt).once()
    async with desks.rt.database.begin() as session:
        assert len(await presence.present(session, clock())) == 1
        await login.end_session(session, agent.token)
    assert opened == []
    await Heartbeat(desks.rt).once()
    assert opened == ["/login?over=1"]


async def test_a_page_whose_session_is_over_is_gone_though_its_browser_stays(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.desk.desk.GOES_WITHIN", 0.05)
    agent = await desks.enter()
    client = await agent.user.open("/account")
    monkeypatch.setattr(client, "open", lambda *_, **__: None)
    stopped: list[bool] = []
    _desk(agent).until_over(lambda: stopped.append(client.is_deleted))
    async with desks.rt.database.begin() as session:
        await login.end_session(session, agent.token)
    await Heartbeat(desks.rt).once()
    assert stopped[:1] == [False]  # at once
    await until(lambda: client.is_deleted)


@pytest.mark.parametrize("what", ["logged out", "disabled"])
async def test_a_page_goes_at_the_moment_in_which_its_session_ends(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Not at the clock's next look: what happens meanwhile is told to nobody any more."""

    async def nothing(_: Heartbeat) -> None: ...

    monkeypatch.setattr(Heartbeat, "once", nothing)
    agent, other = await desks.enter(login="first"), await desks.enter(login="second")
    gone, stays = await _built(agent, "/talks"), await _built(other, "/talks")
    stopped: list[str] = []
    gone.until_over(lambda: stopped.append(what))
    async with desks.rt.database.begin() as session:
        if what == "logged out":
            await login.end_session(session, agent.token)
        else:
            assert agent.member
            await accounts.set_active(session, agent.member.login, False, by="staff:root")
    await until(lambda: gone.over)
    assert stopped == [what]
    assert not stays.over


async def test_the_next_look_is_no_later_than_the_end_of_a_session(desks: Desks, clock: Clock) -> None:
    agent = await desks.enter()
    await agent.user.open("/account")
    async with _desk(agent).reading(by_itself=True):
        pass
    clock.forward(minutes=29, seconds=58)
    assert 0 < Heartbeat(desks.rt).pause() <= 2
    clock.forward(seconds=3)
    await Heartbeat(desks.rt).once()
    assert not [desk for desk in connected() if desk.token == agent.token]


async def test_what_waits_is_counted_as_soon_as_a_page_is_shown(
    desks: Desks, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the clock's next look."""

    async def nothing(_: Heartbeat) -> None: ...

    monkeypatch.setattr(Heartbeat, "once", nothing)
    said = message("孩子叫不醒了")
    await inbox.accept(desks.rt, desks.rt.channels["telegram"], said, passive_until=None)
    desk = await _built(await desks.enter(Role.NURSE), "/account")
    badge = frame._badges[desk]["/alarms"]
    await until(lambda: badge.visible and badge.text == "1")


async def test_whose_browser_is_gone_is_there_no_more(
    desks: Desks, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page itself stands for a while, for a browser that comes back: it is the open line that counts."""
    agent = await desks.enter(Role.AGENT)
    desk = await _built(agent, "/account")
    async with desks.rt.database.begin() as session:
        await presence.set_state(session, desk.member.id, PresenceState.ONLINE, clock())

    async def there() -> bool:
        """The heartbeat's, most of a minute later."""
        clock.forward(seconds=50)
        await Heartbeat(desks.rt).once()
        async with desks.rt.database.begin() as session:
            return desk.member.id in [one.member.id for one in await presence.present(session, clock())]

    assert [await there() for _ in range(3)] == [True] * 3
    monkeypatch.setattr(desk.client, "tab_id", None)
    assert [await there() for _ in range(2)] == [True, False]


async def test_a_red_flag_is_heard_in_whichever_page_one_is(
    desks: Desks, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each, by whoever may take it: a supervisor in the list of complaints, not who runs the machines."""
    rung: list[tuple[Role, str]] = []

    def heard(role: Role, code: str) -> None:
        if code.startswith("deskRing("):
            rung.append((role, code))

    for role, path in ((Role.SUPERVISOR, "/cases"), (Role.ADMINISTRATOR, "/account")):
        client = (await _built(await desks.enter(role), path)).client
        monkeypatch.setattr(client, "run_javascript", lambda code, role=role, **_: heard(role, code))
    heartbeat = Heartbeat(desks.rt)
    await heartbeat.once()
    assert rung == []
    said = message("孩子叫不醒了")
    await inbox.accept(desks.rt, desks.rt.channels["telegram"], said, passive_until=None)
    for _ in range(2):
        await heartbeat.once()
    [(role, code)] = rung
    assert role is Role.SUPERVISOR
    assert json.loads(code.removeprefix("deskRing(").removesuffix(")"))["path"] == "/alarms"
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE alarms SET acknowledged_at = now(), acknowledged_by = 'staff:x'"))
    await heartbeat.once()
    assert len(rung) == 1


async def test_a_red_flag_that_was_dated_before_another_and_comes_after_it_is_heard(
    desks: Desks, message: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two gateways one is a little slower, or its clock a little behind."""
    rung: list[str] = []
    client = (await _built(await desks.enter(Role.SUPERVISOR), "/cases")).client
    monkeypatch.setattr(client, "run_javascript", lambda code, **_: rung.append(code))
    heartbeat, rt = Heartbeat(desks.rt), desks.rt
    for sender, seconds in (("first", 5), ("second", -4)):
        clock.forward(seconds=seconds)
        said = message("孩子叫不醒了", sender=sender)
        await inbox.accept(rt, rt.channels["telegram"], said, passive_until=None)
        clock.forward(seconds=3)
        await heartbeat.once()
    assert len([code for code in rung if code.startswith("deskRing(")]) == 2


async def test_a_page_that_fails_keeps_nobody_from_being_sent_away(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> int:
        raise ValueError("a count that nobody thought of")

    opened: set[tuple[str, str]] = set()
    for login_name in ("first", "second"):
        agent = await desks.enter(Role.AGENT, login=login_name)
        client = await agent.user.open("/account")
        monkeypatch.setattr(client, "open", lambda path, who=login_name, **_: opened.add((who, path)))
    broken = replace(registry.PAGES["/cases"], badge=fails)
    monkeypatch.setitem(registry.PAGES, "/cases", broken)
    async with desks.rt.database.begin() as session:
        await login.end_session(session, agent.token)
    await Heartbeat(desks.rt).once()
    assert opened == {("second", "/login?over=1")}  # perhaps by the page's own clock as well


async def test_a_page_is_shown_to_its_roles_only(desks: Desks) -> None:
    """Every page with a right, asked for by everybody: 200 for whom it is for, 403 for the others."""
    for role in (Role.AGENT, Role.NURSE, Role.PHARMACIST, Role.SUPERVISOR, Role.ADMINISTRATOR):
        visitor = await desks.enter(role)
        home = await visitor.http.get("/account")
        links = set(re.findall(r'"href":"(/[^"]*)"', home.text.replace("&quot;", '"')))
        for page in registry.PAGES.values():
            if "{" in page.path or page.right is None:
                continue
            assert (page.path in links) == (page.listed and page.is_for(visitor.member)), (role, page.path)
            if not page.is_for(visitor.member):
                assert (await visitor.http.get(page.path)).status_code == 403, (role, page.path)


async def test_what_nobody_expected_does_not_stop_the_heartbeat(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it everybody would be offline within a minute."""
    monkeypatch.setattr("bot.desk.heartbeat.BEAT_SECONDS", 0.01)
    heartbeat, beats, again = Heartbeat(desks.rt), 0, asyncio.Event()

    async def once() -> None:
        nonlocal beats
        beats += 1
        if beats == 1:
            raise RuntimeError("a page is gone")
        again.set()

    monkeypatch.setattr(heartbeat, "once", once)
    async with heartbeat.beating(), asyncio.timeout(90):
        await again.wait()
