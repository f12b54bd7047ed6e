"""The days and times a patient asks for, as entities for the dialog."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from integrations.language.dates import words
from integrations.language.dates.asking import is_asked, is_soon
from integrations.language.dates.calendar import Half, Lean, NoSuchHour, Reference
from integrations.language.dates.reading import Resolution, resolve
from integrations.language.dates.scan import Expression, scan
from integrations.language.script import fold
from integrations.language.spans import Span

_AHEAD = 6  # days that 以后 and the like reach ahead
_LATER = re.compile(r"(?:以后|之后|往后|后面|起|开始|后(?![天面来续]))")
_EARLIER = re.compile(r"(?:以前|之前|前(?![天面台往]))")


def find_dates(text: str, now: datetime) -> list[Span]:
    """The entities date, impossible_date, period, time and impossible_time in a text, in order of appearance.

    `now` is local (its zone is ignored); `text` is simplified, of any width. A date's value is
    "2026-11-25", {"first": …, "last": …} or, for separate days (周一三五), {"days": […]}; a range that has begun
    begins today. A period is morning,
    afternoon or evening; a time is "HH:MM", and from 1 to 6 o'clock without a part of the day means
    the afternoon, the hours when a hospital sees patients. What is refused (周三不行) and what
    belongs to a complaint (昨天开始发烧) is left out; a past date that is asked for is not.
    """
    now, text = now.replace(tzinfo=None), fold(text)
    today = now.date()
    expressions = scan(text, Reference(now, Lean.AHEAD))
    resolved = [(e, resolve(e, now)) for e in expressions]
    found = [(e, r) for e, r in resolved if is_asked(text, e, r, now)]
    if any(r.last and r.last >= today for _, r in found):  # then a past day is when it began to hurt
        found = [(e, r) for e, r in found if not (r.last and r.last < today)]
    soon = [e for e, _ in found if is_soon(e)]
    dated = any(e.days and not is_soon(e) for e, _ in found)
    idle = soon if dated else soon[1:]
    return [span for e, r in found if e not in idle for span in _spans(text, e, r, today)]


def _spans(text: str, expression: Expression, found: Resolution, today: date) -> list[Span]:
    spans = []
    if days := expression.days:
        last = expression.last.days if expression.last and expression.last.days else days
        end = last.end
        if days.what is None or last.what is None:
            return [Span("impossible_date", days.start, end, text[days.start : end])]
        assert found.first is not None
        assert found.last is not None
        spans.append(Span("date", days.start, end, _date_value(text, end, found, today)))
    if expression.half and isinstance(expression.half.what, Half):
        half = expression.half
        if found.period:
            spans.append(Span("period", half.start, half.end, found.period))
        elif half.what is words.NOON and not found.at:
            spans.append(Span("time", half.start, half.end, "12:00"))
    if expression.clock and isinstance(expression.clock.what, NoSuchHour):
        hour = expression.clock
        spans.append(Span("impossible_time", hour.start, hour.end, text[hour.start : hour.end]))
    if found.at and (clock := expression.clock):
        spans.append(Span("time", clock.start, clock.end, _hospital_hour(expression, found)))
    if found.at and (moment := expression.moment) and found.first:
        spans.append(Span("date", moment.start, moment.end, found.first.isoformat()))
        spans.append(Span("time", moment.start, moment.end, f"{found.at:%H:%M}"))
    return sorted(spans, key=lambda span: span.start)


def _date_value(
    text: str, end: int, found: Resolution, today: date
) -> str | dict[str, str] | dict[str, list[str]]:
    first, last = found.first, found.last
    assert first is not None
    assert last is not None
    if _LATER.match(text, end) and last >= today:
        last = max(first, today) + timedelta(days=_AHEAD)
    elif _EARLIER.match(text, end) and last > today:
        first = today
    elif ahead := [day.isoformat() for day in found.only if day >= today]:
        return {"days": ahead} if len(ahead) > 1 else ahead[0]
    if first <= today <= last:
        first = today
    if first == last:
        return first.isoformat()
    return {"first": first.isoformat(), "last": last.isoformat()}


def _hospital_hour(expression: Expression, found: Resolution) -> str:
    assert found.at
    hour = found.at.hour
    if expression.half is None and 1 <= hour <= 6:
        hour += 12
    return f"{hour:02}:{found.at:%M}"
