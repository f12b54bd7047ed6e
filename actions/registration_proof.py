"""Proving who is there: a code to the phone, and the identity check."""

from __future__ import annotations

from dataclasses import dataclass, replace

from actions.registration_draft import Person
from actions.turn import Reply, Turn
from integrations.hospital import codes, patients, tokens
from integrations.identity.interface import Outcome
from integrations.sms.interface import SmsError, SmsLimited, SmsRefused, SmsUnknown

PURPOSE = "registration"
_DIGITS = 6  # of a code


@dataclass(slots=True)
class Proof:
    turn: Turn
    reply: Reply

    async def phone(self, person: Person, *, changed: bool) -> tuple[Person, str, bool]:
        """(person, the question now open or "", whether the message was understood)."""
        turn = self.turn
        if not person.code_sent:
            return await self._send(person)
        if turn.intent == "resend_code":
            return await self._send(person)
        typed = turn.facts.sms_code
        if (typed and len(typed) != _DIGITS) or (not typed and turn.facts.ordinal):
            self.reply.say("say_code_length", phone=person.shown["phone"])  # costs no try
            return person, "sms_code", True
        if not typed:
            self.ask_code(person)
            return person, "sms_code", changed or turn.asked != "sms_code"
        async with turn.runtime.database.begin() as session:
            phone = await self._phone(session, person)
            check = await codes.check_code(
                session,
                turn.runtime.crypto,
                phone=phone,
                purpose=PURPOSE,
                code=typed,
                contact_id=turn.contact_id,
                now=turn.now,
                key=turn.key("check code"),
            )
        if check.right:
            return replace(person, proven=True), "", True
        self.reply.say(f"say_code_{check.verdict}", left=check.left)
        return person, "sms_code", True

    async def identity(self, person: Person) -> Person:
        """With the outcome of the check; without one when name and number do not belong together."""
        turn = self.turn
        async with turn.runtime.database.begin() as session:
            name, number = [
                await tokens.reveal(
                    session,
                    turn.runtime.crypto,
                    conversation_id=turn.contact_id,
                    token=token,
                    purpose="identity_check",
                    now=turn.now,
                )
                for token in (person.person_name, person.id_number)
            ]
        number = patients.read_id_number(number, turn.today).number
        outcome = await turn.runtime.identity.check(patients.read_person_name(name), number)
        if outcome is Outcome.MISMATCH:
            return replace(person, mismatches=person.mismatches + 1)
        return replace(person, outcome=str(outcome))

    def ask_code(self, person: Person) -> None:
        self.reply.say("ask_sms_code", phone=person.shown["phone"])

    async def _send(self, person: Person) -> tuple[Person, str, bool]:
        turn = self.turn
        try:
            async with turn.runtime.database.begin() as session:
                phone = await self._phone(session, person)
                code = await codes.issue_code(
                    session,
                    turn.runtime.crypto,
                    phone=phone,
                    purpose=PURPOSE,
                    contact_id=turn.contact_id,
                    now=turn.now,
                    key=turn.key("issue code"),
                )
        except codes.TooSoon as wait:
            self.reply.say("say_code_too_soon", seconds=wait.seconds, phone=person.shown["phone"])
            return replace(person, code_sent=True), "sms_code", True
        except codes.TooMany as wait:
            self.reply.say("say_code_too_many", hours=wait.hours, phone=turn.runtime.settings.hospital_phone)
            return person, "sms_code", True
        if code is not None:
            try:
                await turn.runtime.sms.send_code(phone, code)
            except SmsError as error:
                return self._not_sent(person, error)
        self.ask_code(person)
        return replace(person, code_sent=True), "sms_code", True

    def _not_sent(self, person: Person, error: SmsError) -> tuple[Person, str, bool]:
        """A code may have gone out all the same (unknown): then it may be typed."""
        reason = {SmsUnknown: "unknown", SmsLimited: "limited", SmsRefused: "refused"}.get(
            type(error), "down"
        )
        phone = self.turn.runtime.settings.hospital_phone
        self.reply.say(f"say_code_not_sent_{reason}", phone=person.shown["phone"], hospital_phone=phone)
        return replace(person, code_sent=reason == "unknown"), "sms_code", True

    async def _phone(self, session: object, person: Person) -> str:
        turn = self.turn
        plain = await tokens.reveal(
            session,  # type: ignore[arg-type]
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            token=person.phone,
            purpose="sms_code",
            now=turn.now,
        )
        return patients.read_phone(plain)
