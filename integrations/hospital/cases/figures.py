"""Numbers about cases, by the hospital's days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.cases.opening import answer_due
from integrations.hospital.clock import hospital_zone, local_date

_COMPLAINTS = text("""
    SELECT count(*) AS opened,
           count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
           count(*) FILTER (WHERE reopened > 0) AS reopened,
           count(satisfied) AS judged, count(*) FILTER (WHERE satisfied) AS satisfied,
           count(*) FILTER (WHERE adverse = 'suspected') AS suspected,
           count(*) FILTER (WHERE adverse = 'confirmed') AS confirmed
    FROM cases
    WHERE created_at >= :begin AND created_at < :end
      AND kind IN ('complaint', 'adverse_event')
      AND (CAST(:practitioner AS uuid) IS NULL OR practitioner_id = :practitioner)
""")
# A case that goes on has a new deadline: in time is what was first answered by the first one.
_ANSWERS = text("""
    SELECT created_at, answered_at, across, escalated_at IS NOT NULL AS escalated FROM cases
    WHERE created_at >= :begin AND created_at < :end
      AND kind IN ('complaint', 'adverse_event')
      AND (CAST(:practitioner AS uuid) IS NULL OR practitioner_id = :practitioner)
""")
_CATEGORIES = text("""
    SELECT category, count(*) AS number FROM cases
    WHERE created_at >= :begin AND created_at < :end AND kind IN ('complaint', 'adverse_event')
    GROUP BY category ORDER BY count(*) DESC, category
""")
_VISITS = text("""
    SELECT count(*) FROM schedules s JOIN slots ON slots.schedule_id = s.id
    JOIN appointments a ON a.slot_id = slots.id AND a.status NOT IN ('cancelled', 'expired')
    WHERE s.date BETWEEN :first AND :last AND a.status = 'fulfilled'
      AND (CAST(:practitioner AS uuid) IS NULL OR s.practitioner_id = :practitioner)
""")


@dataclass(frozen=True, slots=True)
class Complaints:
    """Of the complaints opened in a span. Shares are None where there is nothing to divide by."""

    opened: int
    withdrawn: int
    answered: int
    in_time: int
    late: int
    reopened: int
    judged: int
    satisfied: int
    suspected: int
    confirmed: int
    visits: int  # that took place in the span
    categories: Mapping[str, int]

    @property
    def rate(self) -> float | None:
        """Complaints by visits; the standard asks for less than 3 %."""
        return share(self.opened, self.visits)

    @property
    def answered_in_time(self) -> float | None:
        return share(self.in_time, self.opened - self.withdrawn)

    @property
    def satisfaction(self) -> float | None:
        return share(self.satisfied, self.judged)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """The moments at which the first day begins and the last one ends, by the hospital's clock."""
    begin, end = (datetime.combine(day, time(), hospital_zone()) for day in (first, last + timedelta(days=1)))
    return begin, end


async def complaints(
    session: AsyncSession, first: date, last: date, practitioner_id: UUID | None = None
) -> Complaints:
    """Both days included."""
    begin, end = span(first, last)
    values = {"begin": begin, "end": end, "practitioner": practitioner_id}
    counted = (await session.execute(_COMPLAINTS, values)).one()._asdict()
    counted |= _by_their_day((await session.execute(_ANSWERS, values)).all())
    days = {"first": first, "last": last, "practitioner": practitioner_id}
    visits = int(await session.scalar(_VISITS, days) or 0)
    kinds = await session.execute(_CATEGORIES, {"begin": begin, "end": end})
    return Complaints(**counted, visits=visits, categories={row.category: row.number for row in kinds})


def _by_their_day(rows: Sequence[Row[Any]]) -> dict[str, int]:
    answered = [row for row in rows if row.answered_at]
    return {
        "answered": len(answered),
        "in_time": sum(not _answered_late(row) for row in answered),
        "late": sum(row.escalated or _answered_late(row) for row in rows),
    }


def _answered_late(row: Row[Any]) -> bool:
    if row.answered_at is None:
        return False
    return local_date(row.answered_at) > answer_due(row.created_at, across=row.across)
