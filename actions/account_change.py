"""Another phone, or a corrected name. A new phone alone proves nothing: the old one must answer too, or staff look."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from actions.account_codes import Answer, SmsCode
from actions.consent import missing_consents
from actions.forms import THEN, Form, Outcome
from actions.revealing import account_of, reveal
from actions.turn import Reply, Turn
from integrations.hospital import patients, phones, requests
from integrations.hospital.models import DocumentKind, RequestKind
from integrations.hospital.on_file import OnFile, on_file
from integrations.hospital.patients import PatientView
from integrations.identity.interface import Outcome as Identity

FORM = "change_form"
_PURPOSE = "change_profile"
_MOST_TRIES = 3
_BEFORE = {  # where "返回" leads
    "new_phone": "change_which",
    "new_name": "change_which",
    "new_phone_code": "new_phone",
    "old_phone": "new_phone",
    "old_phone_code": "old_phone",
    "profile_id": "old_phone",
}


@dataclass(frozen=True, slots=True)
class Change:
    """The new phone as a token, and masked. `proven`: its code was right. `tries`: values that did not fit."""

    phone: str = ""
    shown: str = ""
    proven: bool = False
    tries: int = 0

    def as_draft(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value}


class ChangeForm(Form):
    """Opened by "换手机号", "改姓名" and the like, wherever no registration is open."""

    form = FORM
    slot = "change"
    own = frozenset({"change_profile", "correct", "resend_code"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        owner = await _owner(turn)
        if owner is None:
            reply.say("say_profile_none")
            return Outcome.closed()
        if await missing_consents(turn):  # also when withdrawn meanwhile, on another channel
            return Outcome.closed(go_on="consent_form", slots={THEN: FORM})
        change = Change(**draft)
        if turn.intent == "cancel" or (turn.asked == "change_which" and turn.intent in ("deny", "go_back")):
            reply.say("say_change_stopped")
            return Outcome.closed()
        if turn.intent == "go_back" and turn.asked in _BEFORE:
            return await self._asking(turn, reply, change, _BEFORE[turn.asked])
        if turn.facts.phone and turn.asked in ("", "change_which", "new_phone", "new_phone_code"):
            return await self._new_phone(turn, reply, owner, change)
        if turn.facts.field or not turn.asked:
            return await self._begin(turn, reply, owner, change)
        return await self._answered(turn, reply, owner, change)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        return await self._asking(turn, reply, Change(**draft), turn.asked)

    def says_something(self, turn: Turn) -> bool:
        return turn.facts.personal or (turn.asked.endswith("_code") and bool(turn.facts.sms_code))

    async def _begin(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        match turn.facts.field:
            case "phone":
                return await self._asking(turn, reply, Change(), "new_phone")
            case "person_name" if turn.facts.person_name:
                return await self._new_name(turn, reply, owner, Change())
            case "person_name":
                return await self._asking(turn, reply, Change(), "new_name")
            case "id_number":
                reply.say("say_change_at_counter", phone=turn.runtime.settings.hospital_phone)
                return Outcome.closed()
        if turn.asked:
            return Outcome(change.as_draft(), turn.asked, understood=False)
        return await self._asking(turn, reply, Change(), "change_which")

    async def _answered(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        """The answer to the question that is open."""
        match turn.asked:
            case "new_phone_code" if change.phone:
                return await self._new_phone_code(turn, reply, change)
            case "old_phone" | "old_phone_code" if change.proven:
                return await self._old_phone(turn, reply, owner, change)
            case "profile_id" if change.proven and turn.facts.id_number:
                return await self._profile_id(turn, reply, owner, change)
            case "new_name" if turn.facts.person_name:
                return await self._new_name(turn, reply, owner, change)
        return Outcome(change.as_draft(), turn.asked, understood=False)

    async def _new_phone(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        try:
            phone = patients.read_phone(await reveal(turn, turn.facts.phone, _PURPOSE))
        except patients.InvalidPhone as error:
            hospital_phone = turn.runtime.settings.hospital_phone
            reply.say(f"say_bad_phone_{error.reason}", phone=hospital_phone)
            return Outcome({}, "new_phone")
        if phone == (await _on_file(turn, owner)).phone:
            reply.say("say_phone_same")
            return Outcome.closed()
        if not turn.asked:  # perhaps no more than a number was typed
            reply.say("say_change_phone")
        change = Change(phone=turn.facts.phone, shown=patients.mask_phone(phone))
        return await self._send(turn, reply, change, phone, "new_phone_code")

    async def _new_phone_code(self, turn: Turn, reply: Reply, change: Change) -> Outcome:
        phone = patients.read_phone(await reveal(turn, change.phone, _PURPOSE))
        if turn.intent == "resend_code":
            return await self._send(turn, reply, change, phone, turn.asked)
        match await SmsCode(turn, reply, phone, turn.asked).check():
            case Answer.RIGHT:
                return await self._asking(turn, reply, replace(change, proven=True), "old_phone")
            case Answer.WRONG:
                return Outcome(change.as_draft(), turn.asked)
        return Outcome(change.as_draft(), turn.asked, understood=False)

    async def _old_phone(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        if turn.intent == "deny":
            return await self._asking(turn, reply, change, "profile_id")
        old = (await _on_file(turn, owner)).phone
        if turn.intent == "resend_code" or (turn.asked == "old_phone" and turn.intent == "affirm"):
            return await self._send(turn, reply, change, old, "old_phone_code")
        if turn.asked == "old_phone_code":
            match await SmsCode(turn, reply, old, turn.asked).check():
                case Answer.RIGHT:
                    return await self._change_phone(turn, reply, owner, change)
                case Answer.WRONG:
                    return Outcome(change.as_draft(), turn.asked)
        return Outcome(change.as_draft(), turn.asked, understood=False)

    async def _change_phone(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        phone = await reveal(turn, change.phone, _PURPOSE)
        async with turn.runtime.database.begin() as session:
            await phones.change_phone(
                session,
                turn.runtime.crypto,
                patient_id=owner.id,
                phone=phone,
                contact_id=turn.contact_id,
                key=turn.key("change phone"),
                now=turn.now,
            )
        reply.say("say_phone_changed", phone=change.shown)
        return Outcome.closed()

    async def _profile_id(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        typed = _plain(await reveal(turn, turn.facts.id_number, _PURPOSE))
        if typed != _plain((await _on_file(turn, owner)).id_number):
            return self._once_more(turn, reply, change, "profile_id")
        phone = patients.read_phone(await reveal(turn, change.phone, _PURPOSE))
        filed = await _file(turn, owner, RequestKind.PHONE, phone, "")
        reply.say("say_phone_filed" if filed else "say_change_too_often", phone=change.shown)
        return Outcome.closed()

    async def _new_name(self, turn: Turn, reply: Reply, owner: PatientView, change: Change) -> Outcome:
        try:
            name = patients.read_person_name(await reveal(turn, turn.facts.person_name, _PURPOSE))
        except patients.InvalidName as error:
            reply.say(f"say_bad_name_{error.reason}")
            return Outcome(change.as_draft(), "new_name")
        known = await _on_file(turn, owner)
        if name == known.name:
            reply.say("say_name_same")
            return Outcome.closed()
        outcome = ""
        if known.document is DocumentKind.RESIDENT_ID:
            outcome = str(await turn.runtime.identity.check(name, known.id_number))
        if outcome == Identity.MISMATCH:
            return self._once_more(turn, reply, change, "new_name")
        filed = await _file(turn, owner, RequestKind.NAME, name, outcome)
        reply.say("say_name_filed" if filed else "say_change_too_often", name=patients.mask_name(name))
        return Outcome.closed()

    def _once_more(self, turn: Turn, reply: Reply, change: Change, asked: str) -> Outcome:
        """A value that does not fit the file; after a few of them nothing is changed here."""
        change = replace(change, tries=change.tries + 1)
        if change.tries >= _MOST_TRIES:
            reply.say(f"say_{asked}_often", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        reply.say(f"say_{asked}_wrong")
        return Outcome(change.as_draft(), asked)

    async def _send(self, turn: Turn, reply: Reply, change: Change, phone: str, asked: str) -> Outcome:
        if await SmsCode(turn, reply, phone, asked).send():
            reply.say(f"ask_{asked}", phone=patients.mask_phone(phone))
        return Outcome(change.as_draft(), asked)

    async def _asking(self, turn: Turn, reply: Reply, change: Change, asked: str) -> Outcome:
        shown = change.shown
        if asked in ("old_phone", "old_phone_code"):
            owner = await _owner(turn)
            shown = patients.mask_phone((await _on_file(turn, owner)).phone) if owner else ""
        reply.say(f"ask_{asked}", phone=shown)
        return Outcome(change.as_draft(), asked)


async def _owner(turn: Turn) -> PatientView | None:
    async with turn.runtime.database.begin() as session:
        return await patients.self_patient(session, await account_of(session, turn))


async def _on_file(turn: Turn, owner: PatientView) -> OnFile:
    async with turn.runtime.database.begin() as session:
        return await on_file(session, turn.runtime.crypto, owner.id)


async def _file(turn: Turn, owner: PatientView, kind: RequestKind, value: str, outcome: str) -> bool:
    """Passes it to staff; False when too much was asked for today."""
    async with turn.runtime.database.begin() as session:
        return await requests.file_change(
            session,
            turn.runtime.crypto,
            kind=kind,
            patient_id=owner.id,
            contact_id=turn.contact_id,
            value=value,
            outcome=outcome,
            key=turn.key(f"file {kind}"),
            now=turn.now,
        )


def _plain(number: str) -> str:
    """As numbers are compared: without spaces, in capitals, half width."""
    return "".join(c for c in unicodedata.normalize("NFKC", number) if c.isalnum()).upper()
