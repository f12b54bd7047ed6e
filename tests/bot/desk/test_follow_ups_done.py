"""Alerts and calls of follow-up, at the desk: by the page's own code, on a real database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.work import counts
from integrations.hospital.follow_up import alerts, answering, calls, measuring
from integrations.hospital.follow_up.alerts import Duty
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.models import (
    CallOutcome,
    FollowUpAlert,
    FollowUpCall,
    FollowUpEnrolment,
    FollowUpTask,
    Level,
    Method,
    Role,
    StopReason,
    TaskStatus,
)
from integrations.hospital.staff.permissions import OtherDepartment, limited_to
from integrations.language.measurements import MeasurementKind
from tests.bot.desk.case_rows import news_given_up
from tests.bot.desk.clicking import WHY, audited, click, fill, open_row, press, rows_of, see
from tests.bot.desk.conftest import Desks
from tests.clinic_rows import ward as department
from tests.integrations.hospital.follow_up.test_calls import Ward


async def test_an_alert_is_taken_called_about_and_closed(desks: Desks) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    high = Given(ward.plan.questions[0], {"systolic": 190.0, "diastolic": 120.0}, Level.ALARM)
    async with desks.rt.database.begin() as session:
        await calls.answered_by_phone(
            session, ward.crypto, ward.plans, ward.task, [high], staff="staff:x", now=desks.rt.now()
        )
    [alert] = await rows_of(desks, select(FollowUpAlert.id))
    nurse, english = await desks.enter(Role.NURSE), await desks.enter(Role.NURSE, language="en")
    await english.user.open("/alerts")
    await see(english, "Cardiology follow-up nurse")
    async with desks.rt.database.begin() as session:
        await session.execute(
            text("UPDATE follow_up_alerts SET paged_at = :now, number = 107"), {"now": desks.rt.now()}
        )
    await open_row(nurse, "/alerts", alert)
    await see(nurse, "107")
    await see(nurse, "血压随访 · ")
    await nurse.user.should_not_see("190/120")
    await press(nurse, "read", reason="。")
    await nurse.told("请写明原因")
    await nurse.user.should_not_see("190/120")
    await click(nurse, "do-read")
    await click(nurse, "queue-confirm")  # the reason stands there already
    await see(nurse, "血压 190/120")
    assert [detail for _, detail in await audited(desks, "follow_up_alert_read")] == [
        {"address": ANY, "reason": "处理随访警报"}
    ]
    await press(nurse, "ack")
    await nurse.told("由您处理")
    await press(nurse, "phone", reason=WHY)
    await see(nurse, "13812345678")
    await press(nurse, "close", done=" ")
    await see(nurse, "请填写：做了什么")  # nothing is closed with nothing said
    await fill(nurse, done="。")
    await nurse.told("请写明做了什么")
    assert await rows_of(desks, select(FollowUpAlert.status)) == ["acknowledged"]
    await press(nurse, "close", done="电话联系到本人，约了今天下午")
    await nurse.told("已结束")
    assert nurse.member
    assert [(actor, detail["status"]) for actor, detail in await audited(desks, "follow_up_alert")] == [
        (nurse.member.actor, "acknowledged"),
        (nurse.member.actor, "closed"),
    ]
    await nurse.user.should_not_see(marker=f"row-{alert}")
    await click(nurse, "view-closed")
    await click(nurse, f"row-{alert}")
    await see(nurse, f"{nurse.member.login} 已结束", "电话联系到本人，约了今天下午")
    await nurse.user.should_not_see(marker="do-close")


async def test_beside_an_alert_stands_what_was_done_about_the_patients_earlier_ones(desks: Desks) -> None:
    """What nobody asked for is everybody's to see; what another department asked is not."""
    heart, bones = await _departments(desks)
    first = await _alarming(desks, heart)
    async with desks.rt.database.begin() as session:
        patient = await alerts.patient_of(session, first)
        await alerts.close(
            session, desks.rt.crypto, first, "约了昨天下午", staff="staff:li", now=desks.rt.now()
        )
        taken = Taken(
            MeasurementKind.BLOOD_PRESSURE, {"systolic": 200.0, "diastolic": 120.0}, "mmHg", desks.rt.now()
        )
        made = await measuring.note(
            session, desks.rt.crypto, patient, taken, method=Method.CHAT, now=desks.rt.now()
        )
        await alerts.raise_for_measurement(session, patient, made, Duty("nurse", None), desks.rt.now())
    [second] = await rows_of(desks, select(FollowUpAlert.id).where(FollowUpAlert.status == "open"))
    own, other = [await desks.enter(Role.NURSE, department_id=one) for one in (heart, bones)]
    await open_row(own, "/alerts", second)
    await see(own, "这位患者以前的警报", "约了昨天下午")
    await open_row(other, "/alerts", second)
    await other.user.should_see(marker="do-ack", retries=100)
    await other.user.should_not_see("约了昨天下午")


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
    [alert] = await rows_of(desks, select(FollowUpAlert.id))
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
    await see(member, "血压随访 · " if sees else "没有")


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
    await open_row(nurse, "/alerts", alert)
    await nurse.user.should_see(marker="do-ack", retries=100)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE staff SET department_id = :id"), {"id": bones})
    await press(nurse, "phone", reason=WHY)
    await nurse.told("由其他科室随访")
    await nurse.user.should_not_see("13812345678")
    assert nurse.member
    [(actor, detail)] = await audited(desks, "access_refused")
    assert actor == nurse.member.actor
    assert detail["address"]
    assert await audited(desks, "phone_revealed") == []
    own: dict[str, Any] = {"staff": nurse.member.actor, "within": bones, "now": desks.rt.now()}
    await _refused(
        desks,
        lambda session: alerts.acknowledge(session, alert, **own),
        lambda session: alerts.close(session, desks.rt.crypto, alert, "called", **own),
        lambda session: alerts.patient_of(session, alert, within=bones),
        lambda session: alerts.read(
            session, desks.rt.crypto, alert, actor="staff:x", reason="on call", within=bones
        ),
    )
    assert await rows_of(desks, select(FollowUpAlert.status)) == ["open"]


