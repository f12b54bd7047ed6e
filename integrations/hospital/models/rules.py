"""By what rules the hospital takes bookings, as data."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.people import Sex
from integrations.hospital.models.types import one_of, word


class LateCancel(StrEnum):
    """What a cancellation after the deadline is answered with."""

    UNREFUNDED = "unrefunded"  # the number is given back, the fee is not
    REFUSED = "refused"  # not in the chat: by phone or at the window


class BookingRule(Base):
    """How one department is booked; the row without a department holds for the whole hospital. NULL inherits: from
    the hospital's row, and there it means no limit. integrations.hospital.rules says what each column means."""

    __tablename__ = "booking_rules"
    __table_args__ = (
        UniqueConstraint("department_id", postgresql_nulls_not_distinct=True),
        one_of("sex", Sex),
        one_of("late_cancel", LateCancel),
        CheckConstraint("horizon_days BETWEEN 0 AND 366", "horizon_days"),
        CheckConstraint("least(age_from, age_to) >= 0 AND age_from <= age_to", "ages"),
        CheckConstraint("least(cancel_days, reschedules) >= 0", "counts"),
        CheckConstraint(
            "least(per_day, per_department_day, open_at_once, noshow_limit, noshow_days, noshow_block_days,"
            " holds_at_once, holds_per_day) > 0",
            "limits",
        ),
    )

    id: Mapped[Key]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("departments.id"))
    online: Mapped[bool | None]
    horizon_days: Mapped[int | None]
    release_at: Mapped[time | None]
    age_from: Mapped[int | None]
    age_to: Mapped[int | None]
    sex: Mapped[Sex | None] = mapped_column(word(Sex))
    per_day: Mapped[int | None]
    per_department_day: Mapped[int | None]
    open_at_once: Mapped[int | None]
    holds_at_once: Mapped[int | None]
    holds_per_day: Mapped[int | None]
    cancel_days: Mapped[int | None]
    cancel_at: Mapped[time | None]
    late_cancel: Mapped[LateCancel | None] = mapped_column(word(LateCancel))
    reschedules: Mapped[int | None]
    noshow_limit: Mapped[int | None]
    noshow_days: Mapped[int | None]
    noshow_block_days: Mapped[int | None]
