"""What patients answer, kept question by question; a corrected answer stays beside the new one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import reminders
from integrations.hospital.follow_up import alerts, enrolment, measuring
from integrations.hospital.follow_up.alerts import Duty
from integrations.hospital.follow_up.plans import Plan, Plans, Question
from integrations.hospital.models import (
    FollowUpAnswer,
    FollowUpTask,
    Level,
    Method,
    TaskStatus,
)

LATE = timedelta(days=14)  # for so long a missed asking may still be answered
_CONTEXT = "follow_up_answers.value"

_OPEN = text("""
    SELECT t.id, t.status, t.reminded_at, e.id AS enrolment_id, e.plan, e.patient_id, p.masked_name AS patient,
           ap.relation, e.account_id, contacts.id AS contact_id, contacts.account_id AS hearer_account,
           (SELECT count(*) FROM account_patients WHERE account_id = contacts.account_id) AS people,
           ARRAY(SELECT question FROM follow_up_answers a
                 WHERE a.task_id = t.id AND a.replaced_at IS NULL) AS answered
    FROM contacts
    JOIN account_patients ap ON ap.account_id = contacts.account_id
    JOIN follow_up_enrolments e ON e.patient_id = ap.patient_id
    JOIN follow_up_tasks t ON t.enrolment_id = e.id
    JOIN patients p ON p.id = e.patient_id
    WHERE contacts.id = :contact AND e.status <> 'stopped'
      AND (CAST(:task AS uuid) IS NULL AND t.due_at > :since
           AND (t.status IN ('asked', 'answering', 'missed') OR t.status = 'planned' AND t.due_at <= :now)
           OR t.id = CAST(:task AS uuid) AND t.status <> 'stopped')
    ORDER BY t.status = 'missed', t.due_at DESC LIMIT 1
