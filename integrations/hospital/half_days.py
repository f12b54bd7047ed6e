"""A day's half days as staff see them: how many numbers are taken, how many wait for one, which are stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Period, ScheduleStatus


@dataclass(frozen=True, slots=True)
class HalfDay:
    """`taken`: held, booked and over; `waiting`: who waits for a number of it; `first`: when its first number begins
    (local)."""

    schedule_id: UUID
    staff_no: str
    practitioner: str
    title: str
    department_id: UUID
    department: str
    date: date
    period: Period
    status: ScheduleStatus
    capacity: int
    taken: int
    waiting: int
    first: time | None
    starts_at: datetime | None


_ON = text("""
    SELECT s.id, p.staff_no, p.name AS practitioner, p.title, s.department_id, d.name AS department, s.date, s.period,
           s.status, s.capacity, count(sl.id) FILTER (WHERE sl.status = 'busy') AS taken, min(sl.time) AS first,
           min(sl.starts_at) AS starts_at,
           (SELECT count(*) FROM waitlist_entries w
            WHERE w.status = 'waiting' AND w.department_id = s.department_id AND s.date = ANY(w.days)
              AND coalesce(w.practitioner_id, s.practitioner_id) = s.practitioner_id
              AND coalesce(w.period, s.period) = s.period) AS waiting
    FROM schedules s
    JOIN practitioners p ON p.id = s.practitioner_id
    JOIN departments d ON d.id = s.department_id
    LEFT JOIN slots sl ON sl.schedule_id = s.id
    WHERE s.date = :day AND (CAST(:department AS uuid) IS NULL OR s.department_id = :department)
    GROUP BY s.id, p.id, d.id ORDER BY d.position, d.name, min(sl.starts_at), p.rank, p.staff_no
""")
_COLLEAGUES = text("""
    SELECT o.staff_no, o.name, o.title FROM schedules s JOIN practitioners o ON o.department_id = s.department_id
    WHERE s.id = :schedule AND o.active AND o.id <> s.practitioner_id
      AND NOT EXISTS (SELECT FROM schedules other WHERE other.practitioner_id = o.id AND other.date = s.date
                        AND other.period = s.period)
    ORDER BY o.rank, o.staff_no
""")


async def on(session: AsyncSession, day: date, department_id: UUID | None = None) -> list[HalfDay]:
    """By department and time."""
    rows = await session.execute(_ON, {"day": day, "department": department_id})
    return [
        HalfDay(
            row.id,
            row.staff_no,
            row.practitioner,
            row.title,
            row.department_id,
            row.department,
            row.date,
            Period(row.period),
            ScheduleStatus(row.status),
            row.capacity,
            row.taken,
            row.waiting,
            row.first,
            row.starts_at,
        )
        for row in rows
    ]


async def free_colleagues(session: AsyncSession, schedule_id: UUID) -> dict[str, str]:
    """Who could take the half day (替诊): doctors of the department without patients of their own then, by staff
    number."""
    rows = await session.execute(_COLLEAGUES, {"schedule": schedule_id})
    return {row.staff_no: f"{row.name} {row.title}" for row in rows}
