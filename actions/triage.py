"""Triage (导诊): from what a patient tells to departments of this hospital, in three questions at most.

It never names a disease, says that it is no doctor, and ends with when to call 120. What a patient's words decide by
themselves is answered at once; before it asks for more it asks for the consent. What was told is kept sealed, for the
booking and the questions before a visit that may follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from actions import own_words, sealed_draft
from actions.booking_draft import Wish, nth
from actions.consent import missing_consents
from actions.forms import FAILURES, THEN, Form, Outcome
from actions.symptoms import (
    Someone,
    Symptoms,
    answer_to,
    asks_only,
    departments_for,
    judge,
    someone,
    understood,
)
from actions.symptoms_told import tells_of_illness
from actions.triage_words import answer_unclear, say_question, say_result, say_result_again
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, SLOT, waiting_wish, when_wished
from actions.wishes import wish_of
from integrations.hospital.triage.assess import Assessment, speaks_of_illness
from integrations.language.health import is_unknown

FORM = "triage_form"
CONSENT = "consent_form"
TOLD = "symptoms"  # the slot in which what was told stays when the form is closed
SYMPTOMS, QUESTION, RESULT = "triage_symptoms", "triage_question", "triage_result"
_PARTING = frozenset({"thanks", "goodbye"})
# Said to any question of this form these are what they are, whatever else the words sound like.
_WAYS_OUT = frozenset(
    {"cancel", "go_back", "talk_to_human", "emergency_help", "help", "choose_language", "thanks", "goodbye"}
    | {
        "greet",
        "ask_hospital",
        "ask_privacy",
        "my_appointments",
        "complain",
        "register",
        "start_intake",
        "pause",
    }
)
_SHORT_WORD = 10
_SHORT, _LEAST = 6, 2  # characters: longer words say more than whom it is about, or than yes and no
_UNTOLD = frozenset({"affirm", "deny", "correct", "inform", "nlu_fallback"})


async def told(turn: Turn, kept: Any) -> Symptoms:
    """What was told in triage these days, by what stands in a slot."""
    return Symptoms.of(await sealed_draft.unseal(turn, kept)).lately(turn.today)


class TriageForm(Form):
    """Opened by telling what is the matter, or by asking for the right department."""

    form = FORM
    slot = "triage"
    own = frozenset(
        {"tell_symptoms", "which_department", "book_appointment", "log_measurement", "join_waitlist"}
    )
    leaving: ClassVar[Mapping[str, Any]] = {THEN: None, SLOT: None}
    goes_on_with = frozenset({"book_appointment"})

    def says_something(self, turn: Turn) -> bool:
        return bool(turn.facts.choice)

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        symptoms = await told(turn, draft)
        if not turn.asked or turn.form != self.form:
            return self._with_what_waits(turn, reply, await self._enter(turn, reply))
        if turn.intent == "cancel":
            reply.say("say_triage_stopped")
            return Outcome.closed(slots=self.leaving)
        if turn.intent == "go_back":
            return await self._back(turn, reply, symptoms)
        if (booked := await self._wants(turn, symptoms)) is not None:
            return await self._book(turn, symptoms, booked)
        return await self._told(turn, reply, symptoms)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        symptoms = await told(turn, draft)
        if not symptoms.words:
            reply.say("ask_triage_symptoms")
            return Outcome(draft, SYMPTOMS)
        return await self._next(turn, reply, symptoms, again=True)

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == RESULT and turn.intent != "affirm" and own_words.is_done(turn.text):
            return await self.ask(turn, reply, draft)  # 没了: nothing more to tell, and the departments stay
        if turn.asked == RESULT and turn.intent in _PARTING and not turn.facts.choice:
            await self.digressions[turn.intent](turn, reply)
            return Outcome.closed(slots=self.leaving)
        if turn.asked != RESULT and own_words.tells(turn) and self._is_story(turn):
            turn = replace(turn, intent="tell_symptoms")
        if turn.asked == QUESTION and is_unknown(turn.text):  # 不知道, whatever else it asks for elsewhere
            turn = replace(turn, intent="inform")
        return await super()._inside(turn, reply, draft)

    def _is_story(self, turn: Turn) -> bool:
        """Whatever it sounds like: "取消手术后一直疼" takes nothing back."""
        if turn.intent in ("cancel", "go_back"):
            return len(turn.text) > _SHORT_WORD
        if turn.intent in _WAYS_OUT | _UNTOLD | self.own:
            return False
        return speaks_of_illness(turn.text)

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        waited = turn.slots.get(self.slot)  # told before the consent that is given now
        if waited and turn.intent not in self.own:
            return await self._next(turn, reply, await told(turn, waited), entering=True)
        text = await own_words.typed(turn, "triage")
        if turn.facts.departments and turn.intent == "tell_symptoms" and not asks_only(text):
            wish = await self._wish(turn, self._begun(turn).for_whom(turn.facts, text), "")
            return Outcome.closed(go_on=BOOKING, slots={THEN: BOOKING, SLOT: wish.as_draft()})
        before = await told(turn, waited) if waited else self._begun(turn)
        symptoms = await self._with_when(turn, before.for_whom(turn.facts, text))
        if not asks_only(text):
            symptoms = symptoms.told(text)
        return await self._next(turn, reply, symptoms, entering=True)

    def _with_what_waits(self, turn: Turn, reply: Reply, outcome: Outcome) -> Outcome:
        """What waited before the patient told of an illness goes on waiting, through a consent as well: a booking, for
        its department; anything else is offered when this is over."""
        waits = turn.slots.get(THEN)
        if waits in (None, FORM):
            waits = (turn.slots.get(self.slot) or {}).get(THEN)
        if not waits:
            return outcome
        if outcome.go_on == CONSENT:
            return replace(outcome, draft={**(outcome.draft or {}), THEN: waits})
        if waits == BOOKING:
            return replace(outcome, slots={THEN: BOOKING, **outcome.slots})
        reply.wished += [wish_of(turn, intent) for intent, form in self.entries.items() if form == waits][:1]
        return replace(outcome, slots={THEN: None, **outcome.slots})

    def _begun(self, turn: Turn) -> Symptoms:
        """For whom the booking is that does not know its department, unless the words say otherwise."""
        wish = waiting_wish(turn)
        return Symptoms(patient=wish.patient, relative=wish.relative)

    async def _with_when(self, turn: Turn, symptoms: Symptoms) -> Symptoms:
        wished = when_wished(turn, await turn.directory()).as_draft()
        return replace(symptoms, when=wished) if wished else symptoms

    async def _told(self, turn: Turn, reply: Reply, symptoms: Symptoms) -> Outcome:
        """An answer, more about it, or what puts it right."""
        text = await own_words.typed(turn, "triage")
        symptoms = await self._with_when(turn, symptoms)
        whom = await someone(turn, symptoms)
        if symptoms.words and (answer := self._answer(turn, judge(symptoms, whom), text)):
            return await self._next(turn, reply, symptoms.answered(*answer))
        other = symptoms.for_whom(turn.facts, text)
        if other != symptoms and (not text or len(text) <= _SHORT):  # "是我妈": it is about somebody else
            return await self._next(turn, reply, replace(other, answers={}))
        if self._tells(turn, text):
            more = other.told(text)
            if turn.asked == QUESTION and (open_ := judge(symptoms, whom).question):
                more = replace(more, answers={**more.answers, open_.key: "unknown"})
            return await self._next(turn, reply, more)
        if turn.asked == RESULT and turn.intent in ("deny", "correct"):
            return await self._told_anew(turn, reply, symptoms, "ask_triage_change")
        return Outcome(turn.slots.get(self.slot), turn.asked, understood=False)

    def _tells(self, turn: Turn, text: str) -> bool:
        """Whether the words are told of the illness. Who says again what nobody here knows is believed."""
        if not text or asks_only(text) or (turn.intent in _UNTOLD and len(text) <= _LEAST):
            return False
        sure = turn.intent not in _UNTOLD or turn.intent == "correct"
        return sure or bool(turn.slots.get(FAILURES)) or tells_of_illness(text, turn.today)

    def _answer(self, turn: Turn, found: Assessment, text: str) -> tuple[str, str] | None:
        if turn.asked != QUESTION or found.question is None:
            return None
        key, _, chosen = turn.facts.choice.partition(":")
        if chosen and key == found.question.key:
            return key, chosen
        answer = answer_to(found.question, turn, text.strip("，。,.!！~ "))
        return (found.question.key, answer) if answer else None

    async def _next(
        self, turn: Turn, reply: Reply, symptoms: Symptoms, *, entering: bool = False, again: bool = False
    ) -> Outcome:
        """The question that decides most, or the departments."""
        whom = await someone(turn, symptoms)
        found = judge(symptoms, whom) if symptoms.words else None
        if found is None or found.question or not understood(found):
            return await self._question(turn, reply, symptoms, found, entering=entering)
        best = departments_for(found, await turn.directory(), whom, turn.today)
        if not best:
            await answer_unclear(turn, reply)
            return Outcome.closed(slots=self.leaving)
        if again:
            say_result_again(turn, reply, best, symptoms)
        else:
            await say_result(turn, reply, best, whom, symptoms)
        return await self._keeping(turn, symptoms, RESULT)

    async def _question(
        self, turn: Turn, reply: Reply, symptoms: Symptoms, found: Assessment | None, *, entering: bool
    ) -> Outcome:
        """What the words leave open: what is the matter at all, what decides most, or more about it."""
        if await missing_consents(turn):
            return await self._after_consent(turn, symptoms)
        if entering and (found is None or found.question):
            reply.say("say_triage_who")
        if found is None:
            reply.say("ask_triage_symptoms")
        elif found.question:
            say_question(turn, reply, found.question)
            return await self._keeping(turn, symptoms, QUESTION)
        else:
            await answer_unclear(turn, reply)
        return await self._keeping(turn, symptoms, SYMPTOMS)

    async def _told_anew(self, turn: Turn, reply: Reply, symptoms: Symptoms, *said: str) -> Outcome:
        """The patient takes a step back, or says that something is wrong."""
        if await missing_consents(turn):
            return await self._after_consent(turn, symptoms)
        for key in said:
            reply.say(key)
        return await self._keeping(turn, symptoms, SYMPTOMS)

    async def _after_consent(self, turn: Turn, symptoms: Symptoms) -> Outcome:
        kept = await sealed_draft.seal(turn, symptoms.on(turn.today).as_json())
        return Outcome(kept, go_on=CONSENT, slots={THEN: FORM})

    async def _keeping(self, turn: Turn, symptoms: Symptoms, asked: str) -> Outcome:
        kept = await sealed_draft.seal(turn, symptoms.on(turn.today).as_json())
        return Outcome(kept, asked, slots={TOLD: kept})

    async def _back(self, turn: Turn, reply: Reply, symptoms: Symptoms) -> Outcome:
        earlier = symptoms.before()
        if earlier is None:
            first = replace(symptoms, words=())
            return await self._told_anew(turn, reply, first, "say_first_step", "ask_triage_symptoms")
        return await self._next(turn, reply, earlier)

    async def _wants(self, turn: Turn, symptoms: Symptoms) -> str | None:
        """The department that is to be booked, "" for the one the message names; None when that is not what it says."""
        facts = turn.facts
        if facts.departments or facts.schedule or facts.practitioners:
            return ""
        wants = turn.intent in ("book_appointment", "join_waitlist")
        if turn.asked != RESULT and not wants:
            return None
        names_time = facts.for_booking and turn.intent in ("inform", "book_appointment", "nlu_fallback")
        if not (wants or turn.intent == "affirm" or facts.ordinal or facts.any or names_time):
            return None
        if not symptoms.words:
            return ""
        whom = await someone(turn, symptoms)
        best = departments_for(judge(symptoms, whom), await turn.directory(), whom, turn.today)
        ids = [str(view.id) for view, _ in best if view.bookable]
        return nth(ids, facts.ordinal) or (ids[0] if ids else "")

    async def _book(self, turn: Turn, symptoms: Symptoms, department: str) -> Outcome:
        """To the booking, which asks for consent and registration where they are missing and then goes on by itself."""
        wish = await self._wish(turn, symptoms, department)
        return Outcome.closed(go_on=BOOKING, slots={THEN: BOOKING, SLOT: wish.as_draft()})

    async def _wish(self, turn: Turn, symptoms: Symptoms, department: str) -> Wish:
        before = waiting_wish(turn)
        if (
            before.schedule
        ):  # the day and half day are those of the number that was proposed, and not wished for
            before = before.at_any_time()
        whom: Someone = await someone(turn, symptoms)
        patient = before.patient
        if whom.relative or symptoms.patient:
            meant = [str(one.id) for one in whom.meant]
            patient = meant[0] if len(meant) == 1 else patient if patient in meant else ""
        relative = "" if patient else whom.relative or before.relative
        departments = (department,) if department else before.departments
        wish = Wish.read({**before.as_draft(), **symptoms.when}) if symptoms.when else before
        return replace(
            wish.unchosen(),
            departments=departments,
            patient=patient,
            relative=relative,
            stranger=bool(whom.relative and not whom.meant),
        )
