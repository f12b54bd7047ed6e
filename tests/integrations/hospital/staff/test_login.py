"""A password, a code, a session; and every way in that is shut."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital.models import AuditEvent, Role, StaffMember, StaffSession
from integrations.hospital.staff import accounts, login, second_factor
from tests import staff_rows
from tests.staff_rows import PASSWORD

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HERE = "10.0.0.7"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def agent(database: Database, crypto: Crypto) -> StaffMember:
    async with database.begin() as session:
        return await staff_rows.member(session, Role.AGENT, "li.na", crypto=crypto)


async def _try(database: Database, name: str, password: str, now: datetime = NOW) -> StaffMember | None:
    async with database.begin() as session:
        return await login.check_password(session, name, password, HERE, now)


async def _code(database: Database, crypto: Crypto, agent: StaffMember, code: str, now: datetime) -> bool:
    async with database.begin() as session:
        return await login.check_code(session, crypto, agent.id, code, HERE, now) is not None


async def _token(database: Database, agent: StaffMember, now: datetime = NOW) -> str:
    async with database.begin() as session:
        return await login.open_session(session, await accounts.find(session, agent.login), HERE, now)


async def _is_open(database: Database, token: str, now: datetime, *, acts: bool = True) -> bool:
    async with database.begin() as session:
        return await login.member_of(session, token, now, acts=acts) is not None


async def test_password_and_code_open_a_session(
    database: Database, crypto: Crypto, agent: StaffMember
) -> None:
    assert (found := await _try(database, " Li.Na ", PASSWORD)) is not None
    assert found.id == agent.id
    assert await _code(database, crypto, agent, staff_rows.code(NOW), NOW)
    token = await _token(database, agent)
    assert await _is_open(database, token, NOW)
    assert not await _is_open(database, token + "x", NOW)
    async with database.begin() as session:
        stored = (await session.scalars(select(StaffSession))).one()
        assert token.encode() not in bytes(stored.id)
        assert stored.address == HERE


@pytest.mark.parametrize(
    ("name", "password"), [("li.na", "wrong"), ("nobody", PASSWORD), ("", ""), ("x" * 500, "y" * 5000)]
)
async def test_refused(database: Database, agent: StaffMember, name: str, password: str) -> None:
    assert await _try(database, name, password) is None
    async with database.begin() as session:
        event = (await session.execute(select(AuditEvent.action, AuditEvent.subject))).one()
    assert event.action == "login_refused"
    assert event.subject in ("staff", "staff:li.na")  # never what was typed


async def test_unknown_logins_cost_the_same_work(
    database: Database, agent: StaffMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[bool] = []
    real = login.passwords._matches

    def counting(password_hash: str | None, password: str) -> bool:
        worked.append(password_hash is None)
        return real(password_hash, password)

    monkeypatch.setattr(login.passwords, "_matches", counting)
    await _try(database, "nobody", "wrong")
    await _try(database, "li.na", "wrong")
    assert worked == [True, False]


async def test_five_failures_lock_for_a_quarter_of_an_hour(
    database: Database, crypto: Crypto, agent: StaffMember
) -> None:
    for _ in range(3):
        assert await _try(database, "li.na", "wrong") is None
    for _ in range(2):  # a right password does not make the codes before it be forgotten
        assert await _try(database, "li.na", PASSWORD) is not None
        assert not await _code(database, crypto, agent, "000000", NOW)
    assert await _try(database, "li.na", PASSWORD) is None
    assert not await _code(database, crypto, agent, staff_rows.code(NOW), NOW)
    assert await _try(database, "li.na", PASSWORD, NOW + 14 * MINUTE) is None
    later = NOW + 15 * MINUTE
    assert await _try(database, "li.na", PASSWORD, later) is not None
    assert await _code(database, crypto, agent, staff_rows.code(later), later)


async def test_who_comes_in_begins_anew_with_their_failures(
    database: Database, crypto: Crypto, agent: StaffMember
) -> None:
    for day in range(2):
        now = NOW + timedelta(days=day)
        for _ in range(4):
            assert await _try(database, "li.na", "wrong", now) is None
        assert await _try(database, "li.na", PASSWORD, now) is not None
        assert await _code(database, crypto, agent, staff_rows.code(now), now)


async def test_a_lock_of_a_clock_that_ran_ahead_is_over(database: Database, agent: StaffMember) -> None:
    for _ in range(5):
        await _try(database, "li.na", "wrong", NOW + timedelta(days=3))
    assert await _try(database, "li.na", PASSWORD) is not None


async def test_a_code_counts_once_and_half_a_minute_either_way(
    database: Database, crypto: Crypto, agent: StaffMember
) -> None:
    for steps, counts in ((-2, False), (2, False), (-1, True), (-1, False), (0, True), (1, True), (0, False)):
        code = staff_rows.code(NOW, steps)
        assert await _code(database, crypto, agent, code, NOW) is counts, steps


async def test_a_disabled_account_neither_logs_in_nor_goes_on(
    database: Database, crypto: Crypto, agent: StaffMember
) -> None:
    token = await _token(database, agent)
    async with database.begin() as session:
        await accounts.set_active(session, "li.na", False, by="staff:root")
    assert not await _is_open(database, token, NOW)
    begun_meanwhile = await _token(database, agent)
    assert not await _is_open(database, begun_meanwhile, NOW)
    assert await _try(database, "li.na", PASSWORD) is None
    assert not await _code(database, crypto, agent, staff_rows.code(NOW), NOW)


async def test_a_session_ends_when_idle_and_after_twelve_hours(
    database: Database, agent: StaffMember
) -> None:
    token = await _token(database, agent)
    assert not await _is_open(database, token, NOW + 30 * MINUTE)
    now = NOW
    for _ in range(25):
        assert await _is_open(database, token, now)
        now += 29 * MINUTE
    twelve = NOW + timedelta(hours=12)
    assert now > twelve  # not idle by then
    assert await _is_open(database, token, twelve - MINUTE)
    assert not await _is_open(database, token, twelve)


async def test_looking_without_acting_does_not_keep_a_session(database: Database, agent: StaffMember) -> None:
    token = await _token(database, agent)
    for minutes in range(0, 30, 5):
        assert await _is_open(database, token, NOW + minutes * MINUTE, acts=False)
    assert not await _is_open(database, token, NOW + 30 * MINUTE, acts=False)


async def test_enrolment_at_the_first_login(database: Database, crypto: Crypto) -> None:
    async with database.begin() as session:
        newcomer = await staff_rows.member(session, Role.NURSE, "wu.min")
        secret = second_factor.enrol(crypto, newcomer)
        assert second_factor.enrol(crypto, newcomer) == secret
        assert "secret=" + secret in second_factor.address_for_phone(secret, newcomer, "仁和")
    assert await _code(database, crypto, newcomer, pyotp.TOTP(secret).at(NOW), NOW)
    async with database.begin() as session:
        assert (await accounts.find(session, "wu.min")).totp_confirmed_at == NOW
        assert secret.encode() not in bytes((await accounts.find(session, "wu.min")).totp_secret or b"")


async def test_logging_out_ends_one_session(database: Database, agent: StaffMember) -> None:
    one, other = await _token(database, agent), await _token(database, agent)
    async with database.begin() as session:
        await login.end_session(session, one)
    assert not await _is_open(database, one, NOW)
    assert await _is_open(database, other, NOW)


async def test_old_sessions_are_forgotten(database: Database, agent: StaffMember) -> None:
    await _token(database, agent, NOW - timedelta(hours=1))
    await _token(database, agent, NOW)
    async with database.begin() as session:
        await login.forget_old_sessions(session, NOW)
        assert await session.scalar(select(func.count()).select_from(StaffSession)) == 1


async def test_tries_at_once_are_all_counted(database: Database, agent: StaffMember) -> None:
    """Whoever tries in parallel gets no more tries."""
    await asyncio.gather(*(_try(database, "li.na", "wrong") for _ in range(5)))
    assert await _try(database, "li.na", PASSWORD) is None
