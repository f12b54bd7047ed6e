"""Registration of oneself: name, number and phone as tokens, a code by SMS, the identity check, one confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from actions.account_claim import FORM as CLAIM
from actions.account_claim import started_claim
from actions.consent import missing_consents
from actions.forms import THEN, Form, Outcome
from actions.registration_draft import Person, back, forget, new_values
from actions.registration_proof import Proof
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, SLOT, keep, waits, wants_booking
from integrations.hospital import accounts, links, patients, tokens

FORM = "registration_form"
PURPOSE = "registration"
_MOST_MISMATCHES = 3
_PAGE_FIRST = frozenset({"telegram"})  # the chat's servers stand abroad: typing a number there comes second
_STOPS = {THEN: None, SLOT: None}


class RegistrationForm(Form):
    """Opened by "注册", or by a journey that needs to know who is there."""

    form = FORM
    slot = "registration"
    own = frozenset(
        {
            "register",
            "use_page",
            "use_chat",
            "resend_code",
            "page_completed",
            "book_appointment",
            "change_profile",  # "换手机号": of what is being filled in
        }
    )
    leaving = _STOPS

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.intent == "page_completed" or not turn.asked:
            ended = await self._known_already(turn, reply)
            if ended:
                return ended
        if not turn.asked:
            return await self._enter(turn, reply)
        person = Person.read(draft)
        if turn.intent == "cancel":
            reply.say("say_registration_cancelled")
            return Outcome.closed(slots=_STOPS)
        if turn.intent == "use_page" or (turn.asked == "page" and turn.intent in ("resend_code", "register")):
            return await self._offer_page(turn, reply, person)
        if wants_booking(turn) and not self.says_something(turn):
            return await self._first(turn, reply, draft)
        if turn.asked == "page":
            return await self._at_page(turn, reply, person)
        return await self._answered(turn, reply, person)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        person = Person.read(draft)
        if turn.asked == "page":
            reply.say("say_registration_at_page")
        else:
            _ask(turn, reply, person, turn.asked)
        return Outcome(draft, turn.asked)

    def says_something(self, turn: Turn) -> bool:
        return turn.facts.personal or (
            turn.asked == "sms_code" and bool(turn.facts.sms_code or turn.facts.ordinal)
        )

    async def _first(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The booking has to wait; what is wished for is kept."""
        waiting = await keep(turn)
        if waiting.words:
            reply.say("say_wish_kept", wish=waiting.words)
        reply.say("say_registration_first")
        outcome = await self.ask(turn, reply, draft)
        outcome.slots.update(waiting.slots)
        return outcome

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        if await missing_consents(turn):
            then = turn.slots.get(THEN) or FORM
            return Outcome.closed(go_on="consent_form", slots={THEN: then})
        if waits(turn.slots):
            if turn.facts.for_booking and (words := (await keep(turn)).words):
                reply.say("say_wish_kept", wish=words)
            reply.say("say_registration_needed")
        else:
            reply.say("say_registration_start")
        values = new_values(Person(), turn.facts)
        if turn.intent == "use_page" or (
            turn.channel in _PAGE_FIRST and turn.intent != "use_chat" and not values
        ):
            return await self._offer_page(turn, reply, Person())
        return await self._answered(turn, reply, Person())

    async def _known_already(self, turn: Turn, reply: Reply) -> Outcome | None:
        """Registered: on the page just now, or long ago."""
        async with turn.runtime.database.begin() as session:
            known = await patients.self_patient(session, await account_of(session, turn))
        if known is None:
            return Outcome.closed(go_on=CLAIM) if await started_claim(turn) else None
        by_page = turn.intent == "page_completed"
        reply.say("say_registered_by_page" if by_page else "say_registered_already", name=known.name)
        return self._onward(turn, reply)

    def _onward(self, turn: Turn, reply: Reply) -> Outcome:
        """To the booking that waited, which takes THEN away itself; else what can be done next."""
        if waits(turn.slots):
            return Outcome.closed(go_on=BOOKING)
        reply.say("say_registered_next")
        return Outcome.closed(slots={THEN: None})

    async def _offer_page(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        settings = turn.runtime.settings
        async with turn.runtime.database.begin() as session:
            token = await links.issue_link(
                session,
                contact_id=turn.contact_id,
                purpose=PURPOSE,
                now=turn.now,
                minutes=settings.link_minutes,
            )
        link = f"{settings.public_url.rstrip('/')}/p/{token}"
        reply.say("say_registration_page", link=link, minutes=settings.link_minutes)
        return Outcome(person.as_draft(), "page")

    async def _at_page(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if turn.intent == "go_back" or turn.intent in ("use_chat", "correct") or turn.facts.personal:
            return await self._answered(turn, reply, person)
        if turn.intent in ("affirm", "inform", "page_completed"):
            if ended := await self._known_already(turn, reply):
                return ended
            reply.say("say_registration_not_yet")
            return Outcome(person.as_draft(), "page")
        return Outcome(person.as_draft(), "page", understood=False)

    async def _answered(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        """Takes whatever the message holds, then asks for what is still missing."""
        before = person
        if turn.intent == "go_back":
            earlier = back(person, turn.asked)
            if earlier is None and turn.asked != "page":
                reply.say("say_first_step")
            person = earlier or person
        person = forget(person, turn.facts)
        person, complained = await self._take_values(turn, reply, person)
        if person.missing():
            heard = complained or person != before or turn.intent in ("use_chat", "register")
            heard = heard or not turn.asked or turn.asked == "page" or turn.intent == "go_back"
            if not complained or person.missing() != turn.asked:  # a complaint says itself what to send
                _ask(turn, reply, person, person.missing())
            return Outcome(person.as_draft(), person.missing(), understood=heard)
        return await self._prove(turn, reply, person, changed=person != before or complained)

    async def _take_values(self, turn: Turn, reply: Reply, person: Person) -> tuple[Person, bool]:
        complained = False
        for kind, token in new_values(person, turn.facts):
            try:
                plain = await reveal(turn, token, f"{PURPOSE}.{kind}")
                person = person.with_value(kind, token, _read(kind, plain, turn.today))
            except patients.InvalidName as error:
                reply.say(f"say_bad_name_{error.reason}")
                complained = True
            except patients.InvalidIdNumber as error:
                _complain_of_number(reply, error)
                complained = True
            except patients.InvalidPhone as error:
                reply.say(f"say_bad_phone_{error.reason}")
                complained = True
            except TooYoung:
                reply.say("say_registration_child", phone=turn.runtime.settings.hospital_phone)
                complained = True
        return person, complained

    async def _prove(self, turn: Turn, reply: Reply, person: Person, *, changed: bool) -> Outcome:
        """The phone by a code, the identity by the register; then the confirmation."""
        proof = Proof(turn, reply)
        if not person.proven:
            person, asked, understood = await proof.phone(person, changed=changed)
            if asked:
                return Outcome(person.as_draft(), asked, understood=understood)
        if not person.outcome:
            if turn.asked == "identity" and not changed:
                return Outcome(person.as_draft(), "identity", understood=False)
            person = await proof.identity(person)
            if not person.outcome:
                return self._mismatch(turn, reply, person)
            _ask(turn, reply, person, "confirm")
            return Outcome(person.as_draft(), "confirm")
        if turn.asked == "confirm" and turn.intent == "affirm" and not changed:
            return await self._register(turn, reply, person)
        if turn.asked == "confirm" and turn.intent in ("deny", "correct", "change_profile") and not changed:
            reply.say("say_registration_which")
            return Outcome(person.as_draft(), "confirm")
        _ask(turn, reply, person, "confirm")
        return Outcome(person.as_draft(), "confirm", understood=changed or turn.asked != "confirm")

    def _mismatch(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if person.mismatches >= _MOST_MISMATCHES:
            reply.say("say_identity_mismatch_often", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=_STOPS)
        _ask(turn, reply, person, "identity")
        return Outcome(person.as_draft(), "identity")

    async def _register(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        plain = [
            await reveal(turn, token, PURPOSE)
            for token in (person.person_name, person.id_number, person.phone)
        ]
        try:
            async with turn.runtime.database.begin() as session:
                done = await patients.register(
                    session,
                    turn.runtime.crypto,
                    account_id=await account_of(session, turn),
                    name=plain[0],
                    id_number=plain[1],
                    phone=plain[2],
                    outcome=person.outcome,
                    key=turn.key("register"),
                    now=turn.now,
                    contact_id=turn.contact_id,
                )
        except patients.SelfExists:
            reply.say("say_registered_other_self", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=_STOPS)
        if done.patient_id is None and await started_claim(turn):
            return Outcome.closed(go_on=CLAIM)
        reply.say(
            f"say_registered_{done.status}",
            name=person.shown["person_name"],
            phone=turn.runtime.settings.hospital_phone,
        )
        if done.patient_id is None:
            return Outcome.closed(slots=_STOPS)
        return self._onward(turn, reply)


class TooYoung(ValueError):
    """The number belongs to a child, who is registered by a guardian."""


async def reveal(turn: Turn, token: str, purpose: str) -> str:
    """The plain value behind a token; who asked and why is kept."""
    async with turn.runtime.database.begin() as session:
        return await tokens.reveal(
            session,
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            token=token,
            purpose=purpose,
            now=turn.now,
        )


async def account_of(session: Any, turn: Turn) -> Any:
    contact = await accounts.contact(session, turn.contact_id)
    if contact is None:
        raise LookupError(f"no contact {turn.contact_id}")
    return contact.account_id


def _read(kind: str, plain: str, today: date) -> str:
    """The masked form of a value. Raises InvalidName, InvalidIdNumber, InvalidPhone, TooYoung."""
    if kind == "person_name":
        return patients.mask_name(patients.read_person_name(plain))
    if kind == "phone":
        return patients.mask_phone(patients.read_phone(plain))
    number = patients.read_id_number(plain, today)
    if number.age(today) < patients.LEAST_AGE:
        raise TooYoung
    return patients.mask_id_number(number.number)


def _complain_of_number(reply: Reply, error: patients.InvalidIdNumber) -> None:
    key = f"say_bad_id_{error.reason}"
    detailed = f"{key}_{error.detail}"
    if detailed in reply.words.texts:
        key = detailed
    elif error.reason == patients.IdNumberFault.LENGTH:
        key = f"{key}_short" if int(error.detail or 0) < 18 else f"{key}_long"
    reply.say(key, detail=error.detail)


def _ask(turn: Turn, reply: Reply, person: Person, asked: str) -> None:
    shown = {kind: person.shown.get(kind, "") for kind in ("person_name", "id_number", "phone")}
    reply.say(f"ask_{asked}", **shown)
    if asked == "person_name":
        reply.offer(turn.words.texts.text("word_use_page"), "/use_page")
