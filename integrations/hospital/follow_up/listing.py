"""Who is on which plan, for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ENROLLED = text("""
    SELECT e.id, e.plan, e.patient_id, p.masked_name AS patient, e.started_on,
           count(*) FILTER (WHERE t.status = 'done') AS done,
           count(*) FILTER (WHERE t.status IN ('done', 'missed')) AS ended,
           min(t.due_at) FILTER (WHERE t.status = 'planned') AS next_due
    FROM follow_up_enrolments e
    JOIN patients p ON p.id = e.patient_id
    LEFT JOIN follow_up_tasks t ON t.enrolment_id = e.id
    WHERE e.status = 'active' AND (CAST(:patient AS uuid) IS NULL OR e.patient_id = :patient)
    GROUP BY e.id, p.masked_name ORDER BY next_due NULLS LAST LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A running plan. `ended`: askings whose time is over; `done`: those of them that were answered."""

    id: UUID
    plan: str
    patient_id: UUID
    patient: str
    started_on: date
    done: int
    ended: int
    next_due: datetime | None


async def enrolled(session: AsyncSession, patient_id: UUID | None = None, limit: int = 200) -> list[Enrolled]:
    """The next asking first; names are masked."""
    rows = await session.execute(_ENROLLED, {"patient": patient_id, "limit": limit})
    return [Enrolled(*row) for row in rows]
