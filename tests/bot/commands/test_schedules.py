"""`daozhen schedules` and `daozhen appointments` as staff run them."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import booking, patients
from integrations.hospital.clock import local_date
from integrations.hospital.models import Period, Practitioner
from tests.bot.commands.conftest import Desk
from tests.clinic_rows import doctor, half_day, ward
from tests.people_rows import registered

TOMORROW = timedelta(days=1)


async def _visit(session: AsyncSession, crypto: Crypto) -> tuple[str, str, UUID, date]:
    """A number for tomorrow morning: both doctors' staff numbers, the visit, the day."""
    department = await ward(session, "心血管内科")
    absent, other = [await doctor(session, name, department.id) for name in ("李静", "王海燕")]
    day = local_date(utcnow()) + TOMORROW
    schedule = await half_day(session, absent, day, time(9), Period.MORNING, fee_fen=0, slots=3, minutes=10)
    contact = await registered(session, crypto, utcnow())
    owner = await patients.self_patient(session, contact.account_id)
    assert owner
    made = await booking.book(
        session, schedule_id=schedule, slot_id=None, patient_id=owner.id, contact_id=contact.id,
        key=None, now=utcnow(), hold=timedelta(minutes=15),
    )  # fmt: skip
    numbers = list(await session.scalars(select(Practitioner.staff_no).order_by(Practitioner.name.desc())))
    assert set(numbers) == {absent.staff_no, other.staff_no}
    return absent.staff_no, other.staff_no, made.id, day


def rows(desk: Desk, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(desk.url) as connection:
        return connection.execute(statement.encode()).fetchall()


async def _namesakes(session: AsyncSession, _: Crypto) -> list[str]:
    wards = [await ward(session, name) for name in ("骨科", "眼科")]
    return [(await doctor(session, "张伟", one.id)).staff_no for one in wards]


def test_of_two_doctors_with_one_name_the_numbers_are_told(desk: Desk) -> None:
    numbers = desk.before(_namesakes)
    said = desk.run("schedules", "stop", "张伟", "2026-11-25", "--reason", "ill").stderr
    assert all(number in said for number in numbers)
    assert "骨科" in said


def test_a_half_day_is_stopped_and_its_patient_called(desk: Desk) -> None:
    absent, _, visit, day = desk.before(_visit)
    assert "no doctor" in desk.run("schedules", "stop", "nobody", str(day), "--reason", "ill").stderr
    another = str(day + TOMORROW)
    assert "no half day" in desk.run("schedules", "stop", "李静", another, "--reason", "ill").stderr
    done = desk.run("schedules", "stop", absent, str(day), "morning", "--reason", "ill")
    assert done.exit_code == 0
    assert "stopped, 1 visits affected" in done.stdout
    listed = desk.run("schedules", "affected").stdout
    assert str(visit) in listed
    assert "*明" in listed
    assert "message: nobody" in listed
    assert "138" not in listed
    asked = desk.run("schedules", "phone", str(visit), "--reason", "call about the stop")
    assert asked.stdout.split()[-2:] == ["张明", "+8613812345678"]
    assert desk.run("schedules", "reached", str(visit)).exit_code == 0
    assert str(visit) not in desk.run("schedules", "affected").stdout
    actions = {str(row[0]) for row in rows(desk, "SELECT action FROM audit_events")}
    assert {"schedule_stopped", "phone_revealed", "visit_reached"} <= actions


def test_another_doctor_and_more_numbers(desk: Desk) -> None:
    absent, other, _, day = desk.before(_visit)
    done = desk.run("schedules", "substitute", absent, str(day), "--instead", other, "--reason", "congress")
    assert "1 visits move along" in done.stdout
    assert "5 numbers now" in desk.run("schedules", "add-slots", other, str(day), "morning", "2").stdout
    assert rows(desk, "SELECT count(*) FROM slots") == [(5,)]
    assert desk.run("schedules", "add-slots", absent, str(day), "morning", "2").exit_code == 1


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01"])
def test_what_is_no_day_is_said(desk: Desk, day: str) -> None:
    assert desk.run("schedules", "stop", "x", day, "--reason", "ill").exit_code == 2


def test_who_came_and_who_did_not(desk: Desk) -> None:
    _, _, visit, _ = desk.before(_visit)
    assert "has not come" in desk.run("appointments", "noshow", visit.hex).stderr
    assert "this visit is on" in desk.run("appointments", "arrived", visit.hex).stderr
    with psycopg.connect(desk.url) as connection:
        connection.execute(b"UPDATE slots SET starts_at = now() - interval '1 hour', date = date - 1")
    assert desk.run("appointments", "noshow", visit.hex).exit_code == 0
    assert rows(desk, "SELECT status FROM appointments") == [("noshow",)]
    assert desk.run("appointments", "arrived", visit.hex).exit_code == 0
    assert rows(desk, "SELECT status FROM appointments") == [("fulfilled",)]
    assert desk.run("appointments", "arrived", "nothing").exit_code == 1
