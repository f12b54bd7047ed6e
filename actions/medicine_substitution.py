"""Another medicine for one that is not to be had: the patient's yes or no, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
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

_ALLERGIC = re.compile(
    r"(?<!不)(?<!没)(?<!没有)(?<!无)过敏|(?<!not )\ballergic|(?<!no )\ballerg(?:y|ies)", re.IGNORECASE
)
_ASKS = re.compile(
    r"[?？吗呢]|为什么|为啥|怎么|什么|啥|区别|不一样|一样|副作用|能不能|行不行|好不好"
    r"|\b(?:why|what|how|which|is it|does it)\b",
    re.IGNORECASE,
)
_OF_IT = re.compile(
    r"换|药|区别|不一样|一样|副作用|吃"
    r"|\b(?:medicine|drug|pill|swap|switch|change|same|differen\w+|side effects?)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"(?<!换)(?:不|别|甭)(?:要|想|用|同意|愿意|能|可以)?换"
    r"|(?:要|用|吃|等|还是)(?:回)?(?:原来|原先|以前|老|之前)的"
    r"|\b(?:don['’]?t|do not|not|never) (?:want (?:to )?)?(?:swap|switch|change|replace|agree)"
    r"|\bkeep (?:the |my )?(?:old|original|first)",
    re.IGNORECASE,
)
_AGREES = re.compile(
    r"(?:嗯|好|行|可以|那|就|也|都|同意|愿意|我|给我|帮我|吧|的|[，,、\s])*"
    r"换(?:药|成(?:它|这个|这种|新的|那个|那种))?(?:它|这个)?"
    r"(?:吧|了|啊|呗|好了|可以|也行|也可以|行|没事|没问题|谢谢|[，,。.!！\s])*"
    r"|(?:(?:yes|ok|okay|sure|fine|please|then|just|go ahead|and)[,. ]*)*(?:i agree to )?"
    r"(?:swap|switch|change|replace)(?: it| them| to (?:it|that))?(?: then| please|[,.!\s])*",
    re.IGNORECASE,
)


class _Says(StrEnum):
    YES = "yes"
    NO = "no"
    ALLERGY = "allergy"
    QUESTION = "question"


def says_of_substitution(text: str) -> _Says | None:
    """What a message says of another medicine, by its words: 换 sounds like changing an appointment, too. None where
    it names nothing of it; an allergy or a question goes before a yes."""
    if _ALLERGIC.search(text):
        return _Says.ALLERGY
    if _ASKS.search(text) and _OF_IT.search(text):
        return _Says.QUESTION
    if _DECLINES.search(text):
        return _Says.NO
    return _Says.YES if _AGREES.fullmatch(text.strip()) else None


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
        """Yes or no, by a button or in words; nothing else is taken for either."""
        if turn.intent == "go_back":
            return self.stop(reply, {})
        said = says_of_substitution(turn.text)
        if said in (_Says.ALLERGY, _Says.QUESTION):
            return await self._explain(turn, reply, draft, one, said)
        if said is None and turn.intent not in {"affirm", "deny"}:
            return Outcome(draft, turn.asked, understood=False)
        accepted = said is _Says.YES or (said is None and turn.intent == "affirm")
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

    async def _explain(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView, said: _Says
    ) -> Outcome:
        """What only the pharmacist and the doctor may answer; the question stays open."""
        reply.say(
            f"say_substitution_{said}",
            phone=turn.runtime.settings.hospital_phone,
            until=turn.words.moment(one.valid_until - timedelta(minutes=1), turn.today),
        )
        reply.parts.append("")
        asked = await self.ask_substitution(turn, reply, draft, one)
        reply.offer(turn.words.texts.text("intent_talk_to_human"), "/talk_to_human")
        return asked

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
