"""What a patient does with a complaint that was made: look at it, say more, correct or withdraw it, judge how it
ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from actions import answers, own_words
from actions.complaint_words import asks_when, command_in, correction_in
from actions.forms import LONG_AWAY, Form, Outcome
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import cases
from integrations.hospital.cases import following, reading, subjects
from integrations.hospital.cases.reading import CaseView
from integrations.hospital.cases.subjects import Subject
from integrations.hospital.models import CaseStatus
from integrations.language.personal import redact

_SHOWN = 3
_WHILE_IT_STANDS = ("add", "correct", "withdraw")


async def answer_status(turn: Turn, reply: Reply) -> None:
    """Where the account's complaints stand, with what staff wrote, and what can be done."""
    found = await of_account(turn)
    texts = turn.words.texts
    if not found:
        reply.say("say_case_none")
        return
    for one in found[:_SHOWN]:
        reply.say(
            "say_case_line",
            number=one.number,
            day=turn.words.day(one.created_at.astimezone(turn.words.zone).date()),
            status=_status(turn, one),
        )
        if one.overdue(turn.now):
            reply.say("say_case_overdue", **outside(turn))
    if judging := next((one for one in found if one.to_judge), None):
        reply.say("ask_case_satisfied")
        for purpose in ("satisfied", "unsatisfied"):
            reply.offer(texts.text(f"word_case_{purpose}"), _payload(judging, purpose))
    for one in [one for one in found[:_SHOWN] if one.stands][:1]:
        for purpose in ("add", "correct", "withdraw"):
            reply.offer(texts.text(f"word_case_{purpose}"), _payload(one, purpose))


async def stands(turn: Turn) -> bool:
    """Whether a complaint of the account is being looked into."""
    return any(one.stands for one in await of_account(turn))


async def answer_hurry(turn: Turn, reply: Reply) -> None:
    """ "你们啥时候回我" presses for a complaint, where one stands."""
    pressed = not turn.form and asks_when(turn.text) and await stands(turn)
    await (answer_status if pressed else answers.hurry)(turn, reply)


def _status(turn: Turn, one: CaseView) -> str:
    deadline = turn.words.day(one.deadline)
    words = (one.closing if one.status is CaseStatus.CLOSED else "") or one.answer
    status = "assigned" if one.status is CaseStatus.OPEN and one.owned else one.status.value
    return turn.words.texts.text(f"word_case_status_{status}", deadline=deadline, words=redact(words))


def _payload(one: CaseView, purpose: str) -> str:
    return f'/complain{{"case": "{one.id}", "purpose": "{purpose}"}}'


async def of_account(turn: Turn) -> list[CaseView]:
    async with turn.runtime.database.begin() as session:
        account_id = await account_of(session, turn)
        return await reading.of_account(session, turn.runtime.crypto, account_id, turn.now)


def offer_subjects(turn: Turn, reply: Reply, known: Sequence[Subject]) -> None:
    """A button each. Bills that would look the same are told apart by their amounts."""
    titles = [subject_title(turn, one) for one in known]
    for one, title in zip(known, titles, strict=True):
        amount = turn.words.money(one.amount_fen) if titles.count(title) > 1 and one.amount_fen else ""
        reply.offer(f"{title} {amount}".rstrip(), f'/complain{{"subject": "{one.name}"}}')


def subject_title(turn: Turn, one: Subject) -> str:
    """What a complaint may be about, as its button says: a visit, a parcel, or what was paid."""
    day, texts = turn.words.short_day(one.date), turn.words.texts
    if one.tail:
        return texts.text("word_complaint_parcel", day=day, tail=one.tail)
    if one.order_kind:
        kind = texts.text(f"word_complaint_order_{one.order_kind}")
        return texts.text("word_complaint_order", day=day, kind=kind)
    return texts.text("word_complaint_visit", day=day, doctor=one.practitioner)


def outside(turn: Turn) -> dict[str, object]:
    """Who helps outside the hospital."""
    settings = turn.runtime.settings
    return {
        "hotline": settings.complaint_hotline,
        "health": settings.health_hotline,
        "mediation": settings.mediation_office_in(turn.language),
    }


