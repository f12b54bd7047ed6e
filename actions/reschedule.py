"""Moving an appointment (改约): which one, then to when. The old number is kept until the new one is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from actions import booking_words
from actions.appointments import line, offer_appointments, upcoming
from actions.booking import BookingForm
from actions.booking_draft import Wish, nth
from actions.booking_people import Booker
from actions.booking_refusals import why_not_movable
from actions.booking_search import Found
from actions.booking_words import Proposal
from actions.directory import Directory
from actions.facts import Days, Facts
from actions.forms import Outcome
from actions.turn import Reply, Turn
from integrations.hospital import booking
from integrations.hospital.appointments import ACTIVE
from integrations.hospital.booking import AppointmentView
from integrations.hospital.models import AppointmentStatus
from integrations.hospital.rules import BookingRules

_KEEPS = frozenset({"cancel", "deny"})


class RescheduleForm(BookingForm):
    """Opened by "改约", or by "改到周五" while nothing is being booked."""

    form = "reschedule_form"
    slot = "reschedule"
    names_visits = True
    own = frozenset({"reschedule_appointment", "which_department", "tell_symptoms"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        wish = Wish.read(draft)
        if not turn.asked:
            return await self._enter(turn, reply, {})
        if turn.intent == "cancel" or (turn.intent in _KEEPS and not self.says_something(turn)):
            stopped = wish.moving and (await self._old(turn, wish)).stopped
            reply.say("say_move_put_off" if stopped else "say_move_stopped")
            return Outcome.closed()
        if not wish.moving:
            return await self._which(turn, reply, wish)
        if turn.intent == "reschedule_appointment":
            turn = replace(turn, intent="correct")
        if turn.asked == "confirm" and turn.intent == "affirm" and not self.says_something(turn):
            return await self._book(turn, reply, wish)
        return await self._next(turn, reply, wish)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        wish = Wish.read(draft)
        if not wish.moving:
            return await self._which(turn, reply, wish)
        if (await self._old(turn, wish)).status not in ACTIVE:  # moved or given up meanwhile, on its page
            reply.say("say_move_over")
            return Outcome.closed()
        return await self._ask(turn, reply, wish, [])

    def says_something(self, turn: Turn) -> bool:
        return bool(turn.facts.appointment) or super().says_something(turn)

    async def _enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        return await self._which(turn, reply, Wish())

    async def _which(self, turn: Turn, reply: Reply, wish: Wish) -> Outcome:
        """Which appointment is meant; its new time may stand in the same message."""
        coming = await upcoming(turn)
        if not coming:
            reply.say("say_no_appointments")
            return Outcome.closed()
        named, facts = which(turn.facts, wish.offered, coming)
        turn = replace(turn, facts=facts)
        kept = _kept(wish, facts)
        if len(named) == 1:
            return await self._begin(replace(turn, facts=_wished(kept, facts)), reply, kept, named[0])
        reply.say("ask_move_which")
        offered = offer_appointments(turn, reply, named)
        understood = not turn.asked or turn.intent == "reschedule_appointment" or kept != wish
        return Outcome(replace(kept, offered=offered).as_draft(), "appointment", understood=understood)

    async def _begin(self, turn: Turn, reply: Reply, wish: Wish, old: AppointmentView) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                await booking.may_move(session, old.id, old.account_id, turn.now)
        except booking.BookingError as error:
            why_not_movable(turn, reply, error)
            return Outcome.closed()
        wish = replace(
            wish,
            moving=str(old.id),
            patient=str(old.patient_id),
            departments=(str(old.department_id),),
            practitioners=(str(old.practitioner_id),),
            fee=str(old.fee_fen) if old.status is AppointmentStatus.BOOKED else "",
            offered=(),
            changing="",
        )
        if _keeps_the_day(turn.facts, wish, old):
            wish = wish.on(Days.of([old.date]))
        return await self._next(turn, reply, wish, entering=True)

    async def _nobody(self, turn: Turn, reply: Reply) -> Outcome:
        reply.say("say_not_yours", phone=turn.runtime.settings.hospital_phone)
        return Outcome.closed()

    async def _offer(
        self, turn: Turn, reply: Reply, wish: Wish, found: Found, directory: Directory
    ) -> Outcome:
        if not found.sessions:
            reply.say("say_move_nothing")
            return Outcome.closed()
        old = await self._old(turn, wish)
        if turn.asked in ("", "appointment"):
            reply.say("say_move_start_stopped" if old.stopped else "say_move_start", **line(turn, old))
        nobody_else = {one.practitioner_id for one in found.sessions} == {old.practitioner_id}
        if wish.fee and nobody_else and turn.facts.field == "practitioner":
            reply.say("say_move_nobody_else", fee=turn.words.money(old.fee_fen), doctor=old.practitioner)
        return await super()._offer(turn, reply, wish, found, directory)

    async def _old(self, turn: Turn, wish: Wish) -> AppointmentView:
        async with turn.runtime.database.begin() as session:
            return await booking.appointment(session, UUID(wish.moving))

    async def _admitted(self, turn: Turn, wish: Wish, booker: Booker) -> BookingRules:
        async with turn.runtime.database.begin() as session:
            admitted = await booking.admit_move(
                session, UUID(wish.moving), booker.account_id, UUID(wish.schedule), turn.now
            )
        return admitted.rules

    async def _propose(self, turn: Turn, reply: Reply, wish: Wish, proposal: Proposal) -> tuple[str, ...]:
        old = await self._old(turn, wish)
        reply.say(
            "say_confirm_move",
            **booking_words.proposal_values(turn, proposal),
            old=turn.words.texts.text("word_appointment", **line(turn, old)),
            fee=_fee_words(turn, old, proposal),
            old_kept=turn.words.texts.text("word_old_stopped" if old.stopped else "word_old_kept"),
        )
        offered = booking_words.offer_times(turn, reply, proposal)
        if not old.stopped:
            reply.offer(turn.words.texts.text("word_keep_old"), "/cancel")
        return offered

    async def _write(self, turn: Turn, wish: Wish, booker: Booker) -> AppointmentView:
        async with turn.runtime.database.begin() as session:
            return await booking.reschedule(
                session,
                UUID(wish.moving),
                schedule_id=UUID(wish.schedule),
                slot_id=UUID(wish.slot) if wish.slot else None,
                contact_id=turn.contact_id,
                key=turn.key("reschedule"),
                now=turn.now,
            )

    async def _done(self, turn: Turn, reply: Reply, done: AppointmentView) -> None:
        reply.say("say_moved")
        await booking_words.card(turn, reply, done)


def which(
    facts: Facts, offered: Sequence[str], coming: list[AppointmentView]
) -> tuple[list[AppointmentView], Facts]:
    """The appointments that a message can mean, and what it says besides: the new time."""
    picked = facts.appointment or nth(offered, facts.ordinal)
    if picked:
        return [one for one in coming if str(one.id) == picked] or coming, replace(facts, ordinal=0)
    if len(coming) == 1 and len(facts.spans) < 2 and not _names_old(facts, coming):
        return coming, facts
    named = coming
    if len(facts.spans) > 1:  # "把周三的号改到周五"
        named = _on(facts.spans[0], named) or named
    elif _names_old(facts, coming):  # "周三的号改一下"
        assert facts.days
        named = [one for one in _on(facts.days, named) if facts.period in ("", one.period)]
        facts = replace(facts, days=None, spans=(), period="")
    if mine := [one for one in named if str(one.practitioner_id) in facts.practitioners]:
        named, facts = mine, replace(facts, practitioners=())
    if mine := [one for one in named if str(one.department_id) in facts.departments]:
        named, facts = mine, replace(facts, departments=())
    return named, facts


def _names_old(facts: Facts, coming: list[AppointmentView]) -> bool:
    """A day alone on which there is an appointment is that of the appointment, not the new one."""
    if facts.days is None or facts.time or facts.days.first != facts.days.last:
        return False
    return any(facts.period in ("", one.period) for one in _on(facts.days, coming))


def _on(days: Days, coming: list[AppointmentView]) -> list[AppointmentView]:
    return [one for one in coming if days.first <= one.date <= days.last]


def _kept(wish: Wish, facts: Facts) -> Wish:
    """What the new one is to be is kept while the appointment is asked for: its time, its doctor or department, or
    that it is to be another one."""
    if facts.days:
        wish = wish.on(facts.days)
    return replace(
        wish,
        period=facts.period or wish.period,
        time=facts.time or wish.time,
        practitioners=facts.practitioners or wish.practitioners,
        departments=facts.departments or wish.departments,
        changing=facts.field or wish.changing,
    )


def _keeps_the_day(facts: Facts, wish: Wish, old: AppointmentView) -> bool:
    """改到10点, 换到下午: only the time of day is to be another one."""
    period = facts.period or wish.period
    return not (facts.days or wish.days) and bool(
        facts.time or wish.time or (period and period != old.period)
    )


def _wished(kept: Wish, facts: Facts) -> Facts:
    """A message that names the appointment, with what was wished before it."""
    return replace(facts, practitioners=kept.practitioners, departments=kept.departments, field=kept.changing)


def _fee_words(turn: Turn, old: AppointmentView, proposal: Proposal) -> str:
    """What becomes of the fee, and until when it is to be paid."""
    texts, fee_fen = turn.words.texts, proposal.session.fee_fen
    until = turn.words.until(old.hold_expires_at) if old.hold_expires_at else ""
    before, after = turn.words.money(old.fee_fen), turn.words.money(fee_fen)
    if not until:
        return texts.text("word_move_settled" if fee_fen else "word_move_free")
    if not fee_fen:
        return texts.text("word_move_free")
    kind = "same" if old.fee_fen == fee_fen else "other"
    return texts.text(f"word_move_fee_{kind}", before=before, after=after, until=until, order_no=old.order_no)
