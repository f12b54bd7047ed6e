"""A small clinic to book in, and people to book for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Database
from integrations.hospital import booking, rules
from integrations.hospital.accounts import ensure_contact
from integrations.hospital.models import (
    AccountPatient,
    BookingRule,
    Contact,
    Department,
    Patient,
    PatientStatus,
    Period,
    Practitioner,
    Relation,
    Schedule,
    Sex,
    Slot,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.views import AppointmentView

HOLD = timedelta(minutes=15)


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
            name = f"科室{uuid4().hex[:8]}"
            ward = Department(name=name, campus="本部院区", building="门诊楼", floor="3层")
            session.add(ward)
            await session.flush()
            if own_rules:
                session.add(BookingRule(department_id=ward.id, **own_rules))
            doctor = Practitioner(
                staff_no=uuid4().hex[:12], department_id=ward.id, name="李静", title="副主任医师", rank=2
            )
            session.add(doctor)
            await session.flush()
            made = Schedule(
                practitioner_id=doctor.id,
                department_id=ward.id,
                date=day,
                period=period,
                fee_fen=fee_fen,
                location="门诊楼3层 305诊室",
                capacity=slots,
            )
            session.add(made)
            await session.flush()
            first = datetime.combine(day, start, ZoneInfo("Asia/Shanghai"))
            for number in range(1, slots + 1):
                local = first + timedelta(minutes=10 * (number - 1))
                session.add(
                    Slot(
                        schedule_id=made.id,
                        number=number,
                        date=day,
                        time=local.time(),
                        starts_at=local.astimezone(UTC),
                    )
                )
            return made.id

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
            patient = Patient(
                name=b"sealed",
                masked_name="*明",
                id_number=b"sealed",
                id_number_index=uuid4().bytes,
                phone=b"sealed",
                phone_index=b"index",
                birth_date=born,
                sex=sex,
                status=PatientStatus.VERIFIED,
            )
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


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return Clinic(database)
