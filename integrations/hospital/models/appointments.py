"""Appointments. Money is whole fen."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word


class AppointmentStatus(StrEnum):
    HELD = "held"  # waits for the payment until hold_expires_at
    BOOKED = "booked"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # the hold ran out unpaid


# An appointment in any other status keeps its slot.
_KEEPS_SLOT = text("status NOT IN ('cancelled', 'expired')")


class Appointment(Base):
    __tablename__ = "appointments"
    __table_args__ = (
        ForeignKeyConstraint(["schedule_id", "slot_id"], ["slots.schedule_id", "slots.id"]),
        one_of("status", AppointmentStatus),
        CheckConstraint("fee_fen >= 0", "fee_fen"),
        CheckConstraint("(status = 'held') = (hold_expires_at IS NOT NULL)", "hold_expires_at"),
        Index("uq_appointments_slot", "slot_id", unique=True, postgresql_where=_KEEPS_SLOT),
        Index(
            "uq_appointments_patient_schedule",
            "patient_id",
            "schedule_id",
            unique=True,
            postgresql_where=_KEEPS_SLOT,
        ),
        CheckConstraint("reschedules >= 0", "reschedules"),
        Index(
            "ix_appointments_to_follow_up",
            "id",
            postgresql_where=text("status = 'fulfilled' AND NOT followed_up"),
        ),
        Index("ix_appointments_holds", "hold_expires_at", postgresql_where=text("status = 'held'")),
        Index(
            "ix_appointments_unreminded",
            "id",
            postgresql_where=text("status = 'booked' AND NOT reminders_planned"),
        ),
        Index("ix_appointments_disturbed", "id", postgresql_where=text("disturbed_at IS NOT NULL")),
        Index("ix_appointments_added", "id", postgresql_where=text("added_at IS NOT NULL")),
    )

    id: Mapped[Key]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    slot_id: Mapped[UUID]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was booked
    status: Mapped[AppointmentStatus] = mapped_column(word(AppointmentStatus))
    fee_fen: Mapped[int]
    hold_expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # cancelled or expired
    # the appointment, cancelled since, whose place this one took; and how often that has happened in a row
    rescheduled_from: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"), unique=True)
    reschedules: Mapped[int] = mapped_column(server_default=text("0"))
    reminders_planned: Mapped[bool] = mapped_column(server_default=text("false"))
    arrived_at: Mapped[datetime | None]  # checked in at the hospital
    added_at: Mapped[
        datetime | None
    ]  # staff added a number for this patient (加号), who did not ask for it here
    # The hospital stopped its half day or changed the doctor: it may be given back freely. And when the patient
    # was told by phone, because the chat did not reach them, or moved it or gave it back.
    disturbed_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    followed_up: Mapped[bool] = mapped_column(server_default=text("false"))  # its follow-up was looked at
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
