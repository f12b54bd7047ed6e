"""The asking that a follow-up is about: found, put off, put as a question, its answers kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions import follow_up_page as by_page
from actions import follow_up_words as words
from actions.follow_up_times import put_off_until
from actions.forms import Outcome
from actions.measured_doubt import MEANT
from actions.turn import Reply, Turn
from integrations.hospital import operations
from integrations.hospital.follow_up import alerts, answering, asking
from integrations.hospital.follow_up.answering import Given, OpenTask
from integrations.hospital.follow_up.correcting import corrects
from integrations.hospital.follow_up.hearing import Hearer
from integrations.hospital.follow_up.plans import Plan, Plans, plans
from integrations.hospital.models import Level, Method

BEGIN, QUESTION = "follow_up_begin", "follow_up_question"


def known_plans(turn: Turn) -> Plans:
    return plans(turn.runtime.settings)


async def open_task(turn: Turn, draft: Mapping[str, Any]) -> OpenTask | None:
    """The asking that the form is about: the hospital's own, that of the draft, or the latest."""
    named = turn.facts.task or str(draft.get("task") or "")
    async with turn.runtime.database.begin() as session:
        return await answering.open_task(session, turn.contact_id, turn.now, UUID(named) if named else None)


async def put_off(turn: Turn, reply: Reply) -> None:
    """The patient is in the middle of something: nothing is said, and the asking comes again in a while."""
    task = await open_task(turn, {})
    if task:
        async with turn.runtime.database.begin() as session:
            hearer = Hearer(task.account_id, task.contact_id)
            await asking.put_off(session, task.id, hearer, turn.now, again=turn.facts.again)


async def later(turn: Turn, reply: Reply, task: OpenTask) -> Outcome:
    """It is asked again when the patient wants."""
    until = put_off_until(turn)
    async with turn.runtime.database.begin() as session:
        hearer = Hearer(task.account_id, task.contact_id)
        await asking.postpone(session, turn.runtime.settings, task.id, hearer, until)
    reply.say("say_follow_up_later", moment=turn.words.moment(until, turn.today))
    return Outcome.closed()


async def keep(turn: Turn, task: OpenTask, answers: list[Given]) -> None:
    async with turn.runtime.database.begin() as session:
        for given in answers:

            async def effect(given: Given = given) -> operations.Result:
                await answering.lock(session, task.id)  # what the page answers just now counts too
                fresh = await answering.open_task(session, turn.contact_id, turn.now, task.id)
                if fresh:
                    await answering.give(
                        session,
                        turn.runtime.crypto,
                        known_plans(turn),
                        fresh,
                        given,
                        method=Method.CHAT,
                        now=turn.now,
                    )
                    if corrects(turn.text) and given.level is not Level.ALARM and given.question.measures:
                        kind = given.question.measures
                        await alerts.withdraw_aside(session, fresh.patient_id, kind, turn.now)
                return {}

            await operations.once(session, turn.key(f"answer {given.question.id}"), effect)


async def put_beside(turn: Turn, task: OpenTask, given: Given) -> None:
    """Values beside the answer that stands."""
    async with turn.runtime.database.begin() as session:

        async def effect() -> operations.Result:
            await answering.put_beside(
                session,
                turn.runtime.crypto,
                known_plans(turn),
                task,
                given,
                method=Method.CHAT,
                now=turn.now,
            )
            return {}

        await operations.once(session, turn.key(f"beside {given.question.id}"), effect)


def invite(reply: Reply, task: OpenTask, plan: Plan, *, again: bool = False) -> Outcome:
    """Neutral, for it comes unasked and others may read along: who, how much, and how to begin."""
    count = len(task.open_questions(plan))
    reply.say("say_follow_up_again" if again else "say_follow_up_due", name=task.patient, count=count)
    by_page.mention(reply, task, plan)
    reply.say("ask_follow_up_begin")
    return Outcome({"task": str(task.id), "plan": plan.id}, BEGIN)


def put_question(
    turn: Turn, reply: Reply, task: OpenTask, plan: Plan, draft: Mapping[str, Any], *, answered: bool = False
) -> Outcome:
    """The draft's question, or the next one; nothing when all is answered, unless it is to be `answered` anew."""
    left = task.open_questions(plan)
    named = plan.question(str(draft.get("question"))) if left or answered else None
    question = named or (left[0] if left else None)
    if question is None:
        reply.parts.append(plan.closing.text(turn.language))
        return Outcome.closed()
    reply.parts.append(question.ask.text(turn.language))
    words.offer_answers(turn, reply, question)
    reply.expects = question.kind
    kept = {**draft, "task": str(task.id), "plan": plan.id, "question": question.id, MEANT: None}
    return Outcome(kept, QUESTION)
