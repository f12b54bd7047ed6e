"""The questions of one person's intake, one at a time: each answer goes into the story, and the first question that is
open comes next; in the end the summary, which the patient sends off or puts right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from actions import own_words, sealed_draft
from actions.appointments import upcoming
from actions.consent import missing_consents
from actions.forms import FAILURES, THEN, Outcome
from actions.intake_draft import ASKED, FORM, SLOT, Draft, answer_in, joined, told_lately
from actions.intake_words import ask_field, changed_field, put_right, shown_summary, summary_for_the_doctor
from actions.revealing import account_of
from actions.symptoms import someone
from actions.symptoms_told import tells_of_illness
from actions.triage import TOLD
from actions.turn import Reply, Turn
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
    Story,
    applying,
    readable,
)
from integrations.hospital.patients import PatientView
from integrations.language.health import is_none, is_unknown

_CONFIRM, _CHANGE = "confirm", "change"
_ILLNESS = frozenset({COMPLAINT, ACCOMPANYING})  # what is told of it; of the other answers nobody knows all
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
_RECORDINGS = frozenset({"voice", "sticker", "location", "link"})  # what we have words of their own for


async def first_of_all(turn: Turn, known: Draft, form: str) -> Outcome:
    """Another form comes first, and the intake after it."""
    kept = await sealed_draft.seal(turn, known.as_json())
    return Outcome(kept, go_on=form, slots={THEN: FORM})


def unclear(turn: Turn) -> Outcome:
    return Outcome(turn.slots.get(SLOT), turn.asked, understood=False)


@dataclass(frozen=True, slots=True)
class Questions:
    """What is known of one person, in one turn."""

    turn: Turn
    reply: Reply
    known: Draft
    person: PatientView

    @property
    def asked(self) -> str:
        """The field whose question is open, or "confirm" or "change"."""
        return self.turn.asked.removeprefix(ASKED)

    def _with(self, **known: Any) -> Self:
        return replace(self, known=replace(self.known, **known))

    async def take(self) -> Outcome:
        """What the patient says to the open question."""
        said = await answer_in(self.turn, self.known)
        if self.asked in (_CONFIRM, _CHANGE):
            return await self._confirmed(said)
        if self.asked == PICTURES and (said == NONE or own_words.is_done(said)):
            return await self._with(story=replace(self.known.story, pictured=True)).next()
        if said and (right := put_right(self.known.story, self.asked, said)):
            self.reply.say("say_intake_corrected", what=self.turn.words.texts.text(f"word_intake_{right[0]}"))
            return await self._answer(*right)
        if self.asked == PICTURES and self.turn.intent in ("affirm", "deny"):
            return await self._with(story=replace(self.known.story, pictured=True)).next()
        return await self._answer(self.asked, said)

    async def _answer(self, name: str, said: str) -> Outcome:
        if name not in FIELDS or not said or not (said in (NONE, UNKNOWN) or readable(name, said)):
            return unclear(self.turn)
        if name in _ILLNESS and not self._believed(said):
            return unclear(self.turn)
        if said in _BARE_YES and name not in (PREGNANCY, COMPLAINT):
            self.reply.say("say_intake_which")
            return await self.put(name)
        story = self.known.story.without(name)
        if said in (NONE, UNKNOWN):
            story = story.with_answer(name, said)
        else:
            story = story.answered(name, said, self.turn.today)
        if name == ONSET and (day := story.onset_day):
            self.reply.say("say_intake_since", day=self.turn.words.day(day))
        return await self._with(story=story, revising="").next()

    def _believed(self, said: str) -> bool:
        """Whether the words can be about an illness. Who says again what nobody here knows is believed."""
        if said in (NONE, UNKNOWN) or said in _BARE_YES or is_none(said) or is_unknown(said):
            return True
        return tells_of_illness(said, self.turn.today) or bool(self.turn.slots.get(FAILURES))

    async def picture(self) -> Outcome:
        """A picture goes to whatever question is open, and its words to what else there is."""
        story = self.known.story.with_picture(self.turn.message_id)
        if self.turn.facts.health or self.turn.text:
            story = _adding(story, await answer_in(self.turn, replace(self.known, known="")))
        self.reply.say("say_intake_picture", count=len(story.messages))
        return await self._with(story=story).put(self.asked)

    async def not_in_words(self) -> Outcome:
        """A recording without words, a place."""
        kind = self.turn.kind if self.turn.kind in _RECORDINGS else "other"
        self.reply.say(f"say_non_text_{kind}", phone=self.turn.runtime.settings.hospital_phone)
        self.reply.forget_question()
        self.reply.parts.append("")
        return await self.put(self.asked)

    async def next(self) -> Outcome:
        """The first question that is open, or the summary."""
        if self.known.revising:
            return await self.put(self.known.revising)
        story = self.known.story
        waiting = story.open_fields(self.person.sex, self.person.age(self.turn.today))
        if waiting:
            return await self.put(waiting[0])
        return await self.put(_CONFIRM if story.pictured or story.messages else PICTURES)

    async def put(self, name: str) -> Outcome:
        """This question, or the summary, or what of it is to be changed."""
        turn, reply = self.turn, self.reply
        if name == _CONFIRM:
            reply.say("ask_intake_confirm", summary=await shown_summary(turn, self.known.story, self.person))
        elif name == _CHANGE:
            reply.say("ask_intake_change")
            for one in applying(self.person.sex, self.person.age(turn.today)):
                title = turn.words.texts.text(f"word_intake_{one}")
                reply.offer(title, f'/correct{{"choice": "field:{one}"}}')
        else:
            await ask_field(turn, reply, name, self.known.known)
        return Outcome(await sealed_draft.seal(turn, self.known.as_json()), f"{ASKED}{name}")

    async def back(self) -> Outcome:
        """To the question before."""
        answered = list(self.known.story.answers)
        if self.known.revising or self.asked == _CHANGE:
            return await self._with(revising="").next()
        if self.asked == _CONFIRM and self.known.story.pictured:
            return await self._with(story=replace(self.known.story, pictured=False)).next()
        if not answered:
            self.reply.say("say_first_step")
            return await self.next()
        return await self._with(story=self.known.story.without(answered[-1])).next()

    async def _confirmed(self, said: str) -> Outcome:
        """Sent off, one field put right ("过敏改成青霉素"), or something added."""
        name, value = (said.removeprefix("field:"), "") if said.startswith("field:") else changed_field(said)
        if name in FIELDS and value:
            return await self._answer(name, value)
        if name in FIELDS:
            return await self._with(revising=name).next()
        if self.turn.intent == "affirm" or own_words.is_done(said) or said in _FINE:
            return await self._store()
        if said and (right := put_right(self.known.story, self.asked, said)) and right[0] == ONSET:
            return await self._answer(*right)
        if self.turn.intent in ("deny", "correct") and not self.turn.facts.health:
            return await self.put(_CHANGE)
        if said and said.startswith(_ADDS):
            return await self._with(story=_adding(self.known.story, said)).next()
        return unclear(self.turn)

    async def _store(self) -> Outcome:
        turn, known = self.turn, self.known
        if await missing_consents(turn):  # taken back since
            return await first_of_all(turn, known, "consent_form")
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
                patient_id=self.person.id,
                appointment_id=UUID(known.appointment) if visit else None,
                key=turn.key("store"),
                now=turn.now,
            )
        if visit:
            doctor = turn.words.doctor(visit.practitioner, visit.title)
            self.reply.say("say_intake_done_visit", day=turn.words.day(visit.date), doctor=doctor)
        else:
            self.reply.say("say_intake_done")
            self.reply.offer(turn.words.texts.text("intent_book_appointment"), "/book_appointment")
        symptoms = await told_lately(turn)
        meant = {one.id for one in (await someone(turn, symptoms)).meant}
        told = not symptoms.words or self.person.id in meant  # of another: that is still to come
        return Outcome.closed(slots={TOLD: None} if told else {})


def _adding(story: Story, words: str) -> Story:
    return story.with_answer(ACCOMPANYING, joined(story.answers.get(ACCOMPANYING, ""), words))
