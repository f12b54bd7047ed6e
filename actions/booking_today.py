"""After a red flag that should be seen today: only numbers of today, or the emergency department. The alarm does not
know about whom it was, so it binds every booking until the patient says that this one is about something else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from actions.booking_draft import Note, Wish
from actions.facts import Days
from actions.forms import Outcome
from actions.turn import Reply, Turn

_LATELY = timedelta(hours=1)  # since an alarm
OTHER_MATTER = "other_matter"  # the choice that says so
_OTHER_MATTER = re.compile(
    r"(?:看|为|挂|(?<!不)是)的?(?:别|其他|另外?)的?(?:事|毛?病|问题)|另外?一?(?:回|件|个)(?:事|人)|两[回码]事"
    r"|不是(?:一|同一?)(?:回|件|个)(?:事|人)|(?:跟|和|与)(?:刚才|那个?|这个?)[^，。]{0,6}(?:没有?关系|无关|不相干)"
    r"|\b(?:something else|(?:another|a different) (?:matter|problem|person))\b",
    re.IGNORECASE,
)


def bound(turn: Turn, wish: Wish) -> bool:
    """Whether only today will do. A visit that is moved stays as it is."""
    return needs_today(turn, wish.apart) and not wish.moving


def needs_today(turn: Turn, apart: str) -> bool:
    """Whether an alarm of today stands, and the patient did not say since it came that this is about something else.
    `apart` is when they said so (ISO, UTC)."""
    return turn.urgent and not _said_since(turn, apart)


def needs_a_word(turn: Turn, apart: str) -> bool:
    """Whether an alarm rang a moment ago, and the patient did not say since then (`apart`) that they go on."""
    lately = turn.alarm_ago is not None and turn.alarm_ago < _LATELY
    return lately and not _said_since(turn, apart)


def _said_since(turn: Turn, apart: str) -> bool:
    if not apart or turn.alarm_ago is None:
        return False
    raised = turn.now - turn.alarm_ago - timedelta(seconds=1)  # it is told in whole seconds
    return raised < datetime.fromisoformat(apart)


def says_apart(turn: Turn) -> bool:
    """是别的事, after an alarm."""
    return turn.urgent and (turn.facts.choice == OTHER_MATTER or bool(_OTHER_MATTER.search(turn.text)))


def hear_apart(turn: Turn, wish: Wish) -> Wish:
    """The wish for any day, where the patient says so; of a number of today that was shown nothing is left."""
    if wish.moving or not says_apart(turn):
        return wish
    doctors = () if wish.schedule else wish.practitioners
    free = replace(wish.at_any_time(), practitioners=doctors)
    return replace(free, apart=turn.now.isoformat())


def only_today(turn: Turn, wish: Wish) -> tuple[Wish, list[Note]]:
    """The wish for today, and a word about it where another day was wished."""
    if not bound(turn, wish):
        return wish, []
    today = Days(turn.today, turn.today)
    days = wish.days
    if days and days.first == days.last == turn.today:
        return wish, []
    if days is None:
        return wish.on(today), []
    return replace(wish.unchosen(), period="").on(today), [Note("say_booking_today_only")]


def too_late(turn: Turn, wish: Wish, day: date) -> bool:
    """A day that was picked before the alarm, or by an old button."""
    return bound(turn, wish) and day != turn.today


def until(turn: Turn, wish: Wish, last: date) -> date:
    """The last day to look at."""
    return turn.today if bound(turn, wish) else last


def nothing_today(turn: Turn, reply: Reply) -> Outcome:
    """No number of today is left."""
    say_nothing_today(turn, reply)
    return Outcome.closed()


def say_nothing_today(turn: Turn, reply: Reply) -> None:
    settings = turn.runtime.settings
    reply.say("say_booking_today_full", place=settings.emergency_department_in(turn.language))


def offer_apart(turn: Turn, reply: Reply, wish: Wish) -> None:
    """The way out, for who wishes a number for another complaint or another person."""
    title = turn.words.texts.text("word_other_matter")
    if not bound(turn, wish) or any(one.title == title for one in reply.buttons):
        return
    about: dict[str, Any] = {"choice": OTHER_MATTER}
    if len(wish.practitioners) == 1:
        about["practitioner"] = wish.practitioners[0]
    if len(wish.departments) == 1:
        about["department"] = wish.departments[0]
    about |= {name: said for name in ("patient", "relative") if (said := getattr(wish, name))}
    payload = json.dumps(about, ensure_ascii=False)
    reply.offer(title, f"/book_appointment{payload}")
