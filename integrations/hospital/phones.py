"""The phone on the hospital's file: what proves a patient, and how it changes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events
from integrations.hospital.linking import holders_of, lock_patient
from integrations.hospital.models import Patient
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.reading import read_phone


async def change_phone(
    session: AsyncSession,
    crypto: Crypto,
    *,
    patient_id: UUID,
    phone: str,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> None:
    """Both phones, the old and the new one, were proven by codes. Raises InvalidPhone."""
    number = read_phone(phone)

    async def effect() -> Result:
        await lock_patient(session, patient_id)
        patient = await session.get_one(Patient, patient_id, populate_existing=True)
        await set_phone(session, crypto, patient, number, by=contact_id)
        return {}

    await once(session, key, effect)


async def set_phone(session: AsyncSession, crypto: Crypto, patient: Patient, phone: str, *, by: UUID) -> None:
    """Puts the phone and its blind index on file and tells everybody who acts for the patient, but for the contact
    that did it. The caller holds the patient's lock."""
    patient.phone, patient.phone_index = (
        crypto.encrypt(phone, "patients.phone"),
        crypto.blind(phone, "patients.phone"),
    )
    await session.flush()
    await audit.record(
        session,
        actor="patient",
        action="phone_changed",
        subject=f"patient:{patient.id}",
        detail={"contact": str(by)},
    )
    payload = {"patient_id": str(patient.id)}
    for account, contact in await holders_of(session, patient.id):
        if contact != by:
            await events.emit(
                session,
                events.EventKind.PHONE_CHANGED,
                account_id=account,
                contact_id=contact,
                payload=payload,
            )
