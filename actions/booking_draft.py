"""What a patient wants to book, as far as it is known: pure functions, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Protocol

from actions.facts import Days, Facts


class Doctors(Protocol):
    """What choosing needs to know of the hospital's doctors."""

    def within(self, practitioners: tuple[str, ...], departments: tuple[str, ...]) -> tuple[str, ...]: ...

    def department_of(self, practitioner: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """Ids are uuids as text. Several departments or practitioners: one of them. `offered` are the ids of the
    choices last shown; `schedule` is the chosen half day of a practitioner, `slot` the chosen number in it,
    "" for the earliest free one; `named` is the time that the confirmation named ("8:30"). `patient` is for whom,
    "" for the account's owner; `relative` the word for somebody who was meant ("妈"). `moving` is the appointment
    that is to give way, `fee` what the new one has to cost ("3500" fen), `changing` what is to be another one
    ("practitioner"), as long as it is not known which appointment is meant. `full` is the draft of an earlier wish of
    which everything is taken, as long as another department is asked for: it can still be waited for. `apart` is when
    (ISO, UTC) the patient said that it has nothing to do with the red flag of today. `stranger`: the `relative` is
    none of those who are registered, by the age that was told."""

    departments: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    first: str = ""  # ISO dates, the days that suit
    last: str = ""
    among: tuple[str, ...] = ()  # of several days these, not all from the first to the last
    period: str = ""
    time: str = ""
    schedule: str = ""
    slot: str = ""
    named: str = ""
    offered: tuple[str, ...] = ()
    patient: str = ""
    relative: str = ""
    moving: str = ""
    fee: str = ""
    changing: str = ""
    full: Mapping[str, Any] = field(default_factory=dict)
    apart: str = ""
    stranger: bool = False

    @classmethod
    def read(cls, draft: Mapping[str, Any]) -> Wish:
        known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in draft.items()}
        return cls(**known)

    def as_draft(self) -> dict[str, Any]:
        """Only what is set, as JSON."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if value
        }

    @property
    def days(self) -> Days | None:
        if not self.first:
            return None
        only = tuple(date.fromisoformat(day) for day in self.among)
        return Days(date.fromisoformat(self.first), date.fromisoformat(self.last), only)

    def on(self, days: Days | None) -> Wish:
        if days is None:
            return replace(self, first="", last="", among=())
        among = tuple(day.isoformat() for day in days.only)
        return replace(self, first=days.first.isoformat(), last=days.last.isoformat(), among=among)

    def anew(self) -> Wish:
        """Nothing decided but for whom it is."""
        return Wish(patient=self.patient, relative=self.relative, apart=self.apart, stranger=self.stranger)

    def unchosen(self) -> Wish:
        """Without the half day that was picked, and all that hangs on it."""
        return replace(self, schedule="", slot="", named="", offered=())

    def at_any_time(self) -> Wish:
        return replace(self.unchosen().on(None), period="", time="")


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell before the next question: a text of the catalogue, and the day, words or departments in it."""

    text: str
    day: date | None = None
    words: str = ""
    wanted: date | None = None
    departments: tuple[str, ...] = ()


def take(wish: Wish, facts: Facts, doctors: Doctors, *, today: date, last: date) -> tuple[Wish, list[Note]]:
    """The wish after a message, and what in it cannot be. `last` is the last day that can be booked."""
    notes: list[Note] = []
    if facts.unknown_practitioner and not facts.practitioners:
        notes.append(Note("say_booking_unknown_doctor", words=facts.unknown_practitioner))
        # What was chosen before is not meant any more, nor its day.
        kept = wish.at_any_time() if wish.schedule else replace(wish, period="", time="")
        wish = replace(kept, practitioners=())
    wish = _for_whom(wish, facts)
    wish = _choose(wish, facts)
    wish = _forget(wish, facts)
    if facts.departments and facts.days:  # a wish of its own: the half day of an earlier one is not meant
        wish = replace(wish, period="", time="")
    wish = _who(wish, facts, doctors, notes)
    wish = _when(wish, facts, today, last, notes)
    return wish, notes


def not_before(wish: Wish, today: date) -> tuple[Wish, list[Note]]:
    """The wish without days that are over by now: a patient may come back to it after a night or a week."""
    days = wish.days
    if days is None or days.first >= today:
        return wish, []
    ahead = days.within(today, days.last)
    over = [] if ahead else [Note("say_booking_past_date", day=days.last)]
    return wish.unchosen().on(ahead), over


def names_another(wish: Wish, facts: Facts) -> bool:
    """Whether a message names a doctor, department or person other than the wished one: "算了，还是赵敏" goes on."""
    return bool(
        (facts.oneself and (wish.relative or wish.patient))
        or (facts.practitioners and facts.practitioners != wish.practitioners)
        or (facts.departments and facts.departments != wish.departments)
    )


def back(wish: Wish) -> Wish | None:
    """The wish without its last decision; None when nothing is decided yet."""
    if wish.schedule:
        return replace(wish.unchosen(), time="", practitioners=())
    if wish.practitioners and wish.departments:
        return replace(wish.unchosen(), practitioners=())
    if wish.first or wish.period:
        return wish.at_any_time()
    if wish.departments or wish.practitioners:
        return wish.anew()
    return None


