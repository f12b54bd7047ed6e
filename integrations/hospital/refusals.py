"""Why a booking, a change or a cancellation did not happen: each reason with what the patient needs to know."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from integrations.hospital.models import Sex
from integrations.hospital.views import SlotView


class BookingError(Exception):
    """The booking, change or cancellation did not happen; nothing was written."""


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
    """The department takes bookings up to `last` (a local date); the wanted day is released at `opens_at`."""

    def __init__(self, last: date, opens_at: datetime) -> None:
        super().__init__(f"bookings are taken up to {last}")
        self.last = last
        self.opens_at = opens_at


class NotBookable(BookingError):
    """The half day does not exist, was stopped, or its department is not booked online."""


class RulesUnclear(BookingError):
    """The department's rules cannot be (see rules.BadRule): it takes no bookings until they are mended."""


class AlreadyBooked(BookingError):
    """The patient has an appointment in this half day with this doctor: `appointment_id`."""

    def __init__(self, appointment_id: UUID | None) -> None:
        super().__init__("the patient has an appointment there")
        self.appointment_id = appointment_id


class RuleRefusal(BookingError):
    """A rule of the hospital or the department stands against it, for this patient or this account."""


class AgeOutside(RuleRefusal):
    """The department is for other ages: full years on the day of the visit, both ends included."""

    def __init__(self, age: int, age_from: int | None, age_to: int | None) -> None:
        super().__init__(f"{age} years; taken: {age_from} to {age_to}")
        self.age, self.age_from, self.age_to = age, age_from, age_to

    @property
    def too_young(self) -> bool:
        return self.age_from is not None and self.age < self.age_from


class OtherSex(RuleRefusal):
    """The department is for patients of `sex`."""

    def __init__(self, sex: Sex) -> None:
        super().__init__(f"only {sex}")
        self.sex = sex


class Blocked(RuleRefusal):
    """The patient missed `missed` visits and can book again after `until` (a local date)."""

    def __init__(self, missed: int, until: date) -> None:
        super().__init__(f"blocked until {until}")
        self.missed, self.until = missed, until


class LimitReached(RuleRefusal):
    """The patient, or the account, has as many as the rules allow: `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{type(self).__name__}: {limit}")
        self.limit = limit


class DayLimit(LimitReached):
    """Visits of the patient on that day."""


class DepartmentDayLimit(LimitReached):
    """Visits of the patient to that department on that day."""


class OpenLimit(LimitReached):
    """Visits of the patient still to come."""


class HoldLimit(LimitReached):
    """Unpaid numbers of the account; the first of them ends at `until`."""

    def __init__(self, limit: int, until: datetime) -> None:
        super().__init__(limit)
        self.until = until


class HoldDayLimit(LimitReached):
    """Unpaid numbers of the account today, let go ones too. Tomorrow it is well again."""


class RescheduleLimit(LimitReached):
    """The appointment was moved as often as may be."""


class CancelTooLate(RuleRefusal):
    """The last moment to cancel or move the appointment was `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until}")
        self.until = until


class FeeDiffers(RuleRefusal):
    """A settled appointment is only moved to one of the same fee. Fees in fen."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(f"{before} and {after} fen")
        self.before, self.after = before, after


class AlreadyWaiting(RuleRefusal):
    """The patient is on the waitlist for just this."""


class WaitlistLimit(LimitReached):
    """Places of the account on waitlists."""


class NothingToWaitFor(BookingError):
    """There is no half day of that kind after today, or one of them has a free number."""


class OfferOver(BookingError):
    """The number is not kept for this entry of the waitlist (any more)."""


class NotYours(BookingError):
    """The account does not act for this patient or appointment, or there is no such thing."""


class AlreadyOver(BookingError):
    """The appointment is cancelled, expired, done, or its time has come."""
