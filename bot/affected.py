"""Whom to call: their visit was stopped or changed, or staff added a number for them (加号), the news has not reached
them, and they have not answered; until the time of the visit, whether or not it was given back by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
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
    what: Literal["stopped", "changed", "added"]
    told: str


_ALIVE = (
    "NOT EXISTS (SELECT FROM patients WHERE patients.id = a.patient_id AND patients.deceased_at IS NOT NULL)"
)
# Also those that ended by the stop itself, unpaid as they were, and those that were given back later because nobody
# answered: their patients still come.
# That a visit is stopped is told by either message; that another doctor comes only by the latest. Whoever paid for a
# number that was added knows of it.
UNREACHED = f"""
    SELECT a.id, a.patient_id, a.disturbed_at AS since, s.practitioner_id,
           CASE s.status WHEN 'stopped' THEN 'stopped' ELSE 'changed' END AS what,
           sl.date, sl.time, sl.starts_at, coalesce(news.status, 'nobody') AS told
    FROM appointments a
    JOIN slots sl ON sl.id = a.slot_id
    JOIN schedules s ON s.id = a.schedule_id
    LEFT JOIN LATERAL (
        SELECT status FROM outbound
        WHERE about = a.id AND notice IN ('visit_stopped', 'visit_changed', 'visit_given_back')
        ORDER BY (status = 'sent' AND notice <> 'visit_changed') DESC, seq DESC LIMIT 1
    ) AS news ON true
    WHERE a.disturbed_at IS NOT NULL AND a.reached_at IS NULL AND sl.starts_at > :now
      AND (a.status = 'booked'
           OR a.status = 'cancelled' AND s.status = 'stopped' AND a.ended_at >= a.disturbed_at)
      AND coalesce(news.status, '') <> 'sent' AND {_ALIVE}
    UNION ALL
    SELECT a.id, a.patient_id, a.added_at, s.practitioner_id, 'added', sl.date, sl.time, sl.starts_at,
           coalesce(news.status, 'nobody')
    FROM appointments a
    JOIN slots sl ON sl.id = a.slot_id
    JOIN schedules s ON s.id = a.schedule_id
    LEFT JOIN LATERAL (
        SELECT status FROM outbound
        WHERE about = a.id AND notice IN ('appointment_booked', 'appointment_held')
        ORDER BY (status = 'sent') DESC, seq DESC LIMIT 1
    ) AS news ON true
    WHERE a.added_at IS NOT NULL AND a.disturbed_at IS NULL AND a.reached_at IS NULL AND sl.starts_at > :now
      AND (a.status = 'held' OR a.status = 'booked' AND a.fee_fen = 0)
      AND coalesce(news.status, '') <> 'sent' AND {_ALIVE}
"""  # noqa: S608 - pieces of our own
_AFFECTED = text(f"""
    SELECT u.id AS appointment_id, pt.masked_name AS patient, p.name AS practitioner, u.date, u.time, u.what, u.told
    FROM ({UNREACHED}) AS u
    JOIN practitioners p ON p.id = u.practitioner_id
    JOIN patients pt ON pt.id = u.patient_id
    ORDER BY u.starts_at, u.id
""")  # noqa: S608 - pieces of our own


async def affected(session: AsyncSession, now: datetime) -> list[Affected]:
    """The earliest visit first."""
    return [Affected(*row) for row in await session.execute(_AFFECTED, {"now": now})]
