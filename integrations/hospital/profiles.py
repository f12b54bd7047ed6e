"""Patients as an account sees them: itself and those it acts for, masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import (
    AccountPatient,
    DocumentKind,
    Patient,
    PatientStatus,
    Relation,
    Sex,
)
from integrations.hospital.reading import age_on, mask_id_number, mask_phone


@dataclass(frozen=True, slots=True)
class PatientView:
    """What lists and cards show. `name` is masked; `deceased_at`: since when it is known that they died."""

    id: UUID
    name: str
    status: PatientStatus
    relation: Relation
    birth_date: date
    sex: Sex
    document: DocumentKind = DocumentKind.RESIDENT_ID
    deceased_at: datetime | None = None

    def age(self, today: date) -> int:
        return age_on(self.birth_date, today)


@dataclass(frozen=True, slots=True)
class Profile:
    """A patient's own data for their eyes, all of it masked."""

    patient: PatientView
    id_number: str
    phone: str


async def self_patient(session: AsyncSession, account_id: UUID) -> PatientView | None:
    """The account's owner as a patient, or None before registration."""
    found = await owner_of(session, account_id)
    return _view(found, Relation.SELF) if found else None


async def acting_for(session: AsyncSession, account_id: UUID) -> list[PatientView]:
    """Whom the account may act for: its owner first, then the family in the order they were added."""
    rows = await session.execute(
        select(Patient, AccountPatient.relation)
        .join(AccountPatient, AccountPatient.patient_id == Patient.id)
        .where(AccountPatient.account_id == account_id)
        .order_by(AccountPatient.relation != Relation.SELF, AccountPatient.created_at, Patient.id)
    )
    return [_view(row.Patient, row.relation) for row in rows]


async def masked_name(session: AsyncSession, patient_id: UUID) -> str:
    return (await session.execute(select(Patient.masked_name).where(Patient.id == patient_id))).scalar_one()


async def profile(session: AsyncSession, crypto: Crypto, account_id: UUID) -> Profile | None:
    """The account's owner with masked number and phone."""
    found = await owner_of(session, account_id)
    if found is None:
        return None
    return Profile(
        _view(found, Relation.SELF),
        mask_id_number(crypto.decrypt(found.id_number, "patients.id_number")),
        mask_phone(crypto.decrypt(found.phone, "patients.phone")),
    )


async def own_phone(session: AsyncSession, crypto: Crypto, account_id: UUID) -> str:
    """The owner's phone (E.164). Raises LookupError before registration."""
    found = await owner_of(session, account_id)
    if found is None:
        raise LookupError(f"account {account_id} has no owner")
    return crypto.decrypt(found.phone, "patients.phone")


async def owner_of(session: AsyncSession, account_id: UUID) -> Patient | None:
    """The account's owner with the whole file."""
    return await session.scalar(
        select(Patient)
        .join(AccountPatient, AccountPatient.patient_id == Patient.id)
        .where(AccountPatient.account_id == account_id, AccountPatient.relation == Relation.SELF)
    )


def _view(patient: Patient, relation: Relation) -> PatientView:
    return PatientView(
        patient.id,
        patient.masked_name,
        patient.status,
        relation,
        patient.birth_date,
        patient.sex,
        patient.document,
        patient.deceased_at,
    )
