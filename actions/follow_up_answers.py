"""The answers of a message to a follow-up: read, looked at once more where they can hardly be, kept, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions import follow_up_words as words
from actions import measured_doubt, passed_on
from actions.consent import may_go_on
from actions.follow_up_read import HALF, answers_of, read_answers
from actions.follow_up_task import (
    BEGIN,
    QUESTION,
    keep,
    known_plans,
    later,
    open_task,
    put_beside,
    put_question,
)
from actions.follow_up_times import taken_at
from actions.forms import Outcome
from actions.measured_doubt import MEANT
from actions.putting_right import closed, said_instead, takes_back_nothing_else
from actions.turn import Reply, Turn
from integrations.hospital.follow_up import answering, wording
from integrations.hospital.follow_up.answering import Given, OpenTask
from integrations.hospital.follow_up.aside import duty_of
from integrations.hospital.follow_up.correcting import corrects
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import Plan, Question
from integrations.hospital.follow_up.reading import (
    Read,
    graded,
    gravity,
)
from integrations.hospital.models import Level
from integrations.language.clauses import clauses, puts_off, skips
from integrations.language.health import books

SKIP = "skip"  # what a button says
ECHOED = "echoed"  # in the draft: the patient knows how to put an answer right
BESIDE = "beside"  # in the draft: a sure value answers the question, and another one is asked about
DOUBTS = "doubts"  # in the draft: other doubtful values of the message, to be asked about one after the other


async def take_answers(
    turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
) -> Outcome:
    """The message's answers kept, the next question put."""
    left = task.open_questions(plan)
    current = plan.question(str(draft.get("question"))) or (left[0] if left else plan.questions[-1])
    if turn.asked == QUESTION and (turn.facts.field == SKIP or skips(turn.text)):
        if not draft.get(BESIDE):
            await keep(turn, task, [Given(current, None)])
        passed = {**draft, "last": current.id}
        return await _go_on(turn, reply, plan, passed, said=["say_follow_up_skipped"])
    if (waiting := draft.get(MEANT)) and not measured_doubt.told_anew(turn, waiting):
        return await _settled(turn, reply, task, plan, draft, current)
    reads = await read_answers(turn, task, plan, current, draft)
    if not reads:
        return await _nothing_read(turn, reply, task, plan, draft)
    draft = _without_told(draft, current, reads)
    if (late := reads[0].question) is not current and late.measures and late.id in task.answered:
        draft = draft if corrects(turn.text) else {**draft, BESIDE: late.id}
    if wrong := next((read for read in reads if read.doubtful), None):
        return await _look_again(turn, reply, task, plan, draft, wrong, reads)
    await _keep(turn, task, draft, reads)
    return await _answered(turn, reply, plan, draft, reads)


async def _keep(turn: Turn, task: OpenTask, draft: Mapping[str, Any], reads: list[Read]) -> None:
    """Each in the place of an earlier answer. Of two values to one question the graver one answers it."""
    moment, given = taken_at(turn), []
    for read in reads:
        one = Given(read.question, read.value, read.level, moment, read.beside)
        others = await _others(turn, task, draft, read)
        if not others:
            given.append(one)
            continue
        told = [read, *(graded(known_plans(turn), read.question, value) for value in others)]
        gravest = max(told, key=gravity)
        beside = (*(other.value for other in told if other is not gravest), *read.beside)
        one = replace(one, value=gravest.value, level=gravest.level, beside=beside)
        if gravest.value == (await answers_of(turn, task)).get(read.question.id):
            await put_beside(turn, task, one)
        else:
            given.append(one)
    await keep(turn, task, given)


async def _others(
    turn: Turn, task: OpenTask, draft: Mapping[str, Any], read: Read
) -> list[dict[str, float | str]]:
    """What stands for the same question, and goes on standing beside this value: all where it was told beside; where
    one is put right (不对，餐后是9.3), what was measured at another time."""
    corrected = corrects(turn.text)
    if not read.question.measures or not (corrected or draft.get(BESIDE) == read.question.id):
        return []
    async with turn.runtime.database.begin() as session:
        standing = await answering.measured_with(session, turn.runtime.crypto, task.id, read.question.id)
    when = read.value.get("when")
    return [one for one in standing if not corrected or (when and one.get("when", when) != when)]


