"""The call list of follow-up: who did not answer in the chat, what came of calling, answers by phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.reasons import REASON, moment, who
from bot.pages import questionnaire
from bot.pages.speech import Speech
from integrations.catalogue import CHINESE
from integrations.hospital.follow_up import calls as service
from integrations.hospital.follow_up.calls import MOST_ATTEMPTS, Attempt, CallView, UnknownCall
from integrations.hospital.follow_up.plans import Question, plans
from integrations.hospital.models import CallOutcome
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "6rem"),
    Column("phone", "queue.phone", "8rem", mono=True),
    Column("plan", "calls.plan", "1.4fr"),
    Column("attempts", "calls.attempts", "7rem", spare=True),
    Column("next", "calls.next", "9rem", spare=True),
)
_TONES = {CallOutcome.WRONG_NUMBER: "bad", CallOutcome.NO_ANSWER: "quiet"}
_OUTCOMES = [one for one in CallOutcome if one is not CallOutcome.REACHED] + [CallOutcome.REACHED]


class NotUnderstood(Exception):
    """An answer cannot be kept so."""


refusals({UnknownCall: "queue.gone", NotUnderstood: "calls.not_understood"})


@desk_page(
    "/calls", title="calls", right=Right.FOLLOW_UPS_CALL, icon="phone_callback", badge=counts.badge("calls")
)
async def calls(desk: Desk) -> None:
    await Calls(desk).queue.show()


class Calls:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known = plans(desk.rt.settings)
        self._speech = Speech("en" if desk.language == "en" else CHINESE)
        right = Right.FOLLOW_UPS_CALL
        outcomes = {one.value: desk.words(f"calls.outcome_{one}") for one in _OUTCOMES}
        outcome = (Ask("outcome", "calls.outcome", kind="choice", options=outcomes),)
        self.queue = Queue(
            desk,
            "calls",
            COLUMNS,
            (View("now", "calls.now", self._now), View("every", "calls.every", self._every)),
            describe=self._describe,
            actions=(
                Action("phone", right, self._phone, asks=(REASON,), icon="call", key="p"),
                Action(
                    "answers", right, self._answers, then=(self._questions,), primary=True, icon="edit_note"
                ),
                Action(
                    "outcome",
                    right,
                    self._outcome,
                    asks=outcome,
                    then=(self._sure,),
                    icon="call_end",
                    key="o",
                ),
            ),
            age="calls.since",
        )

    async def _now(self, session: AsyncSession, most: int) -> Part[Row]:
        return await self._listed(session, most, self._desk.now())

    async def _every(self, session: AsyncSession, most: int) -> Part[Row]:
        return await self._listed(session, most)

    async def _listed(self, session: AsyncSession, most: int, now: datetime | None = None) -> Part[Row]:
        desk = self._desk
        found = await service.to_call(session, desk.rt.crypto, most, now=now, within=desk.within)
        return found.each(self._row)

    def _row(self, one: CallView) -> Row:
        cells = {
            "patient": one.patient,
            "phone": one.phone,
            "plan": self._named(one.plan),
            "attempts": f"{one.attempts} / {MOST_ATTEMPTS}",
            "next": moment(self._desk, one.next_at) if one.next_at else "",
        }
        return Row(str(one.task_id), cells, one.due_at, data=one)

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        one: CallView = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("queue.phone", one.phone),
            Fact("queue.department", self._desk.named(one.department) or "–"),
            Fact("calls.plan", row.cells["plan"]),
            Fact("calls.due", moment(self._desk, one.due_at)),
            Fact("calls.attempts", row.cells["attempts"]),
            Fact("calls.last", moment(self._desk, one.last_at)),
        ]
        questions = await self._open(session, row)
        asked = [(question.ask.text(self._speech.language), "") for question in questions]
        before = await service.before(session, one.patient_id, within=self._desk.within)
        made = [(self._attempt(call), _TONES.get(call.outcome, "")) for call in before]
        lists = [
            (title, lines) for title, lines in (("calls.before", made), ("calls.questions", asked)) if lines
        ]
        return Detail(one.patient, facts, lists)  # type: ignore[arg-type]

    def _attempt(self, one: Attempt) -> str:
        outcome = self._desk.words(f"calls.outcome_{one.outcome}")
        return f"{moment(self._desk, one.at)} · {outcome} · {self._named(one.plan)} · {who(one.by)}"

    def _named(self, plan_id: str) -> str:
        plan = self._known.get(plan_id)
        return plan.names.text(self._speech.language) if plan else plan_id

    async def _open(self, session: AsyncSession, row: Row) -> list[Question]:
        task = await service.by_phone(session, row.data.task_id, within=self._desk.within)
        plan = self._known.get(task.plan_id)
        return task.open_questions(plan) if plan else []

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        phone = await service.reveal_phone(
            session,
            desk.rt.crypto,
            row.data.task_id,
            staff=desk.actor,
            reason=answers["reason"],
            within=desk.within,
        )
        return Shown([(desk.words("queue.phone"), phone.removeprefix("+86"))])

    async def _questions(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        """The plan's own questions, as on the patient's page; what is left empty was not answered."""
        fields = questionnaire.fields(self._known, await self._open(session, row), self._speech, {})
        return [ask for one in fields for ask in _asks(one)]

    async def _answers(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        questions = await self._open(session, row)
        typed = {name: str(value) for name, value in answers.items() if value not in (None, "")}
        left_out = {f"{one.id}-{questionnaire.SKIP}": "on" for one in questions if not _said(one, typed)}
        filled = questionnaire.read_filled(self._known, questions, typed | left_out, self._speech)
        if filled.faults:
            raise NotUnderstood(self._speech.read(next(iter(filled.faults.values()))))
        await service.answered_by_phone(
            session,
            desk.rt.crypto,
            self._known,
            row.data.task_id,
            filled.given,
            staff=desk.actor,
            now=desk.now(),
            within=desk.within,
        )

    async def _sure(self, _session: AsyncSession, _row: Row, answers: Answers) -> Sequence[Ask]:
        """What ends every plan is confirmed once more."""
        if answers["outcome"] in (CallOutcome.DIED, CallOutcome.REFUSED):
            return (Ask("sure", f"calls.sure_{answers['outcome']}", kind="check"),)
        return ()

    async def _outcome(self, session: AsyncSession, row: Row, answers: Answers) -> Mapping[str, object]:
        desk = self._desk
        again = await service.called(
            session,
            row.data.task_id,
            CallOutcome(answers["outcome"]),
            staff=desk.actor,
            now=desk.now(),
            within=desk.within,
        )
        words = desk.words
        return {"next": words("calls.again", time=moment(desk, again)) if again else words("calls.off_list")}


def _asks(one: Any) -> list[Ask]:
    """The fields of one question, which stands above the first of them in the plan's own words."""
    if one.kind in ("yes_no", "choice"):
        return [_ask(one.id, "", one.ask, kind="choice", options=dict(one.options))]
    if one.kind == "text":
        return [_ask(one.id, "", one.ask, kind="words")]
    found = [
        _ask(part.name, " ".join(filter(None, (part.title, part.unit))), "" if place else one.ask)
        for place, part in enumerate(one.numbers)
    ]
    if one.kind == "glucose":
        found.append(_ask(f"{one.id}-when", "", "", kind="choice", options=dict(one.options)))
    return found


def _ask(name: str, title: str, above: str, **more: Any) -> Ask:
    return Ask(name, title, required=False, literal=True, above=above, **more)


def _said(question: Question, typed: Mapping[str, str]) -> bool:
    return questionnaire.answers_any(typed, [question])
