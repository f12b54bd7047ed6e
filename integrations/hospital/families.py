"""Family members (就诊人) under an account: whom it may add, on whose consent, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events
from integrations.hospital.clock import local_date
from integrations.hospital.documents import Identity
from integrations.hospital.identity_checks import STATUS_BY_OUTCOME, latest_contacts
from integrations.hospital.linking import holders_of, lock_patient, record_link
from integrations.hospital.locks import lock_indexes
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountPatient,
    Consent,
    ConsentKind,
    ConsentMethod,
    Contact,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.patients import (
    ADULT_AGE,
    LEAST_AGE,
    IdentityMismatch,
    Newcomer,
    PatientView,
    find_by_document,
    new_patient,
    same_person,
    self_patient,
)

# Raised when the words of a relative's or a guardian's agreement change in substance.
CONSENT_VERSION = "2026-11"
# Whom a minor may stand in these relations to: nobody is a child's child.
_NEEDS_ADULT = frozenset({Relation.PARENT, Relation.GRANDPARENT, Relation.SPOUSE})


class Ages(StrEnum):
    """Whose agreement it takes to register somebody (个人信息保护法 31, 民法典 17)."""

    CHILD = "child"  # under 14: the guardian's
    TEEN = "teen"  # 14 to 17: their own, or the guardian's while they have no phone
    ADULT = "adult"  # their own


class FamilyError(Exception):
    """Nobody was added; nothing was written."""


class NoOwner(FamilyError):
    """The account's owner is not registered."""


class Full(FamilyError):
    """As many patients as an account may have, its owner included: `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} patients")
        self.most = most


class IsOwner(FamilyError):
    """These are the owner's own data."""


class NoGuardian(FamilyError):
    """The account's owner is no adult whose identity was verified."""


class WrongRelation(FamilyError):
    """A child cannot be that to anybody."""


class NoConsent(FamilyError):
    """Neither the person's own agreement nor, for a minor, the guardian's."""


class AddedStatus(StrEnum):
    VERIFIED = "verified"
    PENDING = "pending"  # added; the identity check is repeated, or staff look at the document
    LINKED = "linked"  # was known here and was proven: now under this account, too
    THERE = "there"  # stood under this account before
    ON_FILE = "on_file"  # is known here with another phone: a code to that phone has to be read back
    OTHER_NAME = "other_name"  # is known here as somebody else: staff look


@dataclass(frozen=True, slots=True)
class Added:
    status: AddedStatus
    patient_id: UUID | None  # None with ON_FILE and OTHER_NAME


@dataclass(frozen=True, slots=True)
class Agreement:
    """By what the account may act for the person. `own`: the code sent to their own phone was read back.
    `guardian`: the account's owner declared to be the guardian and agreed. `on_file`: a code to the phone that
    the hospital has on file was read back. `at`: where a guardian's word was given."""

    own: bool = False
    guardian: bool = False
    on_file: bool = False
    at: ConsentMethod = ConsentMethod.CHAT


def ages_of(age: int) -> Ages:
    return Ages.CHILD if age < LEAST_AGE else Ages.TEEN if age < ADULT_AGE else Ages.ADULT


def may_be(relation: Relation, group: Ages) -> bool:
    """Whether somebody of this age may stand in this relation to an adult."""
    return group is Ages.ADULT or relation not in _NEEDS_ADULT


async def guardian(session: AsyncSession, account_id: UUID, today: date) -> PatientView | None:
    """The account's owner, when they may declare to be somebody's guardian: adult and verified."""
    owner = await self_patient(session, account_id)
    if owner is None or owner.status is not PatientStatus.VERIFIED or owner.age(today) < ADULT_AGE:
        return None
    return owner


async def count(session: AsyncSession, account_id: UUID) -> int:
    """How many patients the account has, its owner included."""
    found = select(func.count()).where(AccountPatient.account_id == account_id)
    return await session.scalar(found) or 0


async def phone_on_file(session: AsyncSession, crypto: Crypto, identity: Identity) -> str | None:
    """The phone (E.164) of the file that this document opens, None without a file. For a code only: never shown."""
    known = await find_by_document(session, crypto, identity)
    return crypto.decrypt(known.phone, "patients.phone") if known else None


async def add(
    session: AsyncSession,
    crypto: Crypto,
    *,
    contact: Contact,
    relation: Relation,
    person: Newcomer,
    outcome: str,
    agreement: Agreement,
    most: int,
    key: OperationKey | None,
    now: datetime,
) -> Added:
    """Puts a family member under the contact's account, with their consent or their guardian's. `outcome` is the
    identity check's, as for `patients.register`; `person.phone` is their own, or the guardian's where they have none.

    Raises IdentityMismatch and FamilyError.
    """
    if outcome not in STATUS_BY_OUTCOME:
        raise IdentityMismatch(outcome)

    async def effect() -> Result:
        added = await _add(session, crypto, contact, relation, person, outcome, agreement, most, now)
        detail = {"status": added.status, "relation": relation, "patient": _text(added.patient_id)}
        await audit.record(
            session,
            actor="patient",
            action="relative_added",
            subject=f"account:{contact.account_id}",
            detail=detail,
        )
        return {"status": added.status, "patient_id": _text(added.patient_id)}

    result = await once(session, key, effect)
    found = result["patient_id"]
    return Added(AddedStatus(result["status"]), UUID(found) if found else None)


