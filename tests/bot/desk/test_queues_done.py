"""What else staff do in their queues: by the page's own code, on a real database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from bot import inbox
from bot.desk.work import questions
from integrations.hospital import unanswered
from integrations.hospital.cases import escalation
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Adverse,
    Appointment,
    Case,
    CaseStatus,
    FollowUpCall,
    FollowUpEnrolment,
    FollowUpTask,
    HospitalEvent,
    Patient,
    PatientStatus,
    Role,
    Schedule,
    TaskStatus,
)
from integrations.hospital_pages import Pages, writing
from tests.bot.desk.case_rows import complaint, news_given_up
from tests.bot.desk.clicking import WHY, audited, click, fill, open_row, patient_of, press, rows_of, see
from tests.bot.desk.conftest import Desks
from tests.clinic_rows import doctor
from tests.integrations.hospital.conftest import Booker, Clinic
from tests.integrations.hospital.follow_up.test_calls import Ward
from tests.people_rows import claimed


async def test_a_red_flag_shows_how_long_somebody_has_to_take_it(
    desks: Desks, message: Any, clock: Any
) -> None:
    rt = desks.rt
    await inbox.accept(rt, rt.channels["telegram"], message("孩子叫不醒了"), passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/alarms")
    await see(agent, f"剩 {rt.settings.page_minutes}:00")
    clock.forward(minutes=rt.settings.page_minutes, seconds=65)
    await see(agent, "超时 1:05")
    await click(agent, f"row-{number}")
    await press(agent, "ack")
    await agent.told(f"距发生 {rt.settings.page_minutes * 60 + 65} 秒")
    await agent.user.should_not_see("超时")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pages of the hospital: parking alone."""
    (tmp_path / "parking.md").write_text("# 停车\n\n地下车库每小时 5 元。\n", encoding="utf-8")
    monkeypatch.setattr(questions, "_PAGES", Pages(tmp_path))
    for name in ("add_question", "write"):
        monkeypatch.setattr(questions, name, partial(getattr(writing, name), folder=tmp_path))
    return tmp_path


async def test_a_question_is_answered_by_a_page_that_is_there_or_by_a_new_one(
    desks: Desks, folder: Path
) -> None:
    async with desks.rt.database.begin() as session:
        for words in ("车放哪儿", "有理发店吗"):
            await unanswered.note(session, words, "zh-Hans", desks.rt.now(), None)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/questions", "车放哪儿")
    await press(agent, "add", topic="parking")
    await agent.told("停车")
    await open_row(agent, "/questions", "有理发店吗")
    await press(agent, "write", topic="Barber!", title="理发", text="住院楼一层，每天 9 点到 17 点。")
    await agent.told("小写字母")
    await press(agent, "write", topic="barber", title="理发", text="住院楼一层，每天 9 点到 17 点。")
    await agent.told("理发")
    pages = Pages(folder).of("zh-Hans")
    assert "车放哪儿" in pages["parking"].asked
    assert "有理发店吗" in pages["barber"].asked
    assert "每小时 5 元" in (folder / "parking.md").read_text("utf-8")
    async with desks.rt.database.begin() as session:
        assert list(await unanswered.listed(session, 9)) == []
    assert [detail["topic"] for _, detail in await audited(desks, "question_answered")] == [
        "parking",
        "barber",
    ]


async def test_a_case_is_given_to_somebody_noted_answered_and_marked(desks: Desks) -> None:
    number = await complaint(desks)
    agent, other = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR, name="陈主管")
    assert agent.member
    assert other.member
    [before] = await rows_of(desks, select(Case.deadline))
    await open_row(agent, "/cases", number)
    await see(agent, f"{before}")
    await press(agent, "note", words="护士长说当天少两个人")
    await agent.told("已记下")
    await press(agent, "assign", owner=other.member.actor, across=True)
    await agent.told(other.member.login)
    [case] = await rows_of(desks, select(Case))
    assert (case.owner, case.across) == (other.member.actor, True)
    assert case.deadline > before, "across departments it may take ten working days"
    await other.user.open("/cases")
    await click(other, "view-mine")
    await click(other, f"row-{number}")
    await press(other, "mark", adverse=Adverse.SUSPECTED.value)
    await other.told("已标记")
    await press(other, "answer", words="我们加了一位护士。")
    await other.told("已答复")
    await press(other, "read", reason=WHY)
    await see(other, "等了两个小时", "护士长说当天少两个人", "我们加了一位护士。")
    assert await rows_of(desks, select(Case.adverse)) == [Adverse.SUSPECTED]
    assert await rows_of(desks, select(Case.status)) == [CaseStatus.ANSWERED]
    told = select(HospitalEvent.kind).order_by(HospitalEvent.id)
    assert EventKind.CASE_ANSWERED in await rows_of(desks, told)


async def test_a_case_over_its_day_stands_among_the_late_ones(desks: Desks, clock: Any) -> None:
    number = await complaint(desks)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/cases")
    await click(agent, "view-late")
    await agent.user.should_not_see(marker=f"row-{number}")
    clock.forward(days=12)
    async with desks.rt.database.begin() as session:
        assert await escalation.escalate(session, desks.rt.now(), 10)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/cases")
    await click(agent, "view-late")
    await click(agent, f"row-{number}")
    await see(agent, "超时", "12345")  # whom the patient may turn to