def _for_whom(wish: Wish, facts: Facts) -> Wish:
    if facts.patient:
        return replace(wish, patient=facts.patient, relative="", stranger=False)
    if facts.oneself:
        return replace(wish, patient="", relative="", stranger=False)
    if not facts.relative:
        return wish
    stranger = wish.stranger and facts.relative == wish.relative
    return replace(wish, patient="", relative=facts.relative, stranger=stranger)


def _choose(wish: Wish, facts: Facts) -> Wish:
    """A picked option: by its own id, or by its place ("第二个")."""
    if facts.schedule:
        return replace(wish.unchosen(), schedule=facts.schedule)
    if facts.slot and wish.schedule:
        return replace(wish, slot=facts.slot, time="")
    picked = nth(wish.offered, facts.ordinal)
    if not picked:
        return wish
    if wish.schedule:
        return replace(wish, slot=picked, time="")
    if (not wish.departments and not wish.practitioners) or picked in wish.departments:
        return replace(wish.unchosen(), departments=(picked,))
    return replace(wish.unchosen(), schedule=picked)


_FORGETS: Mapping[str, Mapping[str, Any]] = {
    "department": {"departments": (), "practitioners": ()},
    "practitioner": {"practitioners": ()},
    "date": {"first": "", "last": "", "among": ()},
    "period": {"period": ""},
    "time": {"period": ""},
}


def _forget(wish: Wish, facts: Facts) -> Wish:
    """ "换个医生": what is to be changed is asked again, the rest stays."""
    if facts.field not in _FORGETS:
        return wish
    return replace(wish.unchosen(), time="", **_FORGETS[facts.field])


def _who(wish: Wish, facts: Facts, doctors: Doctors, notes: list[Note]) -> Wish:
    practitioners = doctors.within(facts.practitioners, ())
    if not facts.departments and not practitioners:
        return wish
    if not practitioners and len(wish.practitioners) > 1 and not wish.schedule:
        practitioners = doctors.within(wish.practitioners, facts.departments)  # 儿科的: that one of the Wangs
    departments = facts.departments or wish.departments
    here = doctors.within(practitioners, departments)
    if practitioners and not here:
        # "心内科王医生" when the Wangs work elsewhere is worth a word; after "心内科" a doctor of another
        # department is simply a change of mind.
        if facts.departments:
            notes.append(Note("say_booking_doctor_elsewhere", departments=facts.departments))
        here, departments = practitioners, ()
    if here and not departments:
        departments = tuple(dict.fromkeys(doctors.department_of(found) for found in here))
    changed = (departments, here) != (wish.departments, wish.practitioners)
    if not changed:
        return wish
    kept = wish if facts.schedule else wish.unchosen()  # a button names its half day and the department
    return replace(kept, departments=departments, practitioners=here)


def _when(wish: Wish, facts: Facts, today: date, last: date, notes: list[Note]) -> Wish:
    if facts.impossible_date:
        notes.append(Note("say_booking_impossible_date", words=facts.impossible_date))
        wish = wish.unchosen().on(None)
    elif facts.days:
        wish = _on_days(wish, facts.days, today, last, notes)
    elif facts.shift and wish.days:
        moved = wish.days.last if facts.shift > 0 else wish.days.first
        moved += timedelta(days=facts.shift)
        wish = _on_days(wish, Days(moved, moved), today, last, notes)
    if facts.impossible_time:
        notes.append(Note("say_booking_impossible_time", words=facts.impossible_time))
    if facts.period and facts.period != wish.period:
        wish = replace(wish.unchosen(), period=facts.period, time="")
    if not facts.time:
        return wish
    period = period_of(facts.time)
    if not wish.schedule:
        return replace(wish, time=facts.time, period=period)
    if wish.period and period != wish.period:
        return replace(wish.unchosen(), time=facts.time, period=period)
    return replace(wish, time=facts.time, slot="")


def _on_days(wish: Wish, days: Days, today: date, last: date, notes: list[Note]) -> Wish:
    if days.last < today:
        notes.append(Note("say_booking_past_date", day=days.last))
        return wish.unchosen().on(None)
    clipped = days.within(today, last)
    if clipped is None:
        wanted = next(day for day in days.each if day >= today)
        notes.append(Note("say_booking_beyond", day=last, wanted=wanted))
        return wish.unchosen().on(None)
    return wish if wish.days == clipped else wish.unchosen().on(clipped)


def nth(offered: Sequence[str], ordinal: int) -> str:
    """The choice at a place counted from 1, or from the end by -1; "" for none."""
    if not ordinal or abs(ordinal) > len(offered):
        return ""
    return offered[ordinal - 1 if ordinal > 0 else ordinal]


def period_of(time: str) -> str:
    """The half day of a time "15:00"; evening clinics open at 17:30."""
    return "morning" if time < "12" else "afternoon" if time < "17:30" else "evening"
