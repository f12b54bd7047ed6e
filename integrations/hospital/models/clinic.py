"""What can be booked: departments, practitioners, their schedules, and the numbered slots in them."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word


class Period(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class ScheduleStatus(StrEnum):
    OPEN = "open"
    STOPPED = "stopped"


class SlotStatus(StrEnum):
    FREE = "free"
    BUSY = "busy"
    KEPT = "kept"  # for the waitlist: offered to somebody there, or about to be


class Department(Base):
    """A department. By what rules it is booked stands in BookingRule."""

    __tablename__ = "departments"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    aliases: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default=text("'{}'"))
    name_en: Mapped[str] = mapped_column(String(80), server_default="")
    aliases_en: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default=text("'{}'"))
    description: Mapped[str] = mapped_column(server_default="")
    campus: Mapped[str] = mapped_column(String(40))
    building: Mapped[str] = mapped_column(String(40))
    floor: Mapped[str] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(server_default=text("0"))  # order in lists
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class Practitioner(Base):
    """A doctor. Names of staff are public."""

    __tablename__ = "practitioners"

    id: Mapped[Key]
    staff_no: Mapped[str] = mapped_column(String(20), unique=True)
    department_id: Mapped[UUID] = mapped_column(ForeignKey("departments.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(80), server_default="")
    title: Mapped[str] = mapped_column(String(20))
    rank: Mapped[int]  # of the title, 1 is the highest
    speciality: Mapped[str] = mapped_column(server_default="")
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class HospitalTerm(Base):
    """The English for a word on appointment cards that is no department and no doctor: a title, a building."""

    __tablename__ = "hospital_terms"

    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    english: Mapped[str] = mapped_column(String(80))


class Schedule(Base):
    """One practitioner's half day. `date` is local; `fee_fen` is what one visit costs."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("practitioner_id", "date", "period"),
        one_of("period", Period),
        one_of("status", ScheduleStatus),
        CheckConstraint("fee_fen >= 0", "fee_fen"),
        CheckConstraint("capacity > 0", "capacity"),
        Index("ix_schedules_department_id_date", "department_id", "date"),
        Index("ix_schedules_date", "date"),
    )

    id: Mapped[Key]
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("departments.id"))
    date: Mapped[date]
    period: Mapped[Period] = mapped_column(word(Period))
    fee_fen: Mapped[int]
    location: Mapped[str] = mapped_column(String(80))
    capacity: Mapped[int]
    status: Mapped[ScheduleStatus] = mapped_column(word(ScheduleStatus), server_default="open")


class Slot(Base):
    """One number (号) of a schedule. It turns busy in the transaction that books it; the unique index on
    active appointments stands behind it. `time` is local, `starts_at` the same moment in UTC."""

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("schedule_id", "number"),
        # what the foreign key of appointments points to
        UniqueConstraint("schedule_id", "id", name="uq_slots_schedule_id_id"),
        one_of("status", SlotStatus),
        CheckConstraint("number > 0", "number"),
        Index("ix_slots_free", "schedule_id", "number", postgresql_where=text("status = 'free'")),
        Index("ix_slots_kept", "id", postgresql_where=text("status = 'kept'")),
    )

    id: Mapped[Key]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    number: Mapped[int]
    date: Mapped[date]
    time: Mapped[time]
    starts_at: Mapped[datetime]
    status: Mapped[SlotStatus] = mapped_column(word(SlotStatus), server_default="free")
