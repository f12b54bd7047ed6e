"""What the hospital sets for its pharmacy, and the ways in which a prescription is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from integrations.hospital.clock import hospital_zone, local_date
from integrations.settings import Settings

MOST_DAYS = 3  # for which a prescription may be valid (处方管理办法 18)
LONGEST_SUPPLY = 90  # days for which one medicine may last
LONGEST_WORDS = 60  # characters that say how much, or how often
MOST_LINES = 5  # medicines on one prescription (处方管理办法 6)


@dataclass(frozen=True, slots=True)
class Terms:
    """`days`: for how many days a prescription is valid where its doctor says nothing, the day of issue included.
    `amend`: in which its doctor should have amended what was sent back."""

    days: int
    review: timedelta
    bill: timedelta
    delivery_fen: int
    cold_delivery_fen: int
    amend: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        return cls(
            days=settings.prescription_days,
            review=timedelta(minutes=settings.review_minutes),
            bill=timedelta(minutes=settings.medicine_bill_minutes),
            delivery_fen=settings.delivery_fee_fen,
            cold_delivery_fen=settings.cold_delivery_fee_fen,
            amend=timedelta(minutes=settings.amend_minutes),
        )

    def fee(self, *, cold_chain: bool) -> int:
        return self.cold_delivery_fen if cold_chain else self.delivery_fen


def end_of_day(now: datetime, days: int) -> datetime:
    """Midnight after the last of so many local days, today included; UTC."""
    last = local_date(now) + timedelta(days=days)
    return datetime.combine(last, time(), hospital_zone()).astimezone(now.tzinfo)


class PharmacyError(Exception):
    """It cannot be done so."""


class UnknownPrescription(PharmacyError, LookupError):
    """There is none, or not for this account."""


class UnknownMedicine(PharmacyError, LookupError):
    """The pharmacy does not have this code (any more)."""


class BadPrescription(PharmacyError):
    """It may not be written so; the message says why, to staff."""


class NotNow(PharmacyError):
    """What it has come to does not allow it. `status`: what that is."""

    def __init__(self, status: str) -> None:
        super().__init__(f"it is {status}")
        self.status = status


class TooLate(PharmacyError):
    """It was sent back, and is not valid any more."""


class OutOfStock(PharmacyError):
    """There is not enough of `medicine` (a name)."""

    def __init__(self, medicine: str) -> None:
        super().__init__(f"not enough {medicine}")
        self.medicine = medicine


class NotToBeSent(PharmacyError):
    """Something in it has to be picked up."""


class AnswerFirst(PharmacyError):
    """A substitution waits for the patient's yes or no."""
