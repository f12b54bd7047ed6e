"""What an account has to pay, and what it has paid."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.clock import local_date
from integrations.hospital.models import Order, OrderItem, OrderKind, OrderStatus, RefundReason

# Two letters before every order number, for people who read it out: GH 挂号, WZ 问诊, JC 检查, YP 药品.
PREFIX = {
    OrderKind.REGISTRATION: "GH",
    OrderKind.CONSULTATION: "WZ",
    OrderKind.TEST: "JC",
    OrderKind.MEDICINE: "YP",
}


class UnknownOrder(LookupError):
    """There is no such order, or not for this account."""


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    amount_fen: int  # of all of them
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its owner sees it. `patient` is masked. `expires_at` counts while it is unpaid."""

    id: UUID
    order_no: str
    kind: OrderKind
    status: OrderStatus
    amount_fen: int
    appointment_id: UUID | None
    prescription_id: UUID | None
    patient_id: UUID
    patient: str
    account_id: UUID
    contact_id: UUID
    expires_at: datetime | None
    paid_at: datetime | None
    created_at: datetime
    items: tuple[Item, ...]


async def open_order(
    session: AsyncSession,
    kind: OrderKind,
    items: Sequence[Item],
    *,
    patient_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    expires_at: datetime | None,
    now: datetime,
    prescription_id: UUID | None = None,
) -> UUID:
    """A bill for anything but an appointment (whose order is made with it). Gives its id."""
    values = {
        "order_no": "",
        "kind": kind,
        "patient_id": patient_id,
        "account_id": account_id,
        "contact_id": contact_id,
        "amount_fen": sum(item.amount_fen for item in items),
        "status": OrderStatus.UNPAID,
        "expires_at": expires_at,
        "prescription_id": prescription_id,
        "created_at": now,
    }
    order_id = (await session.scalars(text("SELECT uuidv7()"))).one()
    values |= {"id": order_id, "order_no": number(kind, order_id, now)}
    await session.execute(insert(Order).values(**values))
    lines = [
        {"order_id": order_id, "position": at, "name": item.name, "quantity": item.quantity}
        | {"amount_fen": item.amount_fen}
        for at, item in enumerate(items, 1)
    ]
    await session.execute(insert(OrderItem), lines)
    return UUID(str(order_id))


def number(kind: OrderKind, order_id: UUID, now: datetime) -> str:
    """30 characters: prefix, local day, 80 bits of a hash over the id; lasting, not to be guessed."""
    return f"{PREFIX[kind]}{local_date(now):%Y%m%d}{hashlib.sha256(order_id.bytes).hexdigest()[:20].upper()}"


_VIEWS = """
    SELECT o.id, o.order_no, o.kind, o.status, o.amount_fen, o.appointment_id, o.prescription_id, o.patient_id,
           pt.masked_name AS patient, o.account_id, o.contact_id, o.expires_at, o.paid_at, o.created_at,
           coalesce((SELECT jsonb_agg(jsonb_build_array(name, amount_fen, quantity) ORDER BY position)
                     FROM order_items WHERE order_id = o.id), '[]') AS items
    FROM orders o JOIN patients pt ON pt.id = o.patient_id
"""
_ONE = text(_VIEWS + "WHERE o.order_no = :order_no")
# Somebody whom the account acts for no longer is nobody's bill, but for what is paid or owed back.
_THEIRS = """
    WHERE o.account_id = :account_id AND (o.status <> 'unpaid' OR EXISTS (
        SELECT FROM account_patients ap WHERE ap.account_id = o.account_id AND ap.patient_id = o.patient_id))
"""
_OWN = text(_VIEWS + _THEIRS + "AND o.order_no = :order_no")
_OF_ACCOUNT = text(
    _VIEWS
    + _THEIRS
    + """
    ORDER BY (o.status = 'unpaid') DESC, o.created_at DESC, o.id DESC LIMIT :limit
    """
)


async def order(session: AsyncSession, order_no: str) -> OrderView:
    """Raises UnknownOrder."""
    row = (await session.execute(_ONE, {"order_no": order_no})).one_or_none()
    if row is None:
        raise UnknownOrder
    return _view(row)


