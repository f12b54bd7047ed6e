"""Who acts for a patient: coming to one whom others hold already, being told of it, and cutting it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit, events
from integrations.hospital.locks import lock
from integrations.hospital.merging import Moved, merge, part
from integrations.hospital.models import (
    AccountLink,
    AccountPatient,
    Contact,
    IdentityRequest,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
    RequestKind,
    RequestStatus,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.revoking import revoke_access

CUT_WITHIN = timedelta(days=30)  # later a person looks


class SelfExists(Exception):
    """The account's owner is registered already, as somebody else."""


class NothingToCut(Exception):
    """No newer link stands that this contact may cut."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """A newer link as an earlier holder sees it. `may_cut`: by one word; otherwise through staff."""

    id: UUID
    patient: str  # masked
    channel: str  # of the newcomer
    standing: bool
    may_cut: bool


async def lock_patient(session: AsyncSession, patient_id: UUID) -> None:
    """What changes who acts for a patient takes this first, then accounts (see merging)."""
    await lock(session, f"patient:{patient_id}")


async def latest_contact(session: AsyncSession, account_id: UUID) -> UUID:
    """Where the account was last met."""
    newest = select(Contact.id).where(Contact.account_id == account_id).order_by(Contact.id.desc()).limit(1)
    return (await session.execute(newest)).scalar_one()


async def join_self(
    session: AsyncSession,
    *,
    account_id: UUID,
    contact_id: UUID,
    patient_id: UUID,
    proof: LinkProof,
    now: datetime,
) -> UUID:
    """Makes the proven person the account's owner. When they are the owner of another account already, the
    accounts become one, the one that held the patient first. Earlier holders are told. Gives the account that
    stands; repeated, it changes nothing. The caller holds the patient's lock. Raises SelfExists."""
    own = AccountPatient.account_id == account_id, AccountPatient.relation == Relation.SELF
    if (await session.scalar(select(AccountPatient.patient_id).where(*own))) not in (None, patient_id):
        raise SelfExists
    owners = list(
        await session.scalars(
            select(AccountPatient.account_id)
            .where(AccountPatient.patient_id == patient_id, AccountPatient.relation == Relation.SELF)
            .order_by(AccountPatient.account_id)
        )
    )
    if owners == [account_id]:
        return account_id
    holders = await _contacts_of_holders(session, patient_id, besides=contact_id)
    if not owners:
        await _own(session, account_id, patient_id)
        await record_link(
            session, holders, account_id=account_id, contact_id=contact_id, patient_id=patient_id,
            proof=proof, now=now,
        )  # fmt: skip
        return account_id
    kept = owners[0]
    for merged in sorted({account_id, *owners} - {kept}):
        moved = await merge(session, kept=kept, merged=merged)
        newcomer = contact_id if contact_id in moved.contacts else max(moved.contacts, default=contact_id)
        told = [one for one in holders if one[1] not in moved.contacts]
        await record_link(
            session, told, account_id=kept, contact_id=newcomer, patient_id=patient_id,
            proof=proof, now=now, former_account_id=merged, moved=moved,
        )  # fmt: skip
        detail = {"merged": str(merged), "patient": str(patient_id), "proof": proof}
        await audit.record(
            session, actor="patient", action="accounts_merged", subject=f"account:{kept}", detail=detail
        )
    return kept


async def record_link(
    session: AsyncSession,
    holders: Iterable[tuple[UUID, UUID]],
    *,
    account_id: UUID,
    contact_id: UUID,
    patient_id: UUID,
    proof: LinkProof,
    now: datetime,
    former_account_id: UUID | None = None,
    moved: Moved | None = None,
) -> UUID | None:
    """Keeps that a contact came to a patient whom others held, and tells these others, (account, contact), by an
    event each. Without others there is nothing to keep. For family members as well as for oneself."""
    told = list(holders)
    if not told and former_account_id is None:
        return None
    link = AccountLink(
        patient_id=patient_id,
        account_id=account_id,
        contact_id=contact_id,
        former_account_id=former_account_id,
        moved=moved.as_json() if moved else {},
        proof=proof,
        linked_at=now,
    )
    session.add(link)
    await session.flush()
    for account, contact in told:
        await events.emit(
            session,
            events.EventKind.LINK_ADDED,
            account_id=account,
            contact_id=contact,
            payload={"link": str(link.id)},
        )
    return link.id


async def view_link(session: AsyncSession, link_id: UUID, contact_id: UUID) -> LinkView | None:
    """The link as this contact sees it; None for one that is not theirs to know."""
    found = await session.get(AccountLink, link_id, populate_existing=True)
    if found is None or found.contact_id == contact_id:
        return None
    if contact_id not in {contact for _, contact in await _contacts_of_holders(session, found.patient_id)}:
        return None
    patient = await session.get_one(Patient, found.patient_id)
    newcomer = await session.get_one(Contact, found.contact_id)
    may_cut = await _may_cut(session, found, contact_id)
    return LinkView(found.id, patient.masked_name, newcomer.channel, found.ended_at is None, may_cut)


