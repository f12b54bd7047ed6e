"""After a red flag that should be seen today: only numbers of today, or the emergency department."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from actions.booking_draft import Note, Wish
from actions.facts import Days
from actions.forms import Outcome
from actions.turn import Reply, Turn


def only_today(turn: Turn, wish: Wish) -> tuple[Wish, list[Note]]:
    """The wish for today, and a word about it where another day was wished. A visit that is moved stays as it is."""
    if not turn.urgent or wish.moving:
        return wish, []
    today = Days(turn.today, turn.today)
    days = wish.days
    if days and days.first == days.last == turn.today:
        return wish, []
    if days is None:
        return wish.on(today), []
    return replace(wish.unchosen(), period="").on(today), [Note("say_booking_today_only")]


def until(turn: Turn, wish: Wish, last: date) -> date:
    """The last day to look at."""
    return turn.today if turn.urgent and not wish.moving else last


def nothing_today(turn: Turn, reply: Reply) -> Outcome:
    """No number of today is left."""
    settings = turn.runtime.settings
    reply.say("say_booking_today_full", place=settings.emergency_department_in(turn.language))
    return Outcome.closed()
