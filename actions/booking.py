"""Booking: from a wish to a number at the doctor's, in four messages at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType

from actions import booking_words
from actions.booking_confirmation import ConfirmingForm
from actions.booking_draft import Note, Wish, back, names_another, not_before, take
from actions.booking_entrance import by_symptoms, form_before, no_booking
from actions.booking_people import NobodyRegistered, read_booker
from actions.booking_refusals import Refused, offer_people
from actions.booking_search import Found, search
from actions.booking_today import (
    bound,
    hear_apart,
    nothing_today,
    offer_apart,
    only_today,
    says_apart,
    until,
)
from actions.consent import missing_consents
from actions.directory import Directory
from actions.forms import THEN, Outcome
from actions.relations import kin_of, yours
from actions.triage_words import answer_inside
from actions.turn import Reply, Turn
from actions.waiting_line import can_wait, department_of, join, offer_waiting
from actions.waiting_wish import BOOKING, in_words, keep, last_day, waits
from actions.walk_in import bookable, not_booked, say_the_way, told_the_way
from integrations.hospital.booking import BookingError, SessionView

FORM = BOOKING
_HEARD = frozenset(
    {"go_back", "book_appointment", "which_department", "tell_symptoms", "join_waitlist"}
)  # answered even when nothing changes
_STOPS = frozenset({"cancel", "cancel_appointment"})
_NAMES_NO_VISIT = frozenset({"emergency_help", "ask_pay_later"})
_ILL = frozenset({"which_department", "tell_symptoms"})


class BookingForm(ConfirmingForm):
    """Opened by "挂号" or by naming a department, a doctor or a day."""

    form = FORM
    slot = "booking"
    names_visits = True
    own = frozenset(
        {
            "book_appointment",
            "cancel_appointment",
            "which_department",
            "tell_symptoms",
            "reschedule_appointment",
            "add_family",
            "join_waitlist",
        }
    )
    goes_on_with = frozenset({"join_waitlist", "tell_symptoms", "which_department"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if not turn.asked:
            return await self._enter(turn, reply, draft)
        wish = Wish.read(draft)
        if turn.intent in _STOPS and not names_another(wish, turn.facts):
            reply.say("say_booking_cancelled")
            return Outcome.closed()
        if not wish.moving and await missing_consents(turn):  # withdrawn since, on another channel
            waiting = await keep(replace(turn, slots={**turn.slots, THEN: FORM}))
            return Outcome(waiting.wish.as_draft(), go_on="consent_form", slots={THEN: FORM})
        if turn.intent == "add_family":  # for somebody who is not registered yet: the wish waits
            return Outcome(wish.as_draft(), go_on="family_form", slots={THEN: FORM})
        ill = turn.intent in _ILL or (turn.asked == "department" and by_symptoms(turn))
        if ill and not wish.moving and not names_another(wish, turn.facts):
            return Outcome(wish.as_draft(), go_on="triage_form", slots={THEN: FORM})
        if turn.intent == "reschedule_appointment":  # what is being booked is meant, nothing else is open
            turn = replace(turn, intent="correct")
        if turn.asked == "confirm" and turn.intent == "affirm" and not self.says_something(turn):
            return await self._book(turn, reply, wish)
        return await self._next(turn, reply, wish)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        return await self._ask(turn, reply, Wish.read(draft), [])

    def says_something(self, turn: Turn) -> bool:
        facts = turn.facts
        # "急救" is a word for the department, and more than that; "明天再付" is no day for the visit.
        if turn.intent in _NAMES_NO_VISIT:
            return False
        if says_apart(turn):
            return True
        return bool(facts.for_booking or facts.schedule or facts.slot or facts.ordinal) and not facts.topics

    async def take(self, turn: Turn, reply: Reply) -> list[EventType]:
        try:
            return await super().take(turn, reply)
        except NobodyRegistered:  # parted or let go of, while the form was open
            reply.parts.clear()
            reply.forget_question()
            return self._events(turn, await self._nobody(turn, reply))

    async def _nobody(self, turn: Turn, reply: Reply) -> Outcome:
        """The wish waits for a registration."""
        first = await form_before(turn) or "registration_form"
        return Outcome(turn.slots.get(self.slot) or {}, go_on=first, slots={THEN: FORM})

    async def _book(self, turn: Turn, reply: Reply, wish: Wish) -> Outcome:
        # What was agreed to when the question was put may be withdrawn. What stands is moved without another consent.
        if not wish.moving and (first := await form_before(turn)):
            return Outcome(wish.as_draft(), go_on=first, slots={THEN: FORM})
        return await super()._book(turn, reply, wish)

    async def left_open(self, turn: Turn, draft: Mapping[str, Any]) -> str:
        wish = in_words(turn, await turn.directory(), Wish.read(draft))
        texts = turn.words.texts
        return texts.text("word_left_booking_wish", wish=wish) if wish else texts.text("word_left_booking")

    async def _enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        resumed = waits(turn.slots)  # another form came first; the message may have been said to that one
        if not resumed and (elsewhere := await no_booking(turn, reply)):
            return elsewhere
        if await told_the_way(turn, reply):
            return Outcome.closed()
        if not resumed and by_symptoms(turn):
            return Outcome.closed(go_on="triage_form")
        if first := await form_before(turn):
            waiting = await keep(turn)
            return Outcome(waiting.wish.as_draft(), go_on=first, slots={THEN: FORM})
        outcome = await self._next(turn, reply, Wish.read(draft) if resumed else Wish(), entering=True)
        outcome.slots[THEN] = None
        return outcome

    async def _next(self, turn: Turn, reply: Reply, wish: Wish, *, entering: bool = False) -> Outcome:
        """Takes what the message says and asks for what is still open."""
        before = wish
        if turn.intent == "go_back":
            earlier = back(wish)
            if earlier is None:
                reply.say("say_first_step")
            wish = earlier or wish
        directory = await turn.directory()
        last = last_day(turn, directory, wish)
        wish = hear_apart(turn, wish)
        wish, notes = take(wish, turn.facts, directory, today=turn.today, last=last)
        if turn.intent in _ILL and wish == before:
            await answer_inside(turn, reply)
            if turn.asked == "department":
                return Outcome(wish.as_draft(), "department")
            reply.forget_question()
            reply.parts.append("")
        heard = entering or wish != before or bool(notes) or turn.intent in _HEARD
        if not heard and turn.intent in ("deny", "correct"):
            reply.say("say_booking_change_what")
            return Outcome(wish.as_draft(), turn.asked)
        heard = (
            heard or turn.facts.any or turn.facts.field != "" or turn.facts.more > 0 or turn.facts.for_booking
        )
        if turn.intent == "affirm" and not heard:  # a yes to a list
            reply.say("say_choose_first")
            heard = True
        outcome = await self._ask(turn, reply, wish, notes, take_first=turn.facts.any)
        outcome.understood = heard
        return outcome

    async def _ask(
        self, turn: Turn, reply: Reply, wish: Wish, notes: Sequence[Note], *, take_first: bool = False
    ) -> Outcome:
        """The next question: which department, which half day, or the confirmation."""
        if wish.relative and not wish.patient and (unknown := await self._unknown(turn, reply, wish)):
            return unknown
        directory = await turn.directory()
        if turn.intent == "join_waitlist" and wish.full and not (wish.departments or wish.practitioners):
            wish = replace(Wish.read(wish.full), apart=wish.apart)
        wish, over = not_before(wish, turn.today)
        wish, today = only_today(turn, wish)
        booking_words.say_notes(turn, reply, (*over, *notes, *today), directory, wish)
        outcome = await self._put(turn, reply, wish, directory, take_first=take_first)
        for one in dict.fromkeys(one for note in notes for one in note.departments):
            if bookable(directory, one):
                title = turn.words.texts.text("word_doctors_here", department=directory.departments[one].name)
                reply.offer(title, f'/inform{{"department": "{one}"}}')
        offer_apart(turn, reply, wish)
        return outcome

    async def _put(
        self, turn: Turn, reply: Reply, wish: Wish, directory: Directory, *, take_first: bool
    ) -> Outcome:
        if wish.schedule:
            return await self._confirm(turn, reply, wish, directory)
        if walk_in := not_booked(directory, wish.departments):
            say_the_way(turn, reply, directory, walk_in)
            return Outcome.closed()
        wish = replace(wish, departments=tuple(one for one in wish.departments if bookable(directory, one)))
        if not wish.practitioners and len(wish.departments) != 1:
            more = turn.facts.more
            offered = booking_words.offer_departments(
                turn, reply, directory, wish, any_one=take_first, start=more
            )
            if not bound(turn, wish):
                offer_waiting(turn, reply, Wish.read(wish.full))
            return Outcome(replace(wish, offered=offered).as_draft(), "department")
        return await self._half_days(turn, reply, replace(wish, full={}), directory, take_first=take_first)

    async def _half_days(
        self, turn: Turn, reply: Reply, wish: Wish, directory: Directory, *, take_first: bool
    ) -> Outcome:
        """Of known doctors or a known department: the confirmation of the only one, or which to choose from."""
        async with turn.runtime.database.begin() as session:
            last = until(turn, wish, last_day(turn, directory, wish))
            found = await search(session, wish, now=turn.now, today=turn.today, last=last)
        if bound(turn, wish) and not found.sessions:
            return nothing_today(turn, reply)
        if turn.intent == "join_waitlist" and not bound(turn, wish):  # today is not waited for
            if found.full and (joined := await self._wait(turn, reply, wish, directory)):
                return joined
            if found.exact:
                reply.say("say_waitlist_not_needed")
        single = found.exact and len(found.sessions) == 1
        if single and turn.intent == "go_back" and (earlier := back(wish)):  # it would be confirmed anew
            return await self._put(turn, reply, earlier, directory, take_first=False)
        if single or (found.exact and take_first):
            if take_first and wish.days and wish.days.first != wish.days.last:
                reply.say("say_earliest_of_days", when=turn.words.when(wish.days, wish.period))
            first = min(found.sessions, key=_fee) if turn.facts.cheapest else found.sessions[0]
            wish = replace(wish, schedule=str(first.schedule_id))
            return await self._confirm(turn, reply, wish, directory)
        return await self._offer(turn, reply, wish, found, directory)

    async def _offer(
        self, turn: Turn, reply: Reply, wish: Wish, found: Found, directory: Directory
    ) -> Outcome:
        if not found.sessions:
            ahead = (directory.last_day(wish.departments, turn.now) - turn.today).days
            reply.say("say_booking_nothing_left", who=booking_words.who(turn, wish, directory), days=ahead)
            offered = booking_words.offer_departments(turn, reply, directory, Wish())
            full = wish.as_draft() if found.full else {}
            if full:
                offer_waiting(turn, reply, wish)
            kept = replace(wish.anew(), offered=offered, full=full)
            return Outcome(kept.as_draft(), "department")
        if not found.exact:
            when = turn.words.texts.text("word_these_days")
            if days := wish.days:
                when = turn.words.when(days, wish.period)
            elif wish.period:
                when = turn.words.texts.text("word_when", days=when, period=turn.words.period(wish.period))
            text = "say_booking_full" if found.full else "say_booking_none"
            reply.say(text, when=when, who=booking_words.who(turn, wish, directory))
        offered = booking_words.offer_sessions(turn, reply, wish, found.sessions, nearest=not found.exact)
        if found.full:
            offer_waiting(turn, reply, wish)
        return Outcome(replace(wish, offered=offered).as_draft(), "schedule")

    async def _wait(self, turn: Turn, reply: Reply, wish: Wish, directory: Directory) -> Outcome | None:
        """Puts the patient on the waitlist of what is full; None when it is not one doctor or one department."""
        if not can_wait(wish):
            return None
        async with turn.runtime.database.begin() as session:
            booker = await read_booker(session, turn)
        try:
            await join(turn, reply, wish, booker, directory, last_day(turn, directory, wish))
        except BookingError as error:
            turn = replace(turn, intent="inform")
            department = department_of(wish, directory)
            person = booker.choose(wish.patient, wish.relative, department.rules, turn.today)
            day = wish.days.first if wish.days else turn.today
            refused = Refused(wish, department, day, person, booker)
            return await self._refused(turn, reply, error, refused, directory)
        return Outcome.closed()

    async def _unknown(self, turn: Turn, reply: Reply, wish: Wish) -> Outcome | None:
        """A number for somebody whom the account does not act for: they are registered first, or it is for
        another one."""
        async with turn.runtime.database.begin() as session:
            booker = await read_booker(session, turn)
        if booker.related(wish.relative) and not wish.stranger:
            return None
        who = yours(turn.words, kin_of(wish.relative))
        reply.say("say_booking_unknown_relative", who=who)
        reply.offer(
            turn.words.texts.text("word_register_relative", who=who),
            f'/add_family{{"relative": "{wish.relative}"}}',
        )
        offer_people(turn, reply, booker.people)
        return Outcome(wish.as_draft(), "patient")


def _fee(one: SessionView) -> int:
    return one.fee_fen
