"""What is free: half days with their earliest times, and the numbered slots of one half day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Integer, Select, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import Time

from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    Department,
    Period,
    Practitioner,
    Schedule,
    ScheduleStatus,
    Slot,
    SlotStatus,
)
from integrations.hospital.views import SessionView, SlotView

_NEXT_TIMES = 4

_BY_TIME_OF_DAY = case({period: place for place, period in enumerate(Period)}, value=Schedule.period)


async def sessions(
    session: AsyncSession,
    *,
    department_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    first: date,
    last: date,
    period: Period | str | None = None,
    now: datetime,
    limit: int = 20,
    with_full: bool = False,
) -> list[SessionView]:
    """Half days between two local dates (both included) that can still be booked online, in one query.

    Ordered by day, half day, rank of the doctor. Departments that are not booked online and days beyond their
    horizon are left out, past slots are not counted; `with_full` keeps half days without a free slot.
    """
    free = _free_of_schedule(now)
    wanted = (
        select(
            Schedule.id.label("schedule_id"),
            Schedule.practitioner_id,
            Practitioner.name.label("practitioner"),
            Practitioner.title,
            Schedule.department_id,
            Department.name.label("department"),
            Schedule.date,
            Schedule.period,
            Schedule.fee_fen,
            free.c.free,
            Schedule.location,
            free.c.next_times,
        )
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .join(Department, Department.id == Schedule.department_id)
        .join(free, literal(True))
        .where(
            Schedule.date.between(first, last),
            Schedule.date >= local_date(now),
            Schedule.date <= literal(local_date(now), Date) + Department.horizon_days,
            Schedule.status == ScheduleStatus.OPEN,
            Department.bookable,
            Department.active,
            Practitioner.active,
        )
        .order_by(Schedule.date, _BY_TIME_OF_DAY, Practitioner.rank, Practitioner.staff_no)
        .limit(limit)
    )
    rows = await session.execute(_narrow(wanted, free, department_id, practitioner_id, period, with_full))
    return [
        SessionView(**{**row._mapping, "next_times": tuple(row.next_times or ())})  # noqa: SLF001 (documented)
        for row in rows
    ]


async def free_slots(session: AsyncSession, schedule_id: UUID, now: datetime) -> list[SlotView]:
    """The free numbers of one half day that are still to come, in order."""
    rows = await session.execute(
        select(Slot.id, Slot.number, Slot.time, Slot.starts_at)
        .where(Slot.schedule_id == schedule_id, Slot.status == SlotStatus.FREE, Slot.starts_at > now)
        .order_by(Slot.number)
    )
    return [SlotView(*row) for row in rows]


def _free_of_schedule(now: datetime) -> LateralFromClause:
    times = func.array_agg(aggregate_order_by(Slot.time, Slot.number), type_=ARRAY(Time))
    return (
        select(func.count(type_=Integer).label("free"), times[1:_NEXT_TIMES].label("next_times"))
        .where(Slot.schedule_id == Schedule.id, Slot.status == SlotStatus.FREE, Slot.starts_at > now)
        .lateral("free")
    )


def _narrow(
    wanted: Select[*tuple[Any, ...]],
    free: LateralFromClause,
    department_id: UUID | None,
    practitioner_id: UUID | None,
    period: Period | str | None,
    with_full: bool,
) -> Select[*tuple[Any, ...]]:
    if department_id is not None:
        wanted = wanted.where(Schedule.department_id == department_id)
    if practitioner_id is not None:
        wanted = wanted.where(Schedule.practitioner_id == practitioner_id)
    if period is not None:
        wanted = wanted.where(Schedule.period == Period(period))
    return wanted if with_full else wanted.where(free.c.free > 0)
