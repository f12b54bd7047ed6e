"""The general reading of an expression of time: what it names, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from integrations.language.dates.calendar import Clock, Days, Half, Lean, Moment, Reference
from integrations.language.dates.scan import Expression, Found, scan
from integrations.language.script import fold


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a text names. `first` to `last` are days, both included; `at` is the time of day, on `first`
    or, when no day was said, on any; `until` ends a range of times. `period` is the half of the day."""

    first: date | None = None
    last: date | None = None
    at: time | None = None
    until: datetime | None = None
    period: str | None = None
    half: str = ""  # the part of the day, also those that no schedule knows (noon, small hours)
    only: tuple[date, ...] = ()  # of several days these, not all from `first` to `last`

    def moment(self, today: date) -> datetime | None:
        """The point in time, if one was named; without a day, of today."""
        return None if self.at is None else datetime.combine(self.first or today, self.at)


def parse(text: str, now: datetime, lean: Lean = Lean.SPOKEN) -> Resolution | None:
    """The first time expression of a text (half-width or not, simplified), seen from `now` (local, its
    zone is ignored). None when there is none, or only a date that is in no calendar."""
    now = now.replace(tzinfo=None)
    expressions = scan(fold(text), Reference(now, lean))
    readable = (e for e in expressions if not (e.days and e.days.what is None))
    expression = next(readable, None)
    return resolve(expression, now) if expression else None


def resolve(expression: Expression, now: datetime) -> Resolution:
    """What an expression names, its range included."""
    begin = _resolve_one(expression, now, None)
    if expression.last is None:
        return begin
    # 下午两点到四点 says the half once; 昨天下午两点到明天四点 does not.
    end = _resolve_one(expression.last, now, None if expression.last.days else _what(expression.half, Half))
    last = end.last
    while begin.first and last and last < begin.first:
        last += timedelta(weeks=1)  # 下周二到周四 says the week once
    until = end.moment(begin.last or now.date()) if end.at else None
    return Resolution(begin.first, last or begin.last, begin.at, until, begin.period)


def _resolve_one(expression: Expression, now: datetime, half: Half | None) -> Resolution:
    if moment := _what(expression.moment, Moment):
        return Resolution(moment.at.date(), moment.at.date(), moment.at.time())
    days = _what(expression.days, Days)
    first, last = (days.first, days.last) if days else (None, None)
    half = _what(expression.half, Half) or half
    clock = _what(expression.clock, Clock)
    if clock is None:
        only = days.only if days else ()
        period, name = (half.period, half.name) if half else (None, "")
        return Resolution(first, last, period=period, half=name, only=only)
    clock = clock.within(half)
    if clock.hour == 24:  # the midnight that ends the day
        first = last = (first or now.date()) + timedelta(days=1)
        clock = Clock(0)
    at = time(clock.hour, clock.minute, clock.second)
    only = days.only if days and days.first == first else ()
    return Resolution(first, last, at, period=half.period if half else None, only=only)


def _what[T](found: Found | None, kind: type[T]) -> T | None:
    return found.what if found and isinstance(found.what, kind) else None