async def test_a_call_of_another_department_is_neither_made_nor_noted(desks: Desks) -> None:
    heart, bones = await _departments(desks)
    found = await Ward(desks.rt.database, desks.rt.crypto).missed(heart)
    crypto, now = desks.rt.crypto, desks.rt.now()
    more: dict[str, Any] = {"staff": "staff:x", "within": bones}
    await _refused(
        desks,
        lambda session: calls.reveal_phone(session, crypto, found.task, reason="x y", **more),
        lambda session: calls.called(session, found.task, CallOutcome.REFUSED, now=now, **more),
        lambda session: calls.by_phone(session, found.task, within=bones),
        lambda session: calls.answered_by_phone(
            session, crypto, found.plans, found.task, [], now=now, **more
        ),
    )
    assert await rows_of(desks, select(FollowUpTask.called_at).where(FollowUpTask.id == found.task)) == [None]


async def test_nobody_answers_and_the_next_day_the_family_says_the_patient_died(
    desks: Desks, clock: Any
) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/calls", ward.task)
    await nurse.user.should_not_see("13812345678")
    await press(nurse, "phone", reason=WHY)
    await see(nurse, "13812345678")
    await press(nurse, "outcome", outcome=CallOutcome.NO_ANSWER.value)
    await nurse.told("已登记")
    [task] = await rows_of(desks, select(FollowUpTask).where(FollowUpTask.id == ward.task))
    assert task.next_call_at is not None
    assert task.next_call_at > desks.rt.now() + timedelta(hours=12), "the next day"
    await nurse.user.open("/calls")
    await nurse.user.should_not_see(marker=f"row-{ward.task}")
    await click(nurse, "view-every")
    await nurse.user.should_see(marker=f"row-{ward.task}", retries=100)
    clock.forward(hours=24)
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/calls", ward.task)
    await press(nurse, "outcome", outcome=CallOutcome.DIED.value)
    await fill(nurse, sure=True)
    await nurse.told("已登记")
    assert await rows_of(desks, select(FollowUpCall.outcome).order_by(FollowUpCall.id)) == [
        "no_answer",
        "died",
    ]
    assert await rows_of(desks, select(FollowUpEnrolment.stop_reason)) == [StopReason.DIED]


@pytest.mark.parametrize(
    ("outcome", "stopped"),
    [(CallOutcome.REFUSED, StopReason.OPTED_OUT), (CallOutcome.WRONG_NUMBER, None)],
)
async def test_other_ends_of_a_call(desks: Desks, outcome: CallOutcome, stopped: StopReason | None) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/calls", ward.task)
    await press(nurse, "outcome", outcome=outcome.value)
    if stopped:
        await fill(nurse, sure=True)
    await nurse.told("移出")
    assert await rows_of(desks, select(FollowUpEnrolment.stop_reason)) == [stopped]
    assert await rows_of(desks, select(FollowUpCall.outcome)) == [outcome]


async def test_answers_by_phone_are_typed_in_and_read_as_the_patients_own(desks: Desks) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/calls", ward.task)
    await press(nurse, "answers", **{"pressure-systolic": "190"})  # half of it
    await nurse.told("低压")
    await press(
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
    assert len(await rows_of(desks, select(FollowUpAlert.id))) == 1


async def test_news_that_never_left_is_told_by_phone(desks: Desks) -> None:
    event = await news_given_up(desks)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/unknown")
    await click(agent, "view-untold")
    await click(agent, f"row-{event}")
    await see(agent, "O1", "hold_expired: KeyError", "患者还不知道")
    await agent.user.should_not_see(marker="do-again")
    await press(agent, "phone", reason=WHY)
    await see(agent, "张明", "13812345678")
    async with desks.rt.database.begin() as session:
        [waiting] = await counts.waiting(session, ["unknown"], desks.rt.now())
    assert waiting.count == 1
    await press(agent, "let_be", reason=WHY)
    await agent.told("已了结")
    assert (await audited(desks, "news_settled"))[0][1]["kind"] == "hold_expired"
