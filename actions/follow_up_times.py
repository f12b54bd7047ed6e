"""When something was measured, and when to ask again, from what a message says of days and hours."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from actions.turn import Turn

_HOURS = {"morning": time(8), "afternoon": time(15), "evening": time(20)}
# 晚上再说: a part of the day that names no day. The last one is put off to: "早上135/85，其他晚上再说".
_PARTS = re.compile(
    r"(?P<morning>早上|早晨|清早|上午|\bmorning)|(?P<afternoon>中午|下午|\b(?:noon|afternoon))"
    r"|(?P<evening>晚上|傍晚|夜里|今晚|下了?班|\b(?:tonight|evening|after work))",
    re.IGNORECASE,
)
_DAY, _HALF_A_DAY = timedelta(days=1), timedelta(hours=12)
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
    """The moment at which the patient wants to be asked again: as said, the next such hour where no day is named,
    else in some hours."""
    days, part = turn.facts.days, _part(turn)
    hour = _hour(turn) or _HOURS.get(part)
    day = days.first if days and days.first >= turn.today else turn.today
    if day == turn.today and hour is None:
        return turn.now + _A_WHILE
    moment = datetime.combine(day, hour or time(9), turn.runtime.zone)
    if moment > turn.now:
        return moment
    if days:
        return turn.now + _A_WHILE
    tonight = moment + _HALF_A_DAY  # 8点再说, said at ten
    return tonight if not part and moment.hour < 12 and tonight > turn.now else moment + _DAY


def _part(turn: Turn) -> str:
    """Of the day: morning, afternoon, evening, or "" for none."""
    said = [one.lastgroup or "" for one in _PARTS.finditer(turn.text)]
    return turn.facts.period if turn.facts.period in _HOURS else said[-1] if said else ""


def _hour(turn: Turn) -> time | None:
    if turn.facts.time:
        return time.fromisoformat(turn.facts.time)
    return _HOURS.get(turn.facts.period)