async def end_guardianships(session: AsyncSession, now: datetime, limit: int = 500) -> int:
    """Takes those who came of age off their guardians' accounts, and tells both. Gives how many."""
    today = local_date(now)
    born = select(AccountPatient.account_id, AccountPatient.patient_id).join(Patient)
    born = born.where(
        AccountPatient.guardian_since.is_not(None), Patient.birth_date <= _eighteen_years_before(today)
    )
    found = (await session.execute(born.order_by(AccountPatient.patient_id).limit(limit))).all()
    for account_id, patient_id in found:
        await lock_patient(session, patient_id)
        told = await latest_contacts(session, patient_id)
        theirs = AccountPatient.account_id == account_id, AccountPatient.patient_id == patient_id
        await session.execute(delete(AccountPatient).where(*theirs))
        await _end_consents(session, account_id, patient_id, now)
        for account, contact in told:
            if account == account_id or await _owns(session, account, patient_id):
                await events.emit(
                    session,
                    events.EventKind.GUARDIAN_ENDED,
                    account_id=account,
                    contact_id=contact,
                    payload={"patient_id": str(patient_id), "guardian": account == account_id},
                )
        await audit.record(
            session,
            actor="sweep",
            action="guardian_ended",
            subject=f"patient:{patient_id}",
            detail={"account": str(account_id)},
        )
    return len(found)


async def _add(
    session: AsyncSession,
    crypto: Crypto,
    contact: Contact,
    relation: Relation,
    person: Newcomer,
    outcome: str,
    agreement: Agreement,
    most: int,
    now: datetime,
) -> Added:
    await lock_indexes(session, "patient", crypto.blinds(person.identity.number, "patients.id_number"))
    known = await find_by_document(session, crypto, person.identity)
    if known is not None:
        await lock_patient(session, known.id)
    account_id = await hold_account(session, contact.id)
    if known is not None and (link := await session.get(AccountPatient, (account_id, known.id))):
        if link.relation is Relation.SELF:
            raise IsOwner
        return Added(AddedStatus.THERE, known.id)
    kind = await _consent_kind(session, account_id, relation, person.identity, agreement, now)
    if await count(session, account_id) >= most:
        raise Full(most)
    if known is not None and not (agreement.own and same_person(crypto, known, person)):
        # A number alone opens no file, and has nobody's phone ring.
        if not (person.proven or crypto.decrypt(known.name, "patients.name") == person.name):
            return Added(AddedStatus.OTHER_NAME, None)
        if not agreement.on_file:
            return Added(AddedStatus.ON_FILE, None)
    status = STATUS_BY_OUTCOME[outcome]
    patient = known or new_patient(crypto, person, status, now)
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
    await _link(session, account_id, contact, patient, relation, kind, agreement, now)
    if known:
        if person.proven and known.status is PatientStatus.PENDING:
            known.status, known.verified_at = PatientStatus.VERIFIED, now
            await session.flush()
        return Added(AddedStatus.LINKED, patient.id)
    return Added(
        AddedStatus.VERIFIED if status is PatientStatus.VERIFIED else AddedStatus.PENDING, patient.id
    )


async def _consent_kind(
    session: AsyncSession,
    account_id: UUID,
    relation: Relation,
    identity: Identity,
    agreement: Agreement,
    now: datetime,
) -> ConsentKind:
    """On what the account acts for a person of this age. Raises FamilyError."""
    today = local_date(now)
    if await self_patient(session, account_id) is None:
        raise NoOwner
    group = ages_of(identity.age(today))
    if not may_be(relation, group):
        raise WrongRelation
    if group is not Ages.CHILD and agreement.own:
        return ConsentKind.FAMILY_ACCESS
    if group is Ages.ADULT or not agreement.guardian:
        raise NoConsent
    if await guardian(session, account_id, today) is None:
        raise NoGuardian
    return ConsentKind.GUARDIAN


async def _link(
    session: AsyncSession,
    account_id: UUID,
    contact: Contact,
    patient: Patient,
    relation: Relation,
    kind: ConsentKind,
    agreement: Agreement,
    now: datetime,
) -> None:
    as_guardian = kind is ConsentKind.GUARDIAN
    consent = Consent(
        account_id=account_id,
        contact_id=contact.id,
        patient_id=patient.id,
        kind=kind,
        method=agreement.at if as_guardian else ConsentMethod.SMS_CODE,
        version=CONSENT_VERSION,
        given_at=now,
    )
    session.add(consent)
    await session.flush()
    link = AccountPatient(
        account_id=account_id,
        patient_id=patient.id,
        relation=relation,
        guardian_since=now if as_guardian else None,
        guardian_consent_id=consent.id if as_guardian else None,
    )
    session.add(link)
    await session.flush()


async def _end_consents(session: AsyncSession, account_id: UUID, patient_id: UUID, now: datetime) -> None:
    standing = update(Consent).where(
        Consent.account_id == account_id, Consent.patient_id == patient_id, Consent.withdrawn_at.is_(None)
    )
    await session.execute(standing.values(withdrawn_at=now).execution_options(synchronize_session=False))


async def _owns(session: AsyncSession, account_id: UUID, patient_id: UUID) -> bool:
    link = await session.get(AccountPatient, (account_id, patient_id))
    return link is not None and link.relation is Relation.SELF


def _eighteen_years_before(today: date) -> date:
    """Who was born then or earlier is of age. Born on February 29: on March 1."""
    if (today.month, today.day) == (2, 29):
        return date(today.year - ADULT_AGE, 2, 28)
    return today.replace(year=today.year - ADULT_AGE)


def _text(patient_id: UUID | None) -> str | None:
    return str(patient_id) if patient_id else None
