"""Family members (就诊人) under an account: adding one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.ages import Ages, ages_of
from integrations.hospital.documents import Identity
from integrations.hospital.family_access import (
    CONSENT_VERSION,
    Agreement,
    FamilyError,
    Full,
    IsOwner,
    NoConsent,
    NoGuardian,
    NoOwner,
    OwnPhone,
    WrongRelation,
    consent_kind,
    give_access,
    may_be,
    whom,
)
from integrations.hospital.guardianship import end_guardianships, guardian
from integrations.hospital.identity_checks import STATUS_BY_OUTCOME
from integrations.hospital.linking import disputed, holders_of, lock_patient, record_link
from integrations.hospital.locks import lock_indexes
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountPatient,
    ConsentKind,
    Contact,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.patient_files import Newcomer, find_by_document, new_patient, same_person
from integrations.hospital.profiles import owner_of
from integrations.hospital.registration import IdentityMismatch

__all__ = [
    "CONSENT_VERSION",
    "Added",
    "AddedStatus",
    "Ages",
    "Agreement",
    "Coming",
    "FamilyError",
    "Full",
    "IsOwner",
    "NoConsent",
    "NoGuardian",
    "NoOwner",
    "OwnPhone",
    "WrongRelation",
    "add",
    "ages_of",
    "count",
    "end_guardianships",
    "guardian",
    "is_own_phone",
    "may_be",
    "phone_on_file",
    "whom",
]


class AddedStatus(StrEnum):
    VERIFIED = "verified"
    PENDING = "pending"  # added; the identity check is repeated, or staff look at the document
    LINKED = "linked"  # was known here and was proven: now under this account, too
    THERE = "there"  # stood under this account before
    ON_FILE = "on_file"  # is known here with another phone: a code to that phone has to be read back
    OTHER_NAME = "other_name"  # is known here as somebody else: staff look
    STAFF = "staff"  # has a file that is disputed or was not accepted: staff look


@dataclass(frozen=True, slots=True)
class Added:
    status: AddedStatus
    patient_id: UUID | None  # None with ON_FILE, OTHER_NAME and STAFF


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody who is to be added: what they are to the owner, who they are, the identity check's outcome (as for
    `patients.register`), and on whose word. `person.phone` is their own, or the guardian's where they have none."""

    relation: Relation
    person: Newcomer
    outcome: str
    agreement: Agreement


async def count(session: AsyncSession, account_id: UUID) -> int:
    """How many patients the account has, its owner included."""
    found = select(func.count()).where(AccountPatient.account_id == account_id)
    return await session.scalar(found) or 0


async def phone_on_file(session: AsyncSession, crypto: Crypto, identity: Identity) -> str | None:
    """The phone (E.164) of the file that this document opens, None without a file. For a code only: never shown."""
    known = await find_by_document(session, crypto, identity)
    return crypto.decrypt(known.phone, "patients.phone") if known else None


async def is_own_phone(
    session: AsyncSession, crypto: Crypto, account_id: UUID, identity: Identity, phone: str
) -> bool:
    """Whether a code to this phone (E.164) would have the account's owner agree for somebody else. Not when the
    hospital's file of that person names the same phone: families share one."""
    indexes = crypto.blinds(phone, "patients.phone")
    owner = await owner_of(session, account_id)
    if owner is None or bytes(owner.phone_index) not in indexes:
        return False
    known = await find_by_document(session, crypto, identity)
    return known is None or bytes(known.phone_index) not in indexes


