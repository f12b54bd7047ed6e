"""A link that was cut stands again, after staff have decided: as what it was, and never as more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.ages import ADULT_AGE, LEAST_AGE
from integrations.hospital.clock import local_date
from integrations.hospital.guardianship import guardian
from integrations.hospital.linking import holders_of, join_self, record_link
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountLink,
    AccountPatient,
    Consent,
    ConsentKind,
    Contact,
    IdentityRequest,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
)
from integrations.hospital.profiles import owner_of
from integrations.hospital.reading import age_on
from integrations.hospital.revoking import Held


class NotRestored(Exception):
    """The link cannot stand again; nothing was changed."""


class NothingKept(NotRestored):
    """It is not known what the link was, or the patient's identity was rejected since."""


class OtherOwner(NotRestored):
    """The account belongs to somebody else than when the link stood, or to nobody."""


class AgreementNeeded(NotRestored):
    """No agreement stood that still counts: neither the person's own, nor, for a minor, the guardian's."""


def relation_of(link: AccountLink) -> str:
    """What the patient was to the account's owner while the link stood; "" when that was not kept."""
    if link.former_account_id is not None:
        return Relation.SELF
    return Held.read(link.moved).relation if link.moved else ""


async def restore(
    session: AsyncSession, request: IdentityRequest, patient: Patient, *, staff: str, now: datetime
) -> None:
    """The link of a disputed patient that was cut. Who owned the file owns it again; a relative is again the relative
    they were, by the agreement that stood: their own, or, while they are a minor, their guardian's. Earlier holders
    are told, and can cut it like any newcomer. The caller holds the patient's lock. Raises SelfExists, NotRestored."""
    link = await session.get_one(AccountLink, request.link_id, populate_existing=True)
    if patient.status is PatientStatus.REJECTED or not relation_of(link):
        raise NothingKept
    account_id = await hold_account(session, request.contact_id)
    if relation_of(link) == Relation.SELF:
        await join_self(
            session,
            account_id=account_id,
            contact_id=request.contact_id,
            patient_id=patient.id,
            proof=LinkProof.STAFF,
            now=now,
        )
        return
    await _restore_relative(session, request, Held.read(link.moved), account_id, patient, staff, now)


async def _restore_relative(
    session: AsyncSession,
    request: IdentityRequest,
    held: Held,
    account_id: UUID,
    patient: Patient,
    staff: str,
    now: datetime,
) -> None:
    owner = await owner_of(session, account_id)
    if owner is None or owner.id != held.owner or owner.id == patient.id:
        raise OtherOwner
    if await session.get(AccountPatient, (account_id, patient.id), populate_existing=True):
        return  # came back with a merge, by an agreement of its own
    stood = await _still_good(session, held, account_id, patient, now)
    holders = await holders_of(session, patient.id)
    consents = [await _again(session, one, account_id) for one in stood]
    as_guardian = next((one for one in consents if one.kind is ConsentKind.GUARDIAN), None)
    session.add(
        AccountPatient(
            account_id=account_id,
            patient_id=patient.id,
            relation=held.relation,
            guardian_since=as_guardian.given_at if as_guardian else None,
            guardian_consent_id=as_guardian.id if as_guardian else None,
        )
    )
    await session.flush()
    await record_link(
        session, holders, account_id=account_id, contact_id=request.contact_id, patient_id=patient.id,
        proof=LinkProof.STAFF, now=now,
    )  # fmt: skip
    detail = {
        "request": str(request.id),
        "account": str(account_id),
        "relation": held.relation,
        "consents": {str(old.id): str(new.id) for old, new in zip(stood, consents, strict=True)},
    }
    await audit.record(
        session, actor=staff, action="link_restored", subject=f"patient:{patient.id}", detail=detail
    )


async def _still_good(
    session: AsyncSession, held: Held, account_id: UUID, patient: Patient, now: datetime
) -> list[Consent]:
    """The consents that stood when the link was cut and carry it now: a guardian's link stands on the guardian's
    word alone, any other on the person's own. Raises AgreementNeeded."""
    age = age_on(patient.birth_date, local_date(now))
    theirs = select(Contact.id).where(Contact.account_id == account_id)
    kept = select(Consent).where(
        Consent.id.in_(held.consents), Consent.patient_id == patient.id, Consent.contact_id.in_(theirs)
    )
    consents = list(
        await session.scalars(kept.order_by(Consent.id).execution_options(populate_existing=True))
    )
    if held.guardian_consent is not None:
        good = [one for one in consents if one.id == held.guardian_consent]
        if age >= ADULT_AGE or await guardian(session, account_id, local_date(now)) is None:
            raise AgreementNeeded
    else:
        good = [one for one in consents if one.kind is ConsentKind.FAMILY_ACCESS]
        if age < LEAST_AGE:
            raise AgreementNeeded
    if not good:
        raise AgreementNeeded
    return good


async def _again(session: AsyncSession, stood: Consent, account_id: UUID) -> Consent:
    """The same agreement, standing; the row that ended keeps when it did."""
    again = Consent(
        account_id=account_id,
        contact_id=stood.contact_id,
        patient_id=stood.patient_id,
        kind=stood.kind,
        method=stood.method,
        version=stood.version,
        given_at=stood.given_at,
    )
    session.add(again)
    await session.flush()
    return again
