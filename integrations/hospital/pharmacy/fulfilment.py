"""What a payment brings about: the pharmacy has to put it together. Called by billing.paying, in its transaction."""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.delivery import parcels
from integrations.hospital.events import EventKind
from integrations.hospital.locks import lock
from integrations.hospital.models import WITH_PHARMACY, Handing, Order, Prescription, PrescriptionStatus
from integrations.hospital.pharmacy.rows import locked, tell


async def hold(session: AsyncSession, order_no: str) -> Prescription | None:
    """Locks the prescription of an order, before the order itself. None for a bill of something else."""
    found: UUID | None = await session.scalar(select(Order.prescription_id).where(Order.order_no == order_no))
    return await locked(session, found) if found else None


async def paid(session: AsyncSession, one: Prescription) -> None:
    """The order is paid just now: a code to pick it up with, or a parcel to pack."""
    one.status = PrescriptionStatus.PAID
    if one.handing is Handing.DELIVERY:
        await parcels.prepare(session, one.id)
    else:
        one.pickup_code = await _code(session)
    await session.flush()
    kind = EventKind.PARCEL_PLANNED if one.handing is Handing.DELIVERY else EventKind.PICKUP_READY
    await tell(session, one, kind)


async def _code(session: AsyncSession) -> str:
    """Six digits that no other open prescription has."""
    await lock(session, "pickup_code")
    taken = set(
        await session.scalars(select(Prescription.pickup_code).where(Prescription.status.in_(WITH_PHARMACY)))
    )
    while (code := f"{secrets.randbelow(10**6):06}") in taken:
        pass
    return code
