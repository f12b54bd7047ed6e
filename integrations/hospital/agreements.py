"""Who acts for an adult (or a teenager) on their own agreement, and how they end it: by their own account, or by the
hospital's telephone, for whoever agreed by a text message has no account here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from integrations.crypto import Crypto
from integrations.hospital import audit, events, revealing
from integrations.hospital.linking import lock_patient
from integrations.hospital.models import AccountPatient, Contact, Patient, Relation
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.reading import read_phone
from integrations.hospital.revoking import revoke_access


@dataclass(frozen=True, slots=True)
class Standing:
    """An agreement that stands: who gave it, and which account acts by it. Names are masked; `relation` is what the
    patient is to the account's owner."""

    patient_id: UUID
    patient: str
    account_id: UUID
    owner: str
    relation: Relation
    since: datetime


async def of_patient(session: AsyncSession, patient_id: UUID) -> list[Standing]:
    """Who acts for the patient, besides themselves and a minor's guardians, the longest first."""
    return await _standing(session, [patient_id])


async def of_phone(session: AsyncSession, crypto: Crypto, phone: str) -> list[Standing]:
    """The same for everybody whom the hospital knows by this phone. Raises InvalidPhone."""
    indexes = crypto.blinds(read_phone(phone), "patients.phone")
    found = await session.scalars(select(Patient.id).where(Patient.phone_index.in_(indexes)))
    return await _standing(session, list(found))


async def find(
    session: AsyncSession, crypto: Crypto, phone: str, *, actor: str, reason: str
) -> list[Standing]:
    """The same, for staff who look for it: the audit log keeps who did and why. Raises InvalidPhone, NoReason."""
    found = await of_phone(session, crypto, phone)
    await revealing.record(
        session,
        actor=actor,
        action="agreements_searched",
        subject="patients",
        reason=reason,
        about={"files": sorted({str(one.patient_id) for one in found})},
    )
    return found


async def end(
    session: AsyncSession,
    *,
    patient_id: UUID,
    account_id: UUID,
    actor: str,
    key: OperationKey | None,
    now: datetime,
) -> bool:
    """The account no longer acts for the patient, who takes the agreement back; it is told. Appointments stay: they
    are the patient's. `actor` is "patient" or who of the staff was called. False when the account did not act for
    them by an agreement of theirs (any more)."""

    async def effect() -> Result:
        await lock_patient(session, patient_id)
        if not any(one.account_id == account_id for one in await of_patient(session, patient_id)):
            return {"ended": False}
        await revoke_access(session, account_id, patient_id, now)
        contacts = await session.scalars(select(Contact.id).where(Contact.account_id == account_id))
        for contact in contacts:
            await events.emit(
                session,
                events.EventKind.AGREEMENT_ENDED,
                account_id=account_id,
                contact_id=contact,
                payload={"patient_id": str(patient_id)},
            )
        await audit.record(
            session,
            actor=actor,
            action="agreement_ended",
            subject=f"patient:{patient_id}",
            detail={"account": str(account_id)},
        )
        return {"ended": True}

    return bool((await once(session, key, effect))["ended"])


async def _standing(session: AsyncSession, patient_ids: list[UUID]) -> list[Standing]:
    owning, owner = aliased(AccountPatient), aliased(Patient)
    rows = await session.execute(
        select(AccountPatient, Patient.masked_name, owner.masked_name.label("owner"))
        .join(Patient, Patient.id == AccountPatient.patient_id)
        .join(owning, (owning.account_id == AccountPatient.account_id) & (owning.relation == Relation.SELF))
        .join(owner, owner.id == owning.patient_id)
        .where(
            AccountPatient.patient_id.in_(patient_ids),
            AccountPatient.relation != Relation.SELF,
            AccountPatient.guardian_since.is_(None),
        )
        .order_by(AccountPatient.created_at, AccountPatient.account_id)
    )
    return [
        Standing(link.patient_id, patient, link.account_id, owner_name, link.relation, link.created_at)
        for link, patient, owner_name in rows
    ]
