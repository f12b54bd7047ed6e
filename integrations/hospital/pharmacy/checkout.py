"""From an approved prescription to its bill: pick-up or delivery, packs held while it can be paid; and back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import events
from integrations.hospital.billing import orders, undoing
from integrations.hospital.billing.orders import Item
from integrations.hospital.delivery import addresses, parcels
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    WITH_PHARMACY,
    Handing,
    Order,
    OrderKind,
    OrderStatus,
    Prescription,
    PrescriptionStatus,
    RefundReason,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.pharmacy import rows
from integrations.hospital.pharmacy.terms import AnswerFirst, NotNow, NotToBeSent, Terms
from integrations.hospital.pharmacy.views import PrescriptionView, prescription, prescription_of


class Cancelled(StrEnum):
    """What came of it."""

    BILL_CLOSED = "bill_closed"  # nothing was paid; the prescription stays valid as long as it was
    REFUND = "refund"  # it was paid, and goes back whole


async def open_bill(
    session: AsyncSession,
    crypto: Crypto,
    prescription_id: UUID,
    handing: Handing,
    *,
    address_id: UUID | None = None,
    account_id: UUID,
    contact_id: UUID,
    terms: Terms,
    delivery_name: str,
    key: OperationKey | None,
    now: datetime,
) -> PrescriptionView:
    """The bill for it, which holds the packs until it is paid or runs out; an open one is replaced. `delivery_name`
    is what the delivery is called on it. Raises UnknownPrescription, NotNow, AnswerFirst, NotToBeSent, OutOfStock,
    UnknownAddress."""

    async def effect() -> Result:
        await prescription_of(session, prescription_id, account_id)
        one = await rows.locked(session, prescription_id)
        if one.status is not PrescriptionStatus.APPROVED or now >= one.valid_until:
            raise NotNow(PrescriptionStatus.EXPIRED if now >= one.valid_until else one.status)
        seen = await prescription(session, prescription_id)
        if seen.asked:
            raise AnswerFirst
        if handing is Handing.DELIVERY and not seen.may_be_sent:
            raise NotToBeSent
        await rows.close_bill(session, one, now)
        fee = terms.fee(cold_chain=seen.cold_chain)
        if handing is Handing.DELIVERY:
            assert address_id is not None, "a parcel goes somewhere"
            address = await addresses.address(session, crypto, address_id, account_id)
            await parcels.plan(
                session, crypto, one, address, cold_chain=seen.cold_chain, fee_fen=fee, contact_id=contact_id
            )
        await orders.open_order(
            session,
            OrderKind.MEDICINE,
            _items(seen, fee if handing is Handing.DELIVERY else None, delivery_name),
            patient_id=one.patient_id,
            account_id=account_id,
            contact_id=contact_id,
            expires_at=min(now + terms.bill, one.valid_until),
            now=now,
            prescription_id=one.id,
        )
        one.handing = handing
        await session.flush()
        await rows.hold_stock(session, one)
        return {}

    await once(session, key, effect)
    return await prescription(session, prescription_id)


def _items(seen: PrescriptionView, fee: int | None, delivery_name: str) -> list[Item]:
    items = [Item(f"{line.name} {line.strength}", line.amount_fen, line.quantity) for line in seen.lines]
    return items if fee is None else [*items, Item(delivery_name, fee)]


async def cancel(
    session: AsyncSession, prescription_id: UUID, *, account_id: UUID, key: OperationKey | None, now: datetime
) -> Cancelled:
    """By the patient, as long as the pharmacy has not begun. Raises UnknownPrescription, NotNow when there is no
    bill or it is too late."""

    async def effect() -> Result:
        await prescription_of(session, prescription_id, account_id)
        one = await rows.locked(session, prescription_id)
        if one.status is PrescriptionStatus.APPROVED and await rows.close_bill(session, one, now):
            return {"done": Cancelled.BILL_CLOSED}
        if one.status is not PrescriptionStatus.PAID:
            raise NotNow(one.status)
        await _pay_back(session, one, RefundReason.CANCELLED, now)
        await rows.release_stock(session, one)
        return {"done": Cancelled.REFUND}

    return Cancelled((await once(session, key, effect))["done"])


async def refund_by_staff(session: AsyncSession, prescription_id: UUID, *, now: datetime) -> None:
    """After the pharmacy began. Packs that left the house do not come back on sale. Raises UnknownPrescription,
    NotNow."""
    one = await rows.locked(session, prescription_id)
    if one.status in WITH_PHARMACY:
        await rows.release_stock(session, one)
    elif one.status is not PrescriptionStatus.SHIPPED:
        raise NotNow(one.status)
    await _pay_back(session, one, RefundReason.STAFF, now)


async def _pay_back(session: AsyncSession, one: Prescription, reason: RefundReason, now: datetime) -> None:
    order = await session.scalar(
        select(Order)
        .where(Order.prescription_id == one.id, Order.status == OrderStatus.PAID)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if order is not None:
        await undoing.pay_back(session, order, reason, now)
    await rows.call_off_delivery(session, one)
    one.status = PrescriptionStatus.CANCELLED
    await session.flush()


_BILLS_DUE = text("""
    SELECT p.id FROM prescriptions p JOIN orders o ON o.prescription_id = p.id
    WHERE o.status = 'unpaid' AND o.expires_at <= :now ORDER BY o.expires_at LIMIT :limit
    FOR NO KEY UPDATE OF p SKIP LOCKED
