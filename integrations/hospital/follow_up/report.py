"""How many of those who were asked answered all of it (goal: 90 of 100)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

GOAL = 0.9

_BY_MONTH = text("""
    SELECT e.plan, CAST(date_trunc('month', t.due_at AT TIME ZONE :zone) AS date) AS month,
           count(*) FILTER (WHERE t.status = 'done') AS answered,
           count(*) FILTER (WHERE t.status = 'missed') AS missed,
           count(*) FILTER (WHERE t.status IN ('asked', 'answering')) AS open,
           count(*) FILTER (WHERE t.call_outcome = 'reached') AS reached
    FROM follow_up_tasks t JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    WHERE t.due_at >= :since AND t.due_at <= :until AND t.status IN ('asked', 'answering', 'done', 'missed')
    GROUP BY 1, 2 ORDER BY 2, 1
""")


@dataclass(frozen=True, slots=True)
class Completion:
    """Of one plan in one month, by when it was due. `open`: there is still time to answer; `reached`: by phone."""

    plan: str
    month: date
    answered: int
    missed: int
    open: int
    reached: int

    @property
    def asked(self) -> int:
        return self.answered + self.missed + self.open

    @property
    def rate(self) -> float | None:
        """Of those whose time is over; None while there are none."""
        ended = self.answered + self.missed
        return self.answered / ended if ended else None


async def completion(session: AsyncSession, since: datetime, until: datetime, zone: str) -> list[Completion]:
    rows = (await session.execute(_BY_MONTH, {"since": since, "until": until, "zone": zone})).all()
    return [Completion(*row) for row in rows]
