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
    carrier, waybill = _read(carrier, waybill)
    one = await rows.locked(session, prescription_id)
    await counter.leave(session, one, actor=actor)
    return await parcels.leave(session, one.id, carrier, waybill, actor=actor, now=now)


async def ship_again(
    session: AsyncSession, prescription_id: UUID, carrier: str, waybill: str, *, actor: str, now: datetime
) -> UUID:
    """What came back leaves once more, whereto it was sent and without another fee. Gives the new delivery. Raises
    BadWaybill, UnknownPrescription, NotOnTheWay when it did not come back, and as `parcels.leave`."""
    carrier, waybill = _read(carrier, waybill)
    one = await rows.locked(session, prescription_id)
    await parcels.pack_again(session, one.id)
    return await parcels.leave(session, one.id, carrier, waybill, actor=actor, now=now)


def _read(carrier: str, waybill: str) -> tuple[str, str]:
    """Raises BadWaybill."""
    carrier, waybill = carrier.strip().lower(), waybill.strip().upper()
    if not (_CARRIER.fullmatch(carrier) and _WAYBILL.fullmatch(waybill)):
        raise BadWaybill
    return carrier, waybill
