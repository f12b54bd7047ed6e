"""Calls to patients who did not answer in the chat: what comes of them, the next attempt, answers by phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import deceased
from integrations.hospital.follow_up import answering, calls, enrolment
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.follow_up.calls import UnknownCall
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    CallOutcome,
    FollowUpAlert,
    FollowUpAnswer,
    FollowUpCall,
    FollowUpEnrolment,
    FollowUpRefusal,
    FollowUpTask,
    Level,
    Method,
    StopReason,
    TaskStatus,
)
from integrations.settings import Settings
from tests.people_rows import registered

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # eight o'clock in Shanghai, and no earlier
STAFF = "staff:wang"


class Ward:
    def __init__(self, database: Database, crypto: Crypto) -> None:
        self.database, self.crypto = database, crypto
        self.plans = plans(Settings())
        self.plan = self.plans.by_id["hypertension"]
        self.task: UUID

    async def missed(self, department_id: UUID | None = None) -> Ward:
        async with self.database.begin() as session:
            await registered(session, self.crypto, NOW, agreed=True)
            patient = await session.scalar(text("SELECT id FROM patients"))
            await enrolment.start_by_staff(
                session, Settings(), self.plan, patient, actor=STAFF, now=NOW, department_id=department_id
            )
            miss = text(
                "UPDATE follow_up_tasks SET status = 'missed', due_at = :at WHERE number = 1 RETURNING id"
            )
            self.task = await session.scalar(miss, {"at": NOW - timedelta(days=3)})
        return self

    async def called(self, outcome: CallOutcome, now: datetime = NOW) -> datetime | None:
        async with self.database.begin() as session:
            return await calls.called(session, self.task, outcome, staff=STAFF, now=now)

    async def listed(self, now: datetime = NOW) -> list[int]:
        """How often each who is to be called was called."""
        async with self.database.begin() as session:
            return [one.attempts for one in await calls.to_call(session, self.crypto, now=now)]


@pytest.fixture
async def ward(database: Database, crypto: Crypto) -> Ward:
    return await Ward(database, crypto).missed()


async def test_whoever_was_called_in_the_afternoon_is_called_the_next_day_around_noon(ward: Ward) -> None:
    afternoon = NOW + timedelta(hours=7)
    assert await ward.called(CallOutcome.NO_ANSWER, afternoon) == afternoon + calls.NEXT_ATTEMPT


async def test_nobody_answers_and_it_is_tried_three_times(ward: Ward) -> None:
    assert await ward.listed() == [0]
    now = NOW
    for attempt in (1, 2):
        again = await ward.called(CallOutcome.NO_ANSWER, now)
        assert again == NEXT_MORNING + timedelta(days=attempt - 1)
        assert await ward.listed(now) == []  # not before then
        now = again
        assert await ward.listed(now) == [attempt]
    assert await ward.called(CallOutcome.NO_ANSWER, now) is None
    assert await ward.listed(now + timedelta(days=9)) == []
    with pytest.raises(UnknownCall):
        await ward.called(CallOutcome.NO_ANSWER, now)
    async with ward.database.begin() as session:
        attempts = list(await session.scalars(select(FollowUpCall.called_by)))
        task = await session.get_one(FollowUpTask, ward.task)
    assert attempts == [STAFF] * 3
    assert (task.call_outcome, task.next_call_at) == (CallOutcome.NO_ANSWER, None)


@pytest.mark.parametrize(
    ("outcome", "reason", "refuses"),
    [
        (CallOutcome.REFUSED, StopReason.OPTED_OUT, StopReason.OPTED_OUT),
        (CallOutcome.DIED, StopReason.DIED, None),
        (CallOutcome.WRONG_NUMBER, None, None),
    ],
)
async def test_what_ends_every_plan(
    ward: Ward, outcome: CallOutcome, reason: StopReason | None, refuses: StopReason | None
) -> None:
    assert await ward.called(outcome) is None
    assert await ward.listed() == []
    async with ward.database.begin() as session:
        enrolled = (await session.scalars(select(FollowUpEnrolment))).one()
        refusal = await session.scalar(select(FollowUpRefusal.reason))
        died = await deceased.is_deceased(session, enrolled.patient_id)
    assert enrolled.stop_reason is reason
    assert refusal is refuses
    assert died is (outcome is CallOutcome.DIED)
    with pytest.raises(UnknownCall):  # a colleague was faster
        await ward.called(CallOutcome.REACHED)


async def test_answers_by_phone_are_kept_like_those_of_the_chat(ward: Ward) -> None:
    pressure, *others = ward.plan.questions
    given = [Given(pressure, {"systolic": 190.0, "diastolic": 120.0}, Level.ALARM)]
    given += [Given(one, None) for one in others]
    async with ward.database.begin() as session:
        await calls.answered_by_phone(
            session, ward.crypto, ward.plans, ward.task, given, staff=STAFF, now=NOW
        )
    async with ward.database.begin() as session:
        task = await session.get_one(FollowUpTask, ward.task)
        methods = set(await session.scalars(select(FollowUpAnswer.method)))
        alert = (await session.scalars(select(FollowUpAlert))).one()
        kept = await answering.answers_of(session, ward.crypto, ward.task)
    assert (task.status, task.call_outcome) == (TaskStatus.DONE, CallOutcome.REACHED)
    assert methods == {Method.PHONE}
    assert alert.duty == ward.plan.duty.zh
    assert kept[pressure.id] == {"systolic": 190.0, "diastolic": 120.0}
    assert await ward.listed() == []


async def test_half_answered_by_phone_the_chat_may_ask_the_rest(ward: Ward) -> None:
    first = ward.plan.questions[0]
    async with ward.database.begin() as session:
        await calls.answered_by_phone(
            session, ward.crypto, ward.plans, ward.task, [Given(first, None)], staff=STAFF, now=NOW
        )
        task = await session.get_one(FollowUpTask, ward.task)
    assert (task.status, task.call_outcome) == (TaskStatus.ANSWERING, CallOutcome.REACHED)
