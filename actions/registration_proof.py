"""Proving who is there: a code to the phone, and the identity check."""

from __future__ import annotations

from dataclasses import dataclass, replace

from actions.registration_draft import Person
from actions.revealing import account_of, reveal
from actions.turn import Reply, Turn
from integrations.hospital import codes, families, patients
from integrations.hospital.documents import read_number
from integrations.hospital.models import DocumentKind
from integrations.identity.interface import Outcome
from integrations.sms.interface import SmsError, SmsLimited, SmsRefused, SmsUnknown

_DIGITS = 6  # of a code


@dataclass(slots=True)
class Proof:
    """`purpose` is what a code is good for: one for oneself does not prove a relative."""

    turn: Turn
    reply: Reply
    purpose: str

    async def phone(self, person: Person, *, changed: bool) -> tuple[Person, str, bool]:
        """(person, the question now open or "", whether the message was understood)."""
        turn = self.turn
        if person.agreed and person.agreed in await self._blinded(person):
            return replace(person, proven=True), "", True  # corrected to whom the agreement is for
        if not person.code_sent or turn.intent == "resend_code":
            return await self._send(person)
        typed = turn.facts.sms_code
        if (typed and len(typed) != _DIGITS) or (not typed and turn.facts.ordinal):
            self.reply.say("say_code_length", phone=person.shown["phone"])  # costs no try
            return person, "sms_code", True
        if not typed:
            self.ask_code(person)
            return person, "sms_code", changed or turn.asked != "sms_code"
        if await self.read_back(await self._phone(person), typed, await self.whom(person)):
            agreed = (await self._blinded(person))[0] if person.family else ""
            return replace(person, proven=True, agreed=agreed), "", True
        return person, "sms_code", True

    async def read_back(self, phone: str, typed: str, whom: str) -> bool:
        """Whether the code is right; if not, that is said."""
        turn = self.turn
        async with turn.runtime.database.begin() as session:
            check = await codes.check_code(
                session,
                turn.runtime.crypto,
                phone=phone,
                purpose=self.purpose,
                code=typed,
                contact_id=turn.contact_id,
                now=turn.now,
                key=turn.key("check code"),
                whom=whom,
            )
        if not check.right:
            self.reply.say(f"say_code_{check.verdict}", left=check.left)
        return check.right

    async def whom(self, person: Person) -> str:
        """The relative for whom a code is an agreement; a code for oneself proves the phone alone."""
        if not person.family:
            return ""
        name, number = [
            await reveal(self.turn, token, "sms_code") for token in (person.person_name, person.id_number)
        ]
        number = read_number(person.kind, number, self.turn.today)
        return families.whom(person.kind, number, patients.read_person_name(name))

    async def identity(self, person: Person) -> Person:
        """With the outcome of the check; without one when name and number do not belong together."""
        turn = self.turn
        if person.kind is not DocumentKind.RESIDENT_ID:
            return replace(person, outcome="unchecked")
        name, number = [
            await reveal(turn, token, "identity_check") for token in (person.person_name, person.id_number)
        ]
        number = patients.read_id_number(number, turn.today).number
        outcome = await turn.runtime.identity.check(patients.read_person_name(name), number)
        if outcome is Outcome.MISMATCH:
            return replace(person, mismatches=person.mismatches + 1)
        return replace(person, outcome=str(outcome))

    def ask_code(self, person: Person) -> None:
        self.reply.say(
            "ask_family_sms_code" if person.family else "ask_sms_code", phone=person.shown["phone"]
        )

    async def send_to_file(self, phone: str, whom: str) -> bool:
        """A code to the phone on the hospital's file, of which no more than the end is shown; asks for it.
        False when none can be sent now, which was said."""
        try:
            await self._send_code(phone, whom, asking=True)
        except codes.TooSoon as wait:
            self.reply.say("say_file_code_too_soon", seconds=wait.seconds)
            return True
        except codes.TooMany as wait:
            self._too_many(wait)
            return False
        except SmsUnknown:
            pass  # it may arrive, and is asked for like any other
        except SmsError as error:
            self.reply.say(_not_sent(error), **self._phones(phone[-2:]))
            return False
        self.reply.say("ask_file_code", ending=phone[-2:], hospital_phone=self._hospital)
        return True

    @property
    def _hospital(self) -> str:
        return self.turn.runtime.settings.hospital_phone

    async def _send(self, person: Person) -> tuple[Person, str, bool]:
        try:
            await self._send_code(await self._phone(person), await self.whom(person), asking=person.family)
        except codes.TooSoon as wait:
            self.reply.say("say_code_too_soon", seconds=wait.seconds, phone=person.shown["phone"])
            return replace(person, code_sent=True), "sms_code", True
        except codes.TooMany as wait:
            self._too_many(wait)
            return person, "sms_code", True
        except SmsError as error:  # unknown: it may have gone out all the same, and may be typed
            self.reply.say(_not_sent(error), **self._phones(person.shown["phone"]))
            return replace(person, code_sent=isinstance(error, SmsUnknown)), "sms_code", True
        self.ask_code(person)
        return replace(person, code_sent=True), "sms_code", True

    async def _send_code(self, phone: str, whom: str, *, asking: bool) -> None:
        """A code for oneself, or one `asking` somebody else for their consent. Raises TooSoon, TooMany, SmsError."""
        turn = self.turn
        async with turn.runtime.database.begin() as session:
            code = await codes.issue_code(
                session,
                turn.runtime.crypto,
                phone=phone,
                purpose=self.purpose,
                contact_id=turn.contact_id,
                now=turn.now,
                key=turn.key(f"issue code {self.purpose}"),
                whom=whom,
            )
            owner = await patients.self_patient(session, await account_of(session, turn)) if asking else None
        if code is None:
            return
        if owner is None:
            await turn.runtime.sms.send_code(phone, code)
        else:
            await turn.runtime.sms.send_consent_code(phone, code, owner.name, turn.language)

    def _too_many(self, wait: codes.TooMany) -> None:
        self.reply.say("say_code_too_many", hours=wait.hours, phone=self._hospital)

    def _phones(self, shown: str) -> dict[str, object]:
        return {"phone": shown, "hospital_phone": self._hospital}

    async def _blinded(self, person: Person) -> list[str]:
        """Whom and by which phone, as the draft may keep it."""
        agreement = f"{await self._phone(person)}|{await self.whom(person)}"
        blinds = self.turn.runtime.crypto.blinds(agreement, "registration.agreed")
        return [one.hex() for one in blinds]

    async def _phone(self, person: Person) -> str:
        return patients.read_phone(await reveal(self.turn, person.phone, "sms_code"))


def _not_sent(error: SmsError) -> str:
    reason = {SmsUnknown: "unknown", SmsLimited: "limited", SmsRefused: "refused"}.get(type(error), "down")
    return f"say_code_not_sent_{reason}"
