"""Numbers about cases, by the hospital's days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.clock import hospital_zone

_COMPLAINTS = text("""
    SELECT count(*) AS opened,
           count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
           count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered,
           count(*) FILTER (WHERE CAST(answered_at AT TIME ZONE :zone AS date) <= deadline) AS in_time,
           count(*) FILTER (WHERE escalated_at IS NOT NULL) AS late,
           count(*) FILTER (WHERE reopened > 0) AS reopened,
           count(satisfied) AS judged, count(*) FILTER (WHERE satisfied) AS satisfied,
           count(*) FILTER (WHERE adverse = 'suspected') AS suspected,
           count(*) FILTER (WHERE adverse = 'confirmed') AS confirmed
    FROM cases
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
    values = {"begin": begin, "end": end, "practitioner": practitioner_id, "zone": str(hospital_zone())}
    counted = (await session.execute(_COMPLAINTS, values)).one()._asdict()
    days = {"first": first, "last": last, "practitioner": practitioner_id}
    visits = int(await session.scalar(_VISITS, days) or 0)
    kinds = await session.execute(_CATEGORIES, {"begin": begin, "end": end})
    return Complaints(**counted, visits=visits, categories={row.category: row.number for row in kinds})
