"""Registration of oneself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from actions import elder_mode
from actions.account_claim import FORM as CLAIM
from actions.account_claim import started_claim
from actions.consent import missing_consents
from actions.forms import THEN, Outcome
from actions.person_form import PAGE_FIRST, STOPS, PersonForm, plain_values
from actions.registration_draft import Person, new_values
from actions.revealing import account_of
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, keep_and_say, waits
from integrations.hospital import patients
from integrations.hospital.models import Sex

FORM = "registration_form"
FAMILY = "family_form"
INTAKE = "intake_form"
GO_ON = frozenset({INTAKE, "consultation_form"})  # what waits for the registration, and goes on behind it
_NO_PHONE = re.compile(
    r"没有?[^，。]{0,8}(?:手机|电话|号码)"
    r"|\b(?:no|don['’]?t have|without|haven['’]?t)\b.{0,24}\b(?:phone|mobile|cell|number|sim)\b",
    re.IGNORECASE,
)
PURPOSE = "registration"


class RegistrationForm(PersonForm):
    """Opened by "注册", or by a journey that needs to know who is there."""

    form = FORM
    slot = "registration"
    purpose = PURPOSE
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

    async def enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        then = turn.slots.get(THEN)
        if turn.facts.purpose == "family" or (turn.facts.relative and then != FAMILY):
            return Outcome.closed(go_on=FAMILY)
        if await missing_consents(turn):
            return Outcome.closed(go_on="consent_form", slots={THEN: then or FORM})
        if waits(turn.slots):
            if turn.facts.for_booking:
                await keep_and_say(turn, reply)
            reply.say("say_registration_needed")
        else:
            reply.say("say_registration_before_family" if then == FAMILY else "say_registration_start")
        values = new_values(Person(), turn.facts)
        if turn.intent == "use_page" or (
            turn.channel in PAGE_FIRST and turn.intent != "use_chat" and not values
        ):
            return await self.offer_page(turn, reply, Person())
        return await self.answered(turn, reply, Person())

    async def fitting(self, turn: Turn, reply: Reply, person: Person) -> Person | Outcome:
        """No mobile of the mainland: the way that is left."""
        told = turn.asked == "phone" and not turn.facts.phone and _NO_PHONE.search(turn.text)
        if turn.facts.field != "no_phone" and not told:
            return person
        reply.say("say_bad_phone_foreign", phone=turn.runtime.settings.hospital_phone)
        return Outcome(person.as_draft(), "phone")

    async def known_already(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome | None:
        """Registered: on the page just now, or long ago."""
        if not turn.asked and (turn.facts.relative or turn.facts.purpose == "family"):
            return None
        async with turn.runtime.database.begin() as session:
            known = await patients.self_patient(session, await account_of(session, turn))
        if known is None:
            if await started_claim(turn):
                return Outcome.closed(go_on=CLAIM)
            if (
                turn.intent == "page_completed" and turn.facts.purpose == PURPOSE
            ):  # a file only staff can give
                reply.say("say_registered_other_phone", phone=turn.runtime.settings.hospital_phone)
                return Outcome.closed(slots=STOPS)
            return None
        by_page = turn.intent == "page_completed"
        reply.say("say_registered_by_page" if by_page else "say_registered_already", name=known.name)
        return await self._onward(turn, reply)

    async def write(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        plain = await plain_values(turn, person, PURPOSE)
        try:
            async with turn.runtime.database.begin() as session:
                done = await patients.register(
                    session,
                    turn.runtime.crypto,
                    account_id=await account_of(session, turn),
                    name=plain["person_name"],
                    id_number=plain["id_number"],
                    phone=plain["phone"],
                    outcome=person.outcome,
                    key=turn.key("register"),
                    now=turn.now,
                    contact_id=turn.contact_id,
                    document=person.kind,
                    birth_date=date.fromisoformat(plain["birth_date"]) if person.birth_date else None,
                    sex=Sex(person.sex) if person.sex else None,
                )
        except patients.SelfExists:
            reply.say("say_registered_other_self", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=STOPS)
        if done.patient_id is None and await started_claim(turn):
            return Outcome.closed(go_on=CLAIM)
        text = f"say_registered_{done.status}"
        if done.status == patients.RegistrationStatus.PENDING and person.outcome == "unchecked":
            text = "say_registered_review"
        reply.say(text, name=person.shown["person_name"], phone=turn.runtime.settings.hospital_phone)
        if done.patient_id is None:
            return Outcome.closed(slots=STOPS)
        return await self._onward(turn, reply)

    async def _onward(self, turn: Turn, reply: Reply) -> Outcome:
        """To the booking that waited, which takes THEN away itself; to the relative; else what can be done next."""
        if waits(turn.slots):
            return Outcome.closed(go_on=BOOKING)
        if turn.slots.get(THEN) == FAMILY:
            return Outcome.closed(go_on=FAMILY, slots={THEN: None})
        if (then := turn.slots.get(THEN)) in GO_ON:
            return Outcome.closed(go_on=then, slots={THEN: None})
        reply.say("say_registered_next")
        await elder_mode.offer(turn, reply)
        return Outcome.closed(slots={THEN: None})
