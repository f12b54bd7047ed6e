"""The way in, as a browser walks it: password, code, session; and out again."""

from __future__ import annotations

import asyncio
import re

import httpx
import pyotp
import pytest

from integrations.hospital.models import Role
from integrations.hospital.staff import accounts, login
from tests import staff_rows
from tests.bot.blocking import waits_for
from tests.bot.conftest import Clock
from tests.bot.desk.conftest import DOCTORS, Desks
from tests.clinic_rows import doctor, ward
from tests.staff_rows import PASSWORD


async def _password(
    browser: httpx.AsyncClient, name: str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await browser.post("/login", data={"name": name, "password": password, **more})


async def _member(desks: Desks, role: Role, login: str, *, enrolled: bool = True) -> None:
    async with desks.rt.database.begin() as session:
        await staff_rows.member(session, role, login, crypto=desks.rt.crypto if enrolled else None)


async def test_password_code_page(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    answer = await browser.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/account")
    answer = await _password(browser, "li.na", onward="/account")
    assert answer.headers["location"] == "/login/code?next=/account"
    answer = await browser.post("/login/code", data={"code": staff_rows.code(clock()), "onward": "/account"})
    assert answer.headers["location"] == "/account"
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith("desk=")]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    page = await browser.get("/account")
    assert page.status_code == 200
    assert "沈一鸣" in page.text
    answer = await browser.post("/logout")
    assert answer.headers["location"] == "/login"
    assert answer.headers["clear-site-data"] == '"cache", "storage"'  # a draft that was not sent
    browser.cookies.set("desk", re.search(r"desk=([^;]+)", cookie)[1])  # a copy of it is worth nothing now
    assert (await browser.get("/account")).status_code == 303


async def test_every_refusal_is_the_same(desks: Desks) -> None:
    await _member(desks, Role.AGENT, "li.na")
    await _member(desks, Role.AGENT, "off")
    async with desks.rt.database.begin() as session:
        await accounts.set_active(session, "off", False, by="staff:root")
    answers = [
        await _password(desks.browser(), name, password)
        for name, password in (
            ("li.na", "wrong"),
            ("nobody", PASSWORD),
            ("off", PASSWORD),
            ("", ""),
            ("li\0na", PASSWORD),
            ("li.na", "\0"),
        )
    ]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert "没有成功" in answers[0].text


async def test_a_session_is_new_after_login(desks: Desks, clock: Clock) -> None:
    """What somebody planted in the browser before does not become the session; nor does the last one go on."""
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    browser.cookies.set("desk", "planted", domain="desk.test", path="/")
    tokens = []
    for _ in range(2):
        await _password(browser, "li.na")
        await browser.post("/login/code", data={"code": staff_rows.code(clock())})
        tokens.append(browser.cookies["desk"])
        clock.forward(seconds=60)
    assert len({"planted", *tokens}) == 3
    old = desks.browser()
    for token in ("planted", tokens[0]):
        old.cookies.set("desk", token)
        assert (await old.get("/account")).status_code == 303
    assert (await browser.get("/account")).status_code == 200


async def test_the_second_factor_is_set_up_at_the_first_login(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.NURSE, "wu.min", enrolled=False)
    browser = desks.browser()
    await _password(browser, "wu.min")
    page = (await browser.get("/login/code")).text
    assert "<svg" in page
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    wrong = await browser.post("/login/code", data={"code": "000000"})
    assert wrong.status_code == 401
    assert secret[:4] in wrong.text  # the same one: the phone has it already
    right = await browser.post("/login/code", data={"code": pyotp.TOTP(secret).at(clock())})
    assert right.status_code == 303
    clock.forward(minutes=1)
    other = desks.browser()
    await _password(other, "wu.min")
    assert secret[:4] not in (await other.get("/login/code")).text  # shown no more


async def test_a_code_needs_the_password_before_it(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    assert (await browser.post("/login/code", data={"code": staff_rows.code(clock())})).status_code == 401
    await _password(browser, "li.na")
    clock.forward(minutes=6)
    late = await browser.post("/login/code", data={"code": staff_rows.code(clock())})
    assert late.status_code == 401
    assert "desk" not in browser.cookies


async def test_a_password_that_was_changed_meanwhile_is_worth_nothing(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    await _password(browser, "li.na")
    clock.forward(seconds=1)
    async with desks.rt.database.begin() as session:
        await accounts.reset_password(session, "li.na", by="staff:root", now=clock())
    answer = await browser.post("/login/code", data={"code": staff_rows.code(clock())})
    assert answer.status_code == 401


async def test_nor_is_one_that_is_changed_at_the_same_moment(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    await _password(browser, "li.na")
    clock.forward(seconds=1)
    async with desks.rt.database.begin() as session:
        await accounts.reset_password(session, "li.na", by="staff:root", now=clock())
        entering = asyncio.create_task(browser.post("/login/code", data={"code": staff_rows.code(clock())}))
        await waits_for(session, entering)
    assert (await entering).status_code == 401
    assert "desk" not in browser.cookies


@pytest.mark.parametrize(
    "onward", ["//evil.test/", "https://evil.test/", "/\\evil.test", "/logout", "javascript:x"]
)
async def test_the_way_on_stays_inside(desks: Desks, clock: Clock, onward: str) -> None:
    await _member(desks, Role.AGENT, "li.na")
    browser = desks.browser()
    assert onward not in (await browser.get("/login", params={"next": onward})).text
    await _password(browser, "li.na", onward=onward)
    answer = await browser.post("/login/code", data={"code": staff_rows.code(clock()), "onward": onward})
    assert answer.headers["location"] == "/"


async def test_only_doctors_come_by_the_doctors_name(desks: Desks, clock: Clock) -> None:
    await _member(desks, Role.SUPERVISOR, "boss")
    async with desks.rt.database.begin() as session:
        wang = await doctor(session, "王建国", (await ward(session, "心血管内科")).id)
        await staff_rows.member(session, Role.DOCTOR, "wang", crypto=desks.rt.crypto, doctor=wang)
    assert (await _password(desks.browser(DOCTORS), "boss")).status_code == 401
    phone = desks.browser(DOCTORS)
    assert (await _password(phone, "wang")).status_code == 303
    entered = await phone.post("/login/code", data={"code": staff_rows.code(clock())})
    assert entered.status_code == 303, entered.text
    assert (await phone.get("/account")).status_code == 200
    inside = await desks.enter(Role.SUPERVISOR)  # a session from inside does not work outside
    outside = desks.browser(DOCTORS)
    outside.cookies.set("desk", inside.token)
    assert (await outside.get("/account")).status_code == 303


async def test_nobody_but_a_doctor_is_locked_by_the_doctors_name(desks: Desks) -> None:
    """It is published: whoever knows a login could keep its member from working. That holds for doctors alone."""
    await _member(desks, Role.SUPERVISOR, "boss")
    async with desks.rt.database.begin() as session:
        wang = await doctor(session, "王建国", (await ward(session, "心血管内科")).id)
        await staff_rows.member(session, Role.DOCTOR, "wang", crypto=desks.rt.crypto, doctor=wang)
    for name in ("boss", "wang"):
        for _ in range(login.MOST_FAILURES):
            assert (await _password(desks.browser(DOCTORS), name, "wrong")).status_code == 401
    async with desks.rt.database.begin() as session:
        boss, locked = await accounts.find(session, "boss"), await accounts.find(session, "wang")
        assert (boss.failed_logins, boss.locked_until) == (0, None)
        assert locked.locked_until is not None
    assert (await _password(desks.browser(), "boss")).status_code == 303
    assert (await _password(desks.browser(DOCTORS), "wang")).status_code == 401
