"""Booking rules as the operator sees them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot import health
from bot.commands import rules
from bot.launching.migrate import APP
from bot.launching.starting import StartError
from integrations.hospital.models import BookingRule, Department


@pytest.fixture
async def wards(rt, tables):
    """骨科 is sound, 儿科 contradicts the hospital."""
    async with rt.database.begin() as session:
        if not await session.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP}):
            await session.execute(text(f"CREATE ROLE {APP}"))
        await session.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP}"))
        for position, name in enumerate(("骨科", "儿科")):
            session.add(Department(name=name, campus="本部", building="楼", floor="1层", position=position))
        await session.flush()
        children = await session.scalar(text("SELECT id FROM departments WHERE name = '儿科'"))
        session.add(BookingRule(age_from=20, horizon_days=7))
        session.add(BookingRule(department_id=children, age_to=14))
    return tables


async def run(work, *arguments):
    return await asyncio.to_thread(work, *arguments)


async def test_what_cannot_be_is_marked_and_the_rest_shown(wards):
    said = await run(rules.show, wards, "")
    assert "hospital\n  horizon_days         7\n  age_from             20\n" in said
    assert "儿科\n  age_to               14\n  !! age_from 20 is above age_to 14;" in said
    assert said.count("!! Nobody can book here") == 1


async def test_a_department_without_a_row_is_marked_as_well(rt, wards):
    await run(rules.change, wards, "儿科", "age_to", "")
    async with rt.database.begin() as session:
        await session.execute(
            text("UPDATE booking_rules SET release_at = '24:00' WHERE department_id IS NULL")
        )
    said = await run(rules.show, wards, "骨科")
    assert "骨科\n  !! release_at: " in said


async def test_a_contradiction_is_refused_and_the_old_one_mended(wards):
    with pytest.raises(StartError, match="骨科: age_from 20 is above age_to 18"):
        await run(rules.change, wards, "骨科", "age_to", "18")
    await run(rules.change, wards, "儿科", "age_from", "0")
    assert "!!" not in await run(rules.show, wards, "")


async def test_health_and_the_log_name_the_department(rt, wards):
    with capture_logs() as logs:
        await rules.tell_operator(rt)
    assert [(line["department"], line["log_level"]) for line in logs] == [("儿科", "error")]
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(runtime=rt)))
    answer = await health.ready(request)
    assert "儿科" in answer.body.decode()
    assert "age_from 20 is above age_to 14" in answer.body.decode()
