"""An account lets go of a patient. The file and its appointments stay: they are the patient's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.linking import lock_patient
from integrations.hospital.merging import hold_account
from integrations.hospital.models import AccountLink, AccountPatient, Consent
from integrations.hospital.operations import OperationKey, Result, once


async def unbind(
    session: AsyncSession,
    *,
    contact_id: UUID,
    patient_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> bool:
    """Ends that the contact's account acts for the patient, and the consents given for it. False when it did not
    act for them (any more). Appointments stay booked: they are changed at the hospital from then on."""

    async def effect() -> Result:
        await lock_patient(session, patient_id)
        account_id = await hold_account(session, contact_id)
        held = AccountPatient.account_id == account_id, AccountPatient.patient_id == patient_id
        relation = await session.scalar(
            delete(AccountPatient).where(*held).returning(AccountPatient.relation)
        )
        if relation is None:
            return {"unbound": False}
        await _end_what_hangs_on_it(session, account_id, contact_id, patient_id, now)
        await audit.record(
            session,
            actor="patient",
            action="patient_unbound",
            subject=f"patient:{patient_id}",
            detail={
                "account": str(account_id),
                "contact": str(contact_id),
                "relation": relation,
            },
        )
        return {"unbound": True}

    return bool((await once(session, key, effect))["unbound"])


async def _end_what_hangs_on_it(
    session: AsyncSession, account: UUID, contact_id: UUID, patient_id: UUID, now: datetime
) -> None:
    consents = Consent.account_id == account, Consent.patient_id == patient_id, Consent.withdrawn_at.is_(None)
    await session.execute(update(Consent).where(*consents).values(withdrawn_at=now))
    links = (
        AccountLink.account_id == account,
        AccountLink.patient_id == patient_id,
        AccountLink.ended_at.is_(None),
    )
    await session.execute(update(AccountLink).where(*links).values(ended_at=now, ended_by=contact_id))