async def add(
    session: AsyncSession,
    crypto: Crypto,
    *,
    contact: Contact,
    coming: Coming,
    most: int,
    key: OperationKey | None,
    now: datetime,
) -> Added:
    """Puts a family member under the contact's account, with their consent or their guardian's.

    Raises IdentityMismatch and FamilyError.
    """
    if coming.outcome not in STATUS_BY_OUTCOME:
        raise IdentityMismatch(coming.outcome)

    async def effect() -> Result:
        known = await _known(session, crypto, coming.person)
        account_id = await hold_account(session, contact.id)
        added = await _there(session, account_id, known)
        if added is None:
            kind = await consent_kind(
                session, account_id, coming.relation, coming.person.identity, coming.agreement, now
            )
            if kind is ConsentKind.FAMILY_ACCESS and not coming.agreement.on_file:
                await _refuse_own_phone(session, crypto, account_id, coming.person)
            if await count(session, account_id) >= most:
                raise Full(most)
            closed = await _closed(session, crypto, known, coming) if known else None
            added = (
                Added(closed, None)
                if closed
                else await _put(session, crypto, account_id, contact, coming, known, kind, now)
            )
        found = str(added.patient_id) if added.patient_id else None
        await audit.record(
            session,
            actor="patient",
            action="relative_added",
            subject=f"account:{account_id}",
            detail={"status": added.status, "relation": coming.relation, "patient": found},
        )
        return {"status": added.status, "patient_id": found}

    result = await once(session, key, effect)
    found = result["patient_id"]
    return Added(AddedStatus(result["status"]), UUID(found) if found else None)


async def _known(session: AsyncSession, crypto: Crypto, person: Newcomer) -> Patient | None:
    """Who has this document, locked; nobody else registers with it meanwhile."""
    await lock_indexes(session, "patient", crypto.blinds(person.identity.number, "patients.id_number"))
    known = await find_by_document(session, crypto, person.identity)
    if known is not None:
        await lock_patient(session, known.id)
    return known


async def _there(session: AsyncSession, account_id: UUID, known: Patient | None) -> Added | None:
    """Whether they stand under the account already. Raises IsOwner."""
    link = await session.get(AccountPatient, (account_id, known.id)) if known else None
    if link is None:
        return None
    if link.relation is Relation.SELF:
        raise IsOwner
    return Added(AddedStatus.THERE, link.patient_id)


async def _refuse_own_phone(
    session: AsyncSession, crypto: Crypto, account_id: UUID, person: Newcomer
) -> None:
    if await is_own_phone(session, crypto, account_id, person.identity, person.phone):
        raise OwnPhone


async def _closed(
    session: AsyncSession, crypto: Crypto, known: Patient, coming: Coming
) -> AddedStatus | None:
    """What keeps them from a file that is there, if anything does."""
    person, agreement = coming.person, coming.agreement
    if known.status is PatientStatus.REJECTED or await disputed(session, known.id):
        return AddedStatus.STAFF  # no code proves anything while nobody knows whose file it is
    if agreement.own and same_person(crypto, known, person):
        return None
    # A number alone opens no file, and has nobody's phone ring.
    if not (person.proven or crypto.decrypt(known.name, "patients.name") == person.name):
        return AddedStatus.OTHER_NAME
    return None if agreement.on_file else AddedStatus.ON_FILE


async def _put(
    session: AsyncSession,
    crypto: Crypto,
    account_id: UUID,
    contact: Contact,
    coming: Coming,
    known: Patient | None,
    kind: ConsentKind,
    now: datetime,
) -> Added:
    status = STATUS_BY_OUTCOME[coming.outcome]
    patient = known or new_patient(crypto, coming.person, status, now)
    holders = await holders_of(session, patient.id) if known else []
    session.add(patient)
    await session.flush()
    await record_link(
        session,
        holders,
        account_id=account_id,
        contact_id=contact.id,
        patient_id=patient.id,
        proof=LinkProof.PHONE,
        now=now,
    )
    await give_access(session, account_id, contact, patient, coming.relation, kind, coming.agreement, now)
    if known is None:
        verified = status is PatientStatus.VERIFIED
        return Added(AddedStatus.VERIFIED if verified else AddedStatus.PENDING, patient.id)
    if coming.person.proven and known.status is PatientStatus.PENDING:
        known.status, known.verified_at = PatientStatus.VERIFIED, now
        await session.flush()
    return Added(AddedStatus.LINKED, patient.id)
