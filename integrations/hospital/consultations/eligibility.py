"""Who may consult online: a checked person, with a diagnosis made before, a small child with its guardian."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.clock import local_date
from integrations.hospital.consultations.terms import (
    SMALL_CHILD,
    NoGuardian,
    NotVerified,
    Terms,
    TooYoung,
    UnknownConsultation,
)
from integrations.hospital.models import AccountPatient, Patient, PatientStatus
from integrations.hospital.reading import age_on


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit on file that took place."""

    appointment_id: UUID
    at: datetime
    department: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """`visit`: what shows the diagnosis; without it the patient shows a record (or, in a pilot, says that there is
    none)."""

    small_child: bool
    visit: Visit | None


_VISIT = text("""
    SELECT a.id, slots.starts_at, d.name
    FROM appointments a JOIN slots ON slots.id = a.slot_id JOIN schedules s ON s.id = a.schedule_id
    JOIN departments d ON d.id = s.department_id
    WHERE a.patient_id = :patient AND a.status = 'fulfilled' AND s.department_id = :department
      AND slots.starts_at > :since AND slots.starts_at <= :now
    ORDER BY slots.starts_at DESC LIMIT 1
""")


async def admit(
    session: AsyncSession,
    *,
    patient_id: UUID,
    account_id: UUID,
    department_id: UUID | None,
    terms: Terms,
    now: datetime,
) -> Admitted:
    """Without a department no visit is looked for. Raises UnknownConsultation when the account does not act for the
    patient; NotVerified, TooYoung, NoGuardian."""
    link = await session.get(AccountPatient, (account_id, patient_id), populate_existing=True)
    if link is None:
        raise UnknownConsultation
    person = await session.get_one(Patient, patient_id, populate_existing=True)
    if person.status is not PatientStatus.VERIFIED:
        raise NotVerified
    small_child = age_on(person.birth_date, local_date(now)) < SMALL_CHILD
    if small_child and not terms.under_six:
        raise TooYoung
    if small_child and link.guardian_since is None:
        raise NoGuardian
    visit = await _last_visit(session, patient_id, department_id, terms, now) if department_id else None
    return Admitted(small_child, visit)


async def _last_visit(
    session: AsyncSession, patient_id: UUID, department_id: UUID, terms: Terms, now: datetime
) -> Visit | None:
    values = {"patient": patient_id, "department": department_id, "since": now - terms.record, "now": now}
    row = (await session.execute(_VISIT, values)).one_or_none()
    return Visit(row.id, row.starts_at, row.name) if row else None
