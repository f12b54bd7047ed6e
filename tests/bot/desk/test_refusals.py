"""Whatever a service refuses a member of staff with is said in the language of their desk."""

from __future__ import annotations

import inspect
import string
import sys
from types import ModuleType

from bot.desk import pages
from bot.desk.desk import SessionOver
from bot.desk.registry import REFUSALS
from bot.desk.words import catalogue
from integrations.hospital import callers, links, reading, refusals, restoring, revealing, stops
from integrations.hospital.cases import refusals as of_cases
from integrations.hospital.consultations import terms as of_consultations
from integrations.hospital.follow_up import enrolment
from integrations.hospital.staff.permissions import NotPermitted
from tests.bot.desk.conftest import made

# What only patients meet, or only the command line; the desk offers nothing that raises it.
_ELSEWHERE = {
    "integrations.hospital.billing.invoices",
    "integrations.hospital.billing.paying",
    "integrations.hospital.codes",
    "integrations.hospital.delivery.addresses",
    "integrations.hospital.documents",  # callers.find says it in a word of its own
    "integrations.hospital.family_access",
    "integrations.hospital.intake.keeping",
    "integrations.hospital.linking",  # but SelfExists, which has words
    "integrations.hospital.links",
    "integrations.hospital.office_hours",
    "integrations.hospital.ratings",
    "integrations.hospital.registration",
    "integrations.hospital.rules",
    "integrations.hospital.tokens",
    "integrations.hospital.visits",
    "integrations.hospital.working_days",
}
_NOT_AT_THE_DESK: set[type[Exception]] = {
    of_cases.NobodyToTell,  # of a difference, which has a page of its own
    of_cases.NothingClosed,
    of_cases.ReopenedAlready,
    of_cases.TooLateToReopen,
    of_consultations.NotAdmitted,
    of_consultations.NotVerified,
    of_consultations.NoGuardian,
    of_consultations.TooYoung,
    of_consultations.FirstVisit,
    of_consultations.NotOffered,
    of_consultations.Closed,
    of_consultations.Full,
    of_consultations.Standing,
    enrolment.Refused,
    enrolment.NobodyToAsk,
    refusals.DayLimit,  # said as LimitReached, like those below
    refusals.DepartmentDayLimit,
    refusals.OpenLimit,
    refusals.HoldLimit,
    refusals.HoldDayLimit,
    refusals.RescheduleLimit,
    refusals.WaitlistLimit,
    restoring.NotRestored,
    revealing.UnknownPatient,  # of a card that stands open
    links.LinkError,
    reading.InvalidIdNumber,
    reading.InvalidName,
}
# By the desk itself: as the end of the session, or beside the field.
_TOLD_OTHERWISE: set[type[Exception]] = {SessionOver, NotPermitted}


def _of(module: ModuleType) -> list[type[Exception]]:
    return [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Exception) and one.__module__ == module.__name__
    ]


def test_every_refusal_that_staff_can_meet_is_said_in_both_languages() -> None:
    made()
    pages.load()
    loaded = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(
            (
                "integrations.hospital",
                "bot.handoff.states",
                "bot.unknown_sends",
                "bot.untold_news",
                "bot.desk.",
            )
        )
        and name not in _ELSEWHERE
    ]
    met = {one for module in loaded for one in _of(module)}
    assert {stops.DayFull, callers.NoProof} < met, "the services that the desk uses are loaded"
    silent = {
        f"{one.__module__}.{one.__name__}" for one in met - _NOT_AT_THE_DESK - set(REFUSALS) - _TOLD_OTHERWISE
    }
    assert not silent


def test_no_refusal_shows_what_a_service_says_in_its_own_words() -> None:
    words = catalogue()
    blanks = {
        (kind.__name__, name)
        for kind, key in REFUSALS.items()
        for text in words[key].values()
        for _, name, _, _ in string.Formatter().parse(text)
        if name and name not in inspect.signature(kind.__init__).parameters
    }
    # Whoever types answers in by phone reads what the patients' page says, in the desk's language.
    assert blanks == {("NotUnderstood", "error")}


def test_a_refusal_of_a_service_in_chinese_and_english() -> None:
    key = REFUSALS[stops.DayFull]
    assert catalogue()[key] == {"zh": "这一天放不下更多的号了。", "en": "No more numbers fit into this day."}
