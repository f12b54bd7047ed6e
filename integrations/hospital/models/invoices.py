"""Electronic invoices (电子票据): the hospital's staff issue them in the tax system; here stands how far that is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word


class InvoiceStatus(StrEnum):
    ASKED = "asked"
    ISSUED = "issued"
    VOID = "void"  # the money went back


INVOICE_STEPS = {
    InvoiceStatus.ASKED: {InvoiceStatus.ISSUED, InvoiceStatus.VOID},
    InvoiceStatus.ISSUED: {InvoiceStatus.VOID},
}


class Invoice(Base):
    """The one invoice of a paid order. `number` is the tax system's."""

    __tablename__ = "invoices"
    __table_args__ = (
        one_of("status", InvoiceStatus),
        CheckConstraint("(number IS NULL) = (issued_at IS NULL)", "number"),
        CheckConstraint("status <> 'issued' OR number IS NOT NULL", "issued"),
        CheckConstraint("status <> 'asked' OR number IS NULL", "asked"),
        Index("uq_invoices_number", "number", unique=True),
        Index("ix_invoices_asked", "id", postgresql_where=text("status = 'asked'")),
    )

    id: Mapped[Key]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), unique=True)
    status: Mapped[InvoiceStatus] = mapped_column(word(InvoiceStatus))
    number: Mapped[str | None] = mapped_column(String(40))
    asked_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]


stateful(Invoice, INVOICE_STEPS)