async def cut_link(
    session: AsyncSession,
    *,
    contact_id: UUID,
    link_id: UUID | None,
    key: OperationKey | None,
    now: datetime,
) -> LinkView:
    """Takes a newer link away from its newcomer (None: the newest that this contact may cut): a merged account
    parts again, any other just loses the patient. The patient goes to staff for review, the other side is told.
    Raises NothingToCut."""

    async def effect() -> Result:
        link = await _to_cut(session, contact_id, link_id, now)
        await lock_patient(session, link.patient_id)
        await session.refresh(link)
        if link.ended_at is not None:
            raise NothingToCut
        await end_link(session, link, heir=contact_id, now=now)
        await _put_under_review(session, link)
        detail = {"link": str(link.id), "by": str(contact_id), "newcomer": str(link.contact_id)}
        await audit.record(
            session, actor="patient", action="link_cut", subject=f"patient:{link.patient_id}", detail=detail
        )
        return {"link": str(link.id)}

    result = await once(session, key, effect)
    view = await view_link(session, UUID(result["link"]), contact_id)
    if view is None:
        raise NothingToCut
    return view


async def end_link(session: AsyncSession, link: AccountLink, *, heir: UUID, now: datetime) -> None:
    """Ends the link and tells the newcomer. The caller holds the patient's lock."""
    if link.former_account_id is not None:
        await part(
            session, kept=link.account_id, merged=link.former_account_id, moved=Moved.read(link.moved),
            disputed=link.patient_id, heir=heir,
        )  # fmt: skip
    else:
        held = await revoke_access(session, link.account_id, link.patient_id, now, by=heir)
        link.moved = held.as_json() if held else {}  # staff may have it stand again (see restoring)
    link.ended_at, link.ended_by = now, heir
    await session.flush()
    newcomer = await session.get_one(Contact, link.contact_id, populate_existing=True)
    await events.emit(
        session,
        events.EventKind.LINK_CUT,
        account_id=newcomer.account_id,
        contact_id=newcomer.id,
        payload={"link": str(link.id), "patient_id": str(link.patient_id)},
    )


async def disputed(session: AsyncSession, patient_id: UUID) -> bool:
    """Whether staff still have to say whose file this is: nobody new is linked by a code meanwhile."""
    return bool(
        await session.scalar(
            select(
                exists().where(
                    IdentityRequest.patient_id == patient_id,
                    IdentityRequest.kind == RequestKind.DISPUTE,
                    IdentityRequest.status == RequestStatus.OPEN,
                )
            )
        )
    )


async def holders_of(session: AsyncSession, patient_id: UUID) -> list[tuple[UUID, UUID]]:
    """(account, contact) of everybody who acts for the patient, on every channel they have."""
    return await _contacts_of_holders(session, patient_id)


async def _own(session: AsyncSession, account_id: UUID, patient_id: UUID) -> None:
    """Also when the account acted for the person as a relative until now."""
    own = {"relation": Relation.SELF, "guardian_since": None, "guardian_consent_id": None}
    row = insert(AccountPatient).values(account_id=account_id, patient_id=patient_id, **own)
    await session.execute(
        row.on_conflict_do_update(index_elements=["account_id", "patient_id"], set_=own).inline()
    )


async def _contacts_of_holders(
    session: AsyncSession, patient_id: UUID, besides: UUID | None = None
) -> list[tuple[UUID, UUID]]:
    rows = await session.execute(
        select(Contact.account_id, Contact.id)
        .join(AccountPatient, AccountPatient.account_id == Contact.account_id)
        .where(AccountPatient.patient_id == patient_id)
        .order_by(Contact.id)
    )
    return [(row.account_id, row.id) for row in rows if row.id != besides]


async def _may_cut(session: AsyncSession, link: AccountLink, contact_id: UUID) -> bool:
    """The owner of the file, or a minor's guardian, who was there before. A relative who acts for an adult does not
    cut the adult's own link."""
    if link.ended_at is not None:
        return False
    own = await session.scalar(
        select(AccountPatient)
        .join(Contact, Contact.account_id == AccountPatient.account_id)
        .where(Contact.id == contact_id, AccountPatient.patient_id == link.patient_id)
    )
    if own is None or (own.relation is not Relation.SELF and own.guardian_since is None):
        return False
    mine = select(AccountLink.id).where(
        AccountLink.patient_id == link.patient_id,
        AccountLink.contact_id == contact_id,
        AccountLink.ended_at.is_(None),
    )
    arrived = await session.scalar(mine.order_by(AccountLink.id.desc()).limit(1))
    return arrived is None or arrived < link.id


async def _to_cut(
    session: AsyncSession, contact_id: UUID, link_id: UUID | None, now: datetime
) -> AccountLink:
    patients = (
        select(AccountPatient.patient_id)
        .join(Contact, Contact.account_id == AccountPatient.account_id)
        .where(Contact.id == contact_id)
    )
    wanted = select(AccountLink).where(
        AccountLink.patient_id.in_(patients),
        AccountLink.contact_id != contact_id,
        AccountLink.ended_at.is_(None),
        AccountLink.id == link_id if link_id else AccountLink.linked_at > now - CUT_WITHIN,
    )
    for link in await session.scalars(wanted.order_by(AccountLink.id.desc())):
        if await _may_cut(session, link, contact_id):
            return link
    raise NothingToCut


async def _put_under_review(session: AsyncSession, link: AccountLink) -> None:
    review = update(Patient).where(Patient.id == link.patient_id).values(status=PatientStatus.REVIEW)
    await session.execute(review)
    session.add(
        IdentityRequest(
            kind=RequestKind.DISPUTE,
            status=RequestStatus.OPEN,
            patient_id=link.patient_id,
            contact_id=link.contact_id,
            link_id=link.id,
        )
    )
    await session.flush()
