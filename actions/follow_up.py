"""Follow-up: the hospital asks how it goes, one question at a time or all in one go; and what patients measure by
themselves. The questions stand in the plans (integrations/hospital/follow_up/plans)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from actions import follow_up_page as by_page
from actions import follow_up_stop as stopping
from actions import follow_up_words as words
from actions.consent import missing_consents
from actions.follow_up_stop import STOP
from actions.follow_up_times import put_off_until, taken_at
from actions.forms import Form, Outcome
from actions.measured_whose import MEASURED, WHOSE, ask_again, log, of_another, take
from actions.turn import Reply, Turn
from integrations.hospital import operations
from integrations.hospital.follow_up import answering, asking
from integrations.hospital.follow_up.answering import Given, OpenTask
from integrations.hospital.follow_up.hearing import Hearer
from integrations.hospital.follow_up.plans import Plan, Plans, Question, plans
from integrations.hospital.follow_up.reading import (
    Read,
    chosen,
    corrects,
    graded_yes_no,
    read_all,
)
from integrations.hospital.models import Level, Method
from integrations.language.clauses import puts_off, skips

_DONT = frozenset({"cancel", "goodbye"})
# What an answer in free words is not.
_NOT_WORDS = frozenset(
    {
        "cancel",
        "go_back",
        "talk_to_human",
        "emergency_help",
        "choose_language",
        "stop_follow_up",
        "my_measurements",
    }
    | {
        "my_appointments",
        "book_appointment",
        "cancel_appointment",
        "reschedule_appointment",
        "help",
        "non_text",
    }
)
_BEGIN, _QUESTION = "follow_up_begin", "follow_up_question"
_JUST_NOW = timedelta(minutes=30)
LATER, SKIP = "later", "skip"  # what buttons say


class FollowUpForm(Form):
    """Opened by the hospital when an asking is due, by "开始随访", and by a measurement that was not asked for."""

    form = "follow_up_form"
    slot = "follow_up"
    own = frozenset(
        {
            "answer_follow_up",
            "log_measurement",
            "stop_follow_up",
            "follow_up_due",
            "follow_up_answered",
            "use_page",
            "tell_symptoms",  # the answer to a question
        }
    )

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.intent == "follow_up_answered":
            await by_page.answer_by_page(turn, reply)
            return Outcome.closed()
        if turn.intent == "stop_follow_up":
            return await stopping.confirm(turn, reply, draft, await _open(turn, draft))
        if turn.asked == STOP:
            return await stopping.stop_or_not(turn, reply, draft)
        if turn.asked == WHOSE and turn.intent != "follow_up_due":
            outcome = await take(turn, reply, draft, _plans(turn))
            return outcome if outcome.asked or "task" not in draft else await self._beside(turn, reply, draft)
        task = await _open(turn, draft)
        if turn.intent == "follow_up_due":
            return await self._due(turn, reply, task, draft)
        if task is None or (plan := _plans(turn).get(task.plan_id)) is None:
            return await self._without_task(turn, reply)
        return await self._asked(turn, reply, task, plan, draft)

    async def _asked(
        self, turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
    ) -> Outcome:
        if turn.intent == "go_back" and turn.asked == _QUESTION and (before := draft.get("last")):
            return _question(turn, reply, task, plan, {**draft, "question": before, "last": None})
        if turn.intent in _DONT or turn.intent == "go_back":
            reply.say("say_follow_up_left")
            return Outcome.closed()
        if turn.intent == "use_page":
            await by_page.offer(turn, reply, task)
            return Outcome(draft, turn.asked)
        if turn.facts.field == LATER or (turn.asked and puts_off(turn.text)):
            return await self._later(turn, reply, task)
        if await missing_consents(turn):  # withdrawn since it was asked: nothing may be kept
            reply.say("say_measurement_consent")
            return Outcome.closed()
        if await of_another(turn, task.patient_id):
            outcome = await log(turn, reply, _plans(turn), {**draft, "task": str(task.id), "plan": plan.id})
            return outcome if outcome.asked else await self._beside(turn, reply, draft)
        return await self._take(turn, reply, task, plan, draft)

    async def _beside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """What was told of somebody else is kept; the question stays open."""
        reply.parts.append("")
        rest = {key: value for key, value in draft.items() if key not in MEASURED}
        return await self.ask(replace(turn, asked=_QUESTION if rest.get("question") else _BEGIN), reply, rest)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == STOP:
            reply.say("ask_follow_up_stop")
            return Outcome(draft, STOP)
        if turn.asked == WHOSE:
            return await ask_again(turn, reply, draft)
        task = await _open(turn, draft)
        plan = _plans(turn).get(task.plan_id) if task else None
        if task is None or plan is None:
            reply.say("say_follow_up_none")
            return Outcome.closed()
        if turn.asked == _BEGIN:
            return _invite(reply, task, plan)
        return _question(turn, reply, task, plan, draft)

    def says_something(self, turn: Turn) -> bool:
        """A digression that holds an answer is an answer."""
        if turn.asked not in (_BEGIN, _QUESTION) or not turn.text:
            return False
        if turn.facts.measurement or puts_off(turn.text) or skips(turn.text):
            return True
        draft = turn.slots.get(self.slot) or {}
        plan = _plans(turn).get(str(draft.get("plan")))
        question = plan.question(str(draft.get("question"))) if plan else None
        if plan is None or question is None:
            return False
        if question.kind == "text":
            return turn.intent not in _NOT_WORDS
        return bool(read_all(_plans(turn), plan.questions, question, turn.text, {}))

    async def _due(
        self, turn: Turn, reply: Reply, task: OpenTask | None, draft: Mapping[str, Any]
    ) -> Outcome:
        """The hospital opens it. What has been answered meanwhile is not asked."""
        plan = _plans(turn).get(task.plan_id) if task else None
        if turn.asked and turn.away < _JUST_NOW:
            await put_off(turn, reply)
            return Outcome(draft, turn.asked)
        if task is None or plan is None or not task.open_questions(plan):
            return Outcome(draft, turn.asked) if turn.asked else Outcome.closed()
        async with turn.runtime.database.begin() as session:
            await asking.asked(session, task.id, turn.now, again=turn.facts.again)
        return _invite(reply, task, plan, again=turn.facts.again)

    async def _without_task(self, turn: Turn, reply: Reply) -> Outcome:
        if turn.facts.measurement:
            return await log(turn, reply, _plans(turn), {})
        if turn.intent == "log_measurement":
            reply.say("say_measurement_how")
            return Outcome.closed()
        async with turn.runtime.database.begin() as session:
            coming = await answering.next_due(session, turn.contact_id, turn.now)
        if coming:
            reply.say("say_follow_up_next", day=turn.words.day(coming.astimezone(turn.runtime.zone).date()))
        else:
            reply.say("say_follow_up_none")
        return Outcome.closed()

    async def _later(self, turn: Turn, reply: Reply, task: OpenTask) -> Outcome:
        until = put_off_until(turn)
        async with turn.runtime.database.begin() as session:
            hearer = Hearer(task.account_id, task.contact_id)
            await asking.postpone(session, turn.runtime.settings, task.id, hearer, until)
        reply.say("say_follow_up_later", moment=turn.words.moment(until, turn.today))
        return Outcome.closed()

    async def _take(
        self, turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
    ) -> Outcome:
        """The message's answers kept, the next question put."""
        left = task.open_questions(plan)
        current = plan.question(str(draft.get("question"))) or (left[0] if left else plan.questions[-1])
        if turn.asked == _QUESTION and (turn.facts.field == SKIP or skips(turn.text)):
            await _keep(turn, task, [Given(current, None)])
            passed = {**draft, "last": current.id}
            return await self._go_on(turn, reply, plan, passed, said=["say_follow_up_skipped"])
        reads = await self._read(turn, task, plan, current, draft)
        if not reads:
            return await self._nothing_read(turn, reply, task, plan, draft)
        if wrong := next((read for read in reads if read.partial or read.implausible), None):
            return await self._look_again(turn, reply, task, plan, draft, wrong, reads)
        moment = taken_at(turn)
        await _keep(turn, task, [Given(read.question, read.value, read.level, moment) for read in reads])
        return await self._answered(turn, reply, plan, draft, reads)

    async def _read(
        self, turn: Turn, task: OpenTask, plan: Plan, current: Question, draft: Mapping[str, Any]
    ) -> list[Read]:
        if turn.facts.field and (read := chosen(current, turn.facts.field)):
            return [read]
        if not turn.text and current.kind == "yes_no" and turn.intent in {"affirm", "deny"}:
            return [graded_yes_no(current, said=turn.intent == "affirm")] if turn.asked == _QUESTION else []
        if not turn.text or (turn.intent == "answer_follow_up" and not turn.facts.measurement):
            return []
        if turn.asked == _BEGIN and turn.intent in {"affirm", "inform"} and not turn.facts.measurement:
            return []
        all_plans = _plans(turn)
        async with turn.runtime.database.begin() as session:
            before = await answering.answers_of(session, turn.runtime.crypto, task.id)
        last = plan.question(str(draft.get("last")))
        if last and last.measures and corrects(turn.text):
            reads = read_all(all_plans, plan.questions, last, turn.text, before)
            if any(read.question.id == last.id for read in reads):
                return reads
        if turn.asked == _BEGIN and current.kind in ("text", "yes_no", "choice"):
            return []  # before the question was put nothing can be meant for it
        if corrects(turn.text):
            return read_all(all_plans, plan.questions, current, turn.text, before)
        return read_all(all_plans, task.open_questions(plan), current, turn.text, {})

    async def _nothing_read(
        self, turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
    ) -> Outcome:
        begins = turn.asked in ("", _BEGIN) and turn.intent in {
            "affirm",
            "answer_follow_up",
            "inform",
            "log_measurement",
        }
        if turn.asked == _BEGIN and turn.intent == "deny":
            return await self._later(turn, reply, task)
        outcome = _question(turn, reply, task, plan, draft)
        outcome.understood = begins or turn.intent == "answer_follow_up"
        return outcome

    async def _look_again(
        self,
        turn: Turn,
        reply: Reply,
        task: OpenTask,
        plan: Plan,
        draft: Mapping[str, Any],
        wrong: Read,
        reads: list[Read],
    ) -> Outcome:
        """A value that can hardly be is asked for once more; told again so, it is not kept."""
        fine = [read for read in reads if not (read.partial or read.implausible)]
        if fine:
            moment = taken_at(turn)
            await _keep(turn, task, [Given(read.question, read.value, read.level, moment) for read in fine])
            task = await _open(turn, draft) or task
        if wrong.implausible and draft.get("doubted") == wrong.question.id:
            await _keep(turn, task, [Given(wrong.question, None)])
            return await self._go_on(turn, reply, plan, draft, said=["say_measurement_doubtful"])
        key = "say_pressure_partial" if wrong.partial else "say_measurement_implausible"
        reply.say(key, value=words.value(turn, wrong.question, wrong.value))
        doubted = wrong.question.id if wrong.implausible else draft.get("doubted")
        draft = {
            **draft,
            "plan": plan.id,
            "task": str(task.id),
            "question": wrong.question.id,
            "doubted": doubted,
        }
        reply.expects = wrong.question.kind
        return Outcome(draft, _QUESTION)

    async def _answered(
        self, turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any], reads: list[Read]
    ) -> Outcome:
        noted = words.all_values(turn, reads)
        if noted:
            reply.say("say_follow_up_noted", what=noted)
        alarmed = False
        for read in sorted(reads, key=lambda one: one.level is not Level.ALARM):
            advice = _plans(turn).advice(read.question, read.level, low=read.low)
            if advice:
                reply.parts.append(advice.text(turn.language))
            alarmed = alarmed or read.level is Level.ALARM
            if alarmed:
                break  # one thing at a time: the gravest
        draft = {**draft, "last": reads[0].question.id}
        if alarmed:
            return await self._after_alarm(turn, reply, plan, draft)
        return await self._go_on(turn, reply, plan, draft, said=[])

    async def _after_alarm(self, turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any]) -> Outcome:
        """Nothing else is asked of somebody who was just told to act."""
        task = await _open(turn, draft)
        rest = bool(task and task.open_questions(plan))
        reply.say("say_follow_up_alarm_rest" if rest else "say_follow_up_alarm")
        return Outcome.closed()

    async def _go_on(
        self, turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any], *, said: list[str]
    ) -> Outcome:
        for key in said:
            reply.say(key)
        task = await _open(turn, draft)
        if task is None or not task.open_questions(plan):
            reply.parts.append(plan.closing.text(turn.language))
            return Outcome.closed()
        return _question(turn, reply, task, plan, {**draft, "question": None})


