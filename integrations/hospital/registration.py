"""Registering an account's owner: a new file, a file that was there, or a claim to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, file_claims
from integrations.hospital.ages import LEAST_AGE
from integrations.hospital.clock import local_date
from integrations.hospital.documents import read_identity
from integrations.hospital.identity_checks import STATUS_BY_OUTCOME
from integrations.hospital.linking import SelfExists, disputed, join_self, latest_contact, lock_patient
from integrations.hospital.locks import lock_indexes
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountPatient,
    DocumentKind,
    LinkProof,
    PatientStatus,
    Relation,
    Sex,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.patient_files import (
    Newcomer,
    find_by_document,
    new_patient,
    same_person,
    take_over,
)
from integrations.hospital.profiles import owner_of
from integrations.hospital.reading import read_person_name, read_phone


class IdentityMismatch(ValueError):
    """Name and number do not belong together: nobody is registered."""


class TooYoung(ValueError):
    """A child is registered by its guardian, not by itself."""


class RegistrationStatus(StrEnum):
    VERIFIED = "verified"
    PENDING = "pending"  # registered; the identity check is repeated, or staff look at it
    LINKED = "linked"  # was known here with this phone: now under this account
    OTHER_PHONE = (
        "other_phone"  # was known here with another phone or name: a claim may stand (see file_claims)
    )


@dataclass(frozen=True, slots=True)
class Registration:
    status: RegistrationStatus
    patient_id: UUID | None  # None with OTHER_PHONE


async def register(
    session: AsyncSession,
    crypto: Crypto,
    *,
    account_id: UUID,
    name: str,
    id_number: str,
    phone: str,
    outcome: str,
    key: OperationKey | None,
    now: datetime,
    contact_id: UUID | None = None,
    document: DocumentKind = DocumentKind.RESIDENT_ID,
    birth_date: date | None = None,
    sex: Sex | None = None,
) -> Registration:
    """Registers the account's owner, after the phone was proven by a code and the identity check gave `outcome`
    (match, no_record, limit, unavailable; unchecked for a document that it does not know). Values may be as typed:
    they are read here again. `contact_id`: where it happens, by default where the account was last met. Whoever
    owns another account already has one account then.

    Raises IdentityMismatch for outcome "mismatch", InvalidName, InvalidIdNumber, InvalidDocument, InvalidBirthDate,
    InvalidPhone, TooYoung, SelfExists.
    """
    if outcome not in STATUS_BY_OUTCOME:
        raise IdentityMismatch(outcome)
    person = Newcomer(
        read_person_name(name),
        read_identity(document, id_number, local_date(now), birth_date=birth_date, sex=sex),
        read_phone(phone),
        outcome == "match",
    )
    if person.identity.age(local_date(now)) < LEAST_AGE:
        raise TooYoung

    async def effect() -> Result:
        status, patient_id = await _register(
            session,
            crypto,
            contact_id or await latest_contact(session, account_id),
            person,
            outcome,
            now,
        )
        await audit.record(
            session,
            actor="patient",
            action="patient_registered",
            subject=f"account:{account_id}",
            detail={"status": status, "outcome": outcome, "patient": patient_id and str(patient_id)},
        )
        return {"status": status, "patient_id": patient_id and str(patient_id)}

    result = await once(session, key, effect)
    patient_id = result["patient_id"]
    return Registration(RegistrationStatus(result["status"]), UUID(patient_id) if patient_id else None)


async def _register(
    session: AsyncSession,
    crypto: Crypto,
    contact_id: UUID,
    person: Newcomer,
    outcome: str,
    now: datetime,
) -> tuple[RegistrationStatus, UUID | None]:
    indexes = crypto.blinds(person.identity.number, "patients.id_number")
    await lock_indexes(session, "patient", indexes)
    known = await find_by_document(session, crypto, person.identity)
    if known is not None:
        await lock_patient(session, known.id)
        await session.refresh(known)
    # Not the one known before, if it was merged meanwhile.
    account_id = await hold_account(session, contact_id)
    own = await owner_of(session, account_id)
    if own is not None and (known is None or own.id != known.id):
        raise SelfExists
    if known is None:
        return await _first_file(session, crypto, account_id, person, STATUS_BY_OUTCOME[outcome], now)
    if known.status is PatientStatus.REJECTED and person.proven:
        await take_over(session, crypto, known, person, now)
    if not same_person(crypto, known, person) or await disputed(session, known.id):
        await file_claims.start(
            session,
            crypto,
            patient_id=known.id,
            contact_id=contact_id,
            phone=person.phone,
            outcome=outcome,
            shows_ending=person.proven and not await disputed(session, known.id),
            now=now,
        )
        return RegistrationStatus.OTHER_PHONE, None
    if person.proven and known.status is not PatientStatus.VERIFIED:
        known.status, known.verified_at = PatientStatus.VERIFIED, now
    elif known.status is PatientStatus.REJECTED:  # staff look once more
        known.status = PatientStatus.REVIEW
    await session.flush()
    await join_self(
        session,
        account_id=account_id,
        contact_id=contact_id,
        patient_id=known.id,
        proof=LinkProof.PHONE,
        now=now,
    )
    return RegistrationStatus.LINKED, known.id


async def _first_file(
    session: AsyncSession,
    crypto: Crypto,
    account_id: UUID,
    person: Newcomer,
    status: PatientStatus,
    now: datetime,
) -> tuple[RegistrationStatus, UUID]:
    """Of somebody whom the hospital does not know."""
    patient = new_patient(crypto, person, status, now)
    session.add(patient)
    await session.flush()
    await _own(session, account_id, patient.id)
    verified = status is PatientStatus.VERIFIED
    return (RegistrationStatus.VERIFIED if verified else RegistrationStatus.PENDING), patient.id


async def _own(session: AsyncSession, account_id: UUID, patient_id: UUID) -> None:
    link = insert(AccountPatient).values(account_id=account_id, patient_id=patient_id, relation=Relation.SELF)
    await session.execute(link.on_conflict_do_nothing(index_elements=["account_id", "patient_id"]).inline())