""")


async def expire_bills(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Closes the bills whose time ran out and frees their packs; the prescription may be billed again while it is
    valid. Gives how many."""
    found = list(await session.scalars(_BILLS_DUE, {"now": now, "limit": limit}))
    await rows.lock_medicines(session, found)
    for prescription_id in found:
        one = await rows.locked(session, prescription_id)
        view = await prescription(session, prescription_id)
        due = view.pay_until is not None and view.pay_until <= now
        if one.status is not PrescriptionStatus.APPROVED or not due:  # paid, or billed anew, just now
            continue
        if await rows.close_bill(session, one, now) and now < one.valid_until:
            await events.emit(
                session,
                EventKind.ORDER_EXPIRED,
                account_id=one.account_id,
                contact_id=one.contact_id,
                payload={"order_no": view.order_no},
            )
    return len(found)


_EXPIRED = text("""
    SELECT id FROM prescriptions WHERE valid_until <= :now AND status IN ('issued', 'in_review', 'approved')
    ORDER BY valid_until LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")


async def expire_prescriptions(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Ends what nobody paid while it was valid, with its bill, and tells the patient. Gives how many."""
    found = list(await session.scalars(_EXPIRED, {"now": now, "limit": limit}))
    await rows.lock_medicines(session, found)
    for prescription_id in found:
        one = await rows.locked(session, prescription_id)
        await rows.end(session, one, PrescriptionStatus.EXPIRED, now)
        await rows.tell(session, one, EventKind.PRESCRIPTION_EXPIRED)
    return len(found)


async def withdraw(session: AsyncSession, prescription_id: UUID, *, now: datetime) -> None:
    """The doctor takes it back before anybody paid. Raises UnknownPrescription, NotNow."""
    one = await rows.locked(session, prescription_id)
    if one.status not in (
        PrescriptionStatus.ISSUED,
        PrescriptionStatus.IN_REVIEW,
        PrescriptionStatus.APPROVED,
    ):
        raise NotNow(one.status)
    await rows.end(session, one, PrescriptionStatus.CANCELLED, now)


_UNPAID = text("""
    SELECT id FROM prescriptions
    WHERE consultation_id = :consultation AND status IN ('issued', 'in_review', 'approved')
    ORDER BY id FOR NO KEY UPDATE
""")


async def withdraw_all(session: AsyncSession, consultation_id: UUID, *, now: datetime) -> list[UUID]:
    """What was prescribed in a consultation and nobody has paid. Gives which; the caller holds the consultation."""
    found = list(await session.scalars(_UNPAID, {"consultation": consultation_id}))
    await rows.lock_medicines(session, found)
    for prescription_id in found:
        await withdraw(session, prescription_id, now=now)
    return found


async def send_elsewhere(
    session: AsyncSession,
    crypto: Crypto,
    prescription_id: UUID,
    address_id: UUID,
    *,
    account_id: UUID,
    now: datetime,
) -> None:
    """Another address for a parcel that has not left. Raises UnknownPrescription, UnknownAddress, NotNow."""
    await prescription_of(session, prescription_id, account_id)
    one = await rows.locked(session, prescription_id)
    if one.status not in (PrescriptionStatus.APPROVED, PrescriptionStatus.PAID):
        raise NotNow(one.status)
    address = await addresses.address(session, crypto, address_id, account_id)
    await parcels.redirect(session, crypto, one.id, address)
