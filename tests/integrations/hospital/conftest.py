"""A small clinic to book in, people to book for, and the line of those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Database
from integrations.hospital import booking, rules, waitlist, waitlist_offers
from integrations.hospital.accounts import ensure_contact
from integrations.hospital.models import (
    AccountPatient,
    BookingRule,
    Contact,
    Period,
    Relation,
    Schedule,
    Sex,
    Slot,
    SlotStatus,
    WaitlistEntry,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.views import AppointmentView
from integrations.hospital.waitlist import EntryView
from integrations.hospital.waitlist_offers import Terms
from tests.clinic_rows import doctor, half_day, known_patient, ward

HOLD = timedelta(minutes=15)
LATER = timedelta(minutes=20)  # an offer is over
TERMS = Terms(LATER)


@dataclass(frozen=True, slots=True)
class Booker:
    account_id: UUID
    contact_id: UUID
    patient_id: UUID


class Clinic:
    """Writes rows as they are needed. `now` is 9:00 on Sunday 2026-11-22 in Shanghai."""

    now = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    today = date(2026, 11, 22)
    wednesday = date(2026, 11, 25)

    def __init__(self, database: Database) -> None:
        self.database = database

    async def schedule(
        self,
        *,
        slots: int = 3,
        fee_fen: int = 0,
        day: date | None = None,
        start: time = time(8, 30),
        period: Period = Period.MORNING,
        **own_rules: Any,
    ) -> UUID:
        """A half day of a new doctor in a new department with these rules."""
        day = day or self.wednesday
        async with self.database.begin() as session:
            department = await ward(session, f"科室{uuid4().hex[:8]}")
            if own_rules:
                session.add(BookingRule(department_id=department.id, **own_rules))
            practitioner = await doctor(session, "李静", department.id)
            return await half_day(
                session, practitioner, day, start, period, fee_fen=fee_fen, slots=slots, minutes=10
            )

    async def contact(self, channel: str = "wechat") -> Contact:
        async with self.database.begin() as session:
            return await ensure_contact(session, channel, uuid4().hex)

    async def rule(self, key: str, value: str, department: str = rules.HOSPITAL) -> None:
        async with self.database.begin() as session:
            await rules.set_rule(session, department, key, value)

    async def booker(
        self, *, born: date = date(1990, 3, 7), sex: Sex = Sex.FEMALE, channel: str = "wechat"
    ) -> Booker:
        contact = await self.contact(channel)
        async with self.database.begin() as session:
            patient = known_patient("*明", born, sex)
            session.add(patient)
            await session.flush()
            session.add(
                AccountPatient(account_id=contact.account_id, patient_id=patient.id, relation=Relation.SELF)
            )
        return Booker(contact.account_id, contact.id, patient.id)

    async def book(
        self,
        who: Booker,
        schedule_id: UUID,
        slot_id: UUID | None = None,
        *,
        now: datetime | None = None,
        key: OperationKey | None = None,
    ) -> AppointmentView:
        """One booking in a transaction of its own."""
        async with self.database.begin() as session:
            return await self.booking(who, schedule_id, slot_id, now=now, key=key)(session)

    def booking(
        self,
        who: Booker,
        schedule_id: UUID,
        slot_id: UUID | None = None,
        *,
        now: datetime | None = None,
        key: OperationKey | None = None,
    ) -> Callable[[AsyncSession], Awaitable[AppointmentView]]:
        """One booking, for a transaction to come."""
        return lambda session: booking.book(
            session,
            schedule_id=schedule_id,
            slot_id=slot_id,
            patient_id=who.patient_id,
            contact_id=who.contact_id,
            key=key,
            now=now or self.now,
            hold=HOLD,
        )

    async def together[T](self, *jobs: Callable[[AsyncSession], Awaitable[T]]) -> list[T | BaseException]:
        """Runs the jobs in transactions that all stand open before the first one begins to work."""
        barrier = asyncio.Barrier(len(jobs))

        async def run(job: Callable[[AsyncSession], Awaitable[T]]) -> T:
            async with self.database.begin() as session:
                await session.execute(text("SELECT 1"))
                await barrier.wait()
                return await job(session)

        return await asyncio.gather(*map(run, jobs), return_exceptions=True)


class Line:
    """A full half day, whoever has its numbers, and those who wait for one."""

    def __init__(self, clinic: Clinic, schedule_id: UUID, schedule: Schedule, holders: list) -> None:
        self.clinic = clinic
        self.schedule_id, self.schedule = schedule_id, schedule
        self.holders = holders  # (booker, appointment)

    async def join(self, who: Booker, *, days: Sequence[date] = (), doctor: bool = False) -> EntryView:
        async with self.clinic.database.begin() as session:
            return await waitlist.join(
                session,
                department_id=self.schedule.department_id,
                practitioner_id=self.schedule.practitioner_id if doctor else None,
                days=days or [self.schedule.date],
                period=None,
                patient_id=who.patient_id,
                contact_id=who.contact_id,
                key=None,
                now=self.clinic.now,
            )

    async def cancel(self, place: int = 0) -> None:
        who, made = self.holders[place]
        async with self.clinic.database.begin() as session:
            await booking.cancel(session, made.id, who.contact_id, None, self.clinic.now)

    async def sweep(self, now: datetime | None = None, terms: Terms = TERMS) -> int:
        async with self.clinic.database.begin() as session:
            return await waitlist_offers.sweep(session, now or self.clinic.now, terms)

    def accepting(self, one: EntryView, who: Booker, now: datetime | None = None):
        return lambda session: waitlist.accept(
            session, one.id, who.contact_id, key=None, now=now or self.clinic.now, hold=HOLD
        )

    async def accept(self, one: EntryView, who: Booker, now: datetime | None = None):
        async with self.clinic.database.begin() as session:
            return await self.accepting(one, who, now)(session)

    async def status(self, *entries: EntryView) -> list[str]:
        async with self.clinic.database.begin() as session:
            rows = await session.execute(select(WaitlistEntry.id, WaitlistEntry.status))
            found = {row.id: row.status for row in rows}
            return [found[one.id] for one in entries]

    async def slots(self) -> list[SlotStatus]:
        async with self.clinic.database.begin() as session:
            mine = select(Slot.status).where(Slot.schedule_id == self.schedule_id).order_by(Slot.number)
            return list(await session.scalars(mine))

    async def told(self) -> list[str]:
        async with self.clinic.database.begin() as session:
            found = await session.scalars(
                text("SELECT kind FROM hospital_events WHERE kind LIKE 'waitlist%' ORDER BY id")
            )
            return list(found)


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return Clinic(database)


@pytest.fixture
async def line(clinic: Clinic) -> Line:
    """Two numbers, both taken."""
    return await full(clinic)


async def full(clinic: Clinic, *, slots: int = 2, **about) -> Line:
    schedule_id = await clinic.schedule(slots=slots, **about)
    holders = []
    for _ in range(slots):
        who = await clinic.booker()
        holders.append((who, await clinic.book(who, schedule_id)))
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
    return Line(clinic, schedule_id, schedule, holders)
