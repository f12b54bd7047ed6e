"""A prescription's own rows, held until the transaction ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.billing import open_payments
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Delivery,
    DeliveryStatus,
    Medicine,
    Order,
    OrderStatus,
    Prescription,
    PrescriptionLine,
    PrescriptionStatus,
    Substitution,
    SubstitutionStatus,
)
from integrations.hospital.pharmacy import medicines
from integrations.hospital.pharmacy.terms import UnknownPrescription


async def locked(session: AsyncSession, prescription_id: UUID) -> Prescription:
    """The first lock of whatever changes a prescription. Raises UnknownPrescription."""
    one = await session.scalar(
        select(Prescription)
        .where(Prescription.id == prescription_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if one is None:
        raise UnknownPrescription
    return one


async def packs(session: AsyncSession, one: Prescription) -> dict[UUID, int]:
    """How many of each medicine."""
    lines = await session.execute(
        select(PrescriptionLine.medicine_id, PrescriptionLine.quantity).where(
            PrescriptionLine.prescription_id == one.id
        )
    )
    counted: dict[UUID, int] = {}
    for medicine_id, quantity in lines:
        counted[medicine_id] = counted.get(medicine_id, 0) + quantity
    return counted


async def lock_medicines(session: AsyncSession, prescriptions: Sequence[UUID]) -> None:
    """Those of several prescriptions, by their ids, before their packs are let go one prescription after the other: in
    any other order, two that do so could wait for each other."""
    theirs = select(PrescriptionLine.medicine_id).where(PrescriptionLine.prescription_id.in_(prescriptions))
    by_id = select(Medicine.id).where(Medicine.id.in_(theirs)).order_by(Medicine.id)
    await session.execute(by_id.with_for_update(key_share=True))


async def hold_stock(session: AsyncSession, one: Prescription) -> None:
    """Raises OutOfStock."""
    if not one.stock_held:
        await medicines.take(session, await packs(session, one))
        one.stock_held = True
        await session.flush()


async def release_stock(session: AsyncSession, one: Prescription) -> None:
    if one.stock_held:
        await medicines.give_back(session, await packs(session, one))
        one.stock_held = False
        await session.flush()


async def close_bill(session: AsyncSession, one: Prescription, now: datetime) -> bool:
    """Nobody is to pay it any more: the order is closed, its parcel called off, the packs free again. False when
    there was no open bill."""
    closed = (
        update(Order)
        .where(Order.prescription_id == one.id, Order.status == OrderStatus.UNPAID)
        .values(status=OrderStatus.CLOSED, closed_at=now)
        .returning(Order.id)
        .execution_options(synchronize_session=False)
    )
    order_id = await session.scalar(closed)
    if order_id is not None:
        await open_payments.ask_at_once(session, order_id, now)
    await call_off_delivery(session, one)
    await release_stock(session, one)
    one.handing = None
    await session.flush()
    return order_id is not None


async def call_off_delivery(session: AsyncSession, one: Prescription) -> None:
    standing = update(Delivery).where(
        Delivery.prescription_id == one.id,
        Delivery.status.not_in((DeliveryStatus.CANCELLED, DeliveryStatus.DELIVERED)),
    )
    await session.execute(
        standing.values(status=DeliveryStatus.CANCELLED, next_try_at=None).execution_options(
            synchronize_session=False
        )
    )


async def end(session: AsyncSession, one: Prescription, status: PrescriptionStatus, now: datetime) -> None:
    """It is not paid and never will be: with its bill and what was asked about it."""
    await close_bill(session, one, now)
    one.status = status
    await close_question(session, one, now)


async def close_question(session: AsyncSession, one: Prescription, now: datetime) -> None:
    """Whatever the patient was asked about it, no answer is waited for any more."""
    asked = update(Substitution).where(
        Substitution.prescription_id == one.id, Substitution.status == SubstitutionStatus.ASKED
    )
    await session.execute(
        asked.values(status=SubstitutionStatus.CLOSED, answered_at=now).execution_options(
            synchronize_session=False
        )
    )
    await session.flush()


async def tell(session: AsyncSession, one: Prescription, kind: EventKind, **payload: str | None) -> None:
    """News about it; who hears it is asked anew when it is told."""
    await events.emit(
        session,
        kind,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"prescription_id": str(one.id), **payload},
    )
