"""Asking a doctor online (在线复诊): for whom, what was diagnosed before, which doctor, what shows the diagnosis, the
consent with the fee, and the page that pays it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions import consultation_admission as admission
from actions import consultation_doctor, own_words, sealed_draft
from actions.answers import non_text
from actions.booking_people import Booker, NobodyRegistered, read_booker
from actions.booking_today import needs_a_word, needs_today, says_apart
from actions.consent import missing_consents
from actions.consultation_cancel import ask_cancel, take_cancel
from actions.consultation_doctor import single
from actions.consultation_draft import (
    ALARM,
    CANCEL,
    CONDITION,
    CONSENT,
    DOCTOR,
    PROOF,
    SLOT,
    WHOSE,
    Draft,
    open_question,
    unclear,
)
from actions.consultation_words import (
    ask_after_alarm,
    ask_condition,
    ask_consent,
    ask_whose,
    say_asked,
    say_not_admitted,
    say_today,
)
from actions.forms import LONG_AWAY, THEN, Form, Outcome
from actions.revealing import reveal
from actions.turn import Reply, Turn
from integrations.hospital.consultations.terms import ConsultationError, FirstVisit, NotAdmitted, Standing
from integrations.hospital.follow_up.correcting import corrected, corrects
from integrations.hospital.tokens import UnknownToken
from integrations.hospital.triage.assess import speaks_of_illness
from integrations.language.health import books
from integrations.language.people import told_of

FORM = "consultation_form"
_WAYS_OUT = frozenset(
    {"cancel", "go_back", "talk_to_human", "emergency_help", "help", "choose_language", "ask_hospital"}
    | {"ask_privacy", "book_appointment", "my_consultations", "greet", "thanks", "goodbye", "hurry"}
    | {"pause", "abuse"}
)
_PICTURED = frozenset({"image", "file"})
_FIRST = "first"  # the choice below two questions: nothing was diagnosed before
_SHORTEST = 2  # letters that say something of an illness: 99 says nothing
_NO_LETTERS = re.compile(r"[\W\d_]+")
_BEHIND = frozenset({DOCTOR, PROOF, CONSENT})  # questions behind that for the illness
_UNDIAGNOSED = re.compile(
    r"(?:没有?|还没|从没|未)(?:有)?(?:看过(?:病|医生|大夫|医院)|确诊|诊断过?|去过医院)|第一次(?:得|犯|这样|看)"
    r"|\b(?:never|not) (?:yet )?(?:been )?(?:diagnosed|seen a doctor)\b",
    re.IGNORECASE,
)
_TREATED = re.compile(
    r"(?<![没未])(?:确诊|诊断)过|[吃用服]着?.{0,8}药|复查|diagnosed (?:with|in)"
    r"|\bon (?:medic\w+|tablets|pills|insulin|\w+(?:pine|pril|olol|statin|formin))\b",
    re.IGNORECASE,
)
# What is said to the question behind an alarm.
_GOES_ON = re.compile(
    r"接着|继续|还是(?:要|想)?问|没事|还好|不要紧|不严重|好多了|好些了|缓过来"
    r"|\b(?:go on|continue|carry on|i'?m (?:fine|ok(?:ay)?|better))\b",
    re.IGNORECASE,
)
_MAY_CORRECT = frozenset(
    {"correct", "deny", "inform", "nlu_fallback", "tell_symptoms", "log_measurement", "out_of_scope"}
)


class ConsultationForm(Form):
    """Opened by "在线复诊" and by "取消复诊"."""

    form = FORM
    slot = SLOT
    own = frozenset(
        {"online_consultation", "cancel_consultation", "tell_symptoms", "which_department", "non_text"}
        | {"log_measurement", "my_prescriptions", "give_consent", "refuse_consent", "inform", "add_family"}
    )
    ends = frozenset({CANCEL})

    def says_something(self, turn: Turn) -> bool:
        facts = turn.facts
        named = bool(facts.practitioners or (turn.asked == DOCTOR and facts.departments))
        chosen = turn.asked in _BEHIND and not books(turn.text) and (named or _changes(turn))
        whose = turn.asked == WHOSE and bool(facts.oneself or facts.patient)
        shown = turn.asked != CANCEL and turn.kind in _PICTURED
        return bool(facts.health or facts.choice or chosen or whose or shown)

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """What was diagnosed is told in the patient's own words, whatever they sound like."""
        typed = (
            turn.asked == CONDITION and turn.text and turn.intent not in _WAYS_OUT and own_words.tells(turn)
        )
        if turn.away < LONG_AWAY and (self.says_something(turn) or typed):
            outcome = await self.step(turn, reply, draft)
            return outcome if outcome.understood else await self._again(turn, reply, draft)
        return await super()._inside(turn, reply, draft)

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        known = Draft.of(await sealed_draft.unseal(turn, draft))
        entering = not turn.asked or turn.form != self.form
        if turn.intent == "cancel_consultation":
            return await ask_cancel(turn, reply, known)
        if entering or (turn.intent == "online_consultation" and not turn.facts.practitioners):
            return await self._enter(turn, reply, known)
        if turn.asked == CANCEL:
            return await take_cancel(turn, reply, known)
        if turn.intent == "add_family" and turn.asked == WHOSE:
            return await self._later(turn, replace(known, patient=""), "family_form")
        if turn.intent in ("cancel", "go_back") and not self.says_something(turn):
            return await self._left(turn, reply, known)
        if turn.asked == ALARM:
            return await self._after_alarm(turn, reply, known)
        if says_apart(turn):
            return await self._next(turn, reply, replace(known, apart=turn.now.isoformat()))
        return await self._halted(turn, reply, known) or await self._answered(turn, reply, known)

    async def _answered(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """The answer to the open question, or what changes an earlier one."""
        if turn.intent == "non_text" and not (turn.asked == CONDITION and turn.text):
            return await self._sent(turn, reply, known)
        if turn.asked in _BEHIND and _changes(turn):
            return await self._changed(turn, reply, known)
        if turn.asked in (PROOF, CONSENT) and single(turn.facts.practitioners):
            return await self._chosen(turn, reply, known)
        steps = {WHOSE: self._enter, CONDITION: self._told, DOCTOR: self._chosen, PROOF: self._shown}
        return await steps.get(turn.asked, self._agreed)(turn, reply, known)

    async def _left(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        if turn.intent == "go_back":
            return await self._back(turn, reply, known)
        reply.say("say_consultation_stopped")
        return Outcome.closed()

    async def _sent(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """A picture goes along to the doctor, whatever was asked; what cannot be read is said to be so."""
        if turn.kind not in _PICTURED:
            await non_text(turn, reply)
            reply.parts.append("")
        else:
            known = replace(known, messages=(*known.messages, turn.message_id))
            reply.say("say_consultation_picture")
        return await self._next(turn, reply, known)

    async def _changed(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """Another doctor, another illness, or more about it, at a later question."""
        if consultation_doctor.asks_another(turn.text) or single(turn.facts.practitioners):
            known = replace(known, practitioner="", department="")
            named = bool(turn.facts.practitioners or turn.facts.departments)
            return await (self._chosen if named else self._next)(turn, reply, known)
        if corrects(turn.text) and not corrected(turn.text):
            return await self._back(turn, reply, known)
        said = corrected(turn.text).removeprefix("是") if corrects(turn.text) else turn.text
        told = await own_words.typed(replace(turn, text=said), "consultation")
        before = "" if corrects(turn.text) else f"{known.condition}；"
        reply.say("say_consultation_noted")
        return await self._next(turn, reply, replace(known, condition=f"{before}{told}"))

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        known = Draft.of(await sealed_draft.unseal(turn, draft))
        if turn.asked == CANCEL:
            return await ask_cancel(turn, reply, known)
        return await self._halted(turn, reply, known) or await self._next(turn, reply, known)

    # Who asks

    async def _enter(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        known = replace(
            known,
            patient=turn.facts.patient or known.patient,
            department=single(turn.facts.departments) or known.department,
            practitioner=single(turn.facts.practitioners) or known.practitioner,
            apart=turn.now.isoformat() if says_apart(turn) else known.apart,
        )
        if halted := await self._halted(turn, reply, known):
            return halted
        if await missing_consents(turn):
            return await self._later(turn, known, "consent_form")
        return await self._next(turn, reply, known)

    async def _halted(self, turn: Turn, reply: Reply, known: Draft) -> Outcome | None:
        """After a red flag no fee is asked for before the patient has said what is to be done."""
        if needs_today(turn, known.apart):
            return await self._today(turn, reply, known)
        if needs_a_word(turn, known.apart):
            ask_after_alarm(turn, reply)
            return await open_question(turn, known, ALARM)
        return None

    async def _after_alarm(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        if _GOES_ON.search(turn.text) or turn.intent in ("affirm", "give_consent"):
            return await self._next(turn, reply, replace(known, apart=turn.now.isoformat()))
        if turn.intent in ("deny", "refuse_consent"):
            reply.say("say_consultation_stopped")
            return Outcome.closed()
        return unclear(turn)

    async def _today(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """No doctor is paid for who may answer tomorrow. What was told is kept, for who says that it is about
        something else."""
        say_today(turn, reply)
        inside = turn.asked and turn.form == self.form
        return await open_question(turn, known, turn.asked) if inside else Outcome.closed()

    async def _later(self, turn: Turn, known: Draft, first: str) -> Outcome:
        return Outcome(await sealed_draft.seal(turn, known.as_json()), go_on=first, slots={THEN: FORM})

    async def _next(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """The first question that is open."""
        try:
            async with turn.runtime.database.begin() as session:
                booker = await read_booker(session, turn)
        except NobodyRegistered:
            return await self._later(turn, known, "registration_form")
        person = admission.person(turn, booker, known)
        if person is None:
            return await self._whose(turn, reply, known, booker)
        known = replace(known, patient=str(person.id))
        try:
            admitted = await admission.admit(turn, known)
        except NotAdmitted as refusal:
            return self._refused(turn, reply, refusal)
        doctors = await consultation_doctor.who_may_be_asked(turn, known, admitted)
        if not doctors:
            reply.say("say_consultation_no_doctor", phone=turn.runtime.settings.hospital_phone)
            reply.offer(turn.words.texts.text("intent_book_appointment"), "/book_appointment")
            return Outcome.closed()
        if not (known.condition or known.first):
            ask_condition(turn, reply, person, again=turn.asked == CONDITION)
            return await open_question(turn, known, CONDITION)
        chosen = next((one for one in doctors if str(one.practitioner_id) == known.practitioner), None)
        if chosen is None:
            return await consultation_doctor.ask(turn, reply, known, doctors)
        if not chosen.free:
            return await consultation_doctor.ask_another(turn, reply, known, chosen, admitted)
        if admitted.visit is None and not (known.messages or known.first):
            reply.say("ask_consultation_proof", department=chosen.department)
            return await open_question(turn, known, PROOF)
        ask_consent(turn, reply, person, chosen, admitted, again=turn.asked == CONSENT)
        return await open_question(turn, known, CONSENT)

    async def _whose(self, turn: Turn, reply: Reply, known: Draft, booker: Booker) -> Outcome:
        named = turn.facts.relative or told_of(turn.text)
        ask_whose(turn, reply, booker.people, "" if not named or booker.related(named) else named)
        return await open_question(turn, known, WHOSE)

    def _refused(self, turn: Turn, reply: Reply, refusal: NotAdmitted) -> Outcome:
        say_not_admitted(turn, reply, refusal)
        return Outcome.closed()

    # What was diagnosed

    async def _told(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        said = turn.text
        if turn.facts.health:
            try:
                said = await reveal(turn, turn.facts.health, "consultation")
            except UnknownToken:
                said = ""
        elif turn.text:
            said = await own_words.typed(turn, "consultation")
        if turn.facts.choice == _FIRST or _never_diagnosed(said):
            return await self._first(turn, reply, known)
        if len(_NO_LETTERS.sub("", said)) < _SHORTEST:
            return unclear(turn)
        reply.say("say_consultation_noted")
        pictures = (turn.message_id,) if turn.kind in _PICTURED else ()
        return await self._next(
            turn, reply, replace(known, condition=said.strip(), messages=(*known.messages, *pictures))
        )

    async def _first(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        """Nothing was diagnosed before: offline, where no pilot allows more."""
        if not turn.runtime.settings.consultation_first_visits:
            return self._refused(turn, reply, FirstVisit())
        known = replace(known, first=True)
        if not known.condition:
            known = replace(known, condition=turn.words.texts.text("word_consultation_first"))
        return await self._next(turn, reply, known)

    # Which doctor

    async def _chosen(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        named = consultation_doctor.named(turn, known)
        if named:
            return await self._next(turn, reply, replace(known, practitioner=named))
        if len(turn.facts.departments) == 1:
            known = replace(known, department=turn.facts.departments[0], practitioner="")
            return await self._next(turn, reply, known)
        return unclear(turn)

    # What shows the diagnosis

    async def _shown(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        if turn.kind in _PICTURED:
            return await self._next(turn, reply, replace(known, messages=(*known.messages, turn.message_id)))
        if turn.facts.choice == _FIRST or turn.intent == "deny":
            return await self._first(turn, reply, known)
        return unclear(turn)

    # The consent and the fee

    async def _agreed(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        if turn.intent in ("deny", "refuse_consent"):
            reply.say("say_consultation_not_agreed")
            return Outcome.closed()
        if turn.intent not in ("affirm", "give_consent"):
            return unclear(turn)
        if await missing_consents(turn):  # taken back since
            return await self._later(turn, known, "consent_form")
        try:
            made = await admission.ask_doctor(turn, known)
        except NotAdmitted as refusal:
            return self._refused(turn, reply, refusal)
        except Standing:
            reply.say("say_consultation_standing")
            reply.offer(turn.words.texts.text("intent_my_consultations"), "/my_consultations")
            return Outcome.closed()
        except ConsultationError:  # since it was asked: the others are shown
            return await self._next(turn, reply, known)
        await say_asked(turn, reply, made)
        return Outcome.closed()

    async def _back(self, turn: Turn, reply: Reply, known: Draft) -> Outcome:
        if turn.asked == CONSENT and known.messages:
            known = replace(known, messages=())
        elif turn.asked in (PROOF, CONSENT):
            known = replace(known, practitioner="", department="")
        elif turn.asked == DOCTOR:
            known = replace(known, condition="", first=False, department="", practitioner="")
        else:
            reply.say("say_first_step")
        return await self._next(turn, reply, known)


def _never_diagnosed(said: str) -> bool:
    """ "胸闷两天，没看过医生" """
    return bool(_UNDIAGNOSED.search(said)) and not _TREATED.search(said)


def _changes(turn: Turn) -> bool:
    """Whether the message takes back what was told or chosen before, or tells more of the illness."""
    if not turn.text or turn.intent == "cancel_consultation":
        return False
    if consultation_doctor.asks_another(turn.text):
        return True
    if corrects(turn.text):  # "actually, is it insured?" takes nothing back
        return turn.intent in _MAY_CORRECT and not turn.text.rstrip().endswith(("?", "？", "吗"))
    tells = turn.intent in ("tell_symptoms", "log_measurement", "out_of_scope")
    named = turn.facts.practitioners or turn.facts.departments
    return tells and not named and speaks_of_illness(turn.text)
