"""The pharmacy puts a prescription together, and hands it over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.models import WITH_PHARMACY, Handing, Prescription, PrescriptionStatus
from integrations.hospital.pharmacy.rows import locked
from integrations.hospital.pharmacy.terms import NotNow, UnknownPrescription


async def dispense(session: AsyncSession, prescription_id: UUID, *, actor: str) -> None:
    """The pharmacy begins: from now on only staff can pay it back. Raises UnknownPrescription, NotNow."""
    one = await locked(session, prescription_id)
    if one.status is not PrescriptionStatus.PAID:
        raise NotNow(one.status)
    await _begin(session, one, actor)


async def _begin(session: AsyncSession, one: Prescription, actor: str) -> None:
    one.status = PrescriptionStatus.DISPENSING
    await session.flush()
    await audit.record(
        session, actor=actor, action="prescription_dispensing", subject=f"prescription:{one.id}"
    )


async def hand_over(session: AsyncSession, code: str, *, actor: str, now: datetime) -> UUID:
    """Somebody came with this code. Gives which prescription it was. Raises UnknownPrescription."""
    found = await session.scalar(
        select(Prescription.id).where(
            Prescription.pickup_code == code,
            Prescription.status.in_(WITH_PHARMACY),
        )
    )
    if found is None:
        raise UnknownPrescription
    one = await locked(session, found)
    if one.handing is not Handing.PICKUP or one.pickup_code != code:
        raise UnknownPrescription
    if one.status is PrescriptionStatus.PAID:
        await _begin(session, one, actor)
    if one.status is not PrescriptionStatus.DISPENSING:
        raise UnknownPrescription
    one.status = PrescriptionStatus.DISPENSED
    await session.flush()
    await audit.record(
        session, actor=actor, action="prescription_handed_over", subject=f"prescription:{one.id}"
    )
    return one.id


async def leave(session: AsyncSession, one: Prescription, *, actor: str) -> None:
    """It goes to the carrier; the caller holds its row. Raises NotNow."""
    if one.handing is not Handing.DELIVERY or one.status not in WITH_PHARMACY:
        raise NotNow(one.status)
    if one.status is PrescriptionStatus.PAID:
        await _begin(session, one, actor)
    one.status = PrescriptionStatus.SHIPPED
    await session.flush()
