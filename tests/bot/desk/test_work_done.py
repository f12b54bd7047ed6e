"""What staff's queues are for is done in them: by the page's own code, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox, outbox
from bot.desk.words import LANGUAGES, Words, catalogue
from bot.desk.work import counts
from bot.outbox import Reply
from bot.red_flags.reading import OPINIONS, rules
from bot.wake import WOKEN
from integrations.hospital import accounts, events, families, file_claims, patients
from integrations.hospital.documents import read_identity
from integrations.hospital.events import EventKind
from integrations.hospital.families import Agreement, Coming
from integrations.hospital.follow_up import alerts, answering, calls
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    CallOutcome,
    DocumentKind,
    FollowUpAlert,
    FollowUpCall,
    FollowUpEnrolment,
    FollowUpTask,
    Level,
    Method,
    Relation,
    Role,
    Schedule,
    StopReason,
    TaskStatus,
)
from integrations.hospital.patients import Newcomer
from integrations.hospital.staff.permissions import OtherDepartment, limited_to
from tests.bot.desk.conftest import Desks
from tests.bot.desk.test_work import _audited, _click, _fill, _open, _patient, _press, _see
from tests.clinic_rows import doctor
from tests.clinic_rows import ward as department
from tests.integrations.hospital.conftest import Booker, Clinic
from tests.integrations.hospital.follow_up.test_calls import Ward

WHY = "phoned about it"


async def _rows(desks: Desks, wanted: Any) -> list[Any]:
    async with desks.rt.database.begin() as session:
        return list(await session.scalars(wanted))


async def test_a_red_flag_is_read_with_a_reason_and_taken(desks: Desks, message: Any) -> None:
    rt = desks.rt
    said = message("孩子叫不醒了")
    await inbox.accept(rt, rt.channels["telegram"], said, passive_until=None)
    [number] = await _rows(desks, text("SELECT number FROM alarms"))
    agent = await desks.enter(Role.AGENT)
    await _open(agent, "/alarms", number)
    await agent.user.should_not_see("孩子叫不醒了")
    await _see(agent, "孩子叫不醒、绵软或有瘀斑")
    await _press(agent, "read", reason=WHY)
    await _see(agent, "孩子叫不醒了")
    assert (await _audited(desks, "alarm.read"))[0][1]["reason"] == WHY
    await _press(agent, "ack")
    await agent.told("不再呼叫别人")
    assert agent.member
    assert await _rows(desks, text("SELECT acknowledged_by FROM alarms")) == [agent.member.actor]
    second = await desks.enter(Role.NURSE)
    await second.user.open("/alarms")
    await _see(second, "没有")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_red_flag_rule_has_a_name_that_is_no_identifier(language: str) -> None:
    words = Words(language)
    names = {rule.name: words(f"red_flags.{rule.name}") for rule in (*rules(), *OPINIONS)}
    assert not [rule for rule, name in names.items() if name == rule or "_" in name]
    assert len(set(names.values())) == len(names)
    known = {key.removeprefix("red_flags.") for key in catalogue() if key.startswith("red_flags.")}
    assert known == names.keys()


async def test_an_alert_is_taken_called_about_and_closed(desks: Desks) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    high = Given(ward.plan.questions[0], {"systolic": 190.0, "diastolic": 120.0}, Level.ALARM)
    async with desks.rt.database.begin() as session:
        await calls.answered_by_phone(
            session, ward.crypto, ward.plans, ward.task, [high], staff="staff:x", now=desks.rt.now()
        )
    [alert] = await _rows(desks, select(FollowUpAlert.id))
    nurse = await desks.enter(Role.NURSE)
    await _open(nurse, "/alerts", alert)
    await _see(nurse, "血压 190/120 · 血压随访")  # the value first: a narrow list cuts off the end
    await _press(nurse, "ack")
    await nurse.told("由您处理")
    await _press(nurse, "phone", reason=WHY)
    await _see(nurse, "13812345678")
    await _press(nurse, "close")
    await _click(nurse, "queue-confirm")
    await nurse.told("已结束")
    assert await _rows(desks, select(FollowUpAlert.status)) == ["closed"]
    assert [detail["status"] for _, detail in await _audited(desks, "follow_up_alert")] == [
        "acknowledged",
        "closed",
    ]


async def _departments(desks: Desks) -> tuple[UUID, UUID]:
    async with desks.rt.database.begin() as session:
        return (await department(session, "心血管内科")).id, (await department(session, "骨科")).id


async def _alarming(desks: Desks, of: UUID) -> UUID:
    """Somebody whom this department follows up told of something alarming; gives the alert."""
    found = await Ward(desks.rt.database, desks.rt.crypto).missed(of)
    high = Given(found.plan.questions[0], {"systolic": 190.0, "diastolic": 120.0}, Level.ALARM)
    async with desks.rt.database.begin() as session:
        task = await calls.by_phone(session, found.task)
        await answering.give(
            session, found.crypto, found.plans, task, high, method=Method.CHAT, now=desks.rt.now()
        )
    [alert] = await _rows(desks, select(FollowUpAlert.id))
    return UUID(str(alert))


@pytest.mark.parametrize(
    ("of", "role", "nurse_of", "sees"),
    [
        ("heart", Role.NURSE, "heart", True),
        ("heart", Role.NURSE, "bones", False),
        ("heart", Role.NURSE, None, True),
        ("heart", Role.SUPERVISOR, "bones", True),
        (None, Role.NURSE, "bones", True),
    ],
)
async def test_alerts_and_calls_are_those_of_the_own_department(
    desks: Desks, of: str | None, role: Role, nurse_of: str | None, sees: bool
) -> None:
    heart, bones = await _departments(desks)
    known = {"heart": heart, "bones": bones, None: None}
    found = await Ward(desks.rt.database, desks.rt.crypto).missed(known[of])
    member = await desks.enter(role, department_id=known[nurse_of])
    assert member.member
    within = limited_to(member.member)
    async with desks.rt.database.begin() as session:
        [waiting] = await counts.waiting(session, ["calls"], desks.rt.now(), within)
        listed = await calls.to_call(session, found.crypto, within=within)
        assert (bool(waiting.count), bool(listed)) == (sees, sees)
    high = Given(found.plan.questions[0], {"systolic": 190.0, "diastolic": 120.0}, Level.ALARM)
    async with desks.rt.database.begin() as session:
        await calls.answered_by_phone(
            session, found.crypto, found.plans, found.task, [high], staff="staff:x", now=desks.rt.now()
        )
        [waiting] = await counts.waiting(session, ["alerts"], desks.rt.now(), within)
        assert bool(waiting.count) is sees
    await member.user.open("/alerts")
    await _see(member, "190/120" if sees else "没有")


async def _refused(desks: Desks, *reaches: Callable[[AsyncSession], Awaitable[object]]) -> None:
    for reach in reaches:
        with pytest.raises(OtherDepartment):
            async with desks.rt.database.begin() as session:
                await reach(session)


async def test_by_id_nobody_reaches_what_another_department_follows_up(desks: Desks) -> None:
    """The list was drawn before the nurse went to another department: every click of hers is refused and kept."""
    heart, bones = await _departments(desks)
    alert = await _alarming(desks, heart)
    nurse = await desks.enter(Role.NURSE, department_id=heart)
    await _open(nurse, "/alerts", alert)
    await nurse.user.should_see(marker="do-ack", retries=100)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE staff SET department_id = :id"), {"id": bones})
    await _press(nurse, "phone", reason=WHY)
    await nurse.told("由其他科室随访")
    await nurse.user.should_not_see("13812345678")
    assert nurse.member
    [(actor, detail)] = await _audited(desks, "access_refused")
    assert actor == nurse.member.actor
    assert detail["address"]
    assert await _audited(desks, "phone_revealed") == []
    own: dict[str, Any] = {"staff": nurse.member.actor, "within": bones, "now": desks.rt.now()}
    await _refused(
        desks,
        lambda session: alerts.acknowledge(session, alert, **own),
        lambda session: alerts.close(session, alert, **own),
        lambda session: alerts.patient_of(session, alert, within=bones),
    )
    assert await _rows(desks, select(FollowUpAlert.status)) == ["open"]


async def test_a_call_of_another_department_is_neither_made_nor_noted(desks: Desks) -> None:
    heart, bones = await _departments(desks)
    found = await Ward(desks.rt.database, desks.rt.crypto).missed(heart)
    crypto, now = desks.rt.crypto, desks.rt.now()
    more: dict[str, Any] = {"staff": "staff:x", "within": bones}
    await _refused(
        desks,
        lambda session: calls.reveal_phone(session, crypto, found.task, **more),
        lambda session: calls.called(session, found.task, CallOutcome.REFUSED, now=now, **more),
        lambda session: calls.by_phone(session, found.task, within=bones),
        lambda session: calls.answered_by_phone(
            session, crypto, found.plans, found.task, [], now=now, **more
        ),
    )
    assert await _rows(desks, select(FollowUpTask.called_at).where(FollowUpTask.id == found.task)) == [None]


async def test_nobody_answers_and_the_next_day_the_family_says_the_patient_died(
    desks: Desks, clock: Any
) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await _open(nurse, "/calls", ward.task)
    await nurse.user.should_not_see("13812345678")
    await _press(nurse, "phone", reason=WHY)
    await _see(nurse, "13812345678")
    await _press(nurse, "outcome", outcome=CallOutcome.NO_ANSWER.value)
    await nurse.told("已登记")
    [task] = await _rows(desks, select(FollowUpTask).where(FollowUpTask.id == ward.task))
    assert task.next_call_at == desks.rt.now() + calls.NEXT_ATTEMPT
    await nurse.user.open("/calls")
    await nurse.user.should_not_see(marker=f"row-{ward.task}")
    await _click(nurse, "view-every")
    await nurse.user.should_see(marker=f"row-{ward.task}", retries=100)
    clock.forward(hours=21)
    nurse = await desks.enter(Role.NURSE)
    await _open(nurse, "/calls", ward.task)
    await _press(nurse, "outcome", outcome=CallOutcome.DIED.value)
    await _fill(nurse, sure=True)
    await nurse.told("已登记")
    assert await _rows(desks, select(FollowUpCall.outcome).order_by(FollowUpCall.id)) == ["no_answer", "died"]
    assert await _rows(desks, select(FollowUpEnrolment.stop_reason)) == [StopReason.DIED]


@pytest.mark.parametrize(
    ("outcome", "stopped"),
    [(CallOutcome.REFUSED, StopReason.OPTED_OUT), (CallOutcome.WRONG_NUMBER, None)],
)
async def test_other_ends_of_a_call(desks: Desks, outcome: CallOutcome, stopped: StopReason | None) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await _open(nurse, "/calls", ward.task)
    await _press(nurse, "outcome", outcome=outcome.value)
    if stopped:
        await _fill(nurse, sure=True)
    await nurse.told("移出")
    assert await _rows(desks, select(FollowUpEnrolment.stop_reason)) == [stopped]
    assert await _rows(desks, select(FollowUpCall.outcome)) == [outcome]


async def test_answers_by_phone_are_typed_in_and_read_as_the_patients_own(desks: Desks) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await _open(nurse, "/calls", ward.task)
    await _press(nurse, "answers", **{"pressure-systolic": "190"})  # half of it
    await nurse.told("低压")
    await _press(
        nurse,
        "answers",
        **{"pressure-systolic": "190", "pressure-diastolic": "120", "medicine": "yes", "complaint": "none"},
    )
    await nurse.told("已记录")
    async with desks.rt.database.begin() as session:
        kept = await answering.answers_of(session, desks.rt.crypto, ward.task)
        task = await session.get_one(FollowUpTask, ward.task)
    assert kept["pressure"] == {"systolic": 190.0, "diastolic": 120.0}
    assert (task.status, task.call_outcome) == (TaskStatus.DONE, CallOutcome.REACHED)
    assert len(await _rows(desks, select(FollowUpAlert.id))) == 1


async def test_news_that_never_left_is_told_by_phone(desks: Desks) -> None:
    account, contact, _ = await _patient(desks)
    async with desks.rt.database.begin() as session:
        await events.emit(
            session,
            EventKind.HOLD_EXPIRED,
            account_id=account,
            contact_id=contact,
            payload={"order_no": "O1"},
        )
        await session.execute(
            text("UPDATE hospital_events SET given_up_at = :now, error = 'KeyError', tries = 13"),
            {"now": desks.rt.now()},
        )
        event = await session.scalar(text("SELECT id FROM hospital_events"))
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/unknown")
    await _click(agent, "view-untold")
    await _click(agent, f"row-{event}")
    await _see(agent, "O1", "hold_expired: KeyError", "患者还不知道")
    await agent.user.should_not_see(marker="do-again")
    await _press(agent, "phone", reason=WHY)
    await _see(agent, "张明", "13812345678")
    async with desks.rt.database.begin() as session:
        [waiting] = await counts.waiting(session, ["unknown"], desks.rt.now())
    assert waiting.count == 1
    await _press(agent, "let_be", reason=WHY)
    await agent.told("已了结")
    assert (await _audited(desks, "news_settled"))[0][1]["kind"] == "hold_expired"


async def test_a_message_of_unknown_fate_is_sent_again_or_left(desks: Desks, message: Any) -> None:
    rt = desks.rt
    accepted = await inbox.accept(rt, rt.channels["telegram"], message(), passive_until=None)
    assert accepted
    async with rt.database.begin() as session:
        for words in ("您的号已约好", "检查明天八点"):
            await outbox.queue(session, rt.crypto, accepted.conversation_id, [Reply(words)], epoch=0)
        lost = text("UPDATE outbound SET status = 'unknown', claimed_at = :now RETURNING id")
        first, second = sorted(await session.scalars(lost, {"now": rt.now()}))
    agent = await desks.enter(Role.AGENT)
    await _open(agent, "/unknown", first)
    await _press(agent, "read", reason=WHY)
    await _see(agent, "您的号已约好")
    await _press(agent, "again", reason=WHY)
    await agent.told("已重新排队")
    async with asyncio.timeout(30):
        while await rt.redis.zscore(WOKEN, accepted.conversation_id.bytes) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await agent.user.should_not_see(marker=f"row-{first}", retries=100)  # and its details are shut
    await _click(agent, f"row-{second}")
    await _press(agent, "let_be", reason="was told by phone")
    await agent.told("已了结")
    statuses = await _rows(desks, text("SELECT status FROM outbound ORDER BY seq"))
    assert sorted(statuses) == ["queued", "unknown", "unknown"]
    assert [detail["reason"] for _, detail in await _audited(desks, "message_settled")] == [
        "was told by phone"
    ]


async def test_what_a_relative_agreed_to_is_ended_by_telephone(desks: Desks) -> None:
    rt = desks.rt
    async with rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "wechat", "platform-id")
        await patients.register(
            session, rt.crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
            id_number="11010519900307013X", phone="13812345678", outcome="match", key=None, now=rt.now(),
        )  # fmt: skip
        mother = read_identity(DocumentKind.RESIDENT_ID, "110105196003071024", rt.now().date())
        coming = Coming(
            Relation.PARENT, Newcomer("王秀英", mother, "+8613712345678", True), "match", Agreement(own=True)
        )
        added = await families.add(
            session, rt.crypto, contact=contact, coming=coming, most=6, key=None, now=rt.now()
        )
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/agreements")
    await _press(boss, "find", phone="not a number")
    await boss.told("手机号")
    await _press(boss, "find", phone="137 1234 5678")
    await boss.told("找到 1 条")
    await _click(boss, f"row-{added.patient_id}:{contact.account_id}")
    await _press(boss, "end", called_back=True)
    await boss.told("已结束")
    assert await _rows(desks, text("SELECT relation FROM account_patients")) == ["self"]


async def _half_day(desks: Desks) -> tuple[Clinic, Any, Any]:
    """One of tomorrow with a number that is booked: the clinic, the schedule and the appointment."""
    clinic = Clinic(desks.rt.database)
    clinic.now = desks.rt.now()
    schedule_id = await clinic.schedule(day=desks.rt.local_now().date() + timedelta(days=1))
    made = await clinic.book(await clinic.booker(), schedule_id)
    return clinic, schedule_id, made


async def _on_its_day(desks: Desks, schedule_id: Any) -> Any:
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/schedules")
    day = desks.rt.local_now().date() + timedelta(days=1)
    await _press(boss, "choose", day=f"{day}", department="all")
    await _click(boss, f"row-{schedule_id}")
    return boss


async def test_another_doctor_takes_a_half_day_and_more_patients(desks: Desks) -> None:
    _, _, patient = await _patient(desks)
    _, schedule_id, made = await _half_day(desks)
    async with desks.rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        colleague = await doctor(session, "钱进", schedule.department_id)
    boss = await _on_its_day(desks, schedule_id)
    await _press(boss, "substitute", by=colleague.staff_no, reason=WHY)
    await boss.told("1 位患者随转")
    await _press(boss, "add_slots", count=2)
    await boss.told("现在共 5 个号")
    await _press(boss, "add_number", patient="13812345678")
    await _fill(boss, file=str(patient), reason="the doctor asked for it")
    await boss.told("患者会收到通知")
    async with desks.rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        visit = await session.get_one(Appointment, made.id)
        added = await session.scalar(select(Appointment.status).where(Appointment.patient_id == patient))
    assert (schedule.practitioner_id, schedule.capacity) == (colleague.id, 6)
    assert visit.disturbed_at
    assert added is AppointmentStatus.BOOKED


async def test_whom_the_news_did_not_reach_is_called(desks: Desks) -> None:
    rt = desks.rt
    account, contact, patient = await _patient(desks)
    clinic, schedule_id, _ = await _half_day(desks)
    made = await clinic.book(Booker(account, contact, patient), schedule_id)
    boss = await _on_its_day(desks, schedule_id)
    await _press(boss, "stop", reason="ill")
    await boss.told("影响 2 位患者")
    await _click(boss, "view-affected")
    await _click(boss, f"row-{made.id}")
    await _press(boss, "phone", reason=WHY)
    await _see(boss, "张明", "13812345678")
    await _press(boss, "reached")
    await boss.told("已登记")
    async with rt.database.begin() as session:
        assert (await session.get_one(Appointment, made.id)).reached_at


async def test_a_claim_on_an_existing_file_is_decided(desks: Desks) -> None:
    rt = desks.rt
    async with rt.database.begin() as session:
        for channel, phone in (("wechat", "13812345678"), ("telegram", "13987654321")):
            contact = await accounts.ensure_contact(session, channel, "platform-id")
            await patients.register(
                session, rt.crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
                id_number="11010519900307013X", phone=phone, outcome="match", key=None, now=rt.now(),
            )  # fmt: skip
        claim = await file_claims.started(session, rt.crypto, contact.id, rt.now())
        assert claim
        await file_claims.ask_staff(session, claim.request_id)
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/identities")
    await _click(boss, "view-requests")
    await _click(boss, f"row-{claim.request_id}")
    await _press(boss, "approve", seen=True)
    await boss.told("已同意")
    assert await _rows(desks, text("SELECT status FROM identity_requests")) == ["approved"]
    owner = text("SELECT contacts.channel FROM account_patients JOIN contacts USING (account_id)")
    assert sorted(await _rows(desks, owner)) == ["telegram", "wechat"]
