"""How medicine travels: a patient's addresses, deliveries, and what the carrier says of a parcel."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed
from integrations.tracking import PROBLEMS, ParcelState


class Address(Base):
    """Where an account has something sent to: JSON with recipient, phone, region code and street. The one that was
    chosen last as the usual one is the default; accounts that merge so never have two."""

    __tablename__ = "addresses"

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    content: Mapped[bytes] = mapped_column(info=sealed("addresses.content"))
    default_since: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeliveryStatus(StrEnum):
    WAITING = "waiting"  # for its payment
    PREPARING = "preparing"
    SHIPPED = "shipped"
    PROBLEM = "problem"
    DELIVERED = "delivered"
    RETURNED = "returned"  # back at the hospital
    CANCELLED = "cancelled"


DELIVERY_STEPS = {
    DeliveryStatus.WAITING: {DeliveryStatus.PREPARING, DeliveryStatus.CANCELLED},
    DeliveryStatus.PREPARING: {DeliveryStatus.SHIPPED, DeliveryStatus.CANCELLED},
    DeliveryStatus.SHIPPED: {
        DeliveryStatus.PROBLEM, DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED, DeliveryStatus.CANCELLED,
    },
    DeliveryStatus.PROBLEM: {
        DeliveryStatus.SHIPPED, DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED, DeliveryStatus.CANCELLED,
    },
    DeliveryStatus.RETURNED: {DeliveryStatus.CANCELLED},
}  # fmt: skip


class ConfirmedBy(StrEnum):
    PATIENT = "patient"
    CARRIER = "carrier"


class Delivery(Base):
    """One parcel. `destination` is the address as it was when it was chosen. `state_at` is the carrier's own time of
    its last word: an older one never overwrites it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("status", DeliveryStatus),
        one_of("state", ParcelState),
        one_of("confirmed_by", ConfirmedBy),
        CheckConstraint("(carrier IS NULL) = (waybill IS NULL)", "waybill"),
        CheckConstraint("(state IS NULL) = (state_at IS NULL)", "state_at"),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", "delivered_at"),
        UniqueConstraint("carrier", "waybill", name="uq_deliveries_waybill"),
        Index(
            "uq_deliveries_standing", "prescription_id", unique=True,
            postgresql_where=text("status <> 'cancelled'"),
        ),
        Index(
            "ix_deliveries_unsubscribed", "next_try_at",
            postgresql_where=text("subscribed_at IS NULL AND next_try_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_problems", "state_at", postgresql_where=text("status IN ('problem', 'returned')"),
        ),
        Index(
            "ix_deliveries_on_the_way", "shipped_at", postgresql_where=text("status IN ('shipped', 'problem')"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    destination: Mapped[bytes] = mapped_column(info=sealed("deliveries.destination"))
    cold_chain: Mapped[bool]
    fee_fen: Mapped[int]
    status: Mapped[DeliveryStatus] = mapped_column(word(DeliveryStatus))
    carrier: Mapped[str | None] = mapped_column(String(30))  # Kuaidi100's name: shunfeng, zhongtong
    waybill: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[ParcelState | None] = mapped_column(word(ParcelState))
    state_at: Mapped[datetime | None]
    expected_at: Mapped[datetime | None]  # the carrier's own estimate
    subscribed_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]  # to subscribe
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    asked_at: Mapped[datetime | None]  # when the tracker was last asked
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    confirmed_by: Mapped[ConfirmedBy | None] = mapped_column(word(ConfirmedBy))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def lost(self) -> bool:
        """Whether it is a problem because nothing more is told of it, not because of its carrier's last word."""
        return self.status is DeliveryStatus.PROBLEM and self.state not in PROBLEMS


class ParcelEvent(Base):
    """One thing that the carrier told. Its words name places and people, so they are sealed."""

    __tablename__ = "parcel_events"
    id: Mapped[Key]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"), index=True)
    at: Mapped[datetime]  # by the carrier's clock
    words: Mapped[bytes] = mapped_column(info=sealed("parcel_events.words"))


stateful(Delivery, DELIVERY_STEPS)
