"""Another medicine for one that is not to be had: the patient's yes or no, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from actions.forms import Outcome
from actions.medicine_handing import HandingSteps
from actions.medicine_words import dosing_in_words, name_in_words, unit_in_words
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.models import PrescriptionStatus
from integrations.hospital.pharmacy import substitutions
from integrations.hospital.pharmacy.terms import NotNow, PharmacyError
from integrations.hospital.pharmacy.views import PrescriptionView


class SubstitutionSteps(HandingSteps):
    """Its draft names the `substitution` that is asked about."""

    async def ask_substitution(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        assert one.asked
        async with turn.runtime.database.begin() as session:
            asked = await substitutions.substitution(session, one.asked)
        reply.say(
            "ask_substitution",
            old=f"{name_in_words(turn, asked.old_name, asked.old_name_en)} {asked.old_strength}",
            new=f"{name_in_words(turn, asked.name, asked.name_en)} {asked.strength}",
            quantity=asked.quantity,
            unit=unit_in_words(turn, asked.unit),
            dose=dosing_in_words(turn, asked.dose),
            price=_difference(turn, asked.difference_fen),
            until=turn.words.moment(one.valid_until - timedelta(minutes=1), turn.today),
        )
        return Outcome({**draft, "prescription": str(one.id), "substitution": str(asked.id)}, "substitution")

    async def answer_substitution(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        """Yes or no; nothing else is taken for either."""
        if turn.intent == "go_back":
            return self.stop(reply, {})
        if turn.intent not in {"affirm", "deny"}:
            return Outcome(draft, turn.asked, understood=False)
        accepted = turn.intent == "affirm"
        try:
            async with turn.runtime.database.begin() as session:
                await substitutions.answer(
                    session,
                    UUID(str(draft["substitution"])),
                    accepted=accepted,
                    account_id=await account_of(session, turn),
                    key=turn.key(f"substitution {draft['substitution']}"),
                    now=turn.now,
                )
        except NotNow as error:
            over = error.status == PrescriptionStatus.EXPIRED
            phone = turn.runtime.settings.hospital_phone
            reply.say("say_prescription_expired" if over else "say_substitution_settled", phone=phone)
            return Outcome.closed()
        except PharmacyError:
            reply.say("say_no_prescriptions")
            return Outcome.closed()
        return await self._after_answer(turn, reply, draft, one, accepted=accepted)

    async def _after_answer(
        self,
        turn: Turn,
        reply: Reply,
        draft: Mapping[str, Any],
        before: PrescriptionView,
        *,
        accepted: bool,
    ) -> Outcome:
        one = await self.prescription(turn, draft) or before
        kept = {key: value for key, value in draft.items() if key != "substitution"}
        phone = turn.runtime.settings.hospital_phone
        reply.say("say_substituted" if accepted else "say_substitution_declined", phone=phone)
        if one.asked and one.asked != before.asked:
            return await self.ask_substitution(turn, reply, kept, one)
        if not accepted:
            return Outcome.closed()
        if not one.payable(turn.now):
            reply.say("say_substituted_in_review")
            return Outcome.closed()
        return await self.handing(turn, reply, kept, one)


def _difference(turn: Turn, fen: int) -> str:
    """What the patient pays more or less."""
    kind = "same" if not fen else "more" if fen > 0 else "less"
    return turn.words.texts.text(f"word_difference_{kind}", amount=turn.words.money(abs(fen)) if fen else "")
