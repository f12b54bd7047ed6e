"""My appointments, and giving one up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions import medicine
from actions.answers import nothing_open
from actions.booking_draft import nth
from actions.booking_words import card_values
from actions.directory import Directory
from actions.forms import Form, Outcome
from actions.page_addresses import order_page
from actions.replacement import GIVE_BACK
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import booking
from integrations.hospital.booking import AppointmentView
from integrations.hospital.models import AppointmentStatus, LateCancel

_SHOWN = 5
_WITH_BUTTONS = 3


async def answer_appointments(turn: Turn, reply: Reply) -> None:
    """What is still to come, the next ones with buttons to move and to cancel them."""
    coming = await upcoming(turn)
    if not coming:
        reply.say("say_no_appointments")
        return
    reply.say("say_appointments", count=len(coming))
    for one in coming[:_SHOWN]:
        reply.say("say_appointment_line", **line(turn, one))
    await _say_how_to_pay(turn, reply, coming[:_SHOWN])
    for verb in ("reschedule", "cancel"):
        for one in coming[:_WITH_BUTTONS]:
            title = turn.words.texts.text(
                f"word_{verb}_one", day=turn.words.short_day(one.date), doctor=one.practitioner
            )
            reply.offer(title, f'/{verb}_appointment{{"appointment": "{one.id}"}}')


async def nothing_to_cancel(turn: Turn, reply: Reply) -> str | None:
    """ "算了，取消吧" behind a booking that is done: perhaps the booking is meant. "不想要了" behind a bill for
    medicine gives that up, once it is confirmed."""
    if await medicine.is_not_wanted(turn):
        return medicine.FORM
    if await upcoming(turn):
        reply.say("say_nothing_open_booked")
    else:
        await nothing_open(turn, reply)
    return None


async def _say_how_to_pay(turn: Turn, reply: Reply, coming: list[AppointmentView]) -> None:
    """A fresh link for each that is held."""
    for one in coming:
        if one.hold_expires_at is None or one.order_no is None or not turn.runtime.payments:
            continue
        reply.say(
            "say_pay_held",
            day=turn.words.short_day(one.date),
            time=turn.words.clock(one.time),
            fee=turn.words.money(one.fee_fen),
            until=turn.words.until(one.hold_expires_at),
            link=await order_page(turn, one.order_no, one.hold_expires_at),
        )


class CancellationForm(Form):
    """Which appointment, then once: are you sure, and what happens."""

    form = "cancellation_form"
    slot = "cancellation"
    names_visits = True
    own = frozenset({"cancel_appointment"})
    ends = frozenset({"confirm"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == "confirm" and turn.intent == "affirm":
            return await self._cancel(turn, reply, str(draft["appointment"]))
        coming = await upcoming(turn)
        named = _named(turn, draft, coming, await turn.directory())
        another = bool(named) and draft.get("appointment") not in [str(one.id) for one in named or ()]
        if turn.asked and turn.intent in {"deny", "cancel", "go_back"} and not another:
            reply.say("say_cancellation_stopped")
            return Outcome.closed()
        if not coming:
            reply.say("say_no_appointments")
            return Outcome.closed()
        if named is not None and len(named) == 1 and turn.facts.field == GIVE_BACK and named[0].stopped:
            return await self._cancel(turn, reply, str(named[0].id))
        if named is not None and len(named) == 1:
            return self._confirm(turn, reply, named[0])
        agreed = turn.asked == "appointment" and turn.intent == "affirm"  # with the only one there is
        if (agreed or not turn.asked) and len(coming) == 1 and named is None:
            return self._confirm(turn, reply, coming[0])
        outcome = (
            await self.ask(turn, reply, draft)
            if named is None
            else self._choose(turn, reply, named or coming)
        )
        outcome.understood = not turn.asked or turn.intent == "cancel_appointment" or bool(named)
        return outcome

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        coming = await upcoming(turn)
        kept = [one for one in coming if str(one.id) == draft.get("appointment")]
        if kept:
            return self._confirm(turn, reply, kept[0])
        if draft.get("appointment"):  # moved or given up meanwhile, on its page
            reply.say("say_cancellation_over")
            return Outcome.closed()
        if not coming:
            reply.say("say_no_appointments")
            return Outcome.closed()
        return self._choose(turn, reply, coming)

    def says_something(self, turn: Turn) -> bool:
        return bool(turn.facts.appointment)

    def _choose(self, turn: Turn, reply: Reply, coming: list[AppointmentView]) -> Outcome:
        reply.say("ask_appointment")
        return Outcome({"offered": list(offer_appointments(turn, reply, coming))}, "appointment")

    def _confirm(self, turn: Turn, reply: Reply, one: AppointmentView) -> Outcome:
        if one.late_cancel is LateCancel.REFUSED and not one.cancels_freely(turn.now):
            until = turn.words.moment(one.cancel_until, turn.today)
            reply.say("say_cancellation_late", until=until, phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        key = "ask_cancellation_stopped" if one.stopped else "ask_cancellation"
        reply.say(key, what=_what_happens(turn, one), **line(turn, one))
        return Outcome({"appointment": str(one.id)}, "confirm")

    async def _cancel(self, turn: Turn, reply: Reply, appointment: str) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                done = await booking.cancel(
                    session, UUID(appointment), turn.contact_id, turn.key("cancel"), turn.now
                )
        except booking.CancelTooLate as error:
            until = turn.words.moment(error.until, turn.today)
            reply.say("say_cancellation_late", until=until, phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        except booking.NotYours:
            reply.say("say_not_yours", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        except booking.AlreadyOver:
            reply.say("say_cancellation_over")
            return Outcome.closed()
        paid = done.order_no is not None  # an unpaid order is closed by now
        what = "refund" if done.cancels_freely(turn.now) else "unrefunded"
        reply.say(f"say_cancelled_{what}" if paid else "say_cancelled", **line(turn, done))
        return Outcome.closed()


def _named(
    turn: Turn, draft: Mapping[str, Any], coming: list[AppointmentView], directory: Directory
) -> list[AppointmentView] | None:
    """Those that the message can mean: by button, by place in the list, by doctor, department, day or half day.
    None when it names none of these."""
    facts = turn.facts
    wanted = facts.appointment or nth(draft.get("offered") or [], facts.ordinal)
    if wanted:
        return [one for one in coming if str(one.id) == wanted]
    doctors = {directory.practitioners[found].name for found in directory.within(facts.practitioners, ())}
    wards = {directory.departments[one].name for one in facts.departments if one in directory.departments}
    if not (doctors or wards or facts.days or facts.period):
        return None
    return [
        one
        for one in coming
        if (not doctors or one.practitioner in doctors)
        and (not wards or one.department in wards)
        and (not facts.days or facts.days.first <= one.date <= facts.days.last)
        and (not facts.period or one.period == facts.period)
    ]


def _what_happens(turn: Turn, one: AppointmentView) -> str:
    """With the money, when the appointment is cancelled now."""
    if not one.fee_fen:
        return ""
    if one.status is AppointmentStatus.HELD:
        kind = "unpaid"
    else:
        kind = "refunded" if one.cancels_freely(turn.now) else "unrefunded"
    until = turn.words.moment(one.cancel_until, turn.today)
    return turn.words.texts.text(f"word_cancel_{kind}", until=until, fee=turn.words.money(one.fee_fen))


def offer_appointments(turn: Turn, reply: Reply, coming: list[AppointmentView]) -> tuple[str, ...]:
    """A button for each; gives the ids in the order shown."""
    for one in coming[:_SHOWN]:
        title = turn.words.texts.text("word_appointment", **line(turn, one))
        reply.offer(title, f'/inform{{"appointment": "{one.id}"}}')
    return tuple(str(one.id) for one in coming[:_SHOWN])


def line(turn: Turn, one: AppointmentView) -> dict[str, object]:
    """What the texts about one of several appointments may name."""
    status = turn.words.texts.text(
        "word_appointment_stopped" if one.stopped else f"word_appointment_{one.status}",
        until=turn.words.until(one.hold_expires_at) if one.hold_expires_at else "",
        order_no=one.order_no,
    )
    return {**card_values(turn, one), "short_day": turn.words.short_day(one.date), "status": status}


async def upcoming(turn: Turn) -> list[AppointmentView]:
    """The account's appointments to come; none before it has a patient."""
    async with turn.runtime.database.begin() as session:
        return await booking.upcoming(session, await account_of(session, turn), turn.now)
