"""The hospital's file of a person: found by the document, opened for a newcomer, given to whom it belongs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.documents import Identity
from integrations.hospital.models import Patient, PatientStatus
from integrations.hospital.reading import mask_name


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who registers, with what they told."""

    name: str = field(repr=False)
    identity: Identity
    phone: str = field(repr=False)
    proven: bool  # name and number were found to belong together


async def find_by_document(session: AsyncSession, crypto: Crypto, identity: Identity) -> Patient | None:
    """The patient who is known by this document."""
    indexes = crypto.blinds(identity.number, "patients.id_number")
    return await session.scalar(
        select(Patient).where(Patient.id_number_index.in_(indexes), Patient.document == identity.kind)
    )


def new_patient(crypto: Crypto, person: Newcomer, status: PatientStatus, now: datetime) -> Patient:
    return Patient(
        name=crypto.encrypt(person.name, "patients.name"),
        masked_name=mask_name(person.name),
        document=person.identity.kind,
        id_number=crypto.encrypt(person.identity.number, "patients.id_number"),
        id_number_index=crypto.blind(person.identity.number, "patients.id_number"),
        phone=crypto.encrypt(person.phone, "patients.phone"),
        phone_index=crypto.blind(person.phone, "patients.phone"),
        birth_date=person.identity.birth_date,
        sex=person.identity.sex,
        status=status,
        verified_at=now if status is PatientStatus.VERIFIED else None,
    )


def same_person(crypto: Crypto, known: Patient, person: Newcomer) -> bool:
    """The phone on file was proven; the name agrees, or the identity check says it belongs to the number."""
    if bytes(known.phone_index) not in crypto.blinds(person.phone, "patients.phone"):
        return False
    return person.proven or crypto.decrypt(known.name, "patients.name") == person.name


async def take_over(
    session: AsyncSession, crypto: Crypto, known: Patient, person: Newcomer, now: datetime
) -> None:
    """The number was registered before with a name that does not belong to it: whose it is gets the file."""
    known.name, known.masked_name = crypto.encrypt(person.name, "patients.name"), mask_name(person.name)
    known.phone = crypto.encrypt(person.phone, "patients.phone")
    known.phone_index = crypto.blind(person.phone, "patients.phone")
    known.status, known.verified_at = PatientStatus.VERIFIED, now
    await session.flush()
