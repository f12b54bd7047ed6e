"""Calendar arithmetic: which day is meant when only a part of a date is said."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

from borax.calendars.lunardate import (  # type: ignore[import-untyped]
    InvalidLunarDateError,
    LunarDate,
    TermUtils,
)


class Lean(Enum):
    """How an incomplete date is completed. SPOKEN: in the current week, month or year, past or not.
    AHEAD: the next such day, today included, as one means it who books an appointment."""

    SPOKEN = "spoken"
    AHEAD = "ahead"


class NoSuchDay(ValueError):
    """A date that is in no calendar, such as 31 November."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The moment of speaking, in local time without zone, and how to complete."""

    now: datetime
    lean: Lean = Lean.SPOKEN

    @property
    def today(self) -> date:
        return self.now.date()

    def accepts(self, day: date) -> bool:
        return self.lean is Lean.SPOKEN or day >= self.today


@dataclass(frozen=True, slots=True)
class Days:
    """One day, or all days from first to last; with `only`, these among them (周一三五). `soon` marks words for any
    day soon (最近, 尽快), which say nothing beside a real date."""

    first: date
    last: date
    soon: bool = False
    only: tuple[date, ...] = ()

    @classmethod
    def one(cls, day: date) -> Days:
        return cls(day, day)

    @classmethod
    def of(cls, days: Iterable[date]) -> Days:
        """These days, and no others between them."""
        among = tuple(sorted(set(days)))
        neighbours = (among[-1] - among[0]).days == len(among) - 1
        return cls(among[0], among[-1], only=() if neighbours else among)

    @property
    def single(self) -> bool:
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Half:
    """A part of the day. `period` is the schedule's word
    for it, None for noon and the small hours."""

    name: str
    period: str | None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it was said: 3 may be 15:00, 24 is the midnight that ends the day."""

    hour: int
    minute: int = 0
    second: int = 0

    def within(self, half: Half | None) -> Clock:
        """The time on a clock of 24 hours, when it was said with this part of the day."""
        name, hour = half.name if half else "", self.hour
        if name in ("afternoon", "evening") and hour < 12:
            hour += 12
        elif name == "evening" and hour == 12:
            hour = 24
        elif name == "noon" and hour < 4:
            hour += 12
        elif name == "small hours" and hour == 12:
            hour = 0
        return Clock(hour, self.minute, self.second)

    def on(self, day: date) -> datetime:
        return datetime.combine(day, time()) + timedelta(
            hours=self.hour, minutes=self.minute, seconds=self.second
        )


@dataclass(frozen=True, slots=True)
class NoSuchHour:
    """A time of day that no clock shows, such as 25点."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment counted from now (两小时后)."""

    at: datetime


def month_after(day: date, months: int) -> date:
    """The first day of the month so many months later or earlier."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def shift_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    first = month_after(day, months)
    return first.replace(day=min(day.day, month_length(first)))


def month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def month_days(first: date, begin: int = 1, end: int = 31) -> Days:
    """The days of a month from `begin` to `end`, both included."""
    return Days(first.replace(day=begin), first.replace(day=min(end, month_length(first))))


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def full_year(year: int, today: date) -> int:
    """A year of two digits in the century that is meant: at most 30 years ahead."""
    if year >= 100:
        return year
    century = today.year - today.year % 100
    return century + year if century + year <= today.year + 30 else century + year - 100


def day_of_month(day: int, reference: Reference) -> date:
    """This month's 25th, or the next one there is. Raises NoSuchDay."""
    if not 1 <= day <= 31:
        raise NoSuchDay
    for months in range(4):
        first = month_after(reference.today, months)
        if day <= month_length(first) and reference.accepts(found := first.replace(day=day)):
            return found
    raise NoSuchDay


def day_of_year(month: int, day: int, reference: Reference, *, grace: int = 60) -> date:
    """This year's 25 November, or the next one there is (for 29 February). Raises NoSuchDay.

    Looking ahead, what lies back at most `grace` days is taken for a slip of the one who says it and
    stays in the past, and 29 February is no day at all unless it comes within a year.
    """
    years = 9 if reference.lean is Lean.SPOKEN else 2
    this_year = reference.today.year
    reference = Reference(reference.now - timedelta(days=grace), reference.lean)
    for year in range(this_year, this_year + years):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if reference.accepts(found):
            return found
    raise NoSuchDay


def real_day(year: int, month: int, day: int) -> date:
    """The date. Raises NoSuchDay where the calendar has none."""
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDay from None


def lunar_day(year: int | None, month: int, day: int, reference: Reference) -> date:
    """A day of the lunar calendar; day 30 of the twelfth month is New Year's Eve in every year.

    Without a year: of the running lunar year, or the next one. Raises NoSuchDay.
    """
    running = LunarDate.from_solar(reference.today).year
    for candidate in [year] if year else [running, running + 1]:
        try:
            if (month, day) == (12, 30):
                found = LunarDate(candidate + 1, 1, 1).to_solar_date() - timedelta(days=1)
            else:
                found = LunarDate(candidate, month, day).to_solar_date()
        except (InvalidLunarDateError, ValueError):
            continue
        if year or reference.accepts(found):
            return date(found.year, found.month, found.day)
    raise NoSuchDay


def solar_term(name: str, year: int | None, reference: Reference) -> date:
    """The day of a solar term (清明): of that year, or of this year or the next. Raises NoSuchDay."""
    this = reference.today.year
    found = _term(name, year or this)
    return found if year or reference.accepts(found) else _term(name, this + 1)


def _term(name: str, year: int) -> date:
    if not 1900 <= year <= 2100:
        raise NoSuchDay  # as far as the tables of the library reach
    found = TermUtils.nth_term_day(year, term_name=name)
    return date(found.year, found.month, found.day)


def nth_weekday(first: date, nth: int, number: int) -> date:
    """From the first day of a month, its nth such weekday (Monday is 0); the 0th is the last of the month before."""
    return first + timedelta(days=(number - first.weekday()) % 7, weeks=nth - 1)


def working_days(weeks: int | None, reference: Reference) -> Days:
    """Monday to Friday of the week that is so many weeks away; None: those of the next seven days."""
    if weeks is not None:
        first = monday(reference.today) + timedelta(weeks=weeks)
        return Days(first, first + timedelta(days=4))
    week = (reference.today + timedelta(days=ahead) for ahead in range(7))
    return Days.of(day for day in week if day.weekday() < 5)


def weekday(number: int, weeks: int | None, reference: Reference) -> date:
    """Weekday `number` (Monday is 0) of the week that is `weeks` away; None: no week was named."""
    found = monday(reference.today) + timedelta(days=number, weeks=weeks or 0)
    if weeks is None and not reference.accepts(found):
        found += timedelta(weeks=1)
    return found
