"""What ends when an account no longer acts for a patient, whoever ends it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import AccountLink, AccountPatient, Consent, Relation


async def revoke_all_access(session: AsyncSession, patient_id: UUID, now: datetime) -> None:
    """Nobody acts for the patient any longer: it is not who it said. The caller holds the patient's lock."""
    held = select(AccountPatient.account_id).where(AccountPatient.patient_id == patient_id)
    for account_id in list(await session.scalars(held.order_by(AccountPatient.account_id))):
        await revoke_access(session, account_id, patient_id, now)


async def revoke_access(
    session: AsyncSession, account_id: UUID, patient_id: UUID, now: datetime, *, by: UUID | None = None
) -> Relation | None:
    """Ends that the account acts for the patient, its consents for it, and how it came to that. Gives what the patient
    was to the owner, None when there was nothing to end. `by`: the contact that ended it. The caller holds the
    patient's lock."""
    held = AccountPatient.account_id == account_id, AccountPatient.patient_id == patient_id
    relation: Relation | None = await session.scalar(
        delete(AccountPatient).where(*held).returning(AccountPatient.relation)
    )
    if relation is None:
        return None
    consents = (
        Consent.account_id == account_id,
        Consent.patient_id == patient_id,
        Consent.withdrawn_at.is_(None),
    )
    await session.execute(
        update(Consent).where(*consents).values(withdrawn_at=now).execution_options(synchronize_session=False)
    )
    links = (
        AccountLink.account_id == account_id,
        AccountLink.patient_id == patient_id,
        AccountLink.ended_at.is_(None),
    )
    await session.execute(update(AccountLink).where(*links).values(ended_at=now, ended_by=by))
    return relation
