"""Follow-up: the hospital asks how it goes, one question at a time or all in one go; and what patients measure by
themselves. The questions stand in the plans (integrations/hospital/follow_up/plans)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions import follow_up_page as by_page
from actions import follow_up_stop as stopping
from actions import own_words
from actions.consent import may_go_on
from actions.follow_up_answers import answer_afterwards, ask_meant_again, keep_beside, take_answers
from actions.follow_up_stop import STOP
from actions.follow_up_task import (
    BEGIN,
    QUESTION,
    invite,
    known_plans,
    later,
    open_task,
    put_off,
    put_question,
)
from actions.forms import THEN, Form, Outcome
from actions.measured_doubt import DOUBT, MEANT
from actions.measured_whose import (
    MEASURED,
    WHOSE,
    ask_again,
    doubt_again,
    log,
    of_another,
    settle,
    take,
)
from actions.putting_right import closed, is_closed, meant_afterwards, takes_back_nothing_else
from actions.turn import Reply, Turn
from actions.wishes import wish_of
from integrations.hospital.follow_up import answering, asking
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.correcting import corrected, corrects
from integrations.hospital.follow_up.plans import Plan, Question
from integrations.hospital.follow_up.reading import read_all, read_one
from integrations.language.clauses import clauses, puts_off, skips, without_later
from integrations.language.health import books
from integrations.language.measurements import find_measurements

_DONT = frozenset({"cancel", "goodbye"})
_AGREES = frozenset({"give_consent", "affirm"})
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
        "pause",
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
# What a message with a wish for a visit may be taken for.
_MAY_WISH = frozenset(
    {"inform", "correct", "nlu_fallback", "tell_symptoms", "log_measurement", "which_department"}
)
_JUST_NOW = timedelta(minutes=30)
LATER = "later"  # what a button says


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
        if is_closed(draft):
            if await meant_afterwards(turn):
                return await answer_afterwards(turn, reply, draft)
            draft = {}
        if turn.intent == "follow_up_answered":
            await by_page.answer_by_page(turn, reply)
            done = await open_task(turn, draft)
            return Outcome(closed(turn, {"task": str(done.id), "plan": done.plan_id}) if done else None)
        if turn.intent == "stop_follow_up":
            return await stopping.confirm(turn, reply, draft, await open_task(turn, draft))
        if turn.asked == STOP:
            return await stopping.stop_or_not(turn, reply, draft)
        if turn.asked == WHOSE and turn.intent != "follow_up_due":
            outcome = await take(turn, reply, draft, known_plans(turn))
            return outcome if outcome.asked or "task" not in draft else await self._beside(turn, reply, draft)
        if turn.asked == DOUBT and turn.intent != "follow_up_due":
            outcome = await settle(turn, reply, draft, known_plans(turn))
            return outcome if outcome.asked or "task" not in draft else await self._beside(turn, reply, draft)
        task = await open_task(turn, draft)
        if turn.intent == "follow_up_due":
            return await self._due(turn, reply, task, draft)
        if task is None or (plan := known_plans(turn).get(task.plan_id)) is None:
            return await self._without_task(turn, reply)
        return await self._asked(turn, reply, task, plan, draft)

    async def _asked(
        self, turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
    ) -> Outcome:
        if not turn.asked and turn.intent in _AGREES:  # it waited for the consent that was given now
            return put_question(turn, reply, task, plan, draft)
        goes_back = turn.intent == "go_back" or (not draft.get(MEANT) and takes_back_nothing_else(turn.text))
        if goes_back and turn.asked == QUESTION and (before := draft.get("last")):
            return put_question(turn, reply, task, plan, {**draft, "question": before, "last": None})
        if turn.facts.field == LATER or (turn.asked and _only_puts_off(turn, task, plan, draft)):
            return await later(turn, reply, task)
        if turn.intent in _DONT or turn.intent == "go_back":
            reply.say("say_follow_up_left")
            return Outcome.closed()
        if turn.intent == "use_page":
            await by_page.offer(turn, reply, task)
            return Outcome(draft, turn.asked)
        if not await may_go_on(turn):  # withdrawn since it was asked: nothing may be kept
            kept = {key: value for key, value in draft.items() if key not in MEASURED}
            return Outcome(
                {**kept, "task": str(task.id), "plan": plan.id}, go_on="consent_form", slots={THEN: self.form}
            )
        if await of_another(turn, task.patient_id) or _unasked(turn, task, plan, draft):
            outcome = await log(
                turn, reply, known_plans(turn), {**draft, "task": str(task.id), "plan": plan.id}
            )
            return outcome if outcome.asked else await self._beside(turn, reply, draft)
        return await take_answers(turn, reply, task, plan, draft)

    async def _beside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """What was told of somebody else is kept; the question stays open."""
        reply.parts.append("")
        rest = {key: value for key, value in draft.items() if key not in MEASURED}
        return await self.ask(replace(turn, asked=QUESTION if rest.get("question") else BEGIN), reply, rest)

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == STOP:
            reply.say("ask_follow_up_stop")
            return Outcome(draft, STOP)
        if turn.asked == WHOSE:
            return await ask_again(turn, reply, draft)
        if turn.asked == DOUBT:
            return doubt_again(turn, reply, draft, known_plans(turn))
        task = await open_task(turn, draft)
        plan = known_plans(turn).get(task.plan_id) if task else None
        if task is None or plan is None:
            reply.say("say_follow_up_none")
            return Outcome.closed()
        if turn.asked == BEGIN:
            return invite(reply, task, plan)
        if draft.get(MEANT):
            return ask_meant_again(turn, reply, plan, draft)
        return put_question(turn, reply, task, plan, draft)

    def _booked(self, turn: Turn) -> Turn:
        """更严重了，想挂号 answers and wishes, unless all words are wanted."""
        draft = turn.slots.get(self.slot) or {}
        plan = known_plans(turn).get(str(draft.get("plan")))
        question = plan.question(str(draft.get("question"))) if plan else None
        all_words = turn.asked == QUESTION and question is not None and question.kind == "text"
        may = turn.asked in (BEGIN, QUESTION) and turn.intent in _MAY_WISH and not all_words
        if may and any(books(part) for part in clauses(turn.text)):
            return replace(turn, intent="book_appointment")
        return super()._booked(turn)

    async def before_leaving(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> None:
        if turn.asked in (BEGIN, QUESTION) and turn.text:
            await keep_beside(turn, reply, draft)
            reply.begins = wish_of(turn) if turn.intent == "book_appointment" else None

    def says_something(self, turn: Turn) -> bool:
        """A digression that holds an answer is an answer."""
        if turn.asked == DOUBT:
            return bool(turn.facts.measurement)
        if turn.asked not in (BEGIN, QUESTION) or not turn.text:
            return False
        if turn.facts.measurement or puts_off(turn.text) or skips(turn.text):
            return True
        if turn.intent == "ask_hospital" and not own_words.tells(turn):
            return False  # 停车怎么收费 is about no medicine that was stopped
        draft = turn.slots.get(self.slot) or {}
        plan = known_plans(turn).get(str(draft.get("plan")))
        question = plan.question(str(draft.get("question"))) if plan else None
        if plan is None or question is None:
            return False
        if corrects(turn.text) and _puts_right(turn, plan.question(str(draft.get("last")))):
            return True
        if question.kind == "text":
            return turn.intent not in _NOT_WORDS
        return bool(read_all(known_plans(turn), plan.questions, question, turn.text, {}))

    async def _due(
        self, turn: Turn, reply: Reply, task: OpenTask | None, draft: Mapping[str, Any]
    ) -> Outcome:
        """The hospital opens it. What has been answered meanwhile is not asked."""
        plan = known_plans(turn).get(task.plan_id) if task else None
        if turn.asked and turn.away < _JUST_NOW:
            await put_off(turn, reply)
            return Outcome(draft, turn.asked)
        if task is None or plan is None or not task.open_questions(plan):
            return Outcome(draft, turn.asked) if turn.asked else Outcome.closed()
        async with turn.runtime.database.begin() as session:
            await asking.asked(session, task.id, turn.now, again=turn.facts.again)
        return invite(reply, task, plan, again=turn.facts.again)

    async def _without_task(self, turn: Turn, reply: Reply) -> Outcome:
        if turn.facts.measurement:
            return await log(turn, reply, known_plans(turn), {})
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


def _puts_right(turn: Turn, last: Question | None) -> bool:
    """Whether the message says something else than the answer before, or only that it was wrong."""
    words = corrected(turn.text)
    return last is not None and (not words or read_one(known_plans(turn), last, words) is not None)


def _only_puts_off(turn: Turn, task: OpenTask, plan: Plan, draft: Mapping[str, Any]) -> bool:
    """Whether the patient wants to be left alone for now and tells nothing that is asked:
    not "185/120，其他晚上再说"."""
    if not puts_off(turn.text):
        return False
    rest = without_later(turn.text)
    question = plan.question(str(draft.get("question")))
    if not rest or question is None:
        return not find_measurements(rest)
    return not (
        find_measurements(rest) or read_all(known_plans(turn), task.open_questions(plan), question, rest, {})
    )


def _unasked(turn: Turn, task: OpenTask, plan: Plan, draft: Mapping[str, Any]) -> bool:
    """Whether the message tells a value that no question of the asking waits for, and puts none of them right: it is
    kept like any other."""
    told = {one.kind for one in find_measurements(turn.text)}
    put = plan.question(str(draft.get("question")))
    waited_for = {question.measures for question in (*task.open_questions(plan), *([put] if put else []))}
    return bool(told) and not told & waited_for and not corrects(turn.text)
