"""Accounts are made, changed and disabled; what takes a right away ends what is open."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import argon2
import pytest
from sqlalchemy import select

from integrations.database import Database
from integrations.hospital.models import AuditEvent, PresenceState, Role, StaffMember
from integrations.hospital.staff import accounts, login, passwords, permissions, presence
from integrations.hospital.staff.accounts import BadAccount, LastAdministrator
from integrations.hospital.staff.passwords import BadPassword
from integrations.hospital.staff.permissions import RIGHTS, NotPermitted, OtherDepartment, Right
from integrations.hospital.staff.presence import SEEN_WITHIN
from tests import staff_rows
from tests.bot.blocking import waits_for
from tests.clinic_rows import doctor, ward
from tests.staff_rows import PASSWORD

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
BY = "staff:root"


async def test_a_doctors_account_belongs_to_one_practitioner(database: Database) -> None:
    async with database.begin() as session:
        cardiology = await ward(session, "心血管内科")
        wang = await doctor(session, "王建国", cardiology.id)
        made = {"role": Role.DOCTOR, "password": PASSWORD, "by": BY, "now": NOW, "name": "王建国"}
        member = await accounts.create(session, login="Wang.JG", staff_no=wang.staff_no, **made)
        assert (member.login, member.practitioner_id) == ("wang.jg", wang.id)
        assert member.department_id == cardiology.id
        with pytest.raises(BadAccount):
            await accounts.create(session, login="wang2", staff_no=wang.staff_no, **made)
        with pytest.raises(BadAccount):
            await accounts.create(session, login="wang3", staff_no=None, **made)
        # the same doctor's role may be set again: it is nobody else's
        await accounts.change_role(session, "wang.jg", Role.DOCTOR, by=BY, staff_no=wang.staff_no)
        await accounts.change_role(session, "wang.jg", Role.NURSE, by=BY, department_id=cardiology.id)
        assert member.practitioner_id is None


@pytest.mark.parametrize("name", ["", "a", "1x", "li na", "李娜", "x" * 41, "li'--"])
async def test_logins_that_are_none(database: Database, name: str) -> None:
    async with database.begin() as session:
        with pytest.raises(BadAccount):
            await accounts.create(
                session, login=name, name="李娜", role=Role.AGENT, password=PASSWORD, by=BY, now=NOW
            )


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "li.na-2026-11-22", "x" * 201])
def test_passwords_that_are_none(password: str) -> None:
    with pytest.raises(BadPassword):
        passwords.judge(password, "li.na")


async def test_of_a_password_nothing_is_kept_but_what_takes_long_to_guess(database: Database) -> None:
    """Argon2id, as strong as OWASP asks at least (19 MB, two passes), and another for everybody."""
    async with database.begin() as session:
        kept = [
            (
                await accounts.create(
                    session, login=login, name="李娜", role=Role.AGENT, password=PASSWORD, by=BY, now=NOW
                )
            ).password_hash
            for login in ("li.na", "li.na2")
        ]
    for one in kept:
        asked = argon2.extract_parameters(one)
        assert asked.type is argon2.Type.ID
        assert asked.memory_cost >= 19 * 1024
        assert asked.time_cost >= 2
    assert len(set(kept)) == 2
    assert await passwords.matches(kept[0], PASSWORD)
    assert not await passwords.matches(kept[0], f"{PASSWORD}x")


async def test_what_takes_a_right_away_ends_the_sessions(database: Database) -> None:
    changes = (
        lambda session: accounts.change_role(session, "li.na", Role.NURSE, by=BY),
        lambda session: accounts.reset_factor(session, "li.na", by=BY),
        lambda session: accounts.reset_password(session, "li.na", by=BY, now=NOW),
        lambda session: accounts.set_active(session, "li.na", False, by=BY),
    )
    async with database.begin() as session:
        member = await staff_rows.member(session, Role.AGENT, "li.na")
        for change in changes:
            token = await login.open_session(session, member, "10.0.0.7", NOW)
            await change(session)
            assert await login.member_of(session, token, NOW) is None
        actions = list(await session.scalars(select(AuditEvent.action).where(AuditEvent.actor == BY)))
    assert actions == ["staff_role_changed", "second_factor_reset", "password_reset", "staff_disabled"]


async def test_changing_the_own_password_ends_the_other_sessions(database: Database) -> None:
    async with database.begin() as session:
        member = await staff_rows.member(session, Role.AGENT, "li.na")
        here, there = [await login.open_session(session, member, "10.0.0.7", NOW) for _ in range(2)]
        new = "another-of-the-tests"
        assert not await accounts.change_own_password(session, member, "wrong", new, NOW, token=here)
        with pytest.raises(BadPassword):
            await accounts.change_own_password(session, member, PASSWORD, PASSWORD, NOW, token=here)
        assert await accounts.change_own_password(session, member, PASSWORD, new, NOW, token=here)
        assert await login.member_of(session, here, NOW) is not None
        assert await login.member_of(session, there, NOW) is None
        assert await login.check_password(session, "li.na", PASSWORD, "10.0.0.7", NOW) is None
        assert await login.check_password(session, "li.na", new, "10.0.0.7", NOW) is not None


async def test_who_guesses_the_password_at_an_open_session_loses_it(database: Database) -> None:
    async with database.begin() as session:
        member = await staff_rows.member(session, Role.AGENT, "li.na")
        session.info["address"] = "10.0.0.7"
        here = await login.open_session(session, member, "10.0.0.7", NOW)
        for number in range(login.MOST_FAILURES):
            assert await login.member_of(session, here, NOW) is not None
            assert not await accounts.change_own_password(
                session, member, f"guess {number}", "one-of-mine-now", NOW, token=here
            )
        assert await login.member_of(session, here, NOW) is None
        assert await login.check_password(session, "li.na", PASSWORD, "10.0.0.7", NOW) is None
        refused = list(
            await session.scalars(select(AuditEvent.detail).where(AuditEvent.action == "login_refused"))
        )
        actions = list(await session.scalars(select(AuditEvent.action)))
    assert [one["address"] for one in refused] == ["10.0.0.7"] * (login.MOST_FAILURES + 1)
    assert "login_locked" in actions


async def test_a_password_that_is_reset_just_then_changes_no_other(database: Database) -> None:
    async with database.begin() as session:
        member = await staff_rows.member(session, Role.AGENT, "li.na")

    async def change() -> bool:
        async with database.begin() as session:
            mine = await session.get_one(StaffMember, member.id)
            return await accounts.change_own_password(session, mine, PASSWORD, f"{PASSWORD} 2", NOW)

    async with database.begin() as session:
        given = await accounts.reset_password(session, "li.na", by=BY, now=NOW)
        changing = asyncio.create_task(change())
        await waits_for(session, changing)
    assert not await changing
    async with database.begin() as session:
        assert await login.check_password(session, "li.na", given, "10.0.0.7", NOW)


async def test_the_last_two_administrators_do_not_send_each_other_away(database: Database) -> None:
    async with database.begin() as session:
        for name in ("root", "second"):
            await staff_rows.member(session, Role.ADMINISTRATOR, name)

    async def send_away(name: str) -> None:
        async with database.begin() as session:
            await accounts.set_active(session, name, False, by=BY)

    async with database.begin() as session:
        await accounts.set_active(session, "second", False, by=BY)
        other = asyncio.create_task(send_away("root"))
        await waits_for(session, other)
    with pytest.raises(LastAdministrator):
        await other


async def test_somebody_stays_administrator(database: Database) -> None:
    async with database.begin() as session:
        await staff_rows.member(session, Role.ADMINISTRATOR, "root")
        with pytest.raises(BadAccount):
            await accounts.set_active(session, "root", False, by=BY)
        with pytest.raises(BadAccount):
            await accounts.change_role(session, "root", Role.AGENT, by=BY)
        await staff_rows.member(session, Role.ADMINISTRATOR, "second")
        await accounts.set_active(session, "root", False, by=BY)
        with pytest.raises(BadAccount):
            await accounts.set_active(session, "second", False, by=BY)


def test_every_right_belongs_to_somebody_and_nobody_has_all() -> None:
    assert set().union(*RIGHTS.values()) == set(Right)
    assert all(rights < set(Right) for rights in RIGHTS.values())
    assert set(RIGHTS) == set(Role)


def test_what_a_role_must_not_do() -> None:
    """Who writes prescriptions reviews none; who keeps accounts sees no patient; who moves money writes none."""
    for role, rights in RIGHTS.items():
        assert not {Right.PRESCRIPTIONS_WRITE, Right.PRESCRIPTIONS_REVIEW} <= rights, role
        assert not {Right.STAFF_MANAGE, Right.PATIENTS_REVEAL} <= rights, role
        assert not {Right.STAFF_MANAGE, Right.AUDIT_READ} <= rights, role
    assert RIGHTS[Role.ADMINISTRATOR] == {Right.STAFF_MANAGE}


async def test_rights_and_departments(database: Database) -> None:
    async with database.begin() as session:
        cardiology, surgery = [await ward(session, name) for name in ("心血管内科", "骨科")]
        wang = await staff_rows.member(
            session, Role.DOCTOR, doctor=await doctor(session, "王建国", cardiology.id)
        )
        boss = await staff_rows.member(session, Role.SUPERVISOR)
    permissions.require(wang, Right.PRESCRIPTIONS_WRITE)
    with pytest.raises(NotPermitted):
        permissions.require(wang, Right.AUDIT_READ)
    assert permissions.in_department(wang, cardiology.id)
    assert not permissions.in_department(wang, surgery.id)
    assert not permissions.in_department(wang, None)
    assert permissions.in_department(boss, surgery.id)
    assert permissions.limited_to(wang) == cardiology.id
    assert permissions.limited_to(boss) is None
    permissions.check_department(cardiology.id, None, "x")
    permissions.check_department(None, surgery.id, "x")
    with pytest.raises(OtherDepartment):
        permissions.check_department(cardiology.id, surgery.id, "x")
    wang.active = False
    with pytest.raises(NotPermitted):
        permissions.require(wang, Right.PRESCRIPTIONS_WRITE)


async def test_present_is_who_is_online_and_was_heard_of(database: Database) -> None:
    async with database.begin() as session:
        made = {login: await staff_rows.member(session, Role.AGENT, login) for login in ("a1", "b2", "c3")}
        ids = {login: member.id for login, member in made.items()}
        await presence.seen(session, ids["c3"], NOW)  # has said nothing yet
        await presence.set_state(session, ids["a1"], PresenceState.ONLINE, NOW, capacity=3)
        await presence.set_state(session, ids["b2"], PresenceState.BUSY, NOW)

        async def there(now: datetime) -> list[tuple[str, int]]:
            return [(one.member.login, one.capacity) for one in await presence.present(session, now)]

        assert await there(NOW) == [("a1", 3)]
        assert await there(NOW + SEEN_WITHIN) == []
        await presence.seen(session, ids["a1"], NOW + SEEN_WITHIN)
        await presence.set_state(session, ids["b2"], PresenceState.ONLINE, NOW)
        assert await there(NOW + SEEN_WITHIN) == [("a1", 3)]
        await accounts.set_active(session, "a1", False, by=BY)
        assert await there(NOW + SEEN_WITHIN) == []
        assert await presence.state_of(session, ids["c3"]) is PresenceState.OFFLINE


async def test_listed(database: Database) -> None:
    async with database.begin() as session:
        for name in ("b2", "a1"):
            await staff_rows.member(session, Role.AGENT, name)
        await accounts.set_active(session, "a1", False, by=BY)
        found: list[StaffMember] = await accounts.listed(session)
    assert [one.login for one in found] == ["b2", "a1"]
