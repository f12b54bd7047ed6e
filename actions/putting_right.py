"""Answers of a follow-up put right by "不对，是…": while its form is open, and within the hour after it was closed, as
long as nothing else was begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import log
from typing import Any
from uuid import UUID

from actions.turn import Turn
from integrations.hospital.follow_up import answering
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.correcting import corrected, corrects
from integrations.hospital.follow_up.plans import Plan, plans
from integrations.hospital.follow_up.reading import Read, read_all
from integrations.language.clauses import plainly

FORM, SLOT = "follow_up_form", "follow_up"
JUST_ANSWERED = timedelta(hours=1)  # so long "不对" means the answer before, after something else as well
# Said in between these begin nothing else.
_COURTESIES = frozenset({"thanks", "goodbye", "smalltalk", "pause", "hurry", "greet", "affirm"})
_CLOSED = "closed"  # in the draft: when the form was
_ALARMED = "alarmed"  # in the draft: its last answer did


def closed(turn: Turn, draft: Mapping[str, Any], *, alarmed: bool = False) -> dict[str, Any]:
    """What a closed form keeps. `alarmed`: the patient was told to act."""
    kept = {key: draft[key] for key in ("task", "plan", "last") if key in draft}
    return {**kept, _CLOSED: turn.now.isoformat(), **({_ALARMED: True} if alarmed else {})}


def alarmed_lately(turn: Turn) -> bool:
    """Whether the last asking ended in an alarm within the hour."""
    draft = turn.slots.get(SLOT) or {}
    return bool(draft.get(_ALARMED)) and _lately(turn, draft)


def is_closed(draft: Mapping[str, Any]) -> bool:
    return _CLOSED in draft


def takes_back_nothing_else(text: str) -> bool:
    """ "不对", without what is right."""
    return corrects(text) and not corrected(text)


def is_over(turn: Turn) -> bool:
    """Whether a closed form has nothing to do with what is said from now on."""
    return is_closed(turn.slots.get(SLOT) or {}) and turn.intent not in _COURTESIES


async def meant_afterwards(turn: Turn) -> bool:
    """Whether a message, with no question open, puts an answer of the form right that was closed just now."""
    draft = turn.slots.get(SLOT) or {}
    if turn.asked or not _lately(turn, draft) or not corrects(turn.text):
        return False
    found = await _task(turn, draft)
    return found is not None and (
        takes_back_nothing_else(turn.text) or bool(await said_instead(turn, *found, draft, afterwards=True))
    )


async def _task(turn: Turn, draft: Mapping[str, Any]) -> tuple[OpenTask, Plan] | None:
    async with turn.runtime.database.begin() as session:
        task = await answering.open_task(session, turn.contact_id, turn.now, UUID(draft["task"]))
    plan = plans(turn.runtime.settings).get(task.plan_id) if task else None
    return (task, plan) if task and plan else None


def _lately(turn: Turn, draft: Mapping[str, Any]) -> bool:
    if not is_closed(draft):
        return False
    ago = turn.now - datetime.fromisoformat(draft[_CLOSED])
    return ago < JUST_ANSWERED and (turn.alarm_ago is None or turn.alarm_ago > ago)


async def said_instead(
    turn: Turn,
    task: OpenTask,
    plan: Plan,
    draft: Mapping[str, Any],
    *,
    afterwards: bool = False,
    any_named: bool = False,
) -> list[Read]:
    """What a message says instead of the answer before; nothing where it speaks of something else. `any_named`: any
    answer may be meant that it names. `afterwards`: the form is closed; where the patient's own words came last, the
    answer before them may be meant as well, and after the page each of them."""
    async with turn.runtime.database.begin() as session:
        since = turn.now - JUST_ANSWERED
        latest = await answering.answered_last(session, task.id, since)
        before = await answering.answers_of(session, turn.runtime.crypto, task.id)
    last = plan.question(str(draft.get("last") or latest))
    asked = [last] if last and last.kind != "text" else []
    told_together = afterwards and not draft.get("last")
    if (afterwards and last and not asked and plainly(corrected(turn.text)) is None) or told_together:
        asked = [one for one in reversed(plan.questions) if one.id in before and one.kind != "text"]
    known = plans(turn.runtime.settings)
    meant: list[list[Read]] = []
    for question in asked:
        words = turn.text if question.measures else corrected(turn.text)
        reads = [
            one
            for one in read_all(known, plan.questions, question, words, before)
            if one.question.kind != "text"
        ]
        if any(read.question.id == question.id for read in reads):
            reads = [read for read in reads if not afterwards or read.question.id in before]
            meant.append(sorted(reads, key=lambda read: read.question.id != question.id))
            continue
        named = [read for read in reads if read.question.id in before]
        if named and (any_named or afterwards):
            return named
    return min(meant, key=lambda reads: _far_off(reads[0], before.get(reads[0].question.id)), default=[])


def _far_off(read: Read, before: Any) -> tuple[bool, float]:
    """How unlike the answer before it is: 6.5 is meant for a blood sugar of 6.1 rather than for a weight of 62."""
    new, old = _number(read.value), _number(before)
    return read.doubtful, abs(log(new / old)) if new and old else 0.0


def _number(answer: Any) -> float | None:
    """None where it has none, or zero."""
    told = answer.get("value", answer.get("systolic")) if isinstance(answer, Mapping) else answer
    return float(told) if isinstance(told, int | float) and told > 0 else None
