"""Electronic invoices: asked for by who paid, issued by staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.billing.orders import hold_order
from integrations.hospital.models import Invoice, InvoiceStatus, OrderStatus


class NotInvoiceable(Exception):
    """Nothing was paid, or it went back: there is nothing to invoice."""


class NotAsked(LookupError):
    """No invoice of this order waits for its number."""


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """`number` once it is issued."""

    status: InvoiceStatus
    number: str | None


@dataclass(frozen=True, slots=True)
class InvoiceTask:
    """What staff have to do: issue one (`asked`), or void one whose money went back (`issued`)."""

    order_no: str
    amount_fen: int
    status: InvoiceStatus
    number: str | None
    asked_at: datetime


async def invoice_of(session: AsyncSession, order_id: UUID) -> InvoiceView | None:
    found = await session.scalar(select(Invoice).where(Invoice.order_id == order_id))
    return InvoiceView(found.status, found.number) if found else None


async def ask_invoice(session: AsyncSession, order_no: str, now: datetime) -> InvoiceView:
    """Asks staff for the invoice of a paid order; asked again it is the same. Raises UnknownOrder, NotInvoiceable."""
    order = await hold_order(session, order_no)
    if order.status is not OrderStatus.PAID:
        raise NotInvoiceable
    await session.execute(
        insert(Invoice)
        .values(order_id=order.id, status=InvoiceStatus.ASKED, asked_at=now)
        .on_conflict_do_nothing(index_elements=["order_id"])
    )
    made = await invoice_of(session, order.id)
    assert made is not None
    return made


async def issue_invoice(session: AsyncSession, order_no: str, number: str, now: datetime) -> None:
    """Staff have issued it; its owner is told. Raises UnknownOrder, NotAsked, NotInvoiceable."""
    order = await hold_order(session, order_no)
    if order.status is not OrderStatus.PAID:
        raise NotInvoiceable
    found = await _locked(session, order.id)
    if found is None or found.status is not InvoiceStatus.ASKED:
        raise NotAsked
    found.status, found.number, found.issued_at = InvoiceStatus.ISSUED, number, now
    await session.flush()
    await events.emit(
        session,
        events.EventKind.INVOICE_ISSUED,
        account_id=order.account_id,
        contact_id=order.contact_id,
        payload={"order_no": order.order_no},
    )


async def void_invoice(session: AsyncSession, order_no: str) -> None:
    """The money went back, and staff have cancelled the invoice. Raises UnknownOrder, NotAsked."""
    found = await _locked(session, (await hold_order(session, order_no)).id)
    if found is None or found.status is InvoiceStatus.VOID:
        raise NotAsked
    found.status = InvoiceStatus.VOID
    await session.flush()


_TASKS = text("""
    SELECT o.order_no, o.amount_fen, i.status, i.number, i.asked_at
    FROM invoices i JOIN orders o ON o.id = i.order_id
    WHERE (i.status = 'asked' AND o.status = 'paid')
       OR (i.status = 'issued' AND o.status IN ('refund_due', 'refunded'))
    ORDER BY i.id
""")


async def invoice_tasks(session: AsyncSession) -> list[InvoiceTask]:
    """The longest waiting first."""
    return [
        InvoiceTask(row.order_no, row.amount_fen, InvoiceStatus(row.status), row.number, row.asked_at)
        for row in await session.execute(_TASKS)
    ]


async def _locked(session: AsyncSession, order_id: UUID) -> Invoice | None:
    found: Invoice | None = await session.scalar(
        select(Invoice)
        .where(Invoice.order_id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found
