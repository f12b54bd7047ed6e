"""When something was measured, and when to ask again, from what a message says of days and hours."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from actions.turn import Turn

_HOURS = {"morning": time(8), "afternoon": time(15), "evening": time(20)}
_A_WHILE = timedelta(hours=3)


def taken_at(turn: Turn) -> datetime:
    """The moment that the message names, never one to come; now when it names none."""
    day = turn.facts.days.first if turn.facts.days and turn.facts.days.first <= turn.today else turn.today
    hour = _hour(turn)
    if day == turn.today and hour is None:
        return turn.now
    moment = datetime.combine(day, hour or time(12), turn.runtime.zone)
    return min(moment, turn.now) if day == turn.today else moment


def put_off_until(turn: Turn) -> datetime:
    """The moment at which the patient wants to be asked again: as said, else in some hours."""
    days, hour = turn.facts.days, _hour(turn)
    day = days.first if days and days.first >= turn.today else turn.today
    moment = datetime.combine(day, hour or time(9), turn.runtime.zone)
    if (day == turn.today and hour is None) or moment <= turn.now:
        return turn.now + _A_WHILE
    return moment


def _hour(turn: Turn) -> time | None:
    if turn.facts.time:
        return time.fromisoformat(turn.facts.time)
    return _HOURS.get(turn.facts.period)
