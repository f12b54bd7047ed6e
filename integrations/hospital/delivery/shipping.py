"""What the pharmacy has put together goes to a carrier."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.delivery import parcels
from integrations.hospital.delivery.views import ParcelFault
from integrations.hospital.pharmacy import counter, rows

_CARRIER = re.compile(r"[a-z][a-z0-9]{1,29}")
_WAYBILL = re.compile(r"[A-Z0-9-]{6,32}")


class BadWaybill(ParcelFault):
    """That is no carrier's code, or no number of a parcel."""


async def ship(
    session: AsyncSession, prescription_id: UUID, carrier: str, waybill: str, *, actor: str, now: datetime
) -> UUID:
    """Gives the delivery. Raises BadWaybill, UnknownPrescription, NotNow, and as `parcels.leave`."""
    carrier, waybill = carrier.strip().lower(), waybill.strip().upper()
    if not (_CARRIER.fullmatch(carrier) and _WAYBILL.fullmatch(waybill)):
        raise BadWaybill
    one = await rows.locked(session, prescription_id)
    await counter.leave(session, one, actor=actor)
    return await parcels.leave(session, one.id, carrier, waybill, actor=actor, now=now)
