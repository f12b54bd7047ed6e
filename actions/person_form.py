"""Registering somebody, oneself or a relative: who they are, as tokens; a code by SMS; the identity check; one
confirmation. What differs between the two stands in registration.py and family.py."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from actions.consent import missing_consents
from actions.forms import THEN, Form, Outcome
from actions.person_questions import ask, kept
from actions.registration_draft import Person, back, choose, forget
from actions.registration_proof import Proof
from actions.registration_values import Values
from actions.revealing import reveal
from actions.turn import Reply, Turn
from actions.waiting_wish import SLOT, keep_and_say, wants_booking
from actions.walk_in import told_the_way
from integrations.hospital import links

PAGE_FIRST = frozenset({"telegram"})  # the chat's servers stand abroad: typing a number there comes second
STOPS = {THEN: None, SLOT: None}
_MOST_MISMATCHES = 3
_CODES = frozenset({"sms_code", "file_code"})
_FINAL = frozenset({"confirm", "guardian"})  # questions that end with a yes


class PersonForm(Form):
    """The steps that both registrations share."""

    purpose: ClassVar[str]  # of links and codes
    leaving = STOPS

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        opening = turn.intent == "page_completed" or not turn.asked
        if opening and (ended := await self.known_already(turn, reply, draft)):
            return ended
        if not turn.asked:
            return await self.enter(turn, reply, draft)
        person = Person.read(draft)
        if turn.intent == "cancel":
            reply.say("say_registration_cancelled")
            return Outcome.closed(slots=STOPS)
        if await missing_consents(turn):  # withdrawn meanwhile, on another channel: nothing more is collected
            return Outcome.closed(go_on="consent_form", slots={THEN: self.form})
        if turn.intent == "use_page" or (turn.asked == "page" and turn.intent in ("resend_code", "register")):
            return await self.offer_page(turn, reply, person)
        if wants_booking(turn) and not self.says_something(turn):
            return await self._first(turn, reply, draft)
        if turn.asked == "page":
            return await self._at_page(turn, reply, person)
        return await self.answered(turn, reply, person)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        person = Person.read(draft)
        if turn.asked == "page":
            reply.say("say_registration_at_page")
        else:
            ask(turn, reply, person, turn.asked)
        return Outcome(draft, turn.asked)

    def says_something(self, turn: Turn) -> bool:
        facts = turn.facts
        return facts.personal or (turn.asked in _CODES and bool(facts.sms_code or facts.ordinal))

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """ "妈妈", "护照", "女": the answer to a question for one of these, whatever else it sounds like."""
        facts = turn.facts
        chosen = {"relation": facts.relation or facts.relative, "document": facts.document, "sex": facts.sex}
        if chosen.get(turn.asked) and not facts.for_booking:
            turn = replace(turn, intent="inform")
        elif turn.asked in _CODES and turn.intent == "refuse_consent":  # 我妈不同意
            turn = replace(turn, intent="cancel")
        return await super()._inside(turn, reply, draft)

    @abstractmethod
    async def enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The first message to this form, or the one with which another form gave back to it."""

    @abstractmethod
    async def known_already(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome | None:
        """How the form ends when there is nothing left to ask; None to go on."""

    @abstractmethod
    async def write(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        """Registers them, after the yes."""

    async def fitting(self, turn: Turn, reply: Reply, person: Person) -> Person | Outcome:
        """What the values mean for this registration: the person as they are, or how the form ends."""
        return person

    async def offer_page(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        settings = turn.runtime.settings
        async with turn.runtime.database.begin() as session:
            token = await links.issue_link(
                session,
                contact_id=turn.contact_id,
                purpose=self.purpose,
                now=turn.now,
                minutes=settings.link_minutes,
            )
        link = f"{settings.public_url.rstrip('/')}/p/{token}"
        if person.relation:  # nothing is asked twice
            link += f"?relation={person.relation}"
        reply.say("say_registration_page", link=link, minutes=settings.link_minutes)
        return Outcome(person.as_draft(), "page")

    async def answered(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        """Takes whatever the message holds, then asks for what is still missing."""
        before = person
        if turn.intent == "go_back":
            earlier = back(person, turn.asked)
            if earlier is None and turn.asked != "page":
                reply.say("say_first_step")
            person = earlier or person
        person = choose(forget(person, turn.facts), turn.facts)
        values, place = Values(turn, reply), len(reply.parts)
        person = await values.take(person)
        fitted = await self.fitting(turn, reply, person)
        if isinstance(fitted, Outcome):
            return replace(
                fitted, understood=fitted.understood or values.complained or fitted.draft != before.as_draft()
            )
        complained = values.complained or fitted != person
        person = fitted
        if turn.facts.field == "document" and not turn.facts.document:
            ask(turn, reply, person, "document")
            return Outcome(person.as_draft(), "document")
        if missing := person.missing():
            heard = complained or person != before or turn.intent in ("use_chat", "register", "add_family")
            heard = heard or not turn.asked or turn.asked == "page" or turn.intent == "go_back"
            if words := kept(turn.words, before, person, missing):
                reply.parts.insert(place, words)
            if not values.complained or missing != turn.asked:  # a complaint says itself what to send
                ask(turn, reply, person, missing)
            return Outcome(person.as_draft(), missing, understood=heard)
        return await self._prove(turn, reply, person, changed=person != before or complained)

    async def confirmed(self, turn: Turn, reply: Reply, person: Person, *, changed: bool) -> Outcome:
        """The last question, and the yes to it."""
        asked = self.last_question(person)
        if turn.asked == asked and turn.intent == "affirm" and not changed:
            return await self.write(turn, reply, person)
        if turn.asked == asked and turn.intent in ("deny", "correct", "change_profile") and not changed:
            reply.say("say_registration_which")
            return Outcome(person.as_draft(), asked)
        ask(turn, reply, person, asked)
        return Outcome(person.as_draft(), asked, understood=changed or turn.asked not in _FINAL)

    def last_question(self, person: Person) -> str:
        return "confirm"

    async def _first(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The booking has to wait; what is wished for is kept."""
        if await told_the_way(turn, reply):
            reply.parts.append("")
            return await self.ask(turn, reply, draft)
        waiting = await keep_and_say(turn, reply)
        reply.say("say_registration_first")
        outcome = await self.ask(turn, reply, draft)
        outcome.slots.update(waiting.slots)
        return outcome

    async def _at_page(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        said = turn.facts.personal or choose(person, turn.facts) != person
        if said or turn.intent in ("go_back", "use_chat", "correct"):
            return await self.answered(turn, reply, person)
        if turn.intent in ("affirm", "inform", "page_completed"):
            if ended := await self.known_already(turn, reply, person.as_draft()):
                return ended
            reply.say("say_registration_not_yet")
            return Outcome(person.as_draft(), "page")
        return Outcome(person.as_draft(), "page", understood=False)

    async def _prove(self, turn: Turn, reply: Reply, person: Person, *, changed: bool) -> Outcome:
        """The phone by a code, the identity by the register; then the confirmation."""
        proof = Proof(turn, reply, self.purpose)
        if not person.proven and not person.by_guardian:
            person, asked, understood = await proof.phone(person, changed=changed)
            if asked:
                return Outcome(person.as_draft(), asked, understood=understood)
            changed = True
        if not person.outcome:
            if turn.asked == "identity" and not changed:
                return Outcome(person.as_draft(), "identity", understood=False)
            person = await proof.identity(person)
            if not person.outcome:
                return self._mismatch(turn, reply, person)
            changed = True
        return await self.confirmed(turn, reply, person, changed=changed)

    def _mismatch(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if person.mismatches >= _MOST_MISMATCHES:
            reply.say("say_identity_mismatch_often", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=STOPS)
        ask(turn, reply, person, "identity")
        return Outcome(person.as_draft(), "identity")


async def plain_values(turn: Turn, person: Person, purpose: str) -> dict[str, str]:
    """What was told, revealed for writing it down."""
    kinds = [kind for kind in ("person_name", "id_number", "birth_date", "phone") if getattr(person, kind)]
    return {kind: await reveal(turn, getattr(person, kind), purpose) for kind in kinds}
