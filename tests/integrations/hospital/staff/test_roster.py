"""Who is on duty: drawn up, changed, and asked for when somebody is to be paged."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital.models import AuditEvent, DutyLevel, DutyShift, Role, StaffMember
from integrations.hospital.reading import InvalidPhone
from integrations.hospital.revealing import NoReason
from integrations.hospital.staff import roster
from integrations.hospital.staff.roster import BadHours, Hours, UnknownShift
from tests import staff_rows

BOSS = "staff:boss"
PHONE = "139 0000 0007"
NIGHT = Hours(date(2026, 11, 22), time(17), time(8))
EIGHT_NEXT_DAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


async def _member(database: Database, name: str = "王芳") -> StaffMember:
    async with database.begin() as session:
        return await staff_rows.member(session, Role.NURSE, name=name)


async def _add(
    database: Database,
    crypto: Crypto,
    member: StaffMember,
    hours: Hours = NIGHT,
    level: DutyLevel = DutyLevel.ONCALL,
    phone: str = PHONE,
) -> int:
    async with database.begin() as session:
        return await roster.add(session, crypto, level, member.id, phone, hours, actor=BOSS)


async def _on_duty(
    database: Database, crypto: Crypto, now: datetime, level: DutyLevel = DutyLevel.ONCALL
) -> list[tuple[str, str]]:
    async with database.begin() as session:
        return [(one.name, one.phone) for one in await roster.on_duty(session, crypto, level, now)]


async def test_a_night_ends_on_the_next_morning(database: Database, crypto: Crypto) -> None:
    assert await _add(database, crypto, await _member(database)) == 1
    begins = EIGHT_NEXT_DAY - timedelta(hours=15)
    moment, them = timedelta(microseconds=1), [("王芳", "+8613900000007")]
    for now, found in (
        (begins - moment, []),
        (begins, them),
        (EIGHT_NEXT_DAY - moment, them),
        (EIGHT_NEXT_DAY, []),
    ):
        assert await _on_duty(database, crypto, now) == found, now
    assert await _on_duty(database, crypto, begins, DutyLevel.OFFICE) == []


async def test_a_week_is_drawn_up_at_once_and_no_shift_twice(database: Database, crypto: Crypto) -> None:
    member = await _member(database)
    assert await _add(database, crypto, member, Hours(NIGHT.day, time(8), time(8), 2)) == 2
    assert await _add(database, crypto, member, Hours(NIGHT.day, time(8), time(8), 7)) == 5
    async with database.begin() as session:
        listed = await roster.listed(session, crypto, EIGHT_NEXT_DAY, 3)
        over = await roster.listed(session, crypto, EIGHT_NEXT_DAY, 3, over=True)
    assert (len(listed), listed.total, over.total) == (3, 6, 1)
    assert [one.starts_at for one in listed] == [EIGHT_NEXT_DAY + timedelta(days=n) for n in range(3)]
    assert {one.phone for one in listed} == {"139****0007"}


@pytest.mark.parametrize(
    ("hours", "phone", "error"),
    [
        (Hours(NIGHT.day, time(8), time(8), 0), PHONE, BadHours),
        (Hours(NIGHT.day, time(8), time(8), 32), PHONE, BadHours),
        (NIGHT, "010-8888 6666", InvalidPhone),  # no message comes there
    ],
)
async def test_what_is_no_shift(
    database: Database, crypto: Crypto, hours: Hours, phone: str, error: type[Exception]
) -> None:
    member = await _member(database)
    with pytest.raises(error):
        await _add(database, crypto, member, hours, phone=phone)


@pytest.mark.parametrize(
    ("typed", "meant"), [("8:00", time(8)), (" 17：30 ", time(17, 30)), ("0:05", time(0, 5))]
)
def test_times_as_they_are_typed(typed: str, meant: time) -> None:
    assert roster.read_time(typed) == meant


@pytest.mark.parametrize("typed", ["", "8", "24:00", "eight", "8:60"])
def test_what_is_no_time(typed: str) -> None:
    with pytest.raises(BadHours):
        roster.read_time(typed)


async def test_whoever_left_the_hospital_is_not_paged(database: Database, crypto: Crypto) -> None:
    member = await _member(database)
    await _add(database, crypto, member)
    async with database.begin() as session:
        (await session.get_one(StaffMember, member.id)).active = False
    assert await _on_duty(database, crypto, EIGHT_NEXT_DAY - timedelta(hours=1)) == []


async def test_a_shift_is_taken_off_while_it_lasts_and_who_was_on_duty_stays_known(
    database: Database, crypto: Crypto
) -> None:
    member = await _member(database)
    await _add(database, crypto, member)
    async with database.begin() as session:
        shift = (await session.scalars(select(DutyShift.id))).one()
        for one in (uuid4(), shift):
            with pytest.raises(UnknownShift):
                await roster.remove(session, one, actor=BOSS, now=EIGHT_NEXT_DAY)
        await roster.remove(session, shift, actor=BOSS, now=EIGHT_NEXT_DAY - timedelta(hours=1))
    assert await _on_duty(database, crypto, EIGHT_NEXT_DAY - timedelta(hours=1)) == []
    async with database.begin() as session:
        events = await session.execute(select(AuditEvent.action, AuditEvent.actor, AuditEvent.subject))
        assert sorted(map(tuple, events)) == [
            ("duty_added", BOSS, member.actor), ("duty_removed", BOSS, member.actor),
        ]  # fmt: skip


async def test_a_colleagues_number_is_shown_with_a_reason(database: Database, crypto: Crypto) -> None:
    member = await _member(database)
    await _add(database, crypto, member)
    async with database.begin() as session:
        shift = (await session.scalars(select(DutyShift))).one()
        assert b"13900000007" not in shift.phone
        with pytest.raises(NoReason):
            await roster.reveal(session, crypto, shift.id, actor="staff:x", reason=".")
        found = await roster.reveal(session, crypto, shift.id, actor="staff:x", reason="red flag 107")
        assert found.phone == "+8613900000007"
        assert found.phone not in repr(found)
        kept = select(AuditEvent.detail).where(AuditEvent.action == "duty_phone_revealed")
        assert (await session.scalars(kept)).one() == {"reason": "red flag 107"}
