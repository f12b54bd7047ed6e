"""A due follow-up on its way: into the chat, as a notice, later, or to the call list."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from matplotlib import image
from sqlalchemy import select, text

from bot import inbox, news, sweep, trends
from integrations.hospital import accounts, events, reminders
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import asking, calls, enrolment, measuring, report
from integrations.hospital.follow_up.hearing import hearer_for
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    AccountPatient,
    CallOutcome,
    FollowUpEnrolment,
    FollowUpTask,
    Method,
    Relation,
    Reminder,
    Sex,
    StopReason,
    TaskStatus,
)
from integrations.language.measurements import MeasurementKind
from tests.bot.said import commands
from tests.clinic_rows import known_patient

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Patient:
    """Somebody on the hypertension plan who chats on one channel."""

    def __init__(self, rt, clock, contact, patient_id):
        self.rt, self.clock, self.contact, self.patient_id = rt, clock, contact, patient_id

    async def task(self):
        async with self.rt.database.begin() as session:
            return await session.scalar(select(FollowUpTask).order_by(FollowUpTask.due_at).limit(1))

    async def enrolment(self):
        async with self.rt.database.begin() as session:
            return await session.scalar(select(FollowUpEnrolment))

    async def commands(self):
        return await commands(self.rt)

    async def notices(self):
        async with self.rt.database.begin() as session:
            return list(await session.scalars(text("SELECT notice FROM outbound ORDER BY seq")))

    async def until_due(self):
        self.clock.time = (await self.task()).due_at
        return await sweep.hospital(self.rt)

    async def until_next(self):
        """To the moment for which the next reminder of the first task is planned."""
        task = await self.task()
        async with self.rt.database.begin() as session:
            planned = select(Reminder.due_at).where(Reminder.subject_id == task.id).order_by(Reminder.due_at)
            self.clock.time = (await session.scalars(planned.limit(1))).one()
        return await sweep.hospital(self.rt)


@pytest.fixture
def channel():
    return "telegram"


@pytest.fixture
async def patient(rt, clock, message, telegram, wechat, channel):
    platform = {"telegram": telegram, "wechat": wechat}[channel]
    accepted = await inbox.accept(rt, platform, message(channel=channel), passive_until=None)
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE inbound SET status = 'done', done_at = now()"))
        contact = await accounts.contact(session, accepted.conversation_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, rt.now(), None)
        person = known_patient("*明", date(1960, 3, 7), Sex.MALE)
        person.name = rt.crypto.encrypt("张明", "patients.name")
        person.phone = rt.crypto.encrypt("+8613812345678", "patients.phone")
        session.add(person)
        await session.flush()
        session.add(
            AccountPatient(account_id=contact.account_id, patient_id=person.id, relation=Relation.SELF)
        )
        await session.flush()
        plan = plans(rt.settings).get("hypertension")
        await enrolment.start_by_staff(
            session, rt.settings, plan, person.id, actor="staff:test", now=rt.now()
        )
    return Patient(rt, clock, contact, person.id)


async def test_it_is_asked_in_the_chat_at_the_plans_hour(patient):
    told = await patient.until_due()
    assert told == [patient.contact.id]
    local = patient.clock.time.astimezone(SHANGHAI)
    assert (local.hour, local.date()) == (8, date(2026, 11, 29))
    [command] = await patient.commands()
    assert json.loads(command.removeprefix("/follow_up_due")) == {"task": str((await patient.task()).id)}
    assert await patient.notices() == []
    assert await sweep.hospital(patient.rt) == []  # once


async def test_silence_is_reminded_of_once_and_then_called_about(patient):
    rt = patient.rt
    await patient.until_due()
    async with rt.database.begin() as session:
        await asking.asked(session, (await patient.task()).id, rt.now(), again=False)
    assert await patient.until_next() == [patient.contact.id]
    assert '"again": true' in (await patient.commands())[-1]
    async with rt.database.begin() as session:
        await asking.asked(session, (await patient.task()).id, rt.now(), again=True)
    assert await patient.until_next() == []
    task = await patient.task()
    assert task.status is TaskStatus.MISSED
    async with rt.database.begin() as session:
        [one] = await calls.to_call(session, rt.crypto)
        assert (one.task_id, one.patient, one.phone) == (task.id, "*明", "138****5678")
        why = {"staff": "staff:test", "reason": "did not answer"}
        assert await calls.reveal_phone(session, rt.crypto, task.id, **why) == "+8613812345678"
        await calls.called(session, task.id, CallOutcome.REACHED, staff="staff:test", now=rt.now())
        assert await calls.to_call(session, rt.crypto) == []
        with pytest.raises(calls.UnknownCall):
            await calls.reveal_phone(session, rt.crypto, task.id, **why)
        [month] = await report.completion(session, rt.now() - timedelta(days=30), rt.now(), "Asia/Shanghai")
    assert (month.plan, month.asked, month.missed, month.reached, month.rate) == ("hypertension", 1, 1, 1, 0)


async def test_what_was_never_asked_is_asked_again_the_next_day(patient):
    """The dialog never got to it: a person had the patient all day, or Rasa was down."""
    await patient.until_due()
    assert await patient.until_next() == [patient.contact.id]
    assert "again" not in (await patient.commands())[-1]


async def test_a_reminder_that_falls_into_the_night_stays_the_reminder(patient):
    rt = patient.rt
    await patient.until_due()
    async with rt.database.begin() as session:
        await asking.asked(session, (await patient.task()).id, rt.now(), again=False)
    patient.clock.time = (rt.now() + timedelta(days=1)).astimezone(SHANGHAI).replace(hour=23)
    assert await sweep.hospital(rt) == []
    assert await patient.until_next() == [patient.contact.id]
    assert '"again": true' in (await patient.commands())[-1]
    async with rt.database.begin() as session:
        await asking.asked(session, (await patient.task()).id, rt.now(), again=True)
    assert await patient.until_next() == []
    assert (await patient.task()).status is TaskStatus.MISSED


async def test_who_wants_it_later_is_left_alone_until_then(patient):
    rt = patient.rt
    await patient.until_due()
    task = await patient.task()
    later = rt.now() + timedelta(days=3)
    async with rt.database.begin() as session:
        await asking.asked(session, task.id, rt.now(), again=False)
        hearer = await hearer_for(session, patient.patient_id)
        await asking.postpone(session, rt.settings, task.id, hearer, later)
    patient.clock.forward(days=2)
    assert await sweep.hospital(rt) == []
    assert await patient.until_next() == [patient.contact.id]
    assert patient.clock.time == later
    assert "again" not in (await patient.commands())[-1]


async def test_it_does_not_come_into_a_talk_with_a_person(patient):
    async with patient.rt.database.begin() as session:
        await session.execute(text("UPDATE controls SET state = 'agent', epoch = epoch + 1"))
    assert await patient.until_due() == []
    assert await patient.commands() == []
    async with patient.rt.database.begin() as session:
        await session.execute(text("UPDATE controls SET state = 'bot', epoch = epoch + 1"))
    patient.clock.forward(minutes=30)
    assert await sweep.hospital(patient.rt) == [patient.contact.id]


async def test_after_an_alarm_it_waits(patient, message, telegram):
    task = await patient.task()
    patient.clock.time = task.due_at
    await inbox.accept(patient.rt, telegram, message("我胸口很痛喘不上气"), passive_until=None)
    assert await sweep.hospital(patient.rt) == []
    assert await patient.commands() == []


async def test_late_into_the_night_it_waits_for_the_morning(patient):
    task = await patient.task()
    patient.clock.time = task.due_at.astimezone(SHANGHAI).replace(hour=23)  # the clock stood still all day
    assert await sweep.hospital(patient.rt) == []
    assert await patient.until_next() == [patient.contact.id]
    assert patient.clock.time.astimezone(SHANGHAI).strftime("%H:%M") == "07:30"


async def test_nobody_who_agreed_ends_it(patient):
    rt = patient.rt
    async with rt.database.begin() as session:
        contact = await accounts.contact(session, patient.contact.id)
        await accounts.withdraw_consents(session, contact, accounts.OWN_CONSENTS, rt.now(), None)
    assert await patient.until_due() == []
    made = await patient.enrolment()
    assert (made.status, made.stop_reason) == ("stopped", StopReason.NOBODY)
    async with rt.database.begin() as session:
        assert list(await session.scalars(select(Reminder))) == []


async def test_a_task_that_was_stopped_meanwhile_is_not_asked(patient):
    rt = patient.rt
    task = await patient.task()
    async with rt.database.begin() as session:
        await reminders.hand_out(session, task.due_at, 10)
        await enrolment.stop_all(session, patient.patient_id, StopReason.DIED, actor="staff:x", now=rt.now())
    patient.clock.time = task.due_at
    assert await news.tell(rt, 10) == []
    assert await patient.commands() == []


@pytest.mark.parametrize("channel", ["wechat"])
async def test_in_a_shut_window_a_notice_leads_back(patient):
    await patient.until_due()  # a week after the patient wrote
    assert await patient.commands() == []
    assert await patient.notices() == ["follow_up_due"]
    assert (await patient.task()).status is TaskStatus.ASKED
    await patient.until_next()
    assert await patient.notices() == ["follow_up_due", "follow_up_unanswered"]
    await patient.until_next()
    assert (await patient.task()).status is TaskStatus.MISSED


@pytest.mark.parametrize("channel", ["wechat"])
async def test_in_an_open_window_it_is_asked_there(patient, message, wechat):
    patient.clock.time = (await patient.task()).due_at - timedelta(hours=20)
    await inbox.accept(patient.rt, wechat, message(channel="wechat"), passive_until=None)
    assert await patient.until_due() == [patient.contact.id]
    assert len(await patient.commands()) == 1


async def test_the_trend_is_drawn_for_those_who_act_for_the_patient(patient, telegram):
    rt = patient.rt
    async with rt.database.begin() as session:
        for day in range(5):
            taken = Taken(
                MeasurementKind.BLOOD_PRESSURE,
                {"systolic": 130 + day, "diastolic": 80 + day},
                "mmHg",
                rt.now() - timedelta(days=day),
            )
            await measuring.note(
                session, rt.crypto, patient.patient_id, taken, method=Method.CHAT, now=rt.now()
            )
        await _ask_trend(session, patient)
    await news.tell(rt, 10)
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM media")) == 1
        await session.execute(text("DELETE FROM account_patients"))
        await _ask_trend(session, patient)
    await news.tell(rt, 10)
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM media")) == 1


async def _ask_trend(session, patient):
    await events.emit(
        session,
        EventKind.TREND_ASKED,
        account_id=patient.contact.account_id,
        contact_id=patient.contact.id,
        payload={"patient_id": str(patient.patient_id), "kind": "blood_pressure"},
    )


def test_the_picture_is_a_picture():
    start = datetime(2026, 11, 1, 0, tzinfo=UTC)
    taken = [
        Taken(MeasurementKind.WEIGHT, {"value": 60 + day / 10}, "kg", start + timedelta(days=day))
        for day in range(10)
    ]
    drawn = trends.draw(taken, {"value": (55, None)}, SHANGHAI)
    pixels = image.imread(io.BytesIO(drawn.content))
    assert pixels.shape[1] > pixels.shape[0] > 300
    assert len({tuple(one) for one in pixels.reshape(-1, pixels.shape[2])[::97]}) > 5
