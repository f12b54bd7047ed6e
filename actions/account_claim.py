"""A file that exists already, with another phone: a code to the phone on file, or staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions.account_codes import Answer, SmsCode
from actions.consent import missing_consents
from actions.forms import THEN, Form, Outcome
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, SLOT, waits
from integrations.hospital import file_claims
from integrations.hospital.file_claims import FilePhone
from integrations.hospital.linking import SelfExists

FORM = "claim_form"
_OPENED_BY = "registration_form"  # it can be wished for again, and finds the claim that was begun
_PURPOSE = "claim"
_STOPS = {THEN: None, SLOT: None}


class ClaimForm(Form):
    """Opened by the registration when the hospital knows the number with another phone."""

    form = FORM
    slot = "claim"
    own = frozenset({"resend_code"})
    leaving = _STOPS

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        claim = await started_claim(turn)
        if claim is None:
            return await self._join(turn, reply, draft.get("request"))  # done before, or over
        if not turn.asked or turn.form != self.form or turn.intent == "go_back":
            return _asking(reply, claim, "claim_way")
        if turn.intent == "cancel":
            async with turn.runtime.database.begin() as session:
                await file_claims.drop(session, claim.request_id, turn.now)
            reply.say("say_claim_cancelled")
            return Outcome.closed(slots=_STOPS)
        if await missing_consents(turn):  # withdrawn meanwhile, on another channel: no file is joined to it
            then = {} if waits(turn.slots) else {THEN: _OPENED_BY}
            return Outcome.closed(go_on="consent_form", slots=then)
        if turn.intent == "deny":
            return await self._to_staff(turn, reply, claim)
        return await self._by_code(turn, reply, draft, claim)

    async def _by_code(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], claim: FilePhone) -> Outcome:
        code = SmsCode(turn, reply, claim.phone, _PURPOSE)
        if turn.intent == "resend_code" or (turn.asked == "claim_way" and turn.intent == "affirm"):
            if await code.send():
                reply.say("ask_claim_code", ending=claim.ending)
            return Outcome(_draft(claim), "claim_code")
        if turn.asked != "claim_code":
            return Outcome(draft, turn.asked, understood=False)
        match await code.check():
            case Answer.RIGHT:
                return await self._join(turn, reply, str(claim.request_id))
            case Answer.WRONG:
                return Outcome(draft, turn.asked)
        return Outcome(draft, turn.asked, understood=False)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        claim = await started_claim(turn)
        if claim is None:
            reply.say("say_claim_over", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=_STOPS)
        return _asking(reply, claim, turn.asked)

    def says_something(self, turn: Turn) -> bool:
        return turn.asked == "claim_code" and bool(turn.facts.sms_code)

    async def _to_staff(self, turn: Turn, reply: Reply, claim: FilePhone) -> Outcome:
        async with turn.runtime.database.begin() as session:
            await file_claims.ask_staff(session, claim.request_id)
        reply.say("say_claim_filed", phone=turn.runtime.settings.hospital_phone)
        return Outcome.closed(slots=_STOPS)

    async def _join(self, turn: Turn, reply: Reply, request_id: str | None) -> Outcome:
        name = None
        if request_id and turn.facts.sms_code:
            name = await self._prove(turn, UUID(request_id))
        if name is None:
            reply.say("say_claim_over", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed(slots=_STOPS)
        reply.say("say_registered_linked", name=name)
        if waits(turn.slots):
            return Outcome.closed(go_on=BOOKING)
        reply.say("say_registered_next")
        return Outcome.closed(slots={THEN: None})

    async def _prove(self, turn: Turn, request_id: UUID) -> str | None:
        try:
            async with turn.runtime.database.begin() as session:
                return await file_claims.prove(session, request_id, turn.key("claim"), turn.now)
        except SelfExists:  # registered as somebody else meanwhile, on another channel
            return None


def _draft(claim: FilePhone) -> dict[str, str]:
    return {"request": str(claim.request_id)}


async def started_claim(turn: Turn) -> FilePhone | None:
    """The claim of this contact that waits for a code to the phone on file."""
    async with turn.runtime.database.begin() as session:
        return await file_claims.started(session, turn.runtime.crypto, turn.contact_id, turn.now)


def _asking(reply: Reply, claim: FilePhone, asked: str) -> Outcome:
    reply.say(f"ask_{asked}", ending=claim.ending)
    return Outcome(_draft(claim), asked)
