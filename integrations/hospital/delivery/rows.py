"""A parcel's own rows, held until the transaction ends; the prescription's before the parcel's."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events, ratings
from integrations.hospital.cases.ending import close_arrived
from integrations.hospital.delivery.views import UnknownParcel
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    ConfirmedBy,
    Delivery,
    DeliveryStatus,
    Prescription,
    PrescriptionStatus,
    SubjectKind,
)

_BEFORE_RATING = timedelta(hours=2)


async def locked(session: AsyncSession, delivery_id: UUID) -> Delivery:
    """Raises UnknownParcel."""
    return await _locked(session, Delivery.id == delivery_id)


async def standing(session: AsyncSession, prescription_id: UUID) -> Delivery:
    """The prescription's one that is not called off. Raises UnknownParcel."""
    return await _locked(
        session, Delivery.prescription_id == prescription_id, Delivery.status != DeliveryStatus.CANCELLED
    )


async def _locked(session: AsyncSession, *which: ColumnElement[bool]) -> Delivery:
    one = await session.scalar(
        select(Delivery)
        .where(*which)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if one is None:
        raise UnknownParcel
    return one


async def received(
    session: AsyncSession,
    one: Delivery,
    prescription: Prescription,
    by: ConfirmedBy,
    at: datetime,
    now: datetime,
) -> None:
    """At `at` it was in the patient's hands; some time later they are asked what they think of it. A problem on its way
    is over, but of what has to stay cold: staff look whether it did."""
    one.status, one.delivered_at, one.confirmed_by, one.next_try_at = DeliveryStatus.DELIVERED, at, by, None
    if prescription.status is PrescriptionStatus.SHIPPED:
        prescription.status = PrescriptionStatus.DELIVERED
    await session.flush()
    if not one.cold_chain:
        await close_arrived(session, one.prescription_id, now)
    await ratings.ask(
        session,
        SubjectKind.DELIVERY,
        one.id,
        one.account_id,
        one.contact_id,
        now,
        due_at=now + _BEFORE_RATING,
    )


async def tell(session: AsyncSession, one: Delivery, state: str) -> None:
    """News of a parcel; who hears it is asked anew when it is told."""
    await events.emit(
        session,
        EventKind.PARCEL_MOVED,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"delivery_id": str(one.id), "prescription_id": str(one.prescription_id), "state": state},
    )
