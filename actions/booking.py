"""Booking: from a wish to a number at the doctor's, in four messages at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID

from actions import booking_words
from actions.answers import emergency, unclear, which_department
from actions.booking_draft import Note, Wish, back, take
from actions.booking_search import Found, chosen, search
from actions.directory import Directory
from actions.forms import THEN, Form, Outcome
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, keep, last_day, waits
from integrations.hospital import accounts, booking, patients
from integrations.hospital.booking import SlotView
from integrations.hospital.patients import PatientView

FORM = BOOKING
_VAGUE = frozenset({"inform", "correct", "nlu_fallback"})  # enters only when it names something to book
_HEARD = frozenset({"go_back", "book_appointment", "which_department"})  # answered even when nothing changes
_STOPS = frozenset({"cancel", "cancel_appointment"})


@dataclass(frozen=True, slots=True)
class Booker:
    """Who books: the account that chats, and the patient it books for."""

    account_id: UUID
    patient: PatientView


class BookingForm(Form):
    """Opened by "挂号" or by naming a department, a doctor or a day."""

    form = FORM
    slot = "booking"
    own = frozenset({"book_appointment", "cancel_appointment", "which_department"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if not turn.asked:
            return await self._enter(turn, reply, draft)
        if turn.intent in _STOPS:
            reply.say("say_booking_cancelled")
            return Outcome.closed()
        wish = Wish.read(draft)
        if turn.asked == "confirm" and turn.intent == "affirm" and not self.says_something(turn):
            return await self._book(turn, reply, wish)
        return await self._next(turn, reply, wish)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        return await self._ask(turn, reply, Wish.read(draft), [])

    def says_something(self, turn: Turn) -> bool:
        facts = turn.facts
        if turn.intent == "emergency_help":  # "急救" is a word for the department, and more than that
            return False
        return bool(facts.for_booking or facts.schedule or facts.slot or facts.ordinal) and not facts.topics

    async def _enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        resumed = waits(turn.slots)  # another form came first; the message may have been said to that one
        if not resumed:
            if turn.intent == "change_profile":
                return Outcome.closed(go_on="change_form")
            if turn.intent == "correct" and not (turn.facts.departments or turn.facts.practitioners):
                reply.say("say_nothing_to_correct")
                return Outcome.closed()
            if turn.intent == "emergency_help":
                await emergency(turn, reply)
                return Outcome.closed()
            if turn.facts.personal and not turn.facts.for_booking:
                return Outcome.closed(go_on="registration_form")
            if turn.intent in _VAGUE and not turn.facts.for_booking:
                await unclear(turn, reply)
                return Outcome(None, understood=False)
        directory = await turn.directory()
        if walk_in := _not_booked(directory, turn.facts.departments):
            return self._where_to_go(reply, directory, walk_in)  # nobody is asked for a consent for that
        if needs := await self._needs(turn):
            waiting = await keep(turn)
            return Outcome(waiting.wish.as_draft(), go_on=needs, slots={THEN: FORM})
        outcome = await self._next(turn, reply, Wish.read(draft) if resumed else Wish(), entering=True)
        outcome.slots[THEN] = None
        return outcome

    async def _needs(self, turn: Turn) -> str:
        """The form that has to come first, or ""."""
        async with turn.runtime.database.begin() as session:
            contact = await accounts.contact(session, turn.contact_id)
            if contact is None:
                raise LookupError(f"no contact {turn.contact_id}")
            if await accounts.missing_consents(session, contact):
                return "consent_form"
            return "" if await patients.self_patient(session, contact.account_id) else "registration_form"

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
        wish, notes = take(wish, turn.facts, directory, today=turn.today, last=last)
        if turn.intent == "which_department" and wish == before:
            await which_department(turn, reply)
            if turn.asked == "department":
                return Outcome(wish.as_draft(), "department")
            reply.forget_question()
            reply.parts.append("")
        heard = entering or wish != before or bool(notes) or turn.intent in _HEARD
        if not heard and turn.intent in ("deny", "correct"):
            reply.say("say_booking_change_what")
            return Outcome(wish.as_draft(), turn.asked)
        heard = heard or turn.facts.any or turn.facts.field != ""
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
        directory = await turn.directory()
        for note in notes:
            reply.say(note.text, day=turn.words.day(note.day) if note.day else "", words=note.words)
        if wish.schedule:
            return await self._confirm(turn, reply, wish, directory)
        if walk_in := _not_booked(directory, wish.departments):
            return self._where_to_go(reply, directory, walk_in)
        wish = replace(wish, departments=tuple(one for one in wish.departments if _bookable(directory, one)))
        if not wish.practitioners and len(wish.departments) != 1:
            offered = booking_words.offer_departments(turn, reply, directory, wish, any_one=take_first)
            return Outcome(replace(wish, offered=offered).as_draft(), "department")
        async with turn.runtime.database.begin() as session:
            last = last_day(turn, directory, wish)
            found = await search(session, wish, now=turn.now, today=turn.today, last=last)
        if found.exact and (len(found.sessions) == 1 or take_first):
            wish = replace(wish, schedule=str(found.sessions[0].schedule_id))
            return await self._confirm(turn, reply, wish, directory)
        return self._offer(turn, reply, wish, found, directory)

    def _offer(self, turn: Turn, reply: Reply, wish: Wish, found: Found, directory: Directory) -> Outcome:
        if not found.sessions:
            ahead = (directory.last_day(wish.departments, turn.now) - turn.today).days
            reply.say("say_booking_nothing_left", who=_who(turn, wish, directory), days=ahead)
            offered = booking_words.offer_departments(turn, reply, directory, Wish())
            return Outcome(Wish(offered=offered).as_draft(), "department")
        if not found.exact:
            when = turn.words.texts.text("word_these_days")
            if days := wish.days:
                when = turn.words.when(days, wish.period)
            elif wish.period:
                when = turn.words.texts.text("word_when", days=when, period=turn.words.period(wish.period))
            text = "say_booking_full" if found.full else "say_booking_none"
            reply.say(text, when=when, who=_who(turn, wish, directory))
        offered = booking_words.offer_sessions(turn, reply, wish, found.sessions, nearest=not found.exact)
        return Outcome(replace(wish, offered=offered).as_draft(), "schedule")

    async def _confirm(self, turn: Turn, reply: Reply, wish: Wish, directory: Directory) -> Outcome:
        async with turn.runtime.database.begin() as session:
            one = await chosen(session, wish.schedule, turn.now)
            slots = await booking.free_slots(session, UUID(wish.schedule), turn.now) if one else []
            booker = await _booker(session, turn)
        if one is None or not slots:
            reply.say("say_booking_gone")
            return await self._ask(turn, reply, wish.unchosen(), [])
        slot, note = _slot(wish, slots)
        if note:
            reply.say(note, asked=turn.words.clock(_time(wish.time)), time=turn.words.clock(slot.time))
        offered = booking_words.confirm(
            turn,
            reply,
            one,
            slots,
            slot,
            patient=booker.patient.name,
            campus=directory.departments[str(one.department_id)].campus,
        )
        wish = replace(
            wish,
            departments=(str(one.department_id),),
            practitioners=(str(one.practitioner_id),),
            first=one.date.isoformat(),
            last=one.date.isoformat(),
            period=str(one.period),
            slot="" if slot.id == slots[0].id else str(slot.id),
            named=slot.time.isoformat("minutes"),
            offered=offered,
        )
        return Outcome(wish.as_draft(), "confirm")

    async def _book(self, turn: Turn, reply: Reply, wish: Wish) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                booker = await _booker(session, turn)
                done = await booking.book(
                    session,
                    schedule_id=UUID(wish.schedule),
                    slot_id=UUID(wish.slot) if wish.slot else None,
                    patient_id=booker.patient.id,
                    account_id=booker.account_id,
                    contact_id=turn.contact_id,
                    key=turn.key("book"),
                    now=turn.now,
                    hold=timedelta(minutes=turn.runtime.settings.hold_minutes),
                )
        except booking.SlotTaken:
            reply.say("say_booking_taken", time=turn.words.clock(_time(wish.named)))
            return await self._ask(turn, reply, replace(wish, slot="", time=wish.named), [])
        except (booking.SessionFull, booking.SlotPast, booking.NotBookable, booking.OutsideHorizon):
            return await self._ask(turn, reply, wish.unchosen(), [])
        except booking.AlreadyBooked as error:
            return await self._booked_before(turn, reply, error)
        if done.time.isoformat("minutes") != wish.named:
            reply.say("say_booking_moved", time=turn.words.clock(_time(wish.named)))
        booking_words.card(turn, reply, done)
        return Outcome.closed()

    async def _booked_before(self, turn: Turn, reply: Reply, error: booking.AlreadyBooked) -> Outcome:
        if error.appointment_id is None:
            reply.say("say_booking_gone")
            return Outcome.closed()
        async with turn.runtime.database.begin() as session:
            existing = await booking.appointment(session, error.appointment_id)
        reply.say("say_booked_before", **booking_words.card_values(turn.words, existing))
        return Outcome.closed()

    def _where_to_go(self, reply: Reply, directory: Directory, department: str) -> Outcome:
        found = directory.departments[department]
        place = reply.words.place(found.campus, found.location)
        reply.say("say_booking_walk_in", department=found.name, place=place)
        return Outcome.closed()


async def _booker(session: Any, turn: Turn) -> Booker:
    contact = await accounts.contact(session, turn.contact_id)
    patient = await patients.self_patient(session, contact.account_id) if contact else None
    if contact is None or patient is None:
        raise LookupError(f"contact {turn.contact_id} books without a patient")
    return Booker(contact.account_id, patient)


def _bookable(directory: Directory, department: str) -> bool:
    return department in directory.departments and directory.departments[department].bookable


def _not_booked(directory: Directory, departments: Sequence[str]) -> str:
    """The first of these departments when none of them is booked online, else ""."""
    return "" if any(_bookable(directory, one) for one in departments) else next(iter(departments), "")


def _who(turn: Turn, wish: Wish, directory: Directory) -> str:
    if wish.practitioners:
        return turn.words.all_of(directory.practitioners[one].name for one in wish.practitioners)
    return turn.words.all_of(directory.departments[one].name for one in wish.departments)


def _slot(wish: Wish, slots: Sequence[SlotView]) -> tuple[SlotView, str]:
    """The number that was picked or whose time was named, else the earliest; and a text when it is another one."""
    if wish.slot:
        for slot in slots:
            if str(slot.id) == wish.slot:
                return slot, ""
        return slots[0], "say_booking_slot_gone"
    if wish.time:
        wanted = _minutes(wish.time)
        nearest = min(slots, key=lambda slot: abs(slot.time.hour * 60 + slot.time.minute - wanted))
        same = nearest.time.isoformat("minutes") == wish.time
        return nearest, "" if same else "say_booking_other_time"
    return slots[0], ""


def _minutes(clock: str) -> int:
    moment = _time(clock)
    return moment.hour * 60 + moment.minute


def _time(clock: str) -> time:
    return time.fromisoformat(clock or "00:00")