async def own_order(session: AsyncSession, order_no: str, account_id: UUID) -> OrderView:
    """As `orders_of` would list it. Raises UnknownOrder."""
    values = {"order_no": order_no, "account_id": account_id}
    row = (await session.execute(_OWN, values)).one_or_none()
    if row is None:
        raise UnknownOrder
    return _view(row)


async def orders_of(session: AsyncSession, account_id: UUID, limit: int = 50) -> list[OrderView]:
    """What is still to be paid first, then the newest."""
    found = await session.execute(_OF_ACCOUNT, {"account_id": account_id, "limit": limit})
    return [_view(row) for row in found]


def _view(row: Row[*tuple[Any, ...]]) -> OrderView:
    words = {
        "kind": OrderKind(row.kind),
        "status": OrderStatus(row.status),
        "items": tuple(Item(name, amount, quantity) for name, amount, quantity in row.items),
    }
    return OrderView(**{**row._mapping, **words})  # noqa: SLF001 (documented in spite of its name)


async def hold_order(session: AsyncSession, order_no: str) -> Order:
    """Its row, locked until the transaction ends; those of its appointment, prescription or consultation are locked
    before it, those of its payments and its invoice after it. Raises UnknownOrder."""
    found = await session.scalar(
        select(Order)
        .where(Order.order_no == order_no)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise UnknownOrder
    return found


_EXPIRE = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM orders WHERE status = 'unpaid' AND expires_at <= :now
          AND kind <> 'registration' AND prescription_id IS NULL
          AND NOT EXISTS (SELECT FROM consultations WHERE order_id = orders.id)
        ORDER BY expires_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE orders SET status = 'closed', closed_at = :now WHERE id IN (SELECT id FROM due)
    RETURNING order_no, account_id, contact_id
""")


async def expire_orders(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Closes unpaid orders whose time ran out; those of appointments end with their hold, those of
    prescriptions with the packs they hold (pharmacy.checkout), those of consultations with the place
    (consultations.accepting). Gives how many."""
    gone = (await session.execute(_EXPIRE, {"now": now, "limit": limit})).all()
    for one in gone:
        await events.emit(
            session,
            events.EventKind.ORDER_EXPIRED,
            account_id=one.account_id,
            contact_id=one.contact_id,
            payload={"order_no": one.order_no},
        )
    return len(gone)


_REFUND_PAID = text("""
    INSERT INTO refunds (payment_id, out_refund_no, amount_fen, reason, status, next_try_at, created_at)
    SELECT payments.id, out_trade_no || 'R1', payments.amount_fen, :reason, 'due', :now, :now
    FROM payments JOIN orders ON orders.id = order_id
    WHERE appointment_id = :appointment_id AND payments.status = 'paid'
    ON CONFLICT DO NOTHING
""")


_ASK_NOW = text("""
    UPDATE payments SET ask_at = :now FROM orders
    WHERE orders.id = order_id AND appointment_id = :appointment_id AND payments.status = 'opened'
""")


async def release(
    session: AsyncSession, appointment_id: UUID, now: datetime, refund: RefundReason | None
) -> None:
    """What becomes of the order of an appointment that ends: unpaid it is closed; paid, with a reason for a refund,
    it is to be paid back. The caller holds the appointment's row."""
    theirs = Order.appointment_id == appointment_id
    steps = [(OrderStatus.UNPAID, {"status": OrderStatus.CLOSED, "closed_at": now})]
    if refund:
        steps.append((OrderStatus.PAID, {"status": OrderStatus.REFUND_DUE}))
    for status, values in steps:
        changed = update(Order).where(theirs, Order.status == status).values(**values)
        await session.execute(changed.execution_options(synchronize_session=False))
    if refund:
        await session.execute(_REFUND_PAID, {"appointment_id": appointment_id, "reason": refund, "now": now})
    await session.execute(_ASK_NOW, {"appointment_id": appointment_id, "now": now})
