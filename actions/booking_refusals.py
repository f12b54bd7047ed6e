"""A booking that the rules do not allow: what the patient needs to know, and how it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from actions.answers import GENERAL_MEDICINE, offer_department
from actions.booking_draft import Wish
from actions.booking_people import Booker, whom
from actions.booking_today import bound, say_nothing_today
from actions.directory import Directory
from actions.facts import Days
from actions.turn import Reply, Turn
from integrations.hospital import booking, refusals
from integrations.hospital.booking import BookingError
from integrations.hospital.directory import DepartmentView
from integrations.hospital.patients import PatientView

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused: a half day of a department, for a person."""

    wish: Wish
    department: DepartmentView
    day: date
    person: PatientView
    booker: Booker


def refuse(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    """Says why. Gives the wish to go on with and the question that is open then: "" asks for what is missing;
    no wish ends the form."""
    for kind, answer in _ANSWERS.items():
        if isinstance(error, kind):
            return answer(turn, reply, error, refused, directory)
    raise error


def _other_person(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    """Age or sex: another department for this person, or another person for this department."""
    department, person = refused.department, refused.person
    said = {"department": department.name, "person": whom(turn, person)}
    if isinstance(error, booking.OtherSex):
        reply.say(f"say_refused_{error.sex}", **said)
    elif isinstance(error, booking.AgeOutside):
        text = "say_refused_young" if error.too_young else "say_refused_old"
        reply.say(text, age_from=error.age_from, age_to=error.age_to, **said)
    others = refused.booker.fitting(department.rules, refused.day)
    offer_people(turn, reply, others)
    found = _departments_for(directory, person, refused.day, department)
    for one in found:
        offer_department(turn, reply, one)
    if not others and department.rules.age_to is not None:
        reply.offer(turn.words.texts.text("word_register_child"), '/add_family{"relative": "孩子"}')
    offered = (*(str(one.id) for one in others), *(str(one.id) for one in found))
    return replace(refused.wish, patient="", relative="", offered=offered), "department"


def offer_people(turn: Turn, reply: Reply, people: Sequence[PatientView]) -> None:
    for one in people:
        title = turn.words.texts.text("word_for_person", person=whom(turn, one))
        reply.offer(title, f'/inform{{"patient": "{one.id}"}}')


def _departments_for(
    directory: Directory, person: PatientView, day: date, but: DepartmentView
) -> list[DepartmentView]:
    """Where somebody of this age may go: the departments of that age, else general medicine."""
    takes = [
        one
        for one in directory.departments.values()
        if one.bookable and one.id != but.id and one.rules.takes(person.birth_date, person.sex, day)
    ]
    of_that_age = [one for one in takes if one.rules.age_to is not None]
    return of_that_age[:2] or [one for one in takes if one.name.startswith(GENERAL_MEDICINE)][:1]


def _other_day(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    assert isinstance(error, booking.LimitReached)
    text = "say_refused_day" if isinstance(error, booking.DayLimit) else "say_refused_department_day"
    person = whom(turn, refused.person)
    _once(
        reply,
        text,
        turn,
        person=person,
        limit=error.limit,
        day=turn.words.day(refused.day),
        department=refused.department.name,
    )
    if bound(turn, refused.wish):
        say_nothing_today(turn, reply)
        return None, ""
    first, last = refused.day + timedelta(days=1), directory.last_day(refused.wish.departments, turn.now)
    days = Days(first, last) if first <= last else None
    return replace(refused.wish.unchosen().on(days), time="", period=""), ""


def _once(reply: Reply, key: str, turn: Turn, **values: object) -> None:
    """One day after the other may be refused: one sentence is enough."""
    if not any(part == turn.words.texts.text(key, **values) for part in reply.parts):
        reply.say(key, **values)


def _not_released(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    assert isinstance(error, booking.OutsideHorizon)
    reply.say(
        "say_booking_beyond",
        day=turn.words.day(error.last),
        wanted=turn.words.day(refused.day),
        opens=turn.words.moment(error.opens_at, turn.today),
    )
    return refused.wish.unchosen().on(None), ""


def _ends(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    if isinstance(error, booking.RulesUnclear):
        log.error("nobody can book %s: %s", refused.department.name, error)
    values = _values(turn, error) | {"department": refused.department.name}
    reply.say(_ENDINGS[type(error)], person=whom(turn, refused.person), **values)
    return None, ""


def _values(turn: Turn, error: BookingError) -> dict[str, object]:
    values: dict[str, object] = {"phone": turn.runtime.settings.hospital_phone}
    match error:
        case booking.Blocked():
            values |= {"missed": error.missed, "until": turn.words.day(error.until)}
        case booking.HoldLimit():
            values |= {"limit": error.limit, "until": turn.words.until(error.until)}
        case booking.LimitReached():
            values |= {"limit": error.limit}
        case booking.CancelTooLate():
            values |= {"until": turn.words.moment(error.until, turn.today)}
    return values


def why_not_taken(
    turn: Turn, reply: Reply, error: BookingError, *, person: str, department: str, day: date | None
) -> None:
    """A number that was offered and cannot be booked after all."""
    values = _values(turn, error) | {"department": department, "day": turn.words.day(day) if day else ""}
    reply.say(_NOT_TAKEN.get(type(error), "say_offer_refused"), person=person, **values)


def why_not_movable(turn: Turn, reply: Reply, error: BookingError) -> None:
    """An appointment that cannot be moved at all: it stays as it is."""
    values: dict[str, object] = {"phone": turn.runtime.settings.hospital_phone}
    if isinstance(error, booking.CancelTooLate):
        values["until"] = turn.words.moment(error.until, turn.today)
    if isinstance(error, booking.LimitReached):
        values["limit"] = error.limit
    reply.say(_ENDINGS.get(type(error), "say_move_over"), **values)


def _other_fee(
    turn: Turn, reply: Reply, error: BookingError, refused: Refused, directory: Directory
) -> tuple[Wish | None, str]:
    assert isinstance(error, booking.FeeDiffers)
    reply.say(
        "say_move_other_fee", before=turn.words.money(error.before), after=turn.words.money(error.after)
    )
    return refused.wish.unchosen(), ""


_ENDINGS: dict[type[BookingError], str] = {
    booking.Blocked: "say_refused_blocked",
    booking.OpenLimit: "say_refused_open",
    booking.HoldLimit: "say_refused_holds",
    booking.HoldDayLimit: "say_refused_holds_today",
    booking.RescheduleLimit: "say_refused_moves",
    booking.CancelTooLate: "say_refused_move_late",
    booking.AlreadyOver: "say_move_over",
    booking.RulesUnclear: "say_booking_unclear",
    refusals.AlreadyWaiting: "say_waitlist_already",
    refusals.WaitlistLimit: "say_waitlist_limit",
    refusals.NothingToWaitFor: "say_waitlist_none",
}
_NOT_TAKEN: dict[type[BookingError], str] = {
    **_ENDINGS,
    booking.AlreadyBooked: "say_offer_booked",
    booking.DayLimit: "say_refused_day",
    booking.DepartmentDayLimit: "say_refused_department_day",
}
_Answer = Callable[[Turn, Reply, BookingError, Refused, Directory], tuple[Wish | None, str]]
_ANSWERS: dict[type[BookingError], _Answer] = {
    booking.AgeOutside: _other_person,
    booking.OtherSex: _other_person,
    booking.DayLimit: _other_day,
    booking.DepartmentDayLimit: _other_day,
    booking.OutsideHorizon: _not_released,
    booking.FeeDiffers: _other_fee,
    **dict.fromkeys(_ENDINGS, _ends),
}
