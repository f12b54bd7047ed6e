"""A follow-up answered on its page instead of here."""

from __future__ import annotations

from uuid import UUID

from actions import passed_on
from actions.page_addresses import follow_up_page
from actions.turn import Reply, Turn
from integrations.hospital.follow_up import answering
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.plans import Plan, plans

MANY = 3  # questions; where there are more, a page is the easier way


async def answer_by_page(turn: Turn, reply: Reply) -> None:
    """The page has taken answers: all of them, or one that alarms. Which, it does not say: it comes unasked."""
    task_id = UUID(turn.facts.task)
    async with turn.runtime.database.begin() as session:
        task = await answering.open_task(session, turn.contact_id, turn.now, task_id)
        alarmed = await answering.alarmed(session, task_id)
    plan = plans(turn.runtime.settings).get(task.plan_id) if task else None
    reply.say("say_follow_up_by_page_alarm" if alarmed else "say_follow_up_by_page")
    if alarmed:
        passed_on.say_when(turn, reply)
    if task is None or plan is None:
        return
    if task.open_questions(plan):
        reply.say("say_follow_up_by_page_rest")
    elif not alarmed:
        reply.parts.append(plan.closing.text(turn.language))


async def offer(turn: Turn, reply: Reply, task: OpenTask) -> None:
    reply.say("say_follow_up_page", link=await follow_up_page(turn, task.id))


def mention(reply: Reply, task: OpenTask, plan: Plan) -> None:
    """That there is a page, where it is worth one."""
    if len(task.open_questions(plan)) > MANY:
        reply.say("say_follow_up_page_too")