async def put_off(turn: Turn, reply: Reply) -> None:
    """The patient is in the middle of something: nothing is said, and the asking comes again in a while."""
    task = await _open(turn, {})
    if task:
        async with turn.runtime.database.begin() as session:
            hearer = Hearer(task.account_id, task.contact_id)
            await asking.put_off(session, task.id, hearer, turn.now, again=turn.facts.again)


def _plans(turn: Turn) -> Plans:
    return plans(turn.runtime.settings)


async def _open(turn: Turn, draft: Mapping[str, Any]) -> OpenTask | None:
    """The asking that the form is about: the hospital's own, that of the draft, or the latest."""
    named = turn.facts.task or str(draft.get("task") or "")
    async with turn.runtime.database.begin() as session:
        return await answering.open_task(session, turn.contact_id, turn.now, UUID(named) if named else None)


async def _keep(turn: Turn, task: OpenTask, answers: list[Given]) -> None:
    async with turn.runtime.database.begin() as session:
        for given in answers:

            async def effect(given: Given = given) -> operations.Result:
                fresh = await answering.open_task(session, turn.contact_id, turn.now, task.id)
                if fresh:
                    await answering.give(
                        session,
                        turn.runtime.crypto,
                        _plans(turn),
                        fresh,
                        given,
                        method=Method.CHAT,
                        now=turn.now,
                    )
                return {}

            await operations.once(session, turn.key(f"answer {given.question.id}"), effect)


def _invite(reply: Reply, task: OpenTask, plan: Plan, *, again: bool = False) -> Outcome:
    """Neutral, for it comes unasked and others may read along: who, how much, and how to begin."""
    count = len(task.open_questions(plan))
    reply.say("say_follow_up_again" if again else "say_follow_up_due", name=task.patient, count=count)
    by_page.mention(reply, task, plan)
    reply.say("ask_follow_up_begin")
    return Outcome({"task": str(task.id), "plan": plan.id}, _BEGIN)


def _question(turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]) -> Outcome:
    left = task.open_questions(plan)
    question = plan.question(str(draft.get("question"))) or left[0] if left else None
    if question is None:
        reply.parts.append(plan.closing.text(turn.language))
        return Outcome.closed()
    reply.parts.append(question.ask.text(turn.language))
    words.offer_answers(turn, reply, question)
    reply.expects = question.kind
    kept = {**draft, "task": str(task.id), "plan": plan.id, "question": question.id}
    return Outcome(kept, _QUESTION)
