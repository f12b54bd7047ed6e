"""My appointments, and giving one up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions.booking_draft import nth
from actions.booking_words import card_values
from actions.forms import Form, Outcome
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import booking
from integrations.hospital.booking import AppointmentView

_SHOWN = 5


async def answer_appointments(turn: Turn, reply: Reply) -> None:
    """What is still to come, each with a button to cancel it."""
    coming = await _upcoming(turn)
    if not coming:
        reply.say("say_no_appointments")
        return
    reply.say("say_appointments", count=len(coming))
    for one in coming[:_SHOWN]:
        reply.say("say_appointment_line", **_line(turn, one))
    for one in coming[:_SHOWN]:
        title = turn.words.texts.text(
            "word_cancel_one", day=turn.words.short_day(one.date), doctor=one.practitioner
        )
        reply.offer(title, f'/cancel_appointment{{"appointment": "{one.id}"}}')


class CancellationForm(Form):
    """Which appointment, then once: are you sure, and what happens."""

    form = "cancellation_form"
    slot = "cancellation"
    own = frozenset({"cancel_appointment"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == "confirm" and turn.intent == "affirm":
            return await self._cancel(turn, reply, str(draft["appointment"]))
        if turn.asked and turn.intent in {"deny", "cancel", "go_back"}:
            reply.say("say_cancellation_stopped")
            return Outcome.closed()
        coming = await _upcoming(turn)
        if not coming:
            reply.say("say_no_appointments")
            return Outcome.closed()
        named = _named(turn, draft, coming)
        if len(named) == 1:
            return self._confirm(turn, reply, named[0])
        heard = not turn.asked or turn.intent == "cancel_appointment"
        outcome = self._choose(turn, reply, named or coming)
        outcome.understood = heard or len(named) < len(coming)
        return outcome

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        coming = await _upcoming(turn)
        kept = [one for one in coming if str(one.id) == draft.get("appointment")]
        if kept:
            return self._confirm(turn, reply, kept[0])
        if not coming:
            reply.say("say_no_appointments")
            return Outcome.closed()
        return self._choose(turn, reply, coming)

    def says_something(self, turn: Turn) -> bool:
        return bool(turn.facts.appointment)

    def _choose(self, turn: Turn, reply: Reply, coming: list[AppointmentView]) -> Outcome:
        reply.say("ask_appointment")
        for one in coming[:_SHOWN]:
            title = turn.words.texts.text("word_appointment", **_line(turn, one))
            reply.offer(title, f'/inform{{"appointment": "{one.id}"}}')
        return Outcome({"offered": [str(one.id) for one in coming[:_SHOWN]]}, "appointment")

    def _confirm(self, turn: Turn, reply: Reply, one: AppointmentView) -> Outcome:
        reply.say("ask_cancellation", **_line(turn, one))
        return Outcome({"appointment": str(one.id)}, "confirm")

    async def _cancel(self, turn: Turn, reply: Reply, appointment: str) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                done = await booking.cancel(
                    session, UUID(appointment), await account_of(session, turn), turn.key("cancel"), turn.now
                )
        except (booking.AlreadyOver, booking.NotYours):
            reply.say("say_cancellation_over")
            return Outcome.closed()
        reply.say("say_cancelled", **_line(turn, done))
        return Outcome.closed()


def _named(turn: Turn, draft: Mapping[str, Any], coming: list[AppointmentView]) -> list[AppointmentView]:
    """Those that the message can mean: by button, by place in the list, by day, half day or doctor."""
    facts = turn.facts
    wanted = facts.appointment or nth(draft.get("offered") or [], facts.ordinal)
    if wanted:
        return [one for one in coming if str(one.id) == wanted]
    fitting = coming
    if facts.days:
        fitting = [one for one in fitting if facts.days.first <= one.date <= facts.days.last]
    if facts.period:
        fitting = [one for one in fitting if one.period == facts.period]
    return fitting


def _line(turn: Turn, one: AppointmentView) -> dict[str, object]:
    status = turn.words.texts.text(
        f"word_appointment_{one.status}",
        until=turn.words.until(one.hold_expires_at) if one.hold_expires_at else "",
        order_no=one.order_no,
    )
    return {**card_values(turn.words, one), "short_day": turn.words.short_day(one.date), "status": status}


async def _upcoming(turn: Turn) -> list[AppointmentView]:
    async with turn.runtime.database.begin() as session:
        return await booking.upcoming(session, await account_of(session, turn), turn.now)
