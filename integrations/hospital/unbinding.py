"""An account lets go of a patient. The file and its appointments stay: they are the patient's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.linking import lock_patient
from integrations.hospital.merging import hold_account
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.revoking import revoke_access


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
        ended = await revoke_access(session, account_id, patient_id, now, by=contact_id)
        if ended is None:
            return {"unbound": False}
        await audit.record(
            session,
            actor="patient",
            action="patient_unbound",
            subject=f"patient:{patient_id}",
            detail={
                "account": str(account_id),
                "contact": str(contact_id),
                "relation": ended.relation,
            },
        )
        return {"unbound": True}

    return bool((await once(session, key, effect))["unbound"])
