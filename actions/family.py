"""Registering a family member (就诊人), with their consent or as their guardian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from actions.consent import missing_consents
from actions.forms import THEN, Outcome
from actions.person_form import PAGE_FIRST, STOPS, PersonForm, plain_values
from actions.person_questions import ask
from actions.registration import FAMILY, GO_ON, PURPOSE
from actions.registration import FORM as SELF
from actions.registration_draft import Person, choose, new_values
from actions.registration_proof import Proof
from actions.relations import yours
from actions.revealing import account_of, contact_of
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, SLOT
from integrations.hospital import families, patients
from integrations.hospital.documents import read_identity
from integrations.hospital.families import Added, AddedStatus, Ages, Agreement, Coming
from integrations.hospital.models import Relation, Sex
from integrations.hospital.patients import Newcomer


class FamilyForm(PersonForm):
    """Opened by "添加家人", "给我妈登记", or by a booking for somebody who is not known yet."""

    form = FAMILY
    slot = "family"
    purpose = "family"
    own = frozenset(
        {
            "register",
            "add_family",
            "use_page",
            "use_chat",
            "resend_code",
            "page_completed",
            "book_appointment",
        }
    )

    async def enter(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        person = Person.read(draft) if draft else Person(family=True, then=_waiting(turn))
        person = choose(person, turn.facts)
        if await missing_consents(turn):
            return Outcome(person.as_draft(), go_on="consent_form", slots={THEN: FAMILY})
        async with turn.runtime.database.begin() as session:
            account = await account_of(session, turn)
            owner = await patients.self_patient(session, account)
            there = await families.count(session, account)
        most = turn.runtime.settings.patients_per_account
        if owner is None:
            return Outcome(person.as_draft(), go_on=SELF, slots={THEN: FAMILY})
        if there >= most:
            reply.say("say_family_full", most=most)
            return Outcome.closed(slots=STOPS)
        if person.relation:
            reply.say("say_family_start", who=yours(turn.words, person.called, person.relation))
        else:
            reply.say("say_family_start_anybody")
        page = turn.intent == "use_page" or (
            turn.channel in PAGE_FIRST and turn.intent != "use_chat" and not new_values(person, turn.facts)
        )
        outcome = await (self.offer_page if page else self.answered)(turn, reply, person)
        return replace(outcome, slots={THEN: None, **outcome.slots})

    async def known_already(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome | None:
        """Added on the page just now."""
        if turn.intent != "page_completed" or turn.facts.purpose != "family":
            return None
        async with turn.runtime.database.begin() as session:
            everybody = await patients.acting_for(session, await account_of(session, turn))
        for one in everybody:
            if str(one.id) == turn.facts.patient:
                reply.say("say_family_by_page", name=one.name)
                return self._onward(turn, reply, Person.read(draft), turn.facts.patient)
        return None

    def last_question(self, person: Person) -> str:
        return "guardian" if person.by_guardian else "confirm"

    async def fitting(self, turn: Turn, reply: Reply, person: Person) -> Person | Outcome:
        """Whether somebody of that age may be that to the owner, and be registered by them."""
        if turn.facts.field == "no_phone" and person.ages == Ages.TEEN:
            person = replace(person.without("phone"), no_phone=True)
        elif turn.facts.field == "no_phone" and person.ages == Ages.ADULT:
            reply.say("say_family_no_phone", phone=turn.runtime.settings.hospital_phone)
            return Outcome(person.as_draft(), "phone")
        if not person.ages:
            return person
        if person.relation and not families.may_be(Relation(person.relation), Ages(person.ages)):
            reply.say("say_family_relation_odd", who=yours(turn.words, person.called, person.relation))
            return person.without("relation")
        if turn.asked == "kin_sex" and turn.intent == "affirm":
            person = replace(person, odd_sex=True)
        if person.other_sex and person.id_number:
            ask(turn, reply, person, "kin_sex")
            return Outcome(person.as_draft(), "kin_sex", understood=turn.asked != "kin_sex")
        if await self._is_own_phone(turn, person):
            if person.ages != Ages.TEEN:
                return self._other_phone(turn, reply, person)
            person = replace(person.without("phone"), no_phone=True)
        if person.by_guardian and not await self._may_guard(turn):
            reply.say("say_family_no_guardian", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=STOPS)
        return person

    async def _is_own_phone(self, turn: Turn, person: Person) -> bool:
        """Before a code goes out, as soon as all is known."""
        if person.by_guardian or person.code_sent or person.missing():
            return False
        newcomer = await self._newcomer(turn, person)
        async with turn.runtime.database.begin() as session:
            account = await account_of(session, turn)
            return await families.is_own_phone(
                session, turn.runtime.crypto, account, newcomer.identity, newcomer.phone
            )

    def _other_phone(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        reply.say("say_family_own_phone", phone=turn.runtime.settings.hospital_phone)
        return Outcome(person.without("phone").as_draft(), "phone")

    async def answered(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if (
            turn.asked == "file_code"
            and not turn.facts.personal
            and turn.intent not in ("go_back", "correct")
        ):
            return await self._read_back(turn, reply, person)
        return await super().answered(turn, reply, person)

    async def write(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if person.by_guardian:
            person = replace(person, guardian=True)
        try:
            added = await self._add(turn, person)
        except families.IsOwner:
            reply.say("say_family_yourself")
            return Outcome.closed(slots=STOPS)
        except families.Full as full:
            reply.say("say_family_full", most=full.most)
            return Outcome.closed(slots=STOPS)
        except families.OwnPhone:  # on file it was somebody else's a moment ago
            return self._other_phone(turn, reply, person)
        except families.NoGuardian:
            reply.say("say_family_no_guardian", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=STOPS)
        if added.status is AddedStatus.ON_FILE:
            return await self._ask_file(turn, reply, person)
        if added.patient_id is None:  # only staff can say whose file it is
            reply.say(f"say_family_{added.status}", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=STOPS)
        status = (
            "review"
            if added.status is AddedStatus.PENDING and person.outcome == "unchecked"
            else added.status
        )
        reply.say(f"say_family_{status}", name=person.shown["person_name"])
        return self._onward(turn, reply, person, str(added.patient_id))

    async def _may_guard(self, turn: Turn) -> bool:
        async with turn.runtime.database.begin() as session:
            account = await account_of(session, turn)
            return await families.guardian(session, account, turn.today) is not None

    async def _add(self, turn: Turn, person: Person) -> Added:
        newcomer = await self._newcomer(turn, person)
        async with turn.runtime.database.begin() as session:
            return await families.add(
                session,
                turn.runtime.crypto,
                contact=await contact_of(session, turn),
                coming=Coming(
                    Relation(person.relation),
                    newcomer,
                    person.outcome,
                    Agreement(own=person.proven, guardian=person.guardian, on_file=person.on_file),
                ),
                most=turn.runtime.settings.patients_per_account,
                key=turn.key(f"add {person.on_file}"),
                now=turn.now,
            )

    async def _newcomer(self, turn: Turn, person: Person) -> Newcomer:
        plain = await plain_values(turn, person, PURPOSE)
        identity = read_identity(
            person.kind,
            plain["id_number"],
            turn.today,
            birth_date=date.fromisoformat(plain["birth_date"]) if person.birth_date else None,
            sex=Sex(person.sex) if person.sex else None,
        )
        phone = patients.read_phone(plain["phone"]) if person.phone and not person.by_guardian else ""
        if not phone:  # a child's is the guardian's
            async with turn.runtime.database.begin() as session:
                account = await account_of(session, turn)
                phone = await patients.own_phone(session, turn.runtime.crypto, account)
        name = patients.read_person_name(plain["person_name"])
        return Newcomer(name, identity, phone, person.outcome == "match")

    async def _ask_file(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        """The hospital knows them with another phone: whoever has that one is asked."""
        identity = (await self._newcomer(turn, person)).identity
        async with turn.runtime.database.begin() as session:
            phone = await families.phone_on_file(session, turn.runtime.crypto, identity)
        proof = Proof(turn, reply, "family_file")
        sent = await proof.send_to_file(phone, await proof.whom(person)) if phone else False
        if not sent:
            return Outcome.closed(slots=STOPS)
        return Outcome(replace(person, file_code_sent=True).as_draft(), "file_code")

    async def _read_back(self, turn: Turn, reply: Reply, person: Person) -> Outcome:
        if turn.intent == "resend_code":
            return await self._ask_file(turn, reply, person)
        typed = turn.facts.sms_code
        if not typed:
            return Outcome(person.as_draft(), "file_code", understood=False)
        identity = (await self._newcomer(turn, person)).identity
        async with turn.runtime.database.begin() as session:
            phone = await families.phone_on_file(session, turn.runtime.crypto, identity) or ""
        proof = Proof(turn, reply, "family_file")
        if not await proof.read_back(phone, typed, await proof.whom(person)):
            return Outcome(person.as_draft(), "file_code")
        return await self.write(turn, reply, replace(person, on_file=True))

    def _onward(self, turn: Turn, reply: Reply, person: Person, patient_id: str) -> Outcome:
        """Back to the booking that waited, now for them; else what can be done next."""
        if person.then == BOOKING:
            wish = {**(turn.slots.get(SLOT) or {}), "patient": patient_id}
            for one in ("relative", "stranger"):  # 妈, who has a name now
                wish.pop(one, None)
            return Outcome.closed(go_on=BOOKING, slots={THEN: BOOKING, SLOT: wish})
        if person.then in GO_ON:
            return Outcome.closed(go_on=person.then, slots={THEN: None})
        book = turn.words.texts.text("intent_book_appointment")
        reply.offer(book, f'/book_appointment{{"patient": "{patient_id}"}}')
        reply.say("say_family_next")
        return Outcome.closed(slots={THEN: None})


def _waiting(turn: Turn) -> str:
    """The form that goes on when somebody was added, or ""."""
    waits = turn.slots.get(THEN)
    return waits if waits == BOOKING or waits in GO_ON else ""
