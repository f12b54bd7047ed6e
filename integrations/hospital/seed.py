"""The demo hospital in the database, with rules and with schedules that always reach 14 days ahead.

Everything is added, nothing changed: an edited department stays as edited, a booked slot stays booked. The same
day gives the same schedules, on whatever date it is seeded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import demo_english
from integrations.hospital.clock import hospital_zone
from integrations.hospital.demo_hospital import DEPARTMENTS, HOSPITAL_RULES, DemoDepartment
from integrations.hospital.demo_pharmacy import MEDICINES
from integrations.hospital.models import (
    BookingRule,
    ConsultationOffer,
    Department,
    HospitalTerm,
    Period,
    Practitioner,
    Schedule,
)
from integrations.hospital.pharmacy import medicines

DAYS_AHEAD = 14
MINUTES_PER_SLOT = 10


@dataclass(frozen=True, slots=True)
class _Title:
    name: str
    rank: int
    fee_fen: int
    capacity: int  # numbers in a half day


_TITLES = {
    "主任": _Title("主任医师", 1, 5000, 12),
    "副主任": _Title("副主任医师", 2, 3500, 15),
    "主治": _Title("主治医师", 3, 2500, 18),
    "住院": _Title("住院医师", 4, 1500, 20),
}

# Who consults online.
_ONLINE = frozenset({"心血管内科", "内分泌科", "皮肤科", "儿科"})
_ONLINE_DOCTORS = 3

_STARTS = {Period.MORNING: time(8, 30), Period.AFTERNOON: time(13, 30), Period.EVENING: time(17, 30)}
_EVENING_CAPACITY = 9

# Of ten half days a doctor works so many; on Sundays there is a duty service only.
_WORKS = {Period.MORNING: 6, Period.AFTERNOON: 5, Period.EVENING: 3}
_WORKS_ON_SUNDAY = 2

# Always there, whatever the draw says: (doctor, weekday with Monday 0, half day).
_FIXED = frozenset((name, 2, Period.MORNING) for name in ("王建国", "李静", "赵敏"))


@dataclass(frozen=True, slots=True)
class _Doctor:
    staff_no: str
    name: str
    title: _Title
    speciality: str
    room: str
    department: DemoDepartment

    def works(self, day: date, period: Period) -> bool:
        if (self.name, day.weekday(), period) in _FIXED:
            return True
        if period is Period.EVENING and not self.department.evening:
            return False
        of_ten = _WORKS_ON_SUNDAY if day.weekday() == 6 else _WORKS[period]
        return _draw(self.staff_no, str(day.weekday()), period) < of_ten

    def capacity(self, period: Period) -> int:
        return _EVENING_CAPACITY if period is Period.EVENING else self.title.capacity


async def seed(session: AsyncSession, today: date) -> int:
    """Adds what is missing of departments, their rules, doctors, and schedules from `today` (local) to 14 days
    ahead. Gives the number of schedules added; a second run on one day adds none."""
    await _add_departments(session)
    await _add_english(session)
    department_ids = await _ids(session, Department.name, Department.id)
    await _add_rules(session, department_ids)
    await _add_practitioners(session, list(_doctors()), department_ids)
    await _add_offers(session)
    await medicines.add(session, *MEDICINES)
    return await extend(session, today)


async def extend(session: AsyncSession, today: date) -> int:
    """Adds the schedules from `today` (local) to 14 days ahead that this hospital's doctors do not have yet, each
    with its numbered slots 10 minutes apart. Gives how many. In a hospital without these doctors it adds none."""
    practitioner_ids = await _ids(session, Practitioner.staff_no, Practitioner.id)
    doctors = [one for one in _doctors() if one.staff_no in practitioner_ids]
    if not doctors:
        return 0
    department_ids = await _ids(session, Department.name, Department.id)
    added = await _add_schedules(session, today, doctors, department_ids, practitioner_ids)
    await _add_slots(session, added)
    return len(added)


async def _ids(session: AsyncSession, natural: Any, key: Any) -> dict[str, UUID]:
    return {row[0]: row[1] for row in await session.execute(select(natural, key))}


async def _add_departments(session: AsyncSession) -> None:
    rows = [
        {
            "name": one.name,
            "aliases": list(one.aliases),
            "description": one.description,
            "campus": one.campus,
            "building": one.building,
            "floor": one.floor,
            "position": position,
        }
        for position, one in enumerate(DEPARTMENTS)
    ]
    await session.execute(
        insert(Department).values(rows).on_conflict_do_nothing(index_elements=["name"]).inline()
    )


async def _add_english(session: AsyncSession) -> None:
    """English names where there are none yet."""
    for name, (english, aliases) in demo_english.DEPARTMENTS.items():
        nameless = update(Department).where(Department.name == name, Department.name_en == "")
        await session.execute(nameless.values(name_en=english, aliases_en=aliases.split(", ")))
    terms = [{"term": term, "english": english} for term, english in demo_english.TERMS.items()]
    await session.execute(insert(HospitalTerm).values(terms).on_conflict_do_nothing().inline())


async def _add_rules(session: AsyncSession, department_ids: dict[str, UUID]) -> None:
    rows = {None: HOSPITAL_RULES} | {department_ids[one.name]: one.rules for one in DEPARTMENTS if one.rules}
    for department_id, rules in rows.items():
        row = insert(BookingRule).values(department_id=department_id, **rules)
        await session.execute(row.on_conflict_do_nothing(index_elements=["department_id"]).inline())


async def _add_practitioners(
    session: AsyncSession, doctors: list[_Doctor], department_ids: dict[str, UUID]
) -> None:
    rows = [
        {
            "staff_no": one.staff_no,
            "department_id": department_ids[one.department.name],
            "name": one.name,
            "title": one.title.name,
            "rank": one.title.rank,
            "speciality": one.speciality,
        }
        for one in doctors
    ]
    await session.execute(
        insert(Practitioner).values(rows).on_conflict_do_nothing(index_elements=["staff_no"]).inline()
    )


async def _add_offers(session: AsyncSession) -> None:
    """Of these departments the first doctors consult online as well, for what a visit costs."""
    practitioner_ids = await _ids(session, Practitioner.staff_no, Practitioner.id)
    rows = [
        {
            "practitioner_id": practitioner_ids[one.staff_no],
            "fee_fen": one.title.fee_fen,
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "opens": time(8),
            "closes": time(22),
            "places": 5,
            "children": one.department.name == "儿科",
        }
        for one in _doctors()
        if one.department.name in _ONLINE and int(one.staff_no[-2:]) <= _ONLINE_DOCTORS
    ]
    await session.execute(insert(ConsultationOffer).values(rows).on_conflict_do_nothing().inline())


async def _add_schedules(
    session: AsyncSession,
    today: date,
    doctors: list[_Doctor],
    department_ids: dict[str, UUID],
    practitioner_ids: dict[str, UUID],
) -> list[UUID]:
    rows = [
        {
            "practitioner_id": practitioner_ids[one.staff_no],
            "department_id": department_ids[one.department.name],
            "date": day,
            "period": period,
            "fee_fen": 0 if one.department.free else one.title.fee_fen,
            "location": f"{one.department.building}{one.department.floor} {one.department.name} {one.room}诊室",
            "capacity": one.capacity(period),
        }
        for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1))
        for one in doctors
        for period in Period
        if one.works(day, period)
    ]
    added = insert(Schedule).values(rows).on_conflict_do_nothing().returning(Schedule.id)
    return list(await session.scalars(added))


async def _add_slots(session: AsyncSession, schedule_ids: list[UUID]) -> None:
    """Slot n of a half day begins (n - 1) × 10 minutes after its start."""
    statement = text("""
        INSERT INTO slots (schedule_id, number, date, time, starts_at)
        SELECT schedule_id, number, date, start, (date + start) AT TIME ZONE :zone
        FROM (
            SELECT id AS schedule_id, date, number,
                   CAST(CAST(:starts AS json) ->> period AS time)
                       + (number - 1) * make_interval(mins => :minutes) AS start
            FROM schedules, generate_series(1, capacity) AS number
            WHERE id = ANY(:schedule_ids)
        ) AS numbered
        ORDER BY schedule_id, number
    """)
    starts = json.dumps({period: start.isoformat() for period, start in _STARTS.items()})
    values = {
        "starts": starts,
        "minutes": MINUTES_PER_SLOT,
        "zone": hospital_zone().key,
        "schedule_ids": schedule_ids,
    }
    await session.execute(statement, values)


def _doctors() -> Iterator[_Doctor]:
    for ward, department in enumerate(DEPARTMENTS, start=1):
        for place, line in enumerate(department.doctors, start=1):
            name, title, speciality = line.split(" ", 2)
            room = f"{department.floor.removesuffix('层')}{place:02d}"
            yield _Doctor(f"RH{ward:02d}{place:02d}", name, _TITLES[title], speciality, room, department)


def _draw(*words: str) -> int:
    """A lasting draw from 0 to 9."""
    return hashlib.sha256("|".join(words).encode()).digest()[0] % 10
