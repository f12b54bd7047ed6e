"""Welcome and consent: who speaks, what may be kept, and how to take it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.forms import THEN, Form, Outcome
from actions.hospital_questions import read_question
from actions.revealing import contact_of
from actions.turn import Reply, Turn
from actions.waiting_wish import BOOKING, SLOT, keep_and_say, waits, wants_booking
from actions.walk_in import told_the_way
from integrations.hospital import accounts, patients, tokens
from integrations.hospital.models import ConsentKind, Relation

_YES = frozenset({"give_consent", "affirm"})
_NO = frozenset({"refuse_consent", "deny", "cancel", "go_back"})
_ILL = frozenset({"tell_symptoms", "which_department"})
# What is withdrawn by a yes to which question: without the use of health data the rest has no purpose either.
_KINDS = {"withdrawal": accounts.OWN_CONSENTS, "withdrawal_abroad": (ConsentKind.DATA_ABROAD,)}
TRIAGE = "triage_form"
# With the consent refused nothing waits for it any more: no booking, and nothing that was told of an illness.
_STOPS = {THEN: None, SLOT: None, "triage": None, "symptoms": None}


async def missing_consents(turn: Turn) -> list[ConsentKind]:
    """What this contact still has to agree to, in the order it is asked."""
    async with turn.runtime.database.begin() as session:
        return _in_order(await accounts.missing_consents(session, await contact_of(session, turn)))


async def standing_consents(turn: Turn) -> set[ConsentKind]:
    """What this contact agreed to and never took back, in whatever version."""
    async with turn.runtime.database.begin() as session:
        return await accounts.standing_consents(session, await contact_of(session, turn))


async def may_go_on(turn: Turn) -> bool:
    """Whether what this contact began goes on: of what it needs nothing was withdrawn, in whatever version."""
    async with turn.runtime.database.begin() as session:
        return await accounts.may_go_on(session, await contact_of(session, turn))


class ConsentForm(Form):
    """Asks for each missing consent on its own; opened by a greeting, or by a journey that needs it."""

    form = "consent_form"
    slot = "consent"
    own = frozenset({"greet", "give_consent", "refuse_consent", "book_appointment"})
    leaving = _STOPS

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        missing = await missing_consents(turn)
        if not turn.asked or turn.form != self.form:
            return await self._enter(turn, reply, missing, str(draft.get("asked", "")))
        if turn.intent in _YES:
            return await self._given(turn, reply, missing, ConsentKind(turn.asked))
        if turn.intent in _NO:
            reply.say("say_consent_refused")
            return Outcome(draft, slots=_STOPS)  # what was asked is kept: a later "同意" answers it
        if ConsentKind(turn.asked) not in missing:  # given meanwhile on another channel
            if not missing and wants_booking(turn):
                return Outcome.closed(go_on=BOOKING)
            return await self._enter(turn, reply, missing, "")
        if turn.facts.personal:
            await _drop_values(turn, reply)
            return await self.ask(turn, reply, draft)
        if turn.intent == "greet":
            return await self.ask(turn, reply, draft)
        if wants_booking(turn):
            return await self._first(turn, reply)
        return Outcome(draft, turn.asked, understood=False)

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Which department is right is answered where no question is needed; what waits goes on waiting."""
        if turn.intent in _ILL:
            return Outcome.closed(go_on=TRIAGE)
        return await super()._inside(turn, reply, draft)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """In short: the whole was said when the question was opened. Not at all when it was answered elsewhere."""
        if ConsentKind(turn.asked) not in await missing_consents(turn):
            return _onward(turn)
        if not turn.slots.get(THEN) and turn.intent in self.digressions:
            return self._later(turn, reply)
        reply.say(f"ask_consent_{turn.asked}_again")
        return Outcome({"asked": turn.asked}, turn.asked)

    def _later(self, turn: Turn, reply: Reply) -> Outcome:
        """Who only asks about the hospital is not asked for a consent after every answer; and never after 120."""
        if turn.intent != "emergency_help":
            reply.say("say_consent_later")
        return Outcome({"asked": turn.asked}, turn.asked)

    async def _first(self, turn: Turn, reply: Reply) -> Outcome:
        """The booking has to wait; what is wished for is kept."""
        if await told_the_way(turn, reply):
            reply.parts.append("")
            return await self.ask(turn, reply, {})
        waiting = await keep_and_say(turn, reply)
        outcome = await self.ask(turn, reply, {})
        outcome.slots.update(waiting.slots)
        return outcome

    async def _enter(self, turn: Turn, reply: Reply, missing: list[ConsentKind], seen: str) -> Outcome:
        hospital = turn.runtime.settings.hospital_name_in(turn.language)
        if turn.intent == "refuse_consent":
            reply.say("say_consent_refused")
            return Outcome.closed(slots=_STOPS)
        if turn.intent == "greet":
            reply.say("say_welcome" if missing else "say_welcome_back", hospital=hospital)
        if not missing:
            if turn.intent != "greet":
                reply.say("say_consent_known")
            return _onward(turn)
        if turn.intent == "give_consent" and seen in missing:
            return await self._given(turn, reply, missing, ConsentKind(seen))
        if waits(turn.slots):
            await keep_and_say(turn, reply)
        if turn.facts.personal:
            await _drop_values(turn, reply)
        for why in await _why(turn):
            reply.say(why)
        return self._asking(reply, missing[0])

    async def _given(
        self, turn: Turn, reply: Reply, missing: list[ConsentKind], kind: ConsentKind
    ) -> Outcome:
        async with turn.runtime.database.begin() as session:
            contact = await contact_of(session, turn)
            await accounts.give_consents(session, contact, [kind], turn.now, turn.key(f"consent {kind}"))
        left = [other for other in missing if other != kind]
        if left:
            return self._asking(reply, left[0])
        reply.say("say_consent_kept" if turn.slots.get(THEN) else "say_consent_given")
        return _onward(turn)

    def _asking(self, reply: Reply, kind: ConsentKind) -> Outcome:
        reply.say(f"ask_consent_{kind}")
        return Outcome({"asked": kind.value}, kind.value)


