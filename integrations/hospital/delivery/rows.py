"""A parcel's own rows, held until the transaction ends; the prescription's before the parcel's."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events, ratings
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


async def standing(session: AsyncSession, prescription_id: UUID) -> Delivery:
    """Raises UnknownParcel."""
    one = await session.scalar(
        select(Delivery)
        .where(Delivery.prescription_id == prescription_id, Delivery.status != DeliveryStatus.CANCELLED)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if one is None:
        raise UnknownParcel
    return one


async def hold_prescription(session: AsyncSession, prescription_id: UUID) -> Prescription:
    """Held, for its row is locked before its parcel's."""
    return (
        await session.scalars(
            select(Prescription)
            .where(Prescription.id == prescription_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()


async def hold_parcel(session: AsyncSession, delivery_id: UUID) -> Delivery:
    return (
        await session.scalars(
            select(Delivery)
            .where(Delivery.id == delivery_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()


async def received(
    session: AsyncSession,
    one: Delivery,
    prescription: Prescription,
    by: ConfirmedBy,
    at: datetime,
    now: datetime,
) -> None:
    """At `at` it was in the patient's hands; some time later they are asked what they think of it."""
    one.status, one.delivered_at, one.confirmed_by, one.next_try_at = DeliveryStatus.DELIVERED, at, by, None
    if prescription.status is PrescriptionStatus.SHIPPED:
        prescription.status = PrescriptionStatus.DELIVERED
    await session.flush()
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