class CaseSteps(Form):
    """The part of the complaint's form that is about an earlier one. Its draft: {"case", "purpose"}."""

    def long_away(self, turn: Turn) -> bool:
        return turn.away >= LONG_AWAY

    def outside_values(self, turn: Turn) -> dict[str, object]:
        return outside(turn)

    async def standing(self, turn: Turn) -> list[CaseView]:
        return [one for one in await of_account(turn) if one.stands]

    async def on_case(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], purpose: str) -> Outcome:
        if not purpose:
            commanded = await self._commanded_about(turn, reply, draft)
            return commanded or await self._answered_about(turn, reply, draft)
        if purpose == "outside":
            reply.say("say_complaint_outside", **outside(turn))
            return Outcome.closed()
        case = await self.meant(turn, purpose)
        if case is None:
            reply.say("say_case_not_there", **outside(turn))
            return Outcome.closed()
        return await self._begin(turn, reply, case, purpose)

    async def ask_about_case(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        case = await self._view(turn, str(draft["case"]))
        if turn.asked == "complaint_unsatisfied" and case.status is CaseStatus.REOPENED:  # on its page
            return self._reopened(turn, reply, case)
        if turn.asked == "complaint_correct":
            return await self._ask_correction(turn, reply, case)
        reply.say(f"ask_{turn.asked}", number=case.number, **outside(turn))
        return Outcome(draft, turn.asked)

    async def meant(self, turn: Turn, purpose: str) -> CaseView | None:
        """The one whose button was pressed, or the newest with which this can be done."""
        found = await of_account(turn)
        if turn.facts.case:
            return next((one for one in found if str(one.id) == turn.facts.case), None)
        if purpose in _WHILE_IT_STANDS:
            return next((one for one in found if one.stands), None)
        return next((one for one in found if one.status in (CaseStatus.CLOSED, CaseStatus.ANSWERED)), None)

    async def _begin(self, turn: Turn, reply: Reply, case: CaseView, purpose: str) -> Outcome:
        if purpose in ("unsatisfied", "reopen") and case.status is CaseStatus.ANSWERED:
            purpose = "add"  # nothing is closed yet: more words bring it back to work
        draft = {"case": str(case.id), "purpose": purpose}
        match purpose:
            case "add" | "correct" | "withdraw" if not case.stands:
                reply.say("say_case_closed", number=case.number)
                return Outcome.closed()
            case "correct" if correction_in(turn.text):
                return await self._correct(turn, reply, case, None)
            case "correct":
                return await self._ask_correction(turn, reply, case)
            case "add" | "withdraw":
                reply.say(f"ask_complaint_{purpose}", number=case.number)
                return Outcome(draft, f"complaint_{purpose}")
            case "satisfied" | "unsatisfied":
                return await self._judge(turn, reply, case, satisfied=purpose == "satisfied")
        return await self._reopen(turn, reply, case)

    async def _answered_about(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        case = await self._view(turn, str(draft["case"]))
        match turn.asked:
            case "complaint_add" if own_words.is_done(turn.text) or (
                not turn.text and turn.intent in {"affirm", "deny"}
            ):
                reply.say("say_complaint_added", number=case.number)
                return Outcome.closed()
            case "complaint_add" if own_words.tells(turn) or own_words.brings_evidence(turn):
                return await self._add(turn, reply, case, draft)
            case "complaint_correct" if turn.facts.subject:
                return await self._correct(
                    turn, reply, case, await self.subject_named(turn, turn.facts.subject)
                )
            case "complaint_correct" if own_words.is_done(turn.text) or (
                not turn.text and turn.intent in {"affirm", "deny"}
            ):
                reply.say("say_complaint_uncorrected", number=case.number)
                return Outcome.closed()
            case "complaint_correct" if own_words.tells(turn):
                return await self._correct(turn, reply, case, None)
            case "complaint_withdraw" if turn.intent == "affirm":
                return await self._withdraw(turn, reply, case)
            case "complaint_unsatisfied" if turn.intent == "affirm":
                return await self._reopen(turn, reply, case)
            case "complaint_withdraw" | "complaint_unsatisfied" if turn.intent in {"deny", "go_back"}:
                reply.say("say_complaint_kept" if turn.asked == "complaint_withdraw" else "say_case_judged")
                return Outcome.closed()
        if turn.intent == "go_back":
            reply.say("say_complaint_stopped")
            return Outcome.closed()
        return Outcome(draft, turn.asked, understood=False)

    async def _commanded_about(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome | None:
        """Something else is wanted with it than was asked for."""
        command, rest = command_in(turn.text)
        if not command:
            return None
        case = await self._view(turn, str(draft["case"]))
        match command:
            case "withdraw" if turn.asked == "complaint_withdraw":
                return await self._withdraw(turn, reply, case)
            case "withdraw":
                return await self._begin(turn, reply, case, "withdraw")
            case "change":
                return await self._begin(turn, reply, case, "correct")
            case "more" if rest and case.stands:
                draft = {"case": str(case.id), "purpose": "add"}
                return await self._add(replace(turn, text=rest), reply, case, draft)
            case "more":
                return await self._begin(turn, reply, case, "add")
        return None

    async def _add(self, turn: Turn, reply: Reply, case: CaseView, draft: Mapping[str, Any]) -> Outcome:
        """Each message at once: what was said is not to be lost when the patient goes away."""
        words = await own_words.typed(turn, "complaint") if turn.text.strip() else ""
        messages = [UUID(turn.message_id)] if own_words.brings_evidence(turn) else []
        try:
            async with turn.runtime.database.begin() as session:
                await following.add_words(
                    session,
                    turn.runtime.crypto,
                    case.id,
                    words,
                    account_id=await account_of(session, turn),
                    messages=messages,
                    key=turn.key("add"),
                    now=turn.now,
                )
        except cases.CaseError:
            reply.say("say_case_closed", number=case.number)
            return Outcome.closed()
        reply.say("ask_complaint_add_more", number=case.number)
        return Outcome(draft, "complaint_add")

    async def _ask_correction(self, turn: Turn, reply: Reply, case: CaseView) -> Outcome:
        """In words, or which visit it is about instead."""
        reply.say("ask_complaint_correct", number=case.number)
        async with turn.runtime.database.begin() as session:
            known = await subjects.recent(session, await account_of(session, turn), turn.now)
        offer_subjects(turn, reply, known)
        return Outcome({"case": str(case.id), "purpose": "correct"}, "complaint_correct")

    async def subject_named(self, turn: Turn, name: str) -> Subject | None:
        async with turn.runtime.database.begin() as session:
            return await subjects.named(session, await account_of(session, turn), name, turn.now)

    async def _correct(self, turn: Turn, reply: Reply, case: CaseView, instead: Subject | None) -> Outcome:
        words = await own_words.typed(turn, "complaint") if turn.text.strip() else ""
        if instead is not None:
            words = turn.words.texts.text("word_complaint_instead", what=subject_title(turn, instead))
        if not words:  # what was pressed is not there any more
            return await self._ask_correction(turn, reply, case)
        try:
            async with turn.runtime.database.begin() as session:
                await following.correct(
                    session,
                    turn.runtime.crypto,
                    case.id,
                    words,
                    about=instead.about if instead else None,
                    account_id=await account_of(session, turn),
                    key=turn.key("correct"),
                    now=turn.now,
                )
        except cases.CaseError:
            reply.say("say_case_closed", number=case.number)
            return Outcome.closed()
        reply.say("say_complaint_corrected", number=case.number)
        return Outcome.closed()

    async def _withdraw(self, turn: Turn, reply: Reply, case: CaseView) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                account_id = await account_of(session, turn)
                await following.withdraw(session, case.id, account_id, turn.key("withdraw"))
        except cases.CaseError:
            reply.say("say_case_closed", number=case.number)
            return Outcome.closed()
        reply.say("say_complaint_withdrawn", number=case.number)
        return Outcome.closed()

    async def _judge(self, turn: Turn, reply: Reply, case: CaseView, *, satisfied: bool) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                account_id = await account_of(session, turn)
                await following.judge(
                    session, case.id, account_id, satisfied=satisfied, key=turn.key(f"judge {satisfied}")
                )
        except cases.CaseError:  # it was taken up again since
            reply.say("say_case_not_there", **outside(turn))
            return Outcome.closed()
        if satisfied:
            reply.say("say_case_satisfied")
            return Outcome.closed()
        if not case.reopens(turn.now):
            reply.say("say_complaint_outside", **outside(turn))
            return Outcome.closed()
        reply.say("ask_complaint_unsatisfied", **outside(turn))
        return Outcome({"case": str(case.id), "purpose": "unsatisfied"}, "complaint_unsatisfied")

    async def _reopen(self, turn: Turn, reply: Reply, case: CaseView) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                account_id = await account_of(session, turn)
                await following.reopen(session, case.id, account_id, key=turn.key("reopen"), now=turn.now)
        except cases.CaseError:
            reply.say("say_complaint_outside", **outside(turn))
            return Outcome.closed()
        return self._reopened(turn, reply, await self._view(turn, str(case.id)))

    def _reopened(self, turn: Turn, reply: Reply, case: CaseView) -> Outcome:
        reply.say("say_complaint_reopened", number=case.number, day=turn.words.day(case.deadline))
        return Outcome.closed()

    async def _view(self, turn: Turn, case_id: str) -> CaseView:
        """Of a draft, which names only the account's own."""
        async with turn.runtime.database.begin() as session:
            return await reading.view(session, turn.runtime.crypto, UUID(case_id))
