"""Why a booking or a cancellation did not happen."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from integrations.hospital.views import SlotView


class BookingError(Exception):
    """The booking or cancellation did not happen; nothing was written."""


class SlotTaken(BookingError):
    """Somebody was faster. `free` are the next free slots of the half day, the nearest later ones first;
    it is empty when there are none left."""

    def __init__(self, free: list[SlotView]) -> None:
        super().__init__("the slot is taken")
        self.free = free


class SessionFull(BookingError):
    """No slot of the half day is left."""


class SlotPast(BookingError):
    """The slot, or the whole half day, has begun."""


class OutsideHorizon(BookingError):
    """The department takes bookings up to `last` (a local date)."""

    def __init__(self, last: date) -> None:
        super().__init__(f"bookings are taken up to {last}")
        self.last = last


class NotBookable(BookingError):
    """The half day does not exist, was stopped, or its department is not booked online."""


class AlreadyBooked(BookingError):
    """The patient has an appointment in this half day with this doctor: `appointment_id`."""

    def __init__(self, appointment_id: UUID | None) -> None:
        super().__init__("the patient has an appointment there")
        self.appointment_id = appointment_id


class NotYours(BookingError):
    """The account does not act for this patient or appointment, or there is no such thing."""


class AlreadyOver(BookingError):
    """The appointment is cancelled, expired, done, or its time has come."""
