"""Patients: registration, the identity check's outcome, and masked views."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.clock import local_date
from integrations.hospital.documents import Identity, InvalidBirthDate, InvalidDocument, read_identity
from integrations.hospital.identity_checks import (
    STATUS_BY_OUTCOME,
    PendingIdentity,
    pending_identity,
    settle_identity,
)
from integrations.hospital.linking import SelfExists, disputed, join_self, latest_contact, lock_patient
from integrations.hospital.locks import lock_indexes
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountPatient,
    DocumentKind,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
    Sex,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.reading import (
    IdNumber,
    IdNumberFault,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    age_on,
    mask_id_number,
    mask_name,
    mask_phone,
    read_id_number,
    read_person_name,
    read_phone,
)
from integrations.hospital.requests import start_claim

__all__ = [
    "ADULT_AGE",
    "COMPANY_AGE",
    "LEAST_AGE",
    "IdNumber",
    "IdNumberFault",
    "IdentityMismatch",
    "InvalidBirthDate",
    "InvalidDocument",
    "InvalidIdNumber",
    "InvalidName",
    "InvalidPhone",
    "PatientView",
    "PendingIdentity",
    "Profile",
    "Registration",
    "RegistrationStatus",
    "SelfExists",
    "TooYoung",
    "acting_for",
    "age_on",
    "mask_id_number",
    "mask_name",
    "mask_phone",
    "masked_name",
    "own_phone",
    "pending_identity",
    "profile",
    "read_id_number",
    "read_person_name",
    "read_phone",
    "register",
    "self_patient",
    "settle_identity",
]

LEAST_AGE = 14  # younger patients are registered by their guardian (个人信息保护法 31)
ADULT_AGE = 18  # 民法典 17
COMPANY_AGE = (
    6  # younger patients are treated online only with guardian and specialist there (诊疗管理办法 19)
)


class IdentityMismatch(ValueError):
    """Name and number do not belong together: nobody is registered."""


class TooYoung(ValueError):
    """A child is registered by its guardian, not by itself."""


class RegistrationStatus(StrEnum):
    VERIFIED = "verified"
    PENDING = "pending"  # registered; the identity check is repeated, or staff look at it
    LINKED = "linked"  # was known here with this phone: now under this account
    OTHER_PHONE = "other_phone"  # was known here with another phone or name: a claim may stand (see requests)


@dataclass(frozen=True, slots=True)
class Registration:
    status: RegistrationStatus
    patient_id: UUID | None  # None with OTHER_PHONE


@dataclass(frozen=True, slots=True)
class PatientView:
    """What lists and cards show. `name` is masked."""

    id: UUID
    name: str
    status: PatientStatus
    relation: Relation
    birth_date: date
    sex: Sex
    document: DocumentKind = DocumentKind.RESIDENT_ID

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
    found = await _self(session, account_id)
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
    found = await _self(session, account_id)
    if found is None:
        return None
    return Profile(
        _view(found, Relation.SELF),
        mask_id_number(crypto.decrypt(found.id_number, "patients.id_number")),
        mask_phone(crypto.decrypt(found.phone, "patients.phone")),
    )


async def own_phone(session: AsyncSession, crypto: Crypto, account_id: UUID) -> str:
    """The owner's phone (E.164). Raises LookupError before registration."""
    found = await _self(session, account_id)
    if found is None:
        raise LookupError(f"account {account_id} has no owner")
    return crypto.decrypt(found.phone, "patients.phone")


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


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who registers, with what they told."""

    name: str = field(repr=False)
    identity: Identity
    phone: str = field(repr=False)
    proven: bool  # name and number were found to belong together


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
    account_id = await hold_account(
        session, contact_id
    )  # not the one known before, if it was merged meanwhile
    own = await _self(session, account_id)
    if own is not None and (known is None or own.id != known.id):
        raise SelfExists
    status = STATUS_BY_OUTCOME[outcome]
    if known is not None and known.status is PatientStatus.REJECTED and person.proven:
        await _take_over(session, crypto, known, person, now)
    if known is None:
        patient = new_patient(crypto, person, status, now)
        session.add(patient)
        await session.flush()
        await _link(session, account_id, patient.id)
        verified = status is PatientStatus.VERIFIED
        return (RegistrationStatus.VERIFIED if verified else RegistrationStatus.PENDING), patient.id
    if not same_person(crypto, known, person) or await disputed(session, known.id):
        await start_claim(
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
        await session.flush()
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


async def _take_over(
    session: AsyncSession, crypto: Crypto, known: Patient, person: Newcomer, now: datetime
) -> None:
    """The number was registered before with a name that does not belong to it: whose it is gets the file."""
    known.name, known.masked_name = crypto.encrypt(person.name, "patients.name"), mask_name(person.name)
    known.phone = crypto.encrypt(person.phone, "patients.phone")
    known.phone_index = crypto.blind(person.phone, "patients.phone")
    known.status, known.verified_at = PatientStatus.VERIFIED, now
    await session.flush()


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


async def _link(session: AsyncSession, account_id: UUID, patient_id: UUID) -> None:
    link = insert(AccountPatient).values(account_id=account_id, patient_id=patient_id, relation=Relation.SELF)
    await session.execute(link.on_conflict_do_nothing(index_elements=["account_id", "patient_id"]).inline())


async def _self(session: AsyncSession, account_id: UUID) -> Patient | None:
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
    )
