"""Guardians of minors on an account: who may be one, and the day it ends."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit, events
from integrations.hospital.ages import ADULT_AGE, of_age_since
from integrations.hospital.clock import local_date
from integrations.hospital.identity_checks import latest_contacts
from integrations.hospital.linking import lock_patient
from integrations.hospital.models import AccountPatient, Patient, PatientStatus, Relation
from integrations.hospital.profiles import PatientView, self_patient
from integrations.hospital.revoking import revoke_access


async def guardian(session: AsyncSession, account_id: UUID, today: date) -> PatientView | None:
    """The account's owner, when they may declare to be somebody's guardian: adult and verified."""
    owner = await self_patient(session, account_id)
    if owner is None or owner.status is not PatientStatus.VERIFIED or owner.age(today) < ADULT_AGE:
        return None
    return owner


async def end_guardianships(session: AsyncSession, now: datetime, limit: int = 500) -> int:
    """Takes those who came of age off their guardians' accounts, and tells both. Gives how many."""
    today = local_date(now)
    born = select(AccountPatient.account_id, AccountPatient.patient_id).join(Patient)
    born = born.where(AccountPatient.guardian_since.is_not(None), Patient.birth_date <= of_age_since(today))
    found = (await session.execute(born.order_by(AccountPatient.patient_id).limit(limit))).all()
    ended = 0
    for account_id, patient_id in found:
        await lock_patient(session, patient_id)
        link = await session.get(AccountPatient, (account_id, patient_id), populate_existing=True)
        if link is None or link.guardian_since is None:
            continue  # just now they agreed themselves, or it was ended
        ended += 1
        told = await latest_contacts(session, patient_id)
        await revoke_access(session, account_id, patient_id, now)
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
    return ended


async def _owns(session: AsyncSession, account_id: UUID, patient_id: UUID) -> bool:
    link = await session.get(AccountPatient, (account_id, patient_id))
    return link is not None and link.relation is Relation.SELF
