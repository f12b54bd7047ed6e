"""Who of the staff is on call, and who sits in the duty office."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class DutyLevel(StrEnum):
    ONCALL = "oncall"  # 值班: paged first
    OFFICE = "office"  # 总值班: paged when nobody has acknowledged in time


class DutyShift(Base):
    """A member of staff is on duty from `starts_at` until before `ends_at`, and paged by this phone."""

    __tablename__ = "duty_shifts"
    __table_args__ = (
        one_of("level", DutyLevel),
        CheckConstraint("ends_at > starts_at", "ends_at"),
        UniqueConstraint("staff_id", "level", "starts_at"),
        Index("ix_duty_shifts_ends_at", "ends_at"),
    )

    id: Mapped[Key]
    level: Mapped[DutyLevel] = mapped_column(word(DutyLevel))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    phone: Mapped[bytes] = mapped_column(info=sealed("duty_shifts.phone"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