class WithdrawalForm(Form):
    """Takes consents back, all or only the one for data abroad, after saying what that means."""

    form = "withdrawal_form"
    slot = "withdrawal"
    own = frozenset({"refuse_consent", "withdraw_consent"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if not turn.asked or turn.form != self.form:
            return await self._enter(turn, reply)
        if turn.facts.consent:
            return await self._asking(turn, reply, ConsentKind(turn.facts.consent))
        if turn.asked != "withdrawal_which" and turn.intent in {"affirm", "withdraw_consent"}:
            return await self._withdraw(turn, reply, _KINDS[turn.asked])
        if turn.intent in _NO:
            reply.say("say_not_withdrawn")
            return Outcome.closed()
        return Outcome(draft, turn.asked, understood=False)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        reply.say(f"ask_{turn.asked}")
        return Outcome({"asked": True}, turn.asked)

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        standing = accounts.required_consents(turn.channel) & await standing_consents(turn)
        if not standing:
            reply.say("say_nothing_to_withdraw")
            return Outcome.closed()
        if turn.facts.consent in standing:
            return await self._asking(turn, reply, ConsentKind(turn.facts.consent))
        if len(standing) > 1:
            reply.say("ask_withdrawal_which")
            return Outcome({"asked": True}, "withdrawal_which")
        return await self._asking(turn, reply, next(iter(standing)))

    async def _asking(self, turn: Turn, reply: Reply, kind: ConsentKind) -> Outcome:
        asked = "withdrawal_abroad" if kind is ConsentKind.DATA_ABROAD else "withdrawal"
        if asked == "withdrawal" and (family := await _family(turn)):
            reply.say("say_withdrawal_family", names=turn.words.all_of(family))
        reply.say(f"ask_{asked}")
        return Outcome({"asked": True}, asked)

    async def _withdraw(self, turn: Turn, reply: Reply, kinds: tuple[ConsentKind, ...]) -> Outcome:
        async with turn.runtime.database.begin() as session:
            contact = await contact_of(session, turn)
            await accounts.withdraw_consents(session, contact, kinds, turn.now, turn.key("withdraw consents"))
        reply.say("say_withdrawn")
        return Outcome.closed(slots=_STOPS)


async def _family(turn: Turn) -> list[str]:
    """The masked names of those for whom the account acts besides its owner."""
    async with turn.runtime.database.begin() as session:
        contact = await contact_of(session, turn)
        people = await patients.acting_for(session, contact.account_id)
    return [one.name for one in people if one.relation is not Relation.SELF]


async def answer_privacy(turn: Turn, reply: Reply) -> None:
    """The privacy notice in short."""
    question = read_question("privacy", turn.runtime.settings, language=turn.language)
    reply.parts.append(question.text)


async def _drop_values(turn: Turn, reply: Reply) -> None:
    """Numbers and names typed before the consent are not kept, and it is said."""
    async with turn.runtime.database.begin() as session:
        await tokens.forget(session, turn.contact_id)
    reply.say("say_values_not_kept")


async def _why(turn: Turn) -> list[str]:
    """The texts that say why it is asked now; none for who only greets. About an illness 120 is always named."""
    async with turn.runtime.database.begin() as session:
        renewed = await accounts.agreed_to_an_older_version(session, await contact_of(session, turn))
    then = turn.slots.get(THEN)
    why = ["say_consent_renewed"] if renewed else []
    if then == TRIAGE:
        return [*why, "say_consent_needed_triage"]
    return why or (["say_consent_needed"] if then else [])


def _onward(turn: Turn) -> Outcome:
    """To the form that waited. The booking form finds itself waited for, and takes that away."""
    then = turn.slots.get(THEN) or ""
    return Outcome.closed(go_on=then, slots={} if then == BOOKING else {THEN: None})


def _in_order(kinds: set[ConsentKind]) -> list[ConsentKind]:
    return [kind for kind in ConsentKind if kind in kinds]
