"""What the identity check's answers make of a patient, at registration and when they come later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events
from integrations.hospital.linking import lock_patient
from integrations.hospital.models import AccountPatient, Contact, Patient, PatientStatus
from integrations.hospital.revoking import revoke_all_access

# The identity check's answers (integrations.identity), and what each makes of a patient. No record: the register
# lacks some people (soldiers, fresh registrations); that is for staff to look at, asking again will not help.
STATUS_BY_OUTCOME = {
    "match": PatientStatus.VERIFIED,
    "no_record": PatientStatus.REVIEW,
    "unchecked": PatientStatus.REVIEW,  # a document that the check does not know
    "limit": PatientStatus.PENDING,
    "unavailable": PatientStatus.PENDING,
}


@dataclass(frozen=True, slots=True)
class PendingIdentity:
    """Somebody whose identity check is still to be had. Name and number are plain: they go to the check only."""

    patient_id: UUID
    name: str = field(repr=False)
    id_number: str = field(repr=False)


async def pending_identity(session: AsyncSession, crypto: Crypto, limit: int = 50) -> list[PendingIdentity]:
    """Some of those who wait for the identity check, in any order: whom nobody can check stands in nobody's way."""
    waiting = (
        select(Patient).where(Patient.status == PatientStatus.PENDING).order_by(func.random()).limit(limit)
    )
    return [
        PendingIdentity(
            found.id,
            crypto.decrypt(found.name, "patients.name"),
            crypto.decrypt(found.id_number, "patients.id_number"),
        )
        for found in await session.scalars(waiting)
    ]


async def settle_identity(
    session: AsyncSession, patient_id: UUID, outcome: str, now: datetime
) -> PatientStatus:
    """Takes a later outcome of the identity check for a pending patient and tells the account by an event. With
    "mismatch" nobody acts for the patient any longer: name and number are of two people. Outcomes that say nothing
    change nothing."""
    status = STATUS_BY_OUTCOME.get(outcome, PatientStatus.REJECTED)
    if status is PatientStatus.PENDING:
        return status
    await lock_patient(session, patient_id)
    settled = (
        update(Patient)
        .where(Patient.id == patient_id, Patient.status == PatientStatus.PENDING)
        .values(status=status, verified_at=now if status is PatientStatus.VERIFIED else None)
        .returning(Patient.id)
        .execution_options(synchronize_session=False)
    )
    if await session.scalar(settled) is None:
        return await session.scalar(select(Patient.status).where(Patient.id == patient_id)) or status
    detail = {"outcome": outcome, "status": status}
    await audit.record(
        session,
        actor="identity_check",
        action="identity_settled",
        subject=f"patient:{patient_id}",
        detail=detail,
    )
    payload = {"patient_id": str(patient_id), "status": status}
    for account_id, contact_id in await latest_contacts(session, patient_id):
        await events.emit(
            session,
            events.EventKind.IDENTITY_SETTLED,
            account_id=account_id,
            contact_id=contact_id,
            payload=payload,
        )
    if status is PatientStatus.REJECTED:
        await revoke_all_access(session, patient_id, now)
    return status


async def latest_contacts(session: AsyncSession, patient_id: UUID) -> list[tuple[UUID, UUID]]:
    """(account, its newest contact) of every account that acts for the patient."""
    rows = await session.execute(
        select(Contact.account_id, Contact.id)
        .join(AccountPatient, AccountPatient.account_id == Contact.account_id)
        .where(AccountPatient.patient_id == patient_id)
        .ext(distinct_on(Contact.account_id))
        .order_by(Contact.account_id, Contact.id.desc())
    )
    return [(row.account_id, row.id) for row in rows]