""")


_LOCK = text("SELECT id FROM follow_up_tasks WHERE id = :task FOR NO KEY UPDATE")


@dataclass(frozen=True, slots=True)
class OpenTask:
    """An asking that waits for answers of somebody who acts for the patient. `patient` is masked; `alone`: the
    account has nobody else."""

    id: UUID
    enrolment_id: UUID
    plan_id: str
    patient_id: UUID
    patient: str
    relation: str
    alone: bool
    status: TaskStatus
    account_id: UUID
    contact_id: UUID
    answered: frozenset[str]

    def open_questions(self, plan: Plan) -> list[Question]:
        return [question for question in plan.questions if question.id not in self.answered]


async def open_task(
    session: AsyncSession, contact_id: UUID, now: datetime, task_id: UUID | None = None
) -> OpenTask | None:
    """The asking that waits for this contact: that one, or the latest, also one that is due and could not be put yet.
    None: none does (any more)."""
    values = {"contact": contact_id, "task": task_id, "since": now - LATE, "now": now}
    row = (await session.execute(_OPEN, values)).one_or_none()
    if row is None:
        return None
    return OpenTask(
        row.id,
        row.enrolment_id,
        row.plan,
        row.patient_id,
        row.patient,
        row.relation,
        row.people == 1,
        TaskStatus(row.status),
        row.hearer_account,
        row.contact_id,
        frozenset(row.answered),
    )


async def lock(session: AsyncSession, task_id: UUID) -> None:
    """One answers at a time: a page may be sent while the chat takes a message."""
    await session.execute(_LOCK, {"task": task_id})


async def alarmed(session: AsyncSession, task_id: UUID) -> bool:
    """Whether an answer that stands is an alarm."""
    standing = exists().where(
        FollowUpAnswer.task_id == task_id,
        FollowUpAnswer.replaced_at.is_(None),
        FollowUpAnswer.level == Level.ALARM,
    )
    return bool(await session.scalar(select(standing)))


@dataclass(frozen=True, slots=True)
class Given:
    """An answer about to be kept. `value` is JSON; None passes the question over. `beside`: other values of the same
    message, for the series."""

    question: Question
    value: Any = field(repr=False)
    level: Level = Level.USUAL
    taken_at: datetime | None = None  # of a measurement
    beside: tuple[dict[str, float | str], ...] = field(default=(), repr=False)


async def give(
    session: AsyncSession,
    crypto: Crypto,
    plans: Plans,
    task: OpenTask,
    given: Given,
    *,
    method: Method,
    now: datetime,
) -> None:
    """Keeps the answer in the place of an earlier one to the same question. What was measured joins its series, and
    an alarm reaches staff."""
    await lock(session, task.id)
    await _replace(session, task.id, given.question.id, now)
    answer = FollowUpAnswer(
        task_id=task.id,
        question=given.question.id,
        value=crypto.encrypt(json.dumps(given.value, ensure_ascii=False), _CONTEXT),
        level=given.level,
        method=method,
        answered_at=now,
    )
    session.add(answer)
    await session.flush()
    if given.question.measures and isinstance(given.value, Mapping):
        for value in (dict(given.value), *given.beside):
            await _note(session, crypto, plans, task, replace(given, value=value), answer.id, method, now)
    if given.level is Level.ALARM:
        plan = plans.get(task.plan_id)
        assert plan is not None, "only a plan's question is answered"
        # Whom staff have on the phone is with somebody already.
        page_after = None if method is Method.PHONE else plans.page_after(given.question)
        duty = Duty(plan.duty.zh, page_after)
        kind = given.question.measures or ""
        await alerts.raise_for_answer(session, task.patient_id, answer.id, duty, now, kind=kind)
    await _go_on(session, task, given.question, plans, now)


async def measured_with(
    session: AsyncSession, crypto: Crypto, task_id: UUID, question_id: str
) -> list[dict[str, float | str]]:
    """The values that stand for a question, the answer among them."""
    answer_id = await session.scalar(_standing(task_id, question_id))
    return await measuring.of_answer(session, crypto, answer_id) if answer_id else []


async def put_beside(
    session: AsyncSession,
    crypto: Crypto,
    plans: Plans,
    task: OpenTask,
    given: Given,
    *,
    method: Method,
    now: datetime,
) -> None:
    """The answer stands, and its alert; `given.beside` is what the series holds beside it from now on."""
    await lock(session, task.id)
    answer_id = await session.scalar(_standing(task.id, given.question.id))
    if answer_id:
        await measuring.take_back(session, answer_id=answer_id, now=now)
        for value in (given.value, *given.beside):
            await _note(session, crypto, plans, task, replace(given, value=value), answer_id, method, now)


def _standing(task_id: UUID, question_id: str) -> Select[UUID]:
    return select(FollowUpAnswer.id).where(
        FollowUpAnswer.task_id == task_id,
        FollowUpAnswer.question == question_id,
        FollowUpAnswer.replaced_at.is_(None),
    )


async def _note(
    session: AsyncSession,
    crypto: Crypto,
    plans: Plans,
    task: OpenTask,
    given: Given,
    answer_id: UUID,
    method: Method,
    now: datetime,
) -> None:
    kind = given.question.measures
    assert kind, "only what was measured joins a series"
    taken = measuring.Taken(kind, given.value, plans.rules.of(kind).unit, given.taken_at or now)
    await measuring.note(session, crypto, task.patient_id, taken, method=method, now=now, answer_id=answer_id)


async def _replace(session: AsyncSession, task_id: UUID, question: str, now: datetime) -> None:
    standing = (
        update(FollowUpAnswer)
        .where(
            FollowUpAnswer.task_id == task_id,
            FollowUpAnswer.question == question,
            FollowUpAnswer.replaced_at.is_(None),
        )
        .values(replaced_at=now)
        .returning(FollowUpAnswer.id)
        .execution_options(synchronize_session=False)
    )
    for answer_id in list(await session.scalars(standing)):
        await measuring.take_back(session, answer_id=answer_id, now=now)
        await alerts.withdraw(session, answer_id=answer_id, now=now)


async def _go_on(
    session: AsyncSession, task: OpenTask, question: Question, plans: Plans, now: datetime
) -> None:
    """The first answer opens the task, the last one ends it."""
    plan = plans.get(task.plan_id)
    left = [one for one in task.open_questions(plan) if one.id != question.id] if plan else []
    status = TaskStatus.ANSWERING if left else TaskStatus.DONE
    step = update(FollowUpTask).where(FollowUpTask.id == task.id, FollowUpTask.status != TaskStatus.DONE)
    values: dict[str, Any] = {"status": status, "ended_at": None if left else now}
    if task.status is TaskStatus.PLANNED:  # answered before it was asked
        values["asked_at"] = now
        await session.execute(
            step.values(status=TaskStatus.ANSWERING).execution_options(synchronize_session=False)
        )
    await session.execute(step.values(values).execution_options(synchronize_session=False))
    if not left:
        await reminders.drop(session, task.id)
        await enrolment.finish(session, task.enrolment_id, now)


async def answers_of(session: AsyncSession, crypto: Crypto, task_id: UUID) -> dict[str, Any]:
    """What stands, by question; None where it was passed over."""
    standing = select(FollowUpAnswer).where(
        FollowUpAnswer.task_id == task_id, FollowUpAnswer.replaced_at.is_(None)
    )
    return {
        one.question: json.loads(crypto.decrypt(one.value, _CONTEXT))
        for one in await session.scalars(standing)
    }


async def answered_last(session: AsyncSession, task_id: UUID, since: datetime) -> str:
    """The question that was answered last; empty when none was since then."""
    standing = (
        select(FollowUpAnswer.question)
        .where(
            FollowUpAnswer.task_id == task_id,
            FollowUpAnswer.replaced_at.is_(None),
            FollowUpAnswer.answered_at >= since,
        )
        .order_by(FollowUpAnswer.answered_at.desc(), FollowUpAnswer.id.desc())
        .limit(1)
    )
    return await session.scalar(standing) or ""


async def next_due(session: AsyncSession, contact_id: UUID, now: datetime) -> datetime | None:
    """When somebody of this account is asked next."""
    found: datetime | None = await session.scalar(_NEXT, {"contact": contact_id, "now": now})
    return found


_NEXT = text("""
    SELECT min(t.due_at) FROM contacts
    JOIN account_patients ap ON ap.account_id = contacts.account_id
    JOIN follow_up_enrolments e ON e.patient_id = ap.patient_id AND e.status = 'active'
    JOIN follow_up_tasks t ON t.enrolment_id = e.id AND t.status = 'planned' AND t.due_at > :now
    WHERE contacts.id = :contact
""")
