"""Symptom intake (问诊): the questions before a visit, one at a time, none that is answered already; a summary that the
patient confirms or corrects, stored for the doctor. Its draft is sealed; Rasa knows only which question is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from actions import own_words, sealed_draft
from actions.appointments import upcoming
from actions.booking_people import NobodyRegistered, read_booker
from actions.consent import missing_consents
from actions.forms import FAILURES, LONG_AWAY, THEN, Form, Outcome
from actions.intake_draft import (
    ASKED,
    WHOSE,
    Draft,
    answer_in,
    begun,
    joined,
    person_of,
    told_lately,
    unregistered,
    whose,
)
from actions.intake_words import (
    ask_field,
    changed_field,
    put_right,
    say_started,
    shown_summary,
    summary_for_the_doctor,
)
from actions.relations import kin_of, yours
from actions.revealing import account_of
from actions.symptoms import someone
from actions.symptoms_told import tells_of_illness
from actions.triage import TOLD
from actions.turn import Reply, Turn
from actions.wishes import wish_of
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import (
    ACCOMPANYING,
    COMPLAINT,
    FIELDS,
    NONE,
    ONSET,
    PICTURES,
    PREGNANCY,
    UNKNOWN,
    applying,
    readable,
)
from integrations.hospital.patients import PatientView
from integrations.language.health import books, is_none, is_unknown

FORM = "intake_form"
CONFIRM, CHANGE = "intake_confirm", "intake_change"
_PICTURES = f"{ASKED}{PICTURES}"
# Short words that leave the question open; everything else that is typed answers it.
_WAYS_OUT = frozenset(
    {"cancel", "go_back", "talk_to_human", "emergency_help", "help", "choose_language", "start_intake"}
    | {"ask_hospital", "ask_privacy", "book_appointment", "my_appointments", "complain", "greet", "thanks"}
    | {"goodbye", "smalltalk", "hurry", "pause", "abuse"}
)
_COMES_BACK = frozenset({"booking_form"})  # after these the questions are offered again
_PICTURED = frozenset({"image", "file", "video"})
_ILLNESS = frozenset({COMPLAINT, ACCOMPANYING})  # what is told of it; of the other answers nobody knows all


class IntakeForm(Form):
    """Opened by "填病情", by the button below a booked visit, and out of triage."""

    form = FORM
    slot = "intake"
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

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Whatever an answer sounds like, it is the answer. What was told is kept when something else is done first."""
        typed = turn.text and turn.intent not in _WAYS_OUT and own_words.tells(turn)
        if turn.away < LONG_AWAY and (self.says_something(turn) or typed):
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
            return await self._later(turn, known, "family_form")
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
            return await self._put(turn, reply, known, turn.asked.removeprefix(ASKED), person)
        except NobodyRegistered:
            return await self._enter(turn, reply, known)

    async def _enter(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        known = replace(known, appointment=turn.facts.appointment or known.appointment)
        if await missing_consents(turn):
            return await self._later(turn, known, "consent_form")
        try:
            person = await whose(turn, known)
        except NobodyRegistered:
            return await self._later(turn, known, "registration_form")
        if person is None:
            return await self._whose(turn, reply, known)
        return await self._begin(turn, reply, known, person)

    async def _later(self, turn: Turn, known: Draft, first: str) -> Outcome:
        kept = await sealed_draft.seal(turn, known.as_json())
        return Outcome(kept, go_on=first, slots={THEN: FORM})

    async def _begin(self, turn: Turn, reply: Reply, known: Draft, person: PatientView) -> Outcome:
        known = await begun(turn, known, person)
        await say_started(turn, reply, person, known.story)
        return await self._next(turn, reply, known, person)

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
            if chosen is None:
                return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)
            return await self._begin(turn, reply, known, chosen)
        if turn.intent == "start_intake" and not (turn.text or turn.facts.choice):  # pressed once more
            return await self._next(turn, reply, known, person)
        if turn.kind in _PICTURED:
            return await self._picture(turn, reply, known, person)
        if turn.intent == "non_text":  # a recording without words, a place
            await self.digressions_of_kind(turn, reply)
            return await self._put(turn, reply, known, turn.asked.removeprefix(ASKED), person)
        said = await answer_in(turn, known)
        match turn.asked:
            case "intake_confirm" | "intake_change":
                return await self._confirmed(turn, reply, known, person, said)
            case "intake_pictures":
                if said == NONE or turn.intent in ("affirm", "deny") or own_words.is_done(said):
                    story = replace(known.story, pictured=True)
                    return await self._next(turn, reply, replace(known, story=story), person)
                return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)
        asked = turn.asked.removeprefix(ASKED)
        if said and (right := put_right(known.story, asked, said)):
            reply.say("say_intake_corrected", what=turn.words.texts.text(f"word_intake_{right[0]}"))
            return await self._take(turn, reply, known, person, *right)
        return await self._take(turn, reply, known, person, asked, said)

    async def digressions_of_kind(self, turn: Turn, reply: Reply) -> None:
        kind = turn.kind if turn.kind in ("voice", "sticker", "location", "link") else "other"
        reply.say(f"say_non_text_{kind}", phone=turn.runtime.settings.hospital_phone)
        reply.forget_question()
        reply.parts.append("")

    async def _take(
        self, turn: Turn, reply: Reply, known: Draft, person: PatientView, name: str, said: str
    ) -> Outcome:
        if name not in FIELDS or not said or not (said in (NONE, UNKNOWN) or readable(name, said)):
            return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)
        if name in _ILLNESS and not self._believed(turn, said):
            return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)
        if said in _BARE_YES and name not in (PREGNANCY, COMPLAINT):
            reply.say("say_intake_which")
            return await self._put(turn, reply, known, name, person)
        story = known.story.without(name)
        story = (
            story.with_answer(name, said)
            if said in (NONE, UNKNOWN)
            else story.answered(name, said, turn.today)
        )
        if name == ONSET and (day := story.onset_day):
            reply.say("say_intake_since", day=turn.words.day(day))
        return await self._next(turn, reply, replace(known, story=story, revising=""), person)

    def _believed(self, turn: Turn, said: str) -> bool:
        """Whether the words can be about an illness. Who says again what nobody here knows is believed."""
        if said in (NONE, UNKNOWN) or said in _BARE_YES or is_none(said) or is_unknown(said):
            return True
        return tells_of_illness(said, turn.today) or bool(turn.slots.get(FAILURES))

    async def _picture(self, turn: Turn, reply: Reply, known: Draft, person: PatientView) -> Outcome:
        story = known.story.with_picture(turn.message_id)
        if turn.facts.health or turn.text:
            words = await answer_in(turn, replace(known, known=""))
            story = story.with_answer(ACCOMPANYING, joined(story.answers.get(ACCOMPANYING, ""), words))
        known = replace(known, story=story)
        reply.say("say_intake_picture", count=len(story.messages))
        return await self._put(turn, reply, known, turn.asked.removeprefix(ASKED), person)

    async def _next(self, turn: Turn, reply: Reply, known: Draft, person: PatientView) -> Outcome:
        """The first question that is open, or the summary."""
        if known.revising:
            return await self._put(turn, reply, known, known.revising, person)
        waiting = known.story.open_fields(person.sex, person.age(turn.today))
        if waiting:
            return await self._put(turn, reply, known, waiting[0], person)
        if not known.story.pictured and not known.story.messages:
            return await self._put(turn, reply, known, PICTURES, person)
        return await self._put(turn, reply, known, "confirm", person)

    async def _put(self, turn: Turn, reply: Reply, known: Draft, name: str, person: PatientView) -> Outcome:
        if name == "confirm":
            reply.say("ask_intake_confirm", summary=await shown_summary(turn, known.story, person))
        elif name == "change":
            reply.say("ask_intake_change")
            for one in applying(person.sex, person.age(turn.today)):
                title = turn.words.texts.text(f"word_intake_{one}")
                reply.offer(title, f'/correct{{"choice": "field:{one}"}}')
        else:
            await ask_field(turn, reply, name, known.known)
        return Outcome(await sealed_draft.seal(turn, known.as_json()), f"{ASKED}{name}")

    async def _confirmed(
        self, turn: Turn, reply: Reply, known: Draft, person: PatientView, said: str
    ) -> Outcome:
        """Sent off, one field put right ("过敏改成青霉素"), or something added."""
        name, value = (said.removeprefix("field:"), "") if said.startswith("field:") else changed_field(said)
        if name in FIELDS and value:
            return await self._take(turn, reply, known, person, name, value)
        if name in FIELDS:
            return await self._next(turn, reply, replace(known, revising=name), person)
        if turn.intent == "affirm" or own_words.is_done(said) or said in _FINE:
            return await self._store(turn, reply, known, person)
        if turn.intent in ("deny", "correct") and not turn.facts.health:
            return await self._put(turn, reply, known, "change", person)
        if said and said.startswith(_ADDS):
            story = known.story
            added = story.with_answer(ACCOMPANYING, joined(story.answers.get(ACCOMPANYING, ""), said))
            return await self._next(turn, reply, replace(known, story=added), person)
        return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)

    async def _store(self, turn: Turn, reply: Reply, known: Draft, person: PatientView) -> Outcome:
        if await missing_consents(turn):  # taken back since
            return await self._later(turn, known, "consent_form")
        visits = {str(one.id): one for one in await upcoming(turn)}
        visit = visits.get(known.appointment)
        async with turn.runtime.database.begin() as session:
            await keeping.record(
                session,
                turn.runtime.crypto,
                known.story,
                summary_for_the_doctor(turn, known.story),
                account_id=await account_of(session, turn),
                contact_id=turn.contact_id,
                patient_id=person.id,
                appointment_id=UUID(known.appointment) if visit else None,
                key=turn.key("store"),
                now=turn.now,
            )
        if visit:
            doctor = turn.words.doctor(visit.practitioner, visit.title)
            reply.say("say_intake_done_visit", day=turn.words.day(visit.date), doctor=doctor)
        else:
            reply.say("say_intake_done")
            reply.offer(turn.words.texts.text("intent_book_appointment"), "/book_appointment")
        symptoms = await told_lately(turn)
        meant = (await someone(turn, symptoms)).meant
        told = not symptoms.words or person.id in {
            one.id for one in meant
        }  # of another: that is still to come
        return Outcome.closed(slots={TOLD: None} if told else {})

    async def _back(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        person = await person_of(turn, known)
        if person is None:
            return await self._whose(turn, reply, known)
        answered = list(known.story.answers)
        if known.revising or turn.asked == f"{ASKED}change":
            return await self._next(turn, reply, replace(known, revising=""), person)
        if turn.asked == CONFIRM and known.story.pictured:
            story = replace(known.story, pictured=False)
        elif not answered:
            reply.say("say_first_step")
            story = known.story
        else:
            story = known.story.without(answered[-1])
        return await self._next(turn, reply, replace(known, story=story), person)


_BARE_YES = frozenset({"有", "有的", "是", "是的", "对", "嗯", "过敏", "在吃", "吃", "yes", "Yes", "yeah"})
_ADDS = ("还有", "另外", "补充", "而且", "也有", "also", "Also", "and ")
_FINE = frozenset(
    {
        "没问题",
        "没错",
        "都对",
        "对的",
        "正确",
        "可以",
        "好的",
        "确认",
        "确认提交",
        "提交",
        "looks good",
        "all correct",
    }
)
