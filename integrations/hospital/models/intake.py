"""What patients told before a visit (问诊): sealed as data and as text, for the doctor."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.sealed import sealed


class Intake(Base):
    """One summary that a patient confirmed. `content` is FHIR resources as JSON, `summary` the same in words, as the
    patient read it. A later one of the same patient does not change an earlier one."""

    __tablename__ = "intakes"
    __table_args__ = (
        Index("ix_intakes_patient_id_id", "patient_id", "id"),
        Index("ix_intakes_appointment_id", "appointment_id"),
        Index("ix_intakes_confirmed_at", "confirmed_at"),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was told
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))
    content: Mapped[bytes] = mapped_column(info=sealed("intakes.content"))
    summary: Mapped[bytes] = mapped_column(info=sealed("intakes.summary"))
    confirmed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IntakeMedium(Base):
    """A picture or file that belongs to an intake. It stands with the message that brought it, and goes with it."""

    __tablename__ = "intake_media"

    intake_id: Mapped[UUID] = mapped_column(ForeignKey("intakes.id"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
