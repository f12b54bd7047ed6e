"""A parcel's life: planned with its bill, packed, given to a carrier, received."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, revealing
from integrations.hospital.delivery.addresses import AddressView, Destination
from integrations.hospital.delivery.rows import locked, received, standing, tell
from integrations.hospital.delivery.views import (
    NotOnTheWay,
    ParcelView,
    UnknownParcel,
    WaybillTaken,
    parcel,
    parcel_of,
)
from integrations.hospital.models import ConfirmedBy, Delivery, DeliveryStatus, Prescription
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.pharmacy import rows as prescriptions

DESTINATION = "deliveries.destination"
ON_THE_WAY = (DeliveryStatus.SHIPPED, DeliveryStatus.PROBLEM)


async def plan(
    session: AsyncSession,
    crypto: Crypto,
    prescription: Prescription,
    address: AddressView,
    *,
    cold_chain: bool,
    fee_fen: int,
    contact_id: UUID,
) -> UUID:
    """A parcel that waits for its bill to be paid; it keeps the address as it is now."""
    made = Delivery(
        prescription_id=prescription.id,
        account_id=prescription.account_id,
        contact_id=contact_id,
        patient_id=prescription.patient_id,
        destination=crypto.encrypt(address.destination.write(), DESTINATION),
        cold_chain=cold_chain,
        fee_fen=fee_fen,
        status=DeliveryStatus.WAITING,
    )
    session.add(made)
    await session.flush()
    return made.id


async def redirect(
    session: AsyncSession, crypto: Crypto, prescription_id: UUID, address: AddressView
) -> None:
    """Before it leaves. Raises UnknownParcel, NotOnTheWay."""
    one = await standing(session, prescription_id)
    if one.status not in (DeliveryStatus.WAITING, DeliveryStatus.PREPARING):
        raise NotOnTheWay(one.status)
    one.destination = crypto.encrypt(address.destination.write(), DESTINATION)
    await session.flush()


async def prepare(session: AsyncSession, prescription_id: UUID) -> None:
    """Its bill is paid."""
    one = await standing(session, prescription_id)
    one.status = DeliveryStatus.PREPARING
    await session.flush()


async def leave(
    session: AsyncSession, prescription_id: UUID, carrier: str, waybill: str, *, actor: str, now: datetime
) -> UUID:
    """The carrier has it, under this number. The caller holds the prescription's row. Raises UnknownParcel,
    NotOnTheWay, WaybillTaken."""
    one = await standing(session, prescription_id)
    if one.status is not DeliveryStatus.PREPARING:
        raise NotOnTheWay(one.status)
    taken = select(Delivery.id).where(Delivery.carrier == carrier, Delivery.waybill == waybill)
    if await session.scalar(taken) is not None:
        raise WaybillTaken(waybill)
    one.status, one.carrier, one.waybill = DeliveryStatus.SHIPPED, carrier, waybill
    one.shipped_at = one.next_try_at = now
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="parcel_shipped",
        subject=f"delivery:{one.id}",
        detail={"carrier": carrier},
    )
    await tell(session, one, "shipped")
    return one.id


async def pack_again(session: AsyncSession, prescription_id: UUID) -> None:
    """A parcel that came back, in a new one to the same address. Raises UnknownParcel, NotOnTheWay."""
    back = await standing(session, prescription_id)
    if back.status is not DeliveryStatus.RETURNED:
        raise NotOnTheWay(back.status)
    back.status = DeliveryStatus.CANCELLED
    await session.flush()
    again = Delivery(
        prescription_id=back.prescription_id,
        account_id=back.account_id,
        contact_id=back.contact_id,
        patient_id=back.patient_id,
        destination=back.destination,
        cold_chain=back.cold_chain,
        fee_fen=back.fee_fen,
        status=DeliveryStatus.PREPARING,
    )
    session.add(again)
    await session.flush()


async def confirm_receipt(
    session: AsyncSession, delivery_id: UUID, *, account_id: UUID, key: OperationKey | None, now: datetime
) -> ParcelView:
    """The patient has it. Said again it changes nothing. Raises UnknownParcel, NotOnTheWay."""

    async def effect() -> Result:
        seen = await parcel_of(session, delivery_id, account_id)
        prescription = await prescriptions.locked(session, seen.prescription_id)
        one = await locked(session, delivery_id)
        if one.status is DeliveryStatus.DELIVERED:
            return {}
        if one.status not in ON_THE_WAY:
            raise NotOnTheWay(one.status)
        await received(session, one, prescription, ConfirmedBy.PATIENT, now, now)
        return {}

    await once(session, key, effect)
    return await parcel(session, delivery_id)


async def destination(session: AsyncSession, crypto: Crypto, delivery_id: UUID) -> Destination:
    """In plain words, for the patient's own pages; staff say why (`reveal`). Raises UnknownParcel."""
    one = await session.get(Delivery, delivery_id)
    if one is None:
        raise UnknownParcel
    return Destination.read(crypto.decrypt(one.destination, DESTINATION))


async def reveal(
    session: AsyncSession, crypto: Crypto, delivery_id: UUID, *, actor: str, reason: str
) -> Destination:
    """The same for whoever packs it; the audit log keeps who looked and why. Raises UnknownParcel, NoReason."""
    found = await destination(session, crypto, delivery_id)
    subject = f"delivery:{delivery_id}"
    await revealing.record(session, actor=actor, action="address_revealed", subject=subject, reason=reason)
    return found
