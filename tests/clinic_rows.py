"""Rows that every small hospital of the tests is made of."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import (
    Department,
    Patient,
    PatientStatus,
    Period,
    Practitioner,
    Schedule,
    Sex,
    Slot,
)


async def talks(session: AsyncSession, contact_id: UUID) -> None:
    """The contact has a conversation."""
    for table, column in (("conversations", "id"), ("controls", "conversation_id")):
        await session.execute(text(f"INSERT INTO {table} ({column}) VALUES (:id)"), {"id": contact_id})  # noqa: S608


async def ward(session: AsyncSession, name: str) -> Department:
    made = Department(name=name, campus="本部院区", building="门诊楼", floor="3层")
    session.add(made)
    await session.flush()
    return made


async def doctor(session: AsyncSession, name: str, department_id: UUID, rank: int = 2) -> Practitioner:
    made = Practitioner(
        staff_no=uuid4().hex[:12], department_id=department_id, name=name, title="副主任医师", rank=rank
    )
    session.add(made)
    await session.flush()
    return made


async def half_day(
    session: AsyncSession,
    practitioner: Practitioner,
    day: date,
    start: time,
    period: Period,
    *,
    fee_fen: int,
    slots: int,
    minutes: int,
) -> UUID:
    """A schedule with so many free numbers, `minutes` apart."""
    made = Schedule(
        practitioner_id=practitioner.id,
        department_id=practitioner.department_id,
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
        local = first + timedelta(minutes=minutes * (number - 1))
        moment = {"date": day, "time": local.time(), "starts_at": local.astimezone(UTC)}
        session.add(Slot(schedule_id=made.id, number=number, **moment))
    return made.id


def known_patient(masked_name: str, born: date, sex: Sex) -> Patient:
    """Somebody with a file of which nothing but this is looked at."""
    return Patient(
        name=b"sealed",
        masked_name=masked_name,
        id_number=b"sealed",
        id_number_index=uuid4().bytes,
        phone=b"sealed",
        phone_index=b"index",
        birth_date=born,
        sex=sex,
        status=PatientStatus.VERIFIED,
    )
