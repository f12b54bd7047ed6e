"""What is free: half days with their earliest times, and the numbered slots of one half day.

Written as SQL: these run in most turns of a booking, and building the statements would cost more than running them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.clock import local_date, local_time
from integrations.hospital.models import Period
from integrations.hospital.rules import BookingRules
from integrations.hospital.views import SessionView, SlotView

# A patient needs time to come and to check in: nothing that starts sooner is booked.
LEAD = timedelta(minutes=30)
_NEXT_TIMES = 4
_STANDARD = BookingRules()

_SESSIONS = """
    SELECT s.id AS schedule_id, s.practitioner_id, p.name AS practitioner, p.title, s.department_id,
           d.name AS department, s.date, s.period, s.fee_fen, free.count AS free, s.location,
           free.times[1:CAST(:next_times AS integer)] AS next_times
    FROM schedules s
    JOIN practitioners p ON p.id = s.practitioner_id AND p.active
    JOIN departments d ON d.id = s.department_id AND d.active
    LEFT JOIN booking_rules own ON own.department_id = d.id
    LEFT JOIN booking_rules whole ON whole.department_id IS NULL
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, array_agg(time ORDER BY number) AS times
        FROM slots WHERE schedule_id = s.id AND status = 'free' AND starts_at >= :earliest
    ) AS free
    WHERE s.date BETWEEN greatest(CAST(:first AS date), CAST(:today AS date)) AND :last
      AND coalesce(own.online, whole.online, :online) AND s.status = 'open'
      AND s.date <= CAST(:today AS date) + coalesce(own.horizon_days, whole.horizon_days, :horizon_days)
          - CASE WHEN CAST(:clock AS time) < coalesce(own.release_at, whole.release_at, :release_at)
            THEN 1 ELSE 0 END {narrowed}
    ORDER BY s.date, CASE s.period WHEN 'morning' THEN 1 WHEN 'afternoon' THEN 2 ELSE 3 END, p.rank, p.staff_no
    LIMIT :limit
"""
_NARROWED = {
    "department_id": "AND s.department_id = :department_id",
    "practitioner_id": "AND s.practitioner_id = :practitioner_id",
    "period": "AND s.period = :period",
}
_WITH_FREE = "AND free.count > 0"

_FREE_SLOTS = text("""
    SELECT id, number, time, starts_at FROM slots
    WHERE schedule_id = :schedule_id AND status = 'free' AND starts_at >= :earliest ORDER BY number
""")


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

    Ordered by day, half day, rank of the doctor. Departments that are not booked online and days that are not
    released yet are left out, slots that start within LEAD are not counted; `with_full` keeps half days without a
    free slot.
    """
    wanted = {
        "department_id": department_id,
        "practitioner_id": practitioner_id,
        "period": None if period is None else str(period),
    }
    narrowed = [clause for name, clause in _NARROWED.items() if wanted[name] is not None]
    statement = _SESSIONS.format(narrowed=" ".join(narrowed if with_full else [*narrowed, _WITH_FREE]))
    values = {name: value for name, value in wanted.items() if value is not None} | {
        "first": first,
        "last": last,
        "today": local_date(now),
        "clock": local_time(now),
        "online": _STANDARD.online,
        "horizon_days": _STANDARD.horizon_days,
        "release_at": _STANDARD.release_at,
        "earliest": now + LEAD,
        "limit": limit,
        "next_times": _NEXT_TIMES,
    }
    rows = (await session.execute(text(statement), values)).mappings()
    return [
        SessionView(**{**row, "period": Period(row["period"]), "next_times": tuple(row["next_times"] or ())})
        for row in rows
    ]


async def free_slots(session: AsyncSession, schedule_id: UUID, now: datetime) -> list[SlotView]:
    """The free numbers of one half day that can still be booked, in order."""
    rows = await session.execute(_FREE_SLOTS, {"schedule_id": schedule_id, "earliest": now + LEAD})
    return [SlotView(*row) for row in rows]
