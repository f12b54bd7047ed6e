"""By what an account may act for a family member: their own agreement, or their guardian's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.ages import Ages, ages_of
from integrations.hospital.clock import local_date
from integrations.hospital.documents import Identity
from integrations.hospital.guardianship import guardian
from integrations.hospital.models import (
    AccountPatient,
    Consent,
    ConsentKind,
    ConsentMethod,
    Contact,
    DocumentKind,
    Patient,
    Relation,
)
from integrations.hospital.profiles import self_patient

# Raised when the words of a relative's or a guardian's agreement change in substance.
CONSENT_VERSION = "2026-11"
# Whom a minor may stand in these relations to: nobody is a child's child.
_NEEDS_ADULT = frozenset({Relation.PARENT, Relation.GRANDPARENT, Relation.SPOUSE})


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


class OwnPhone(FamilyError):
    """The code went to the owner's own phone: by it the owner would agree for the other person."""


class NoConsent(FamilyError):
    """Neither the person's own agreement nor, for a minor, the guardian's."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """By what the account may act for the person. `own`: the code sent to their own phone was read back.
    `guardian`: the account's owner declared to be the guardian and agreed. `on_file`: a code to the phone that
    the hospital has on file was read back. `at`: where a guardian's word was given."""

    own: bool = False
    guardian: bool = False
    on_file: bool = False
    at: ConsentMethod = ConsentMethod.CHAT


def whom(kind: DocumentKind, number: str, name: str) -> str:
    """The person for whom somebody agrees by a code (see codes): never stored, never shown. Number and name as read."""
    return f"{kind}|{number}|{name}"


def may_be(relation: Relation, group: Ages) -> bool:
    """Whether somebody of this age may stand in this relation to an adult."""
    return group is Ages.ADULT or relation not in _NEEDS_ADULT


async def consent_kind(
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


async def give_access(
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
