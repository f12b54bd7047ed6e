"""待人工核验: patients whose document staff look at, and what they decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events, revealing
from integrations.hospital.identity_checks import latest_contacts
from integrations.hospital.locks import lock
from integrations.hospital.models import DocumentKind, Patient, PatientStatus, Sex
from integrations.hospital.revoking import revoke_all_access
from integrations.part import Part, counted


class RejectionReason(StrEnum):
    """Each has a text for the patient: bot_identity_rejected_…"""

    MISMATCH = "mismatch"  # the document says something else
    EXPIRED = "expired"
    OTHER = "other"


class NotWaiting(LookupError):
    """No patient with this id waits for staff."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of staff's list."""

    patient_id: UUID
    name: str  # masked
    document: DocumentKind
    status: PatientStatus
    since: datetime


@dataclass(frozen=True, slots=True)
class Revealed:
    """What staff compare with the document in their hands."""

    name: str = field(repr=False)
    document: DocumentKind
    id_number: str = field(repr=False)
    phone: str = field(repr=False)
    birth_date: date
    sex: Sex


async def waiting(session: AsyncSession, limit: int | None = None) -> Part[Waiting]:
    """Who waits for staff, the longest waiting first."""
    shown = Patient.id, Patient.masked_name, Patient.document, Patient.status, Patient.created_at
    found = (
        select(func.count().over().label("total"), *shown)
        .where(Patient.status == PatientStatus.REVIEW)
        .order_by(Patient.id)
        .limit(limit)
    )
    return counted((await session.execute(found)).all(), lambda row: Waiting(*row[1:]))


async def reveal(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, *, actor: str, reason: str
) -> Revealed:
    """All that a patient told; the audit log keeps who looked and why (`reason`, without personal values).
    Raises NoReason; NotWaiting, also for a patient whom staff have no cause to look at."""
    patient = await _waiting(session, patient_id)
    subject = f"patient:{patient_id}"
    await revealing.record(session, actor=actor, action="identity_revealed", subject=subject, reason=reason)
    return Revealed(
        crypto.decrypt(patient.name, "patients.name"),
        patient.document,
        crypto.decrypt(patient.id_number, "patients.id_number"),
        crypto.decrypt(patient.phone, "patients.phone"),
        patient.birth_date,
        patient.sex,
    )


async def verify(session: AsyncSession, patient_id: UUID, *, actor: str, now: datetime) -> None:
    """The document is right. Tells every account that acts for the patient. Raises NotWaiting."""
    patient = await _waiting(session, patient_id)
    patient.status, patient.verified_at = PatientStatus.VERIFIED, now
    await session.flush()
    await _log(session, patient_id, actor, {"status": PatientStatus.VERIFIED})
    payload = {"patient_id": str(patient_id), "status": PatientStatus.VERIFIED}
    await _tell(session, patient_id, events.EventKind.IDENTITY_SETTLED, payload)


async def reject(
    session: AsyncSession, patient_id: UUID, *, reason: RejectionReason, actor: str, now: datetime
) -> None:
    """This is not who it says: nobody acts for them any longer, so that their account may register anew.
    Tells them. Raises NotWaiting."""
    patient = await _waiting(session, patient_id)
    patient.status, patient.verified_at = PatientStatus.REJECTED, None
    await session.flush()
    await _log(session, patient_id, actor, {"status": PatientStatus.REJECTED, "reason": reason})
    payload = {"patient_id": str(patient_id), "reason": reason}
    await _tell(session, patient_id, events.EventKind.IDENTITY_REJECTED, payload)
    await revoke_all_access(session, patient_id, now)


async def _waiting(session: AsyncSession, patient_id: UUID) -> Patient:
    await lock(session, f"patient:{patient_id}")
    patient = await session.get(Patient, patient_id, populate_existing=True)
    if patient is None or patient.status is not PatientStatus.REVIEW:
        raise NotWaiting(str(patient_id))
    return patient


async def _tell(
    session: AsyncSession, patient_id: UUID, kind: events.EventKind, payload: dict[str, str]
) -> None:
    for account_id, contact_id in await latest_contacts(session, patient_id):
        await events.emit(session, kind, account_id=account_id, contact_id=contact_id, payload=payload)


async def _log(session: AsyncSession, patient_id: UUID, actor: str, detail: dict[str, str]) -> None:
    await audit.record(
        session, actor=actor, action="identity_reviewed", subject=f"patient:{patient_id}", detail=detail
    )
