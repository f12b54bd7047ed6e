"""Whom to call: their visit was stopped or changed, the news has not reached them, and they have not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Affected:
    """Day and time are local, the patient's name is masked. `told`: what became of the message: nobody (there is nobody
    to write to), queued (a shut window), failed, unknown, dropped."""

    appointment_id: UUID
    patient: str
    practitioner: str
    date: date
    time: time
    stopped: bool
    told: str


_AFFECTED = text("""
    SELECT a.id AS appointment_id, pt.masked_name AS patient, p.name AS practitioner, sl.date, sl.time,
           s.status = 'stopped' AS stopped, coalesce(news.status, 'nobody') AS told
    FROM appointments a
    JOIN slots sl ON sl.id = a.slot_id
    JOIN schedules s ON s.id = a.schedule_id
    JOIN practitioners p ON p.id = s.practitioner_id
    JOIN patients pt ON pt.id = a.patient_id
    LEFT JOIN LATERAL (
        SELECT status FROM outbound
        WHERE about = a.id AND notice IN ('visit_stopped', 'visit_changed') ORDER BY seq DESC LIMIT 1
    ) AS news ON true
    WHERE a.disturbed_at IS NOT NULL AND a.status = 'booked' AND a.reached_at IS NULL AND sl.starts_at > :now
      AND coalesce(news.status, '') <> 'sent'
    ORDER BY sl.starts_at, a.id
""")


async def affected(session: AsyncSession, now: datetime) -> list[Affected]:
    """The earliest visit first."""
    return [Affected(*row) for row in await session.execute(_AFFECTED, {"now": now})]
