"""From a prescription to its bill: another medicine agreed to or not, picked up or sent, and whereto; and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions import medicine
from actions.address_steps import QUESTIONS, typed
from actions.booking_draft import nth
from actions.forms import LONG_AWAY, Outcome
from actions.medicine_substitution import SubstitutionSteps, says_of_substitution
from actions.medicine_words import answers_how, changes_address, handing_of, not_wanted, puts_off
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.models import Handing, PrescriptionStatus
from integrations.hospital.pharmacy import checkout
from integrations.hospital.pharmacy.checkout import Cancelled
from integrations.hospital.pharmacy.terms import PharmacyError
from integrations.hospital.pharmacy.views import PrescriptionView

_STOPS = frozenset({"cancel", "deny"})
# What a word against another medicine sounds like: 不换了.
_CHANGES = frozenset({"change_profile", "reschedule_appointment"})
# Characters: "快递送到家里吧", "please send it by courier"; what is longer says more than how.


class MedicineForm(SubstitutionSteps):
    """Opened by "我的单据", "取药", "寄到…" and "不要药了". Its draft: which `prescription`, `how` it was said to come,
    the `purpose` when it is not paying (cancel, redirect, change), and what the steps below it keep."""

    form = medicine.FORM
    slot = "medicine"
    own = frozenset({"my_prescriptions", "collect_medicine", "cancel_medicine"})
    ends = frozenset({"medicine_cancel"})

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """How is an answer, and so is a word for or against another medicine, whatever intent it sounds like."""
        if turn.asked == "substitution" and turn.away < LONG_AWAY and says_of_substitution(turn.text):
            return await self.step(turn, reply, draft)
        if turn.away < LONG_AWAY and _says_how(turn):
            return await self.taken(turn, reply, draft)
        return await super()._inside(turn, reply, draft)

    async def _not_wanted(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], *, open_here: bool
    ) -> Outcome:
        """不换了 refuses the other medicine."""
        if open_here and turn.asked == "substitution" and turn.intent in _CHANGES:
            return await self._inside(replace(turn, intent="deny"), reply, draft)
        return await super()._not_wanted(turn, reply, draft, open_here=open_here)

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if not turn.asked or (turn.intent in self.own and not (turn.facts.address or _says_how(turn))):
            return await self._enter(turn, reply)
        if turn.intent == "cancel" or puts_off(turn.text):
            return self.stop(reply, draft)
        if turn.asked == "medicine_which":
            return await self._picked(turn, reply, draft)
        one = await self.prescription(turn, draft)
        if one is None:
            reply.say("say_no_prescriptions")
            return Outcome.closed()
        if draft.get("purpose") == "cancel":
            return await self._cancelling(turn, reply, draft, one)
        if turn.asked == "substitution":
            return await self.answer_substitution(turn, reply, draft, one)
        how = answers_how(turn.text)
        if turn.asked in ("address", "address_new") and turn.facts.address:
            how = answers_how(await typed(turn))  # 自己去拿, where an address is asked for
        if how is Handing.PICKUP and draft.get("purpose") != "redirect":
            return await self.bill(turn, reply, draft, one, Handing.PICKUP)
        if turn.asked in QUESTIONS:
            return await self.take_address(turn, reply, draft)
        return await self.handing(turn, reply, draft, one)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == "medicine_which":
            return self._which(
                turn, reply, draft, await self._candidates(turn, str(draft.get("purpose") or ""))
            )
        one = await self.prescription(turn, draft)
        if one is None:
            reply.say("say_no_prescriptions")
            return Outcome.closed()
        if draft.get("purpose") == "cancel":
            return self._ask_cancel(turn, reply, draft, one)
        if one.asked:
            return await self.ask_substitution(turn, reply, draft, one)
        if turn.asked in QUESTIONS:
            return await self.ask_address(turn, reply, draft)
        return self.ask_handing(turn, reply, draft, one)

    # Which prescription

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        purpose = _purpose(turn)
        looking = turn.intent == "my_prescriptions"
        shown = await medicine.show(turn, reply) if looking else []
        found = await self._candidates(turn, purpose)
        guessed = purpose == "redirect" and not turn.facts.purpose
        if guessed and not found and (unpaid := await self._candidates(turn, "")):
            purpose, found = "", unpaid
        draft = await self._told(turn, purpose)
        if looking:  # a bill that is open was shown with the page that pays it
            found = [one for one in found if one.asked or not medicine.is_billed(one)]
        named = [one for one in found if str(one.id) == turn.facts.prescription] or found
        if not named:
            return await self._nothing(turn, reply, purpose, shown)
        if looking:
            reply.parts.append("")
        if len(named) > 1:
            return self._which(turn, reply, draft, named)
        return await self._begin(turn, reply, draft, named[0])

    async def _told(self, turn: Turn, purpose: str) -> dict[str, Any]:
        """What the message that opens the form says already."""
        draft = {"purpose": purpose} if purpose in ("cancel", "redirect", "change") else {}
        how = turn.facts.handing or (handing_of(turn.text) if turn.intent != "my_prescriptions" else None)
        if turn.facts.address:
            return await self.note_typed(turn, {**draft, "how": Handing.DELIVERY.value})
        return {**draft, "how": str(how)} if how and not purpose else draft

    async def _candidates(self, turn: Turn, purpose: str) -> list[PrescriptionView]:
        found = await medicine.current(turn)
        if purpose == "cancel":
            return [one for one in found if medicine.is_cancellable(one)]
        if purpose == "redirect":
            return [one for one in found if medicine.is_redirectable(one)]
        return [one for one in found if medicine.is_open(turn, one)]

    async def _nothing(
        self, turn: Turn, reply: Reply, purpose: str, shown: Sequence[PrescriptionView]
    ) -> Outcome:
        """There is none with which this can be done: what can be said of those that there are."""
        if purpose == "redirect" and await medicine.say_not_redirected(turn, reply):
            reply.offer(turn.words.texts.text("intent_my_addresses"), "/my_addresses")
            return Outcome.closed()
        if purpose == "cancel" and any(
            medicine.is_with_pharmacy(one) for one in await medicine.current(turn)
        ):
            reply.say("say_medicine_cancel_late", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        if not shown and turn.intent != "my_prescriptions":
            shown = await medicine.show(turn, reply)
        for one in [one for one in shown if medicine.is_cancellable(one)][:1]:
            if len(shown) > 1:
                reply.say("say_medicine_changes", which=medicine.title(turn, one))
            medicine.offer_changes(turn, reply, one)
        return Outcome.closed()

    def _which(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], found: Sequence[PrescriptionView]
    ) -> Outcome:
        if not found:
            reply.say("say_no_prescriptions")
            return Outcome.closed()
        reply.say("ask_medicine_which")
        shown = found[: medicine.SHOWN]
        for one in shown:
            reply.offer(medicine.title(turn, one), f'/inform{{"prescription": "{one.id}"}}')
        return Outcome({**draft, "offered": [str(one.id) for one in shown]}, "medicine_which")

    async def _picked(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.intent in {"deny", "go_back"}:
            return self.stop(reply, draft)
        purpose = str(draft.get("purpose") or "")
        found = await self._candidates(turn, purpose)
        if told := await self._told(turn, purpose):  # how, and whereto, before it is said of which
            draft = {**draft, **told}
        wanted = turn.facts.prescription or nth(draft.get("offered") or [], turn.facts.ordinal)
        named = [one for one in found if str(one.id) == wanted]
        if not named and told.keys() & {"how", "typed"}:
            return self._which(turn, reply, draft, found)
        if not named:
            return Outcome(draft, turn.asked, understood=False)
        kept = {key: value for key, value in draft.items() if key != "offered"}
        return await self._begin(turn, reply, kept, named[0])

    async def _begin(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        draft = {**draft, "prescription": str(one.id)}
        if draft.get("purpose") == "cancel":
            return self._ask_cancel(turn, reply, draft, one)
        if one.asked:
            return await self.ask_substitution(turn, reply, draft, one)
        if draft.get("purpose") == "redirect":
            typed = bool(draft.get("typed"))
            return await (self.take_noted if typed else self.choose_address)(turn, reply, draft)
        if medicine.is_billed(one) and not (draft.get("how") or draft.get("purpose")):
            await medicine.say_billed(turn, reply, one)
            medicine.offer_changes(turn, reply, one)
            return Outcome.closed()
        return await self.handing(turn, reply, draft, one)

    # Giving it up

    def _ask_cancel(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        if not medicine.is_cancellable(one):
            reply.say("say_medicine_cancel_late", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        total = turn.words.money(one.amount_fen or 0)
        kind = "refund" if one.status is PrescriptionStatus.PAID else "unpaid"
        what = turn.words.texts.text(f"word_medicine_cancel_{kind}", total=total)
        reply.say(
            "ask_medicine_cancel",
            patient=one.patient,
            first=medicine.first_name(turn, one),
            total=total,
            what=what,
        )
        return Outcome({**draft, "prescription": str(one.id)}, "medicine_cancel")

    async def _cancelling(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        if turn.intent in _STOPS or turn.intent == "go_back":
            return self.stop(reply, draft)
        if turn.intent != "affirm":
            return Outcome(draft, turn.asked, understood=False)
        total = turn.words.money(one.amount_fen or 0)
        try:
            async with turn.runtime.database.begin() as session:
                done = await checkout.cancel(
                    session,
                    one.id,
                    account_id=await account_of(session, turn),
                    key=turn.key(f"cancel {one.id}"),
                    now=turn.now,
                )
        except PharmacyError:
            reply.say("say_medicine_cancel_late", phone=turn.runtime.settings.hospital_phone)
            return Outcome.closed()
        paid = done is Cancelled.REFUND
        reply.say("say_medicine_cancelled_refund" if paid else "say_medicine_cancelled", total=total)
        return Outcome.closed()


def _purpose(turn: Turn) -> str:
    """What is to be done other than getting it: cancel, redirect, change; "" for nothing else."""
    if turn.intent == "cancel_medicine" or (not turn.asked and not_wanted(turn.text)):
        return "cancel"
    moves = turn.intent == "collect_medicine" and changes_address(turn.text)
    return turn.facts.purpose or ("redirect" if moves else "")


def _says_how(turn: Turn) -> bool:
    """A short answer to the question how, or one that changes it."""
    if turn.asked != "handing" and turn.asked not in QUESTIONS:
        return False
    return answers_how(turn.text) is not None