async def answer_afterwards(turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
    """ "不对，是…" behind the last answer, or an alarm's advice: kept in its place, and said what it is now."""
    task = await open_task(turn, draft)
    plan = known_plans(turn).get(task.plan_id) if task else None
    if task is None or plan is None or not await may_go_on(turn):
        reply.say("say_follow_up_none" if task is None or plan is None else "say_measurement_consent")
        return Outcome.closed()
    draft = {"task": str(task.id), "plan": plan.id, "last": draft.get("last")}
    if (
        takes_back_nothing_else(turn.text) and plan.question(str(draft["last"])) is None
    ):  # of several on the page
        reply.say("say_follow_up_which", example=words.instead(turn, task, plan))
        return Outcome(closed(turn, draft))
    if takes_back_nothing_else(turn.text):
        return put_question(turn, reply, task, plan, {**draft, "question": draft["last"]}, answered=True)
    reads = await said_instead(turn, task, plan, draft, afterwards=True)
    if wrong := next((read for read in reads if read.doubtful), None):
        return await _look_again(turn, reply, task, plan, draft, wrong, reads)
    await _keep(turn, task, draft, reads)
    reply.say("say_follow_up_changed", what=turn.words.all_of(words.changed(turn, read) for read in reads))
    _advise(turn, reply, reads)
    return await _go_on_after(turn, reply, plan, {**draft, ECHOED: True}, reads)


async def keep_beside(turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> None:
    """What a message answers beside a wish that leaves the form: 更严重了，想挂号."""
    task = await open_task(turn, draft)
    plan = known_plans(turn).get(task.plan_id) if task else None
    told = "，".join(part for part in clauses(turn.text) if not books(part))
    if task is None or plan is None or not told or not await may_go_on(turn):
        return
    left = task.open_questions(plan)
    current = plan.question(str(draft.get("question"))) or (left[0] if left else plan.questions[-1])
    found = await read_answers(replace(turn, text=told), task, plan, current, draft)
    reads = [read for read in found if read.question.kind != "text" and not read.doubtful]
    if not reads:
        return
    moment = taken_at(turn)
    await keep(turn, task, [Given(read.question, read.value, read.level, moment) for read in reads])
    _say_kept(turn, reply, draft, reads)
    if any(read.level is Level.ALARM for read in reads):
        await _after_alarm(turn, reply, plan, draft)


async def _settled(
    turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any], current: Question
) -> Outcome:
    """Yes or no to what was likelier meant. A no to what cannot be leaves the question open."""
    answers, value = measured_doubt.settled(turn, draft[MEANT])
    if value is not None:
        read = replace(graded(known_plans(turn), current, value), unlikely=False)
        await _keep(turn, task, draft, [read])
        return await _answered(turn, reply, plan, draft, [read])
    if answers and draft.get(BESIDE):
        return await _go_on(turn, reply, plan, draft, said=[])
    outcome = put_question(turn, reply, task, plan, draft)
    outcome.understood = answers
    return outcome


async def _nothing_read(
    turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any]
) -> Outcome:
    begins = turn.asked in ("", BEGIN) and turn.intent in {
        "affirm",
        "answer_follow_up",
        "inform",
        "log_measurement",
    }
    if turn.asked == BEGIN and turn.intent == "deny":
        return await later(turn, reply, task)
    if draft.get(BESIDE) and not draft.get(MEANT):
        return await _go_on(turn, reply, plan, draft, said=[])
    outcome = put_question(turn, reply, task, plan, draft)
    outcome.understood = begins or turn.intent == "answer_follow_up"
    return outcome


