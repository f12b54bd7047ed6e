"""A wish to book that waits: for a consent, for the registration. It is kept in the booking form's slot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from actions.booking_draft import Note, Wish, take
from actions.booking_words import say_notes
from actions.directory import Directory
from actions.facts import Facts
from actions.forms import THEN
from actions.turn import Reply, Turn

BOOKING = "booking_form"
SLOT = "booking"
_COMES = re.compile(r"[挂约号看]|去医院|过来|就诊|\b(?:book|appointment|see|visit|come)\b", re.IGNORECASE)
_NAMING = frozenset({"inform", "nlu_fallback"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """The wish so far, how it reads ("" when nothing is known yet), and what of the message could not be taken."""

    wish: Wish
    words: str
    notes: Sequence[Note] = ()

    @property
    def slots(self) -> dict[str, Any]:
        """What a form sets to let the booking follow it."""
        return {THEN: BOOKING, SLOT: self.wish.as_draft()}


def wants_booking(turn: Turn) -> bool:
    """Whether a message inside another form speaks of booking."""
    return turn.intent == "book_appointment" or (turn.intent in _NAMING and turn.facts.for_booking)


def waits(slots: Mapping[str, Any]) -> bool:
    """Whether a booking goes on when the open form is done."""
    return slots.get(THEN) == BOOKING


def waiting_wish(turn: Turn) -> Wish:
    """The booking that goes on when the open form is done, as far as it is known."""
    return Wish.read(turn.slots.get(SLOT) or {}) if waits(turn.slots) else Wish()


async def keep(turn: Turn) -> Waiting:
    """The wish that waits, with what this message adds."""
    directory = await turn.directory()
    before = waiting_wish(turn)
    facts = replace(turn.facts, field="")
    wish, notes = take(before, facts, directory, today=turn.today, last=last_day(turn, directory, before))
    return Waiting(wish, in_words(turn, directory, wish), notes)


async def keep_and_say(turn: Turn, reply: Reply) -> Waiting:
    """The same, told: a day that there is not, is over or not open yet is said at once, and what is kept."""
    waiting = await keep(turn)
    if waiting.words or turn.intent == "book_appointment":  # else the day may be of anything
        say_notes(turn, reply, waiting.notes, await turn.directory(), waiting.wish)
    if waiting.words:
        reply.say("say_wish_kept", wish=waiting.words)
    return waiting


def when_wished(turn: Turn, directory: Directory) -> Wish:
    """Of a message that tells of an illness, when the patient would come: "要挂明天的，头疼". The day on which
    something began is none."""
    facts = turn.facts
    ahead = facts.days is not None and facts.days.last >= turn.today
    if not (_COMES.search(turn.text) and (ahead or facts.period)):
        return Wish()
    said = Facts(days=facts.days if ahead else None, period=facts.period, time=facts.time)
    return take(Wish(), said, directory, today=turn.today, last=last_day(turn, directory, Wish()))[0]


def in_words(turn: Turn, directory: Directory, wish: Wish) -> str:
    """11月25日（周三）上午，心血管内科，李静"""
    named = [directory.departments[one].name for one in wish.departments if one in directory.departments]
    doctors = [directory.practitioners[one].name for one in wish.practitioners]
    parts = [
        turn.words.when(wish.days, wish.period),
        turn.words.all_of(named),
        turn.words.all_of(doctors),
    ]
    return turn.words.texts.text("word_comma").join(part for part in parts if part)


def last_day(turn: Turn, directory: Directory, wish: Wish) -> date:
    """The last day on which the wished departments, or any, can be booked."""
    return directory.last_day(wish.departments, turn.now)
