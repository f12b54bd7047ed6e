"""The end of a booking: everything once more, for whom, by which rules; then the one write."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from actions import booking_words
from actions.booking_draft import Note, Wish
from actions.booking_people import Booker, read_booker
from actions.booking_refusals import Refused, offer_people, refuse
from actions.booking_search import chosen
from actions.booking_times import pick, read_clock
from actions.booking_today import too_late
from actions.booking_words import Proposal
from actions.directory import Directory
from actions.facts import Days
from actions.forms import Form, Outcome
from actions.turn import Reply, Turn
from integrations.hospital import booking
from integrations.hospital.booking import AppointmentView
from integrations.hospital.rules import BookingRules

_OTHERS = 3  # other people offered beside the one it is for


class ConfirmingForm(Form):
    """What booking and moving an appointment share once a half day is chosen."""

    @abstractmethod
    async def _ask(
        self, turn: Turn, reply: Reply, wish: Wish, notes: Sequence[Note], *, take_first: bool = False
    ) -> Outcome:
        """Asks for what is still open."""

    async def _confirm(self, turn: Turn, reply: Reply, wish: Wish, directory: Directory) -> Outcome:
        async with turn.runtime.database.begin() as session:
            one = await chosen(session, wish.schedule, turn.now)
            slots = await booking.free_slots(session, UUID(wish.schedule), turn.now) if one else []
            booker = await read_booker(session, turn)
        if one is None or not slots:
            reply.say("say_booking_gone")
            return await self._ask(turn, reply, wish.unchosen(), [])
        if too_late(turn, wish, one.date):
            return await self._ask(turn, reply, wish.on(Days(one.date, one.date)), [])
        department = directory.departments[str(one.department_id)]
        if wish.patient and booker.person(wish.patient) is None:
            reply.say("say_booking_person_gone")
        person = booker.choose(wish.patient, wish.relative, department.rules, one.date)
        wish = replace(wish, patient=str(person.id))
        try:
            rules = await self._admitted(turn, wish, booker)
        except booking.BookingError as error:
            refused = Refused(wish, department, one.date, person, booker)
            return await self._refused(turn, reply, error, refused, directory)
        slot, note = pick(wish, slots)
        if note:
            reply.say(note, asked=turn.words.clock(read_clock(wish.time)), time=turn.words.clock(slot.time))
        until = rules.cancel_until(one.date, slot.starts_at)
        proposal = Proposal(one, slot, slots, person, department.campus, until, rules.late_cancel)
        offered = await self._propose(turn, reply, wish, proposal)
        others = [other for other in booker.fitting(rules, one.date) if other.id != person.id]
        offer_people(turn, reply, [] if wish.moving else others[:_OTHERS])
        return Outcome(_confirming(wish, proposal, offered).as_draft(), "confirm")

    async def _admitted(self, turn: Turn, wish: Wish, booker: Booker) -> BookingRules:
        """Raises what `booking.admit` raises."""
        async with turn.runtime.database.begin() as session:
            admitted = await booking.admit(
                session,
                schedule_id=UUID(wish.schedule),
                patient_id=UUID(wish.patient),
                account_id=booker.account_id,
                now=turn.now,
                lock=False,
            )
        return admitted.rules

    async def _propose(self, turn: Turn, reply: Reply, wish: Wish, proposal: Proposal) -> tuple[str, ...]:
        return booking_words.confirm(turn, reply, proposal)

    async def _refused(
        self, turn: Turn, reply: Reply, error: booking.BookingError, refused: Refused, directory: Directory
    ) -> Outcome:
        if isinstance(error, booking.AlreadyBooked):
            return await self._booked_before(turn, reply, error)
        if isinstance(error, booking.NotYours):  # let go of, since the question was put
            if refused.wish.moving:
                reply.say("say_not_yours", phone=turn.runtime.settings.hospital_phone)
                return Outcome.closed()
            return await self._ask(turn, reply, refused.wish, [])
        if isinstance(error, booking.NotBookable):
            return await self._ask(turn, reply, refused.wish.unchosen(), [])
        wish, asked = refuse(turn, reply, error, refused, directory)
        if wish is None:
            return Outcome.closed()
        return Outcome(wish.as_draft(), asked) if asked else await self._ask(turn, reply, wish, [])

    async def _book(self, turn: Turn, reply: Reply, wish: Wish) -> Outcome:
        if wish.days and too_late(turn, wish, wish.days.first):  # the alarm came behind the question
            return await self._ask(turn, reply, wish, [])
        async with turn.runtime.database.begin() as session:
            booker = await read_booker(session, turn)
        try:
            done = await self._write(turn, wish, booker)
        except booking.SlotTaken:
            reply.say("say_booking_taken", time=turn.words.clock(read_clock(wish.named)))
            return await self._ask(turn, reply, replace(wish, slot="", time=wish.named), [])
        except (booking.SessionFull, booking.SlotPast):
            return await self._ask(turn, reply, wish.unchosen(), [])
        except booking.BookingError as error:
            return await self._refused_at_last(turn, reply, wish, booker, error)
        if done.time.isoformat("minutes") != wish.named:
            reply.say("say_booking_moved", time=turn.words.clock(read_clock(wish.named)))
        await self._done(turn, reply, done)
        return Outcome.closed()

    async def _write(self, turn: Turn, wish: Wish, booker: Booker) -> AppointmentView:
        """The one write of this form. Raises BookingError."""
        async with turn.runtime.database.begin() as session:
            return await booking.book(
                session,
                schedule_id=UUID(wish.schedule),
                slot_id=UUID(wish.slot) if wish.slot else None,
                patient_id=UUID(wish.patient) if wish.patient else booker.people[0].id,
                contact_id=turn.contact_id,
                key=turn.key("book"),
                now=turn.now,
                hold=timedelta(minutes=turn.runtime.settings.hold_minutes),
            )

    async def _done(self, turn: Turn, reply: Reply, done: AppointmentView) -> None:
        await booking_words.card(turn, reply, done)

    async def _refused_at_last(
        self, turn: Turn, reply: Reply, wish: Wish, booker: Booker, error: booking.BookingError
    ) -> Outcome:
        """A rule that stands against it only now: what else was booked since the question was put."""
        directory = await turn.directory()
        async with turn.runtime.database.begin() as session:
            one = await chosen(session, wish.schedule, turn.now)
        if one is None:
            return await self._ask(turn, reply, wish.unchosen(), [])
        person = booker.person(wish.patient) or booker.people[0]
        department = directory.departments[str(one.department_id)]
        return await self._refused(
            turn, reply, error, Refused(wish, department, one.date, person, booker), directory
        )

    async def _booked_before(self, turn: Turn, reply: Reply, error: booking.AlreadyBooked) -> Outcome:
        if error.appointment_id is None:
            reply.say("say_booking_gone")
            return Outcome.closed()
        async with turn.runtime.database.begin() as session:
            existing = await booking.appointment(session, error.appointment_id)
        reply.say("say_booked_before", **booking_words.card_values(turn, existing))
        reply.offer(
            turn.words.texts.text("intent_reschedule_appointment"),
            f'/reschedule_appointment{{"appointment": "{existing.id}"}}',
        )
        return Outcome.closed()


def _confirming(wish: Wish, proposal: Proposal, offered: tuple[str, ...]) -> Wish:
    one, slot = proposal.session, proposal.slot
    return replace(
        wish,
        departments=(str(one.department_id),),
        practitioners=(str(one.practitioner_id),),
        first=one.date.isoformat(),
        last=one.date.isoformat(),
        period=str(one.period),
        slot="" if slot.id == proposal.slots[0].id else str(slot.id),
        named=slot.time.isoformat("minutes"),
        offered=offered,
    )