async def _look_again(
    turn: Turn,
    reply: Reply,
    task: OpenTask,
    plan: Plan,
    draft: Mapping[str, Any],
    wrong: Read,
    reads: list[Read],
) -> Outcome:
    """A value that can hardly be is asked for once more, with what was likelier meant; told again so, it is not kept,
    and staff see it."""
    fine = [read for read in reads if not read.doubtful]
    known, kind, moment = known_plans(turn), wrong.question.measures, taken_at(turn)
    if fine:
        await _keep(turn, task, draft, fine)
        draft = {**draft, ECHOED: _say_kept(turn, reply, draft, fine)}
        if any(read.level is Level.ALARM for read in fine):
            passed_on.say(turn, reply)
        task = await open_task(turn, draft) or task
    beside = (
        wrong.question.id in {read.question.id for read in fine} or draft.get(BESIDE) == wrong.question.id
    )
    others = [read.as_json() for read in reads if read.doubtful and read is not wrong]
    draft = {**draft, DOUBTS: [*others, *(draft.get(DOUBTS) or [])]}
    if _told_again(wrong, draft):
        if not beside:
            await keep(turn, task, [Given(wrong.question, None)])
        if not (wrong.implausible and kind):
            return await _go_on(turn, reply, plan, draft, said=["say_measurement_doubtful"])
        taken = Taken(kind, wrong.value, known.rules.of(kind).unit, moment)
        duty = duty_of(known, plan, wrong.question, wrong.level)
        await measured_doubt.stand_by(turn, reply, task.patient_id, taken, duty)
        return await _go_on(turn, reply, plan, draft, said=[])
    if (wrong.partial or wrong.bound) and wrong.level is Level.ALARM and kind:
        taken = Taken(kind, wrong.value, known.rules.of(kind).unit, moment)
        advice = known.advice(wrong.question, wrong.level, low=wrong.low)
        duty = duty_of(known, plan, wrong.question, wrong.level)
        await measured_doubt.pass_on_untold(turn, reply, task.patient_id, taken, advice, duty)
    waiting = _ask_meant(turn, reply, wrong)
    if not waiting:
        _ask_again(turn, reply, wrong)
    doubted = wrong.question.id if wrong.implausible or wrong.open else draft.get("doubted")
    draft = {
        **draft,
        "plan": plan.id,
        "task": str(task.id),
        "question": wrong.question.id,
        "doubted": doubted,
        HALF: wrong.value if wrong.partial else None,
        BESIDE: wrong.question.id if beside else None,
        MEANT: waiting,
    }
    reply.expects = wrong.question.kind
    return Outcome(draft, QUESTION)


def _ask_again(turn: Turn, reply: Reply, wrong: Read) -> None:
    if wrong.open:
        example = wording.in_full(turn.words.texts, wrong.question.kind, wrong.value, wrong.bound)
        reply.say("say_measurement_open", example=example)
        return
    key = "say_pressure_partial" if wrong.partial else "say_measurement_implausible"
    reply.say(key, value=words.value(turn, wrong.question, wrong.value))


def ask_meant_again(turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any]) -> Outcome:
    """After something else was said."""
    plans, question = known_plans(turn), plan.question(str(draft["question"]))
    assert question
    assert question.measures
    rule, ranges = plans.rules.of(question.measures), plans.ranges(question)
    assert ranges
    measured_doubt.ask_again(turn, reply, rule, ranges, draft[MEANT])
    return Outcome(draft, QUESTION)


def _told_again(wrong: Read, draft: Mapping[str, Any]) -> bool:
    """Whether a doubtful value comes for the second time."""
    if wrong.unlikely:
        return bool((draft.get(MEANT) or {}).get("told") == wrong.value)
    return (wrong.implausible or wrong.open) and draft.get("doubted") == wrong.question.id


def _ask_meant(turn: Turn, reply: Reply, wrong: Read) -> dict[str, Any] | None:
    plans, kind = known_plans(turn), wrong.question.measures
    ranges = plans.ranges(wrong.question)
    if wrong.partial or not (wrong.implausible or wrong.unlikely) or kind is None or ranges is None:
        return None
    return measured_doubt.ask(
        turn, reply, plans.rules.of(kind), ranges, kind, wrong.value, stands=wrong.unlikely
    )


