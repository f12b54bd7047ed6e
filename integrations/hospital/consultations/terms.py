"""What the hospital sets for its online consultations, and the ways in which one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.settings import Settings

SMALL_CHILD = 6  # years: younger ones only with a guardian and a specialist (互联网诊疗管理办法 19)


@dataclass(frozen=True, slots=True)
class Terms:
    accept: timedelta  # in which the doctor accepts it
    length: timedelta  # from then on
    turns: int  # messages of the patient
    hold: timedelta  # in which it is paid
    record: timedelta  # so long a visit on file shows a diagnosis
    first_visits: bool
    under_six: bool

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        return cls(
            accept=timedelta(minutes=settings.consultation_accept_minutes),
            length=timedelta(minutes=settings.consultation_minutes),
            turns=settings.consultation_turns,
            hold=timedelta(minutes=settings.consultation_hold_minutes),
            record=timedelta(days=settings.consultation_record_days),
            first_visits=settings.consultation_first_visits,
            under_six=settings.consultation_under_six,
        )


class ConsultationError(Exception):
    """It cannot be done so."""


class UnknownConsultation(ConsultationError, LookupError):
    """There is none, or not for this account or doctor."""


class NotNow(ConsultationError):
    """What it has come to does not allow it. `status`: what that is."""

    def __init__(self, status: str) -> None:
        super().__init__(f"it is {status}")
        self.status = status


class SayWhy(ConsultationError):
    """Words are missing that the patient is to read."""


class NotAdmitted(ConsultationError):
    """This patient may not consult online."""


class NotVerified(NotAdmitted):
    """Who the patient is has not been checked: real names are needed."""


class NoGuardian(NotAdmitted):
    """Under six, and the account's owner is not the child's guardian."""


class TooYoung(NotAdmitted):
    """Under six, and the hospital does not consult small children online."""


class FirstVisit(NotAdmitted):
    """Nothing shows that it was diagnosed before."""


class NotOffered(ConsultationError):
    """This doctor does not consult online, or not such patients."""


class Closed(ConsultationError):
    """Not at this hour. `opens_at` (UTC): when the doctor's hours begin again."""

    def __init__(self, opens_at: datetime) -> None:
        super().__init__("out of hours")
        self.opens_at = opens_at


class Full(ConsultationError):
    """As many wait for this doctor as they take at once."""


class Standing(ConsultationError):
    """The patient has one with this doctor that is not over. `number`: which."""