async def test_a_document_that_is_not_theirs_is_rejected_with_what_the_patient_is_told(desks: Desks) -> None:
    _, _, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        (await session.get_one(Patient, patient)).status = PatientStatus.REVIEW
    boss = await desks.enter(Role.SUPERVISOR)
    await open_row(boss, "/identities", patient)
    await press(boss, "reveal", reason=".")
    await boss.told("请写明原因")
    await press(boss, "reject", reason=None)
    await see(boss, "请填写")  # what is wrong with it
    await fill(boss, reason="mismatch")
    await boss.told("已退回")
    assert await rows_of(desks, select(Patient.status)) == [PatientStatus.REJECTED]
    [payload] = await rows_of(
        desks, select(HospitalEvent.payload).where(HospitalEvent.kind == EventKind.IDENTITY_REJECTED)
    )
    assert payload["reason"] == "mismatch"
    assert await rows_of(desks, text("SELECT patient_id FROM account_patients")) == []


async def test_a_claim_that_is_refused_changes_nothing(desks: Desks) -> None:
    async with desks.rt.database.begin() as session:
        request = await claimed(session, desks.rt.crypto, desks.rt.now())
    links = text("SELECT account_id FROM account_patients")
    before = await rows_of(desks, links)
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/identities")
    await click(boss, "view-requests")
    await click(boss, f"row-{request}")
    await press(boss, "refuse")
    await click(boss, "queue-confirm")
    await boss.told("已退回")
    assert await rows_of(desks, text("SELECT status FROM identity_requests")) == ["rejected"]
    assert await rows_of(desks, links) == before


async def test_news_that_never_left_is_tried_again(desks: Desks) -> None:
    event = await news_given_up(desks)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/unknown")
    await click(agent, "view-untold")
    await click(agent, f"row-{event}")
    await press(agent, "retry", reason=WHY)
    await agent.told("几秒内会再试")
    assert await rows_of(desks, text("SELECT given_up_at FROM hospital_events")) == [None]
    assert [detail["reason"] for _, detail in await audited(desks, "news_tried_again")] == [WHY]


async def test_too_late_for_the_rules_a_caller_gets_money_back_from_supervisors_alone(desks: Desks) -> None:
    rt, clinic = desks.rt, Clinic(desks.rt.database)
    clinic.now = rt.now()
    who = Booker(*await patient_of(desks))
    schedule = await clinic.schedule(
        day=rt.local_now().date() + timedelta(days=1), cancel_days=7, cancel_at=None, late_cancel="refused"
    )
    await clinic.rule("cancel_at", "17:00")
    made = await clinic.book(who, schedule)
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR)
    own = {"visit": str(made.id), "proof": "called_back", "note": "rang back"}
    for one in (agent, boss):
        await one.user.open("/callers")
        await press(one, "find", who="13812345678", reason=WHY)
        await click(one, f"row-{who.patient_id}")
        await click(one, "do-cancel")
        await one.user.should_see(marker="ask-visit")
        if one is agent:
            await one.user.should_not_see(marker="ask-free")
        await fill(one, **own)
        await one.told("已过退号时间")
    await press(boss, "cancel", **own, free=True)
    await boss.told("已取消")
    assert boss.member
    assert [
        (actor, detail["free_of_charge"]) for actor, detail in await audited(desks, "cancelled_for_caller")
    ] == [(boss.member.actor, True)]


async def test_whose_visit_moved_to_another_doctor_is_called_where_the_news_did_not_arrive(
    desks: Desks,
) -> None:
    rt, clinic = desks.rt, Clinic(desks.rt.database)
    clinic.now = rt.now()
    who = Booker(*await patient_of(desks))
    day = rt.local_now().date() + timedelta(days=1)
    schedule_id = await clinic.schedule(day=day)
    made = await clinic.book(who, schedule_id)
    async with rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        colleague = await doctor(session, "钱进", schedule.department_id)
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/schedules")
    await press(boss, "choose", day=f"{day}", department="all")
    await click(boss, f"row-{schedule_id}")
    await press(boss, "substitute", by=colleague.staff_no, reason=WHY)
    await boss.told("1 位患者随转")
    assert (await audited(desks, "schedule_substituted"))[0][1]["reason"] == WHY
    await click(boss, "view-affected")
    await click(boss, f"row-{made.id}")
    await see(boss, "换医生", "钱进", "没有人可通知")
    await press(boss, "phone", reason=".")
    await boss.told("请写明原因")
    await press(boss, "reached")
    await boss.told("已登记")
    await boss.user.should_not_see(marker=f"row-{made.id}")
    assert await rows_of(desks, select(Appointment.reached_at).where(Appointment.id == made.id)) != [None]


async def test_whoever_calls_again_sees_that_the_number_was_nobodys(desks: Desks, clock: Any) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    assert nurse.member
    await open_row(nurse, "/calls", ward.task)
    await nurse.user.should_not_see("以前打过的电话")
    await press(nurse, "outcome", outcome="wrong_number")
    await nurse.told("移出")
    assert await rows_of(desks, select(FollowUpEnrolment.status)) == ["active"], "it is asked on in the chat"
    clock.forward(days=30)
    async with desks.rt.database.begin() as session:
        later = text("UPDATE follow_up_tasks SET status = 'missed' WHERE number = 2 RETURNING id")
        again = await session.scalar(later)
    nurse = await desks.let_in(nurse.member)
    await open_row(nurse, "/calls", again)
    await see(nurse, "以前打过的电话", f"空号或不是本人 · 血压随访 · {nurse.member.login}")


async def test_who_was_reached_and_answered_nothing_is_called_no_more(desks: Desks) -> None:
    ward = await Ward(desks.rt.database, desks.rt.crypto).missed()
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/calls", ward.task)
    await press(nurse, "outcome", outcome="reached")
    await nurse.told("移出")
    assert await rows_of(desks, select(FollowUpCall.outcome)) == ["reached"]
    [task] = await rows_of(desks, select(FollowUpTask).where(FollowUpTask.id == ward.task))
    assert (task.status, task.next_call_at) == (TaskStatus.MISSED, None)
    await click(nurse, "view-every")
    await nurse.user.should_not_see(marker=f"row-{ward.task}")
