"""Symptom intake (问诊): the questions before a visit, none that is answered already; a summary that the patient
confirms or corrects, stored for the doctor. Here is how it opens, whom it is about, and what is said besides; the
questions themselves stand in `intake_questions`. Its draft is sealed; Rasa knows only which question is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions import own_words, sealed_draft
from actions.booking_people import NobodyRegistered, read_booker
from actions.consent import missing_consents
from actions.forms import LONG_AWAY, Form, Outcome
from actions.intake_draft import FORM, SLOT, WHOSE, Draft, begun, person_of, unregistered, whose
from actions.intake_questions import Questions, first_of_all, unclear
from actions.intake_words import say_started
from actions.relations import kin_of, yours
from actions.turn import Reply, Turn
from actions.wishes import wish_of
from integrations.hospital.patients import PatientView
from integrations.language.health import books, is_none

# Short words that leave the question open; everything else that is typed answers it.
_WAYS_OUT = frozenset(
    {"cancel", "go_back", "talk_to_human", "emergency_help", "help", "choose_language", "start_intake"}
    | {"ask_hospital", "ask_privacy", "book_appointment", "my_appointments", "complain", "greet", "thanks"}
    | {"goodbye", "smalltalk", "hurry", "pause", "abuse"}
)
_COMES_BACK = frozenset({"booking_form"})  # after these the questions are offered again
_PICTURED = frozenset({"image", "file", "video"})


class IntakeForm(Form):
    """Opened by "填病情", by the button below a booked visit, and out of triage."""

    form = FORM
    slot = SLOT
    own = frozenset(
        {
            "start_intake",
            "tell_symptoms",
            "which_department",
            "non_text",
            "log_measurement",
            "my_prescriptions",
            "add_family",
        }
    )

    def says_something(self, turn: Turn) -> bool:
        return bool(turn.facts.health or turn.facts.choice or (turn.kind in _PICTURED))

    def in_own_words(self, turn: Turn) -> bool:
        told = turn.intent not in _WAYS_OUT and own_words.tells(turn)
        typed = turn.text and (told or is_none(turn.text))
        return turn.away < LONG_AWAY and bool(self.says_something(turn) or typed)

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Whatever an answer sounds like, it is the answer. What was told is kept when something else is done first."""
        if self.in_own_words(turn):
            await self._besides(turn, reply)
            outcome = await self.step(turn, reply, draft)
            if not outcome.understood and outcome.asked:
                outcome = await self._again(turn, reply, draft)
        else:
            outcome = await super()._inside(turn, reply, draft)
        if not (outcome.go_on and outcome.draft is None):
            return outcome
        if outcome.go_on in _COMES_BACK and turn.asked != WHOSE:
            reply.wished.append(wish_of(turn, "start_intake"))
        return replace(outcome, draft=draft)

    async def _besides(self, turn: Turn, reply: Reply) -> None:
        """What was said behind an answer: a question is answered, a visit is remembered."""
        rest = turn.text.replace(turn.facts.health, "").strip(" ，,。.;；") if turn.facts.health else ""
        if rest and turn.intent == "ask_hospital":
            await self.digressions[turn.intent](replace(turn, text=rest), reply)
            reply.forget_question()
            reply.parts.append("")
        elif rest and books(rest):
            reply.wished.append(wish_of(replace(turn, intent="book_appointment")))

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        known = Draft.of(await sealed_draft.unseal(turn, draft))
        if not turn.asked or turn.form != self.form:
            return await self._enter(turn, reply, known)
        if turn.intent == "cancel" and not turn.facts.health:
            reply.say("say_intake_stopped")
            return Outcome.closed()
        if turn.intent == "add_family" and (turn.asked == WHOSE or not own_words.tells(turn)):
            return await first_of_all(turn, known, "family_form")
        try:
            if turn.intent == "go_back" and not turn.facts.health:
                return await self._back(turn, reply, known)
            return await self._answered(turn, reply, known)
        except NobodyRegistered:  # parted or let go of, while the form was open
            return await self._enter(turn, reply, known)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        known = Draft.of(await sealed_draft.unseal(turn, draft))
        try:
            person = await person_of(turn, known)
            if person is None:
                return await self._whose(turn, reply, known)
            questions = Questions(turn, reply, known, person)
            return await questions.put(questions.asked)
        except NobodyRegistered:
            return await self._enter(turn, reply, known)

    async def _enter(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        known = replace(known, appointment=turn.facts.appointment or known.appointment)
        if await missing_consents(turn):
            return await first_of_all(turn, known, "consent_form")
        try:
            person = await whose(turn, known)
        except NobodyRegistered:
            return await first_of_all(turn, known, "registration_form")
        if person is None:
            return await self._whose(turn, reply, known)
        return await self._begin(turn, reply, known, person)

    async def _begin(self, turn: Turn, reply: Reply, known: Draft, person: PatientView) -> Outcome:
        known = await begun(turn, known, person)
        await say_started(turn, reply, person, known.story)
        return await Questions(turn, reply, known, person).next()

    async def _whose(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        async with turn.runtime.database.begin() as session:
            booker = await read_booker(session, turn)
        unknown = await unregistered(turn)
        who = yours(turn.words, kin_of(unknown))
        if unknown:
            reply.say("say_intake_unknown_relative", who=who)
        reply.say("ask_intake_whose")
        for one in booker.people:
            title = turn.words.person(one.name, one.relation, one.sex)
            reply.offer(title, f'/start_intake{{"patient": "{one.id}"}}')
        if unknown:
            title = turn.words.texts.text("word_register_relative", who=who)
            reply.offer(title, f'/add_family{{"relative": "{unknown}"}}')
        return Outcome(await sealed_draft.seal(turn, known.as_json()), WHOSE)

    async def _answered(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        person = await person_of(turn, known)
        if person is None or turn.asked == WHOSE:
            chosen = await whose(turn, known)
            return await self._begin(turn, reply, known, chosen) if chosen else unclear(turn)
        questions = Questions(turn, reply, known, person)
        if turn.intent == "start_intake" and not (turn.text or turn.facts.choice):  # pressed once more
            return await questions.next()
        if turn.kind in _PICTURED:
            return await questions.picture()
        if turn.intent == "non_text":
            return await questions.not_in_words()
        return await questions.take()

    async def _back(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        person = await person_of(turn, known)
        if person is None:
            return await self._whose(turn, reply, known)
        return await Questions(turn, reply, known, person).back()
