"""What booking shows to its callers: plain values, ready to be put into words. Times are local, money is fen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from integrations.hospital.models import AppointmentStatus, LateCancel, Period, Relation, Sex


@dataclass(frozen=True, slots=True)
class SlotView:
    id: UUID
    number: int
    time: time
    starts_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class SessionView:
    """One practitioner's half day. `free` counts the slots still to come; `next_times` are the earliest of them."""

    schedule_id: UUID
    practitioner_id: UUID
    practitioner: str
    title: str
    department_id: UUID
    department: str
    date: date
    period: Period
    fee_fen: int
    free: int
    location: str
    next_times: tuple[time, ...]


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """An appointment as a card shows it. `patient` is masked, `relation` says how the
    account is related to them. `order_no` is there when there was a fee. Until
    `cancel_until` it can be cancelled with a full refund, afterwards `late_cancel` says what happens."""

    id: UUID
    status: AppointmentStatus
    schedule_id: UUID
    slot_id: UUID
    patient_id: UUID
    patient: str
    relation: Relation | None
    sex: Sex
    account_id: UUID
    contact_id: UUID
    practitioner_id: UUID
    practitioner: str
    title: str
    department_id: UUID
    department: str
    campus: str
    location: str
    date: date
    period: Period
    time: time
    number: int
    starts_at: datetime
    fee_fen: int
    hold_expires_at: datetime | None
    order_no: str | None
    rescheduled_from: UUID | None
    reschedules: int
    stopped: bool  # the hospital stopped its half day
    disturbed: bool  # it did that, or changed the doctor: the patient may give it back or move it freely
    cancel_until: datetime
    late_cancel: LateCancel

    def cancels_freely(self, now: datetime) -> bool:
        """Whether giving it up costs nothing: in time, not paid yet, or not what was booked any more."""
        return self.status is AppointmentStatus.HELD or self.disturbed or now <= self.cancel_until