async def _answered(
    turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any], reads: list[Read]
) -> Outcome:
    known = _say_kept(turn, reply, draft, reads)
    return await _go_on_after(turn, reply, plan, {**draft, ECHOED: known}, reads)


def _say_kept(turn: Turn, reply: Reply, draft: Mapping[str, Any], reads: list[Read]) -> bool:
    """What was understood, and advice. Gives whether the patient knows by now how to put an answer right."""
    if noted := words.all_values(turn, reads):
        reply.say("say_follow_up_noted", what=noted)
    known = bool(draft.get(ECHOED))
    if understood := words.understood(turn, reads):
        briefly = known or any(read.level is Level.ALARM for read in reads)
        reply.say(
            "say_follow_up_understood" if briefly else "say_follow_up_understood_first", what=understood
        )
        known = True
    _advise(turn, reply, reads)
    return known


def _advise(turn: Turn, reply: Reply, reads: list[Read]) -> None:
    for read in sorted(reads, key=lambda one: one.level is not Level.ALARM):
        advice = known_plans(turn).advice(read.question, read.level, low=read.low)
        if advice:
            reply.parts.append(advice.text(turn.language))
        if read.level is Level.ALARM:
            break  # one thing at a time: the gravest


async def _go_on_after(
    turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any], reads: list[Read]
) -> Outcome:
    draft = {**draft, "last": reads[0].question.id, MEANT: None, BESIDE: None, HALF: None}
    if any(read.level is Level.ALARM for read in reads):
        return await _after_alarm(turn, reply, plan, draft)
    return await _go_on(turn, reply, plan, draft, said=[])


async def _after_alarm(turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any]) -> Outcome:
    """Nothing else is asked of somebody who was just told to act."""
    task = await open_task(turn, draft)
    rest = bool(task and task.open_questions(plan))
    passed_on.say(turn, reply, rest=rest)
    return Outcome(closed(turn, draft, alarmed=True))


async def _go_on(
    turn: Turn, reply: Reply, plan: Plan, draft: Mapping[str, Any], *, said: list[str]
) -> Outcome:
    for key in said:
        reply.say(key)
    task = await open_task(turn, draft)
    if task and (doubts := draft.get(DOUBTS)):
        return await _next_doubt(turn, reply, task, plan, draft, doubts)
    if task is None or not task.open_questions(plan):
        reply.parts.append(plan.closing.text(turn.language))
        return Outcome(closed(turn, draft))
    if puts_off(turn.text):  # 药吃了，血压晚上再量
        return replace(await later(turn, reply, task), draft=closed(turn, draft))
    return put_question(turn, reply, task, plan, {**draft, "question": None, BESIDE: None, HALF: None})


def _without_told(draft: Mapping[str, Any], current: Question, reads: list[Read]) -> dict[str, Any]:
    """Without the doubts to which this message says something by itself: 是5.4，体重65公斤."""
    told = {read.question.id for read in reads if read.question.id != current.id or read.beside}
    return {**draft, DOUBTS: [one for one in draft.get(DOUBTS) or () if one["question"] not in told]}


async def _next_doubt(
    turn: Turn,
    reply: Reply,
    task: OpenTask,
    plan: Plan,
    draft: Mapping[str, Any],
    doubts: list[dict[str, Any]],
) -> Outcome:
    """The doubtful value behind the one that is settled."""
    first, *others = doubts
    answered = first["question"] if first["question"] in task.answered else None
    draft = {**draft, DOUBTS: others, BESIDE: answered, MEANT: None, HALF: None, "doubted": None}
    wrong = Read.of(plan, first)
    if wrong is None:
        return await _go_on(turn, reply, plan, draft, said=[])
    if reply.parts:
        reply.parts.append("")
    return await _look_again(turn, reply, task, plan, draft, wrong, [])
