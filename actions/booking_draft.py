"""What a patient wants to book, as far as it is known: pure functions, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from actions.facts import Days, Facts

HORIZON_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wish:
    """Ids are uuids as text. Several departments or practitioners: one of them. `offered` are the ids of the
    choices last shown; `schedule` is the chosen half day of a practitioner, `slot` the chosen number in it,
    "" for the earliest free one."""

    departments: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    first: str = ""  # ISO dates, the days that suit
    last: str = ""
    period: str = ""
    time: str = ""
    schedule: str = ""
    slot: str = ""
    shown_time: str = ""  # the time that the confirmation named
    offered: tuple[str, ...] = ()

    @classmethod
    def read(cls, draft: Mapping[str, Any]) -> Wish:
        known = {key: tuple(value) if isinstance(value, list) else value for key, value in draft.items()}
        return cls(**known)

    def as_draft(self) -> dict[str, Any]:
        """Only what is set, as JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items() if v}

    @property
    def days(self) -> Days | None:
        return Days(date.fromisoformat(self.first), date.fromisoformat(self.last)) if self.first else None

    def on(self, days: Days | None) -> Wish:
        if days is None:
            return replace(self, first="", last="")
        return replace(self, first=days.first.isoformat(), last=days.last.isoformat())

    def unchosen(self) -> Wish:
        """Without the half day that was picked, and all that hangs on it."""
        return replace(self, schedule="", slot="", shown_time="")


@dataclass(frozen=True, slots=True)
class Doctors:
    """Whom the hospital has, as far as choosing needs it: practitioner id → department id."""

    department_of: Mapping[str, str]

    def within(self, practitioners: tuple[str, ...], departments: tuple[str, ...]) -> tuple[str, ...]:
        if not departments:
            return practitioners
        return tuple(found for found in practitioners if self.department_of.get(found) in departments)


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell before the next question: a text of the catalogue and what goes into it."""

    text: str
    words: str = ""


def take(wish: Wish, facts: Facts, doctors: Doctors, today: date) -> tuple[Wish, list[Note]]:
    """The wish after a message, and what about it could not be."""
    notes: list[Note] = []
    wish = _choose(wish, facts)
    wish = _forget(wish, facts)
    wish = _who(wish, facts, doctors, notes)
    wish = _when(wish, facts, today, notes)
    return wish, notes


def _choose(wish: Wish, facts: Facts) -> Wish:
    """A picked option: by its own id, by its place ("第二个"), or the first one ("都可以")."""
    if facts.schedule:
        return replace(wish.unchosen(), schedule=facts.schedule)
    if facts.slot:
        return replace(wish, slot=facts.slot, time="")
    place = facts.ordinal or (1 if facts.any else 0)
    if not 0 < place <= len(wish.offered) or facts.time:
        return wish
    picked = wish.offered[place - 1]
    if wish.schedule:
        return replace(wish, slot=picked, time="")
    if not wish.departments and not wish.practitioners or wish.departments and picked in wish.departments:
        return replace(wish, departments=(picked,), offered=())
    return replace(wish, schedule=picked)


_FORGETS = {
    "department": {"departments": (), "practitioners": ()},
    "practitioner": {"practitioners": ()},
    "date": {"first": "", "last": ""},
    "period": {"period": ""},
    "time": {},
}


def _forget(wish: Wish, facts: Facts) -> Wish:
    """ "换个医生": what is to be changed is asked again, the rest stays."""
    if facts.field not in _FORGETS:
        return wish
    if facts.field == "time" and wish.schedule:
        return replace(wish, slot="", time="")
    return replace(wish.unchosen(), time="", **_FORGETS[facts.field])


def _who(wish: Wish, facts: Facts, doctors: Doctors, notes: list[Note]) -> Wish:
    departments = facts.departments or (() if facts.practitioners else wish.departments)
    practitioners = facts.practitioners
    if not facts.departments and not practitioners:
        return wish
    if practitioners and facts.departments:
        here = doctors.within(practitioners, departments)
        if not here:
            notes.append(Note("utter_booking_doctor_elsewhere"))
            departments = ()
        practitioners = here or practitioners
    elif practitioners and wish.departments:
        # "王医生" after "心内科" means the one there; a doctor of another department is a change of mind.
        here = doctors.within(practitioners, wish.departments)
        practitioners, departments = (here, wish.departments) if here else (practitioners, ())
    changed = (departments, practitioners) != (wish.departments, wish.practitioners)
    wish = replace(wish, departments=departments, practitioners=practitioners)
    return replace(wish.unchosen(), offered=()) if changed else wish


def _when(wish: Wish, facts: Facts, today: date, notes: list[Note]) -> Wish:
    if facts.impossible_date:
        notes.append(Note("utter_booking_impossible_date", facts.impossible_date))
        return wish.unchosen().on(None)
    if facts.days:
        wish = _on_days(wish, facts.days, today, notes)
    if facts.period and facts.period != wish.period:
        wish = replace(wish.unchosen(), period=facts.period, time="")
    if facts.time:
        period = _period(facts.time)
        if wish.schedule and wish.period and period != wish.period:
            wish = wish.unchosen()
        wish = replace(wish, time=facts.time, period=wish.period if wish.schedule else period, slot="")
    return wish


def _on_days(wish: Wish, days: Days, today: date, notes: list[Note]) -> Wish:
    horizon = date.fromordinal(today.toordinal() + HORIZON_DAYS)
    if days.last < today:
        notes.append(Note("utter_booking_past_date", days.last.isoformat()))
        return wish.unchosen().on(None)
    if days.first > horizon:
        notes.append(Note("utter_booking_beyond", horizon.isoformat()))
        return wish.unchosen().on(None)
    clipped = Days(max(days.first, today), min(days.last, horizon))
    if wish.days == clipped:
        return wish
    return wish.unchosen().on(clipped)


def _period(time: str) -> str:
    hour = int(time.split(":")[0])
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def back(wish: Wish) -> Wish | None:
    """The wish without its last decision; None when nothing is decided yet."""
    if wish.schedule:
        return replace(wish.unchosen(), time="", practitioners=(), offered=())
    if wish.practitioners and wish.departments:
        return replace(wish, practitioners=(), offered=())
    if wish.first or wish.period:
        return replace(wish.on(None), period="", time="", offered=())
    if wish.departments or wish.practitioners:
        return Wish()
    return None
