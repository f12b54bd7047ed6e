"""What a message says to the questions of a follow-up: to the open one, to others, and to those before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.follow_up_task import (
    BEGIN,
    QUESTION,
    known_plans,
)
from actions.putting_right import said_instead
from actions.turn import Turn
from integrations.hospital.follow_up import answering
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.correcting import corrects
from integrations.hospital.follow_up.plans import Plan, Question
from integrations.hospital.follow_up.reading import (
    Read,
    chosen,
    graded_yes_no,
    read_all,
    read_one,
)
from integrations.hospital.models import Level
from integrations.language.clauses import without_later
from integrations.language.measurements import find_measurements

HALF = "half"  # in the draft: one number of a pressure, while the other is asked for
_ANOTHER_DAY = re.compile(
    r"[昨前]天|昨[早晚]|[早晚]上|今早|早晨|中午|[上下]午|\b(?:yesterday|last night|morning|evening)\b",
    re.IGNORECASE,
)


async def read_answers(
    turn: Turn, task: OpenTask, plan: Plan, current: Question, draft: Mapping[str, Any]
) -> list[Read]:
    """What the message answers of the plan, the open question's answer first; nothing where it says none."""
    if turn.facts.field and (read := chosen(current, turn.facts.field)):
        return [read]
    if not turn.text and current.kind == "yes_no" and turn.intent in {"affirm", "deny"}:
        return [graded_yes_no(current, said=turn.intent == "affirm")] if turn.asked == QUESTION else []
    if not turn.text or (turn.intent == "answer_follow_up" and not turn.facts.measurement):
        return []
    all_plans = known_plans(turn)
    text = turn.text if current.kind == "text" else without_later(turn.text)
    takes_back = corrects(text)
    if takes_back:
        said = replace(turn, text=text)
        if reads := await said_instead(said, task, plan, draft, any_named=current.kind == "text"):
            return reads
    if turn.asked == BEGIN and turn.intent in {"affirm", "inform"} and not turn.facts.measurement:
        return []
    if turn.asked == BEGIN and current.kind in ("text", "yes_no", "choice"):
        return []  # before the question was put nothing can be meant for it
    if takes_back:
        before = await answers_of(turn, task)
        return read_all(all_plans, plan.questions, current, text, before)
    half = {current.id: draft[HALF]} if draft.get(HALF) else {}
    reads = read_all(all_plans, task.open_questions(plan), current, text, half)
    last = plan.question(str(draft.get("last")))
    if last and last.measures and (not reads or _of_another_day(reads, text)):
        late = read_one(all_plans, last, text)  # a value, to the question that was passed over just now
        reads = [late] if late and not late.implausible else reads
    return [*reads, *await _turned_worse(turn, task, plan, current, text)]


def _of_another_day(reads: list[Read], text: str) -> bool:
    """Whether a bare number that can hardly answer the open question tells of another day or hour: 昨天晚上不到8,
    behind a blood sugar, is no weight."""
    return reads[0].doubtful and not find_measurements(text) and bool(_ANOTHER_DAY.search(text))


async def _turned_worse(turn: Turn, task: OpenTask, plan: Plan, current: Question, text: str) -> list[Read]:
    """What alarms in a choice that was answered before: 吃了，但是更难受了."""
    answered = [
        one for one in plan.questions if one.kind == "choice" and one.id in task.answered - {current.id}
    ]
    reads = [read for question in answered if (read := read_one(known_plans(turn), question, text))]
    alarming = [read for read in reads if read.level is Level.ALARM]
    before = await answers_of(turn, task) if alarming else {}
    return [read for read in alarming if before.get(read.question.id) != read.value]


async def answers_of(turn: Turn, task: OpenTask) -> dict[str, Any]:
    """What was answered until now, by question."""
    async with turn.runtime.database.begin() as session:
        return await answering.answers_of(session, turn.runtime.crypto, task.id)
