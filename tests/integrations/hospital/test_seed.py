from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from integrations.database import Database
from integrations.hospital.availability import free_slots, sessions
from integrations.hospital.directory import departments, lexicon, practitioners
from integrations.hospital.models import Practitioner, Schedule, Slot
from integrations.hospital.rules import set_rule, written
from integrations.hospital.seed import DAYS_AHEAD, extend, seed
from integrations.settings import ROOT

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)  # a Sunday
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # 9:00 in Shanghai


async def test_the_demo_hospital_is_whole(database: Database) -> None:
    async with database.begin() as session:
        await seed(session, TODAY)
        wards = await departments(session)
        doctors = await practitioners(session)
        names = await lexicon(session)
    assert len(wards) >= 16
    assert len(doctors) >= 60
    told = f"{len(wards)} departments, {len(doctors)} doctors"
    assert told in (ROOT / "README.md").read_text(encoding="utf-8")
    assert {ward.name for ward in wards if not ward.bookable} == {"急诊科", "发热门诊"}
    assert all(ward.aliases and ward.description and ward.location for ward in wards)
    assert len({doctor.title for doctor in doctors}) == 4
    assert all(doctor.speciality for doctor in doctors)
    heart = {doctor.name for doctor in doctors if doctor.department == "心血管内科"}
    assert {"王建国", "李静", "赵敏"} <= heart
    assert sum(name.startswith("王") for name in heart) == 2
    assert {name.id for name in names.departments} == {str(ward.id) for ward in wards}
    assert next(one for one in names.practitioners if one.name == "李静").title == "副主任医师"


async def test_schedules_reach_fourteen_days_and_grow_by_the_day(database: Database) -> None:
    async with database.begin() as session:
        assert await seed(session, TODAY) > 500
        assert await seed(session, TODAY) == 0
        assert await session.scalar(select(func.max(Schedule.date))) == TODAY + timedelta(days=DAYS_AHEAD)
        before = await session.scalar(select(func.count()).select_from(Slot))
        assert await seed(session, TODAY + timedelta(days=1)) > 0
        after = await session.scalar(select(func.count()).select_from(Slot))
        assert await session.scalar(select(func.max(Schedule.date))) == TODAY + timedelta(days=DAYS_AHEAD + 1)
        counts = await session.execute(select(Schedule.date, func.count()).group_by(Schedule.date))
        per_day = {row[0]: row[1] for row in counts}
    assert before
    assert after
    assert after > before
    assert len(per_day) == DAYS_AHEAD + 2
    assert min(per_day.values()) > 5
    assert per_day[TODAY] * 2 < per_day[TODAY + timedelta(days=1)]  # Sundays are thin


async def test_slots_are_numbered_ten_minutes_apart_in_local_time(database: Database) -> None:
    wednesday = date(2026, 11, 25)
    async with database.begin() as session:
        await seed(session, TODAY)
        doctor = await session.scalar(select(Practitioner.id).where(Practitioner.name == "李静"))
        [morning] = await sessions(
            session, practitioner_id=doctor, first=wednesday, last=wednesday, period="morning", now=NOW
        )
        slots = await free_slots(session, morning.schedule_id, NOW)
    assert [slot.number for slot in slots] == list(range(1, morning.free + 1))
    assert {b.starts_at - a.starts_at for a, b in itertools.pairwise(slots)} == {timedelta(minutes=10)}
    local = slots[0].starts_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.date(), local.time()) == (wednesday, slots[0].time)
    assert morning.next_times == tuple(slot.time for slot in slots[: len(morning.next_times)])


async def test_the_three_heart_doctors_are_there_on_wednesday_mornings(database: Database) -> None:
    async with database.begin() as session:
        await seed(session, TODAY)
        heart = next(ward for ward in await departments(session) if ward.name == "心血管内科")
        for wednesday in (date(2026, 11, 25), date(2026, 12, 2)):
            found = await sessions(
                session, department_id=heart.id, first=wednesday, last=wednesday, period="morning", now=NOW
            )
            by_name = {one.practitioner: one.fee_fen for one in found}
            assert (by_name["王建国"], by_name["李静"], by_name["赵敏"]) == (5000, 3500, 2500)


async def test_general_medicine_is_free_of_charge(database: Database) -> None:
    async with database.begin() as session:
        await seed(session, TODAY)
        for ward in await departments(session):
            found = await sessions(
                session,
                department_id=ward.id,
                first=TODAY,
                last=TODAY + timedelta(days=14),
                now=NOW,
                limit=500,
            )
            assert bool(found) is ward.bookable
            if ward.name in {"全科医学科", "便民门诊"}:
                assert {one.fee_fen for one in found} == {0}


async def test_schedules_grow_by_themselves_in_the_seeded_hospital_only(database: Database) -> None:
    async with database.begin() as session:
        assert await extend(session, TODAY) == 0
        assert await session.scalar(select(func.count()).select_from(Practitioner)) == 0
        await seed(session, TODAY)
        assert await extend(session, TODAY) == 0
        assert await extend(session, TODAY + timedelta(days=3)) > 0
        last = await session.scalar(select(func.max(Schedule.date)))
    assert last == TODAY + timedelta(days=DAYS_AHEAD + 3)


async def test_a_changed_rule_stays_as_it_is(database: Database) -> None:
    async with database.begin() as session:
        await seed(session, TODAY)
        await set_rule(session, "儿科", "age_to", "16")
        await seed(session, TODAY)
        assert (await written(session))["儿科"] == {"age_to": "16"}
