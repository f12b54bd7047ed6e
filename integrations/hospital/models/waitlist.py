"""Who waits for a number where none is left (候补)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.clinic import Period
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word


class WaitlistStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"  # a slot is kept for it until offered_until
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"  # the offer was not answered in time
    CANCELLED = "cancelled"  # by the patient
    EXPIRED = "expired"  # its last day began


WAITLIST_STEPS = {
    WaitlistStatus.WAITING: {WaitlistStatus.OFFERED, WaitlistStatus.CANCELLED, WaitlistStatus.EXPIRED},
    WaitlistStatus.OFFERED: {
        WaitlistStatus.ACCEPTED, WaitlistStatus.DECLINED, WaitlistStatus.LAPSED, WaitlistStatus.CANCELLED,
        WaitlistStatus.WAITING,  # the half day of the offer was stopped
    },
}  # fmt: skip
_OPEN = text("status IN ('waiting', 'offered')")


class WaitlistEntry(Base):
    """A patient waits for a number of a department, or of one doctor there, on any of these days. Whoever came first
    (`seq`) is asked first."""

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        one_of("status", WaitlistStatus),
        one_of("period", Period),
        CheckConstraint("cardinality(days) > 0", "days"),
        CheckConstraint("(status = 'offered') = (offered_until IS NOT NULL)", "offered_until"),
        CheckConstraint("status <> 'offered' OR slot_id IS NOT NULL", "slot_id"),
        CheckConstraint("(status = 'accepted') = (appointment_id IS NOT NULL)", "appointment_id"),
        Index(
            "uq_waitlist_entries_open",
            "patient_id",
            "department_id",
            "practitioner_id",
            "days",
            "period",
            unique=True,
            postgresql_where=_OPEN,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "ix_waitlist_entries_waiting", "department_id", "seq", postgresql_where=text("status = 'waiting'")
        ),
        # One offer for one slot.
        Index(
            "uq_waitlist_entries_slot", "slot_id", unique=True, postgresql_where=text("status = 'offered'")
        ),
        Index("ix_waitlist_entries_account", "account_id", postgresql_where=_OPEN),
    )

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was asked for
    department_id: Mapped[UUID] = mapped_column(ForeignKey("departments.id"))
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioners.id"))
    days: Mapped[list[date]] = mapped_column(ARRAY(Date))  # local, in order
    period: Mapped[Period | None] = mapped_column(word(Period))
    status: Mapped[WaitlistStatus] = mapped_column(word(WaitlistStatus), server_default="waiting")
    slot_id: Mapped[UUID | None] = mapped_column(ForeignKey("slots.id"))  # the last one offered
    offered_until: Mapped[datetime | None]
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class WaitlistRefusal(Base):
    """By the rules of booking, an entry may not have a number of a half day: nobody asks again for a while."""

    __tablename__ = "waitlist_refusals"

    entry_id: Mapped[UUID] = mapped_column(
        ForeignKey("waitlist_entries.id", ondelete="CASCADE"), primary_key=True
    )
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"), primary_key=True)
    at: Mapped[datetime]


stateful(WaitlistEntry, WAITLIST_STEPS)
