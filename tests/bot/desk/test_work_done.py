"""What staff's queues are for is done in them: by the page's own code, on a real database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bot import inbox, outbox, paging
from bot.desk.talks.elements import Transcript
from bot.desk.words import LANGUAGES, Words, catalogue
from bot.desk.work import counts
from bot.handoff import talking
from bot.outbox import Reply
from bot.red_flags.reading import OPINIONS, rules
from bot.wake import WOKEN
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Role,
    Schedule,
)
from tests.bot.conftest import Clock
from tests.bot.desk.clicking import LONG, WHY, audited, click, fill, open_row, patient_of, press, rows_of, see
from tests.bot.desk.conftest import Desks, Visitor
from tests.clinic_rows import doctor, ward
from tests.integrations.hospital.conftest import Booker, Clinic
from tests.people_rows import claimed, with_mother
from tests.waiting import until


async def test_a_red_flag_is_read_with_a_reason_and_taken(desks: Desks, message: Any) -> None:
    rt = desks.rt
    said = message("孩子叫不醒了")
    await inbox.accept(rt, rt.channels["telegram"], said, passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/alarms", number)
    await agent.user.should_not_see("孩子叫不醒了")
    await see(agent, "孩子叫不醒、绵软或有瘀斑")
    await press(agent, "read", reason=".")
    await agent.told("请写明原因")
    await press(agent, "read", reason=WHY)
    await see(agent, "孩子叫不醒了")
    assert (await audited(desks, "alarm.read"))[0][1]["reason"] == WHY
    await press(agent, "ack")
    await agent.told("不再呼叫别人")
    assert agent.member
    assert await rows_of(desks, text("SELECT acknowledged_by FROM alarms")) == [agent.member.actor]
    second = await desks.enter(Role.NURSE)
    await second.user.open("/alarms")
    await see(second, "没有")


async def test_a_red_flag_that_is_written_again_is_heard_again_but_once_a_minute(
    desks: Desks, message: Any, clock: Clock
) -> None:
    rt = desks.rt

    async def heard() -> float:
        async with rt.database.begin() as session:
            return max((await counts.newest_alarms(session, rt.now())).values())

    async def write(words: str, sender: str = "mother") -> None:
        await inbox.accept(rt, rt.channels["telegram"], message(words, sender=sender), passive_until=None)

    await write("孩子叫不醒了")
    first = await heard()
    assert first == rt.now().timestamp()
    for _ in range(3):
        clock.forward(seconds=10)
        await write("孩子还是叫不醒")
        assert await heard() == first, "too soon, and what rang already is not taken back"
    clock.forward(seconds=30)
    second = await heard()
    assert second == rt.now().timestamp(), "what was written meanwhile is heard when the minute is over"
    clock.forward(seconds=10)
    await write("我胸口压榨样疼，喘不上气", "another")
    assert await heard() == rt.now().timestamp(), "another patient's is heard at once"
    clock.forward(minutes=5)
    await write("孩子还是叫不醒")
    third = await heard()
    assert third == rt.now().timestamp(), "after a while it is heard at once"
    await rows_of(desks, text("UPDATE alarms SET acknowledged_at = now() RETURNING number"))
    await write("孩子还是叫不醒", "mother of another")
    assert await heard() == rt.now().timestamp()
    assert len(await rows_of(desks, text("SELECT number FROM alarms"))) == 3


async def test_of_many_red_flags_all_can_be_reached(desks: Desks, message: Any) -> None:
    rt = desks.rt
    await inbox.accept(rt, rt.channels["telegram"], message("孩子叫不醒了"), passive_until=None)
    await rows_of(
        desks,
        text("""
            INSERT INTO alarms (conversation_id, outcome, rule, raised_at, last_at, page_at)
            SELECT conversation_id, outcome, rule, raised_at + late * interval '1 second', last_at, page_at
            FROM alarms, generate_series(1, 209) AS late RETURNING number
        """),
    )
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/alarms")
    await see(agent, "210")
    await agent.user.should_not_see(marker="row-310")
    for left in (130, 50):
        await see(agent, f"还有 {left} 条")
        await click(agent, "queue-more")
    await agent.user.should_see(marker="row-310", retries=LONG)
    await agent.user.should_not_see(marker="queue-more")


async def test_whoever_takes_a_red_flag_can_call_the_patient(desks: Desks, message: Any) -> None:
    """The reason is written already; the number stays while it is dialled, and the red flag stays in sight."""
    rt = desks.rt
    await patient_of(desks)
    said = message("孩子叫不醒了", sender="platform-id")
    await inbox.accept(rt, rt.channels["telegram"], said, passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    nurse = await desks.enter(Role.NURSE)
    await open_row(nurse, "/alarms", number)
    await see(nurse, "*明 · 男 · 36 岁")
    await nurse.user.should_not_see("13812345678")
    await nurse.user.should_not_see(marker="do-talk")  # talks are none of a nurse's
    await press(nurse, "phone")
    await click(nurse, "queue-confirm")
    await see(nurse, "张明", "13812345678")
    [phone] = nurse.user.find(marker="call").elements
    assert phone.props["href"] == "tel:+8613812345678"
    assert nurse.member
    [(actor, about)] = await audited(desks, "phone_revealed")
    assert actor == nurse.member.actor
    assert (about["for"], about["reason"]) == (f"alarm:{number}", f"处理红旗警报 {number}")
    await press(nurse, "ack")
    await nurse.told("不再呼叫别人")
    await see(nurse, f"{nurse.member.login} 已处理", "13812345678", "联系不上患者时")
    colleague = await desks.enter(Role.NURSE)
    await colleague.user.open("/alarms")
    await see(colleague, "没有等人处理的警报")


@pytest.mark.parametrize(
    ("role", "action", "values"), [(Role.AGENT, "read", {"reason": WHY}), (Role.PHARMACIST, "phone", {})]
)
async def test_a_red_flag_of_somebody_else_is_read_by_supervisors_alone(
    desks: Desks, message: Any, role: Role, action: str, values: dict[str, str]
) -> None:
    rt, number = desks.rt, await _raised(desks, message)
    stranger, boss = await desks.enter(role), await desks.enter(Role.SUPERVISOR)
    await open_row(stranger, "/alarms", number)
    await stranger.user.should_see(marker=f"do-{action}", retries=LONG)
    async with rt.database.begin() as session:
        await paging.look_after(session, number, actor="staff:li", now=rt.now())
    await press(stranger, action, **values)  # the button still stands there
    await stranger.told("只有主管能看")
    await _sees_no_way_in(stranger, number)
    assert await audited(desks, "phone_revealed") == await audited(desks, "alarm.read") == []
    await _open_of_all(boss, number)
    await press(boss, "read", reason=WHY)
    await see(boss, "孩子叫不醒了")
    async with rt.database.begin() as session:  # nobody had to come: taking it opens nothing either
        await session.execute(
            text("UPDATE alarms SET page_at = NULL, acknowledged_at = NULL, acknowledged_by = NULL")
        )
    await _sees_no_way_in(stranger, number)


async def test_who_took_a_red_flag_reads_it_for_half_an_hour(
    desks: Desks, message: Any, clock: Clock
) -> None:
    number = await _raised(desks, message)
    clock.forward(minutes=40)  # it waited for long: whoever comes late must still reach the patient
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/alarms", number)
    await press(agent, "ack")
    await agent.told("不再呼叫别人")
    await press(agent, "read", reason=".")
    await agent.told("请写明原因")
    await press(agent, "read", reason=WHY)
    await see(agent, "孩子叫不醒了")
    clock.forward(minutes=31)
    assert agent.member
    await _sees_no_way_in(await desks.let_in(agent.member), number)


async def _raised(desks: Desks, message: Any) -> int:
    """The number of a red flag of 张明, who registered."""
    await patient_of(desks)
    said = message("孩子叫不醒了", sender="platform-id")
    await inbox.accept(desks.rt, desks.rt.channels["telegram"], said, passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    return int(number)


async def _open_of_all(visitor: Visitor, number: int) -> None:
    await visitor.user.open("/alarms")
    await click(visitor, "view-all")
    await click(visitor, f"row-{number}")
    await see(visitor, f"警报 {number}")


async def _sees_no_way_in(visitor: Visitor, number: int) -> None:
    await _open_of_all(visitor, number)
    for action in ("phone", "read", "ack"):
        await visitor.user.should_not_see(marker=f"do-{action}")


async def test_of_whom_nobody_registered_there_is_no_phone(desks: Desks, message: Any) -> None:
    rt = desks.rt
    await inbox.accept(rt, rt.channels["telegram"], message("孩子叫不醒了"), passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    nurse = await desks.enter(Role.NURSE, language="en")
    await open_row(nurse, "/alarms", number)
    await press(nurse, "phone")
    await nurse.told("Never registered")
    assert await audited(desks, "phone_revealed") == []


async def test_a_red_flag_leads_to_its_talk_where_that_may_be_seen(desks: Desks, message: Any) -> None:
    rt = desks.rt
    said = message("孩子叫不醒了")
    accepted = await inbox.accept(rt, rt.channels["telegram"], said, passive_until=None)
    assert accepted
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    async with rt.database.begin() as session:
        own = await doctor(session, "王建国", (await ward(session, "心血管内科")).id)
    stranger = await desks.enter(Role.DOCTOR, doctor=own)
    await open_row(stranger, "/alarms", number)
    await press(stranger, "talk")
    await stranger.told("别的队列")
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/alarms", number)
    await press(agent, "talk")
    await agent.user.should_see(kind=Transcript, retries=LONG)
    await until(lambda: any(item["text"] == "孩子叫不醒了" for item in _transcript(agent).said))
    assert [actor for actor, _ in await audited(desks, "talk.opened")] == [
        agent.member and agent.member.actor
    ]


def _transcript(visitor: Visitor) -> Transcript:
    return next(iter(visitor.user.find(kind=Transcript).elements))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_red_flag_rule_has_a_name_that_is_no_identifier(language: str) -> None:
    words = Words(language)
    names = {rule.name: words(f"red_flags.{rule.name}") for rule in (*rules(), *OPINIONS)}
    assert not [rule for rule, name in names.items() if name == rule or "_" in name]
    assert len(set(names.values())) == len(names)
    known = {key.removeprefix("red_flags.") for key in catalogue() if key.startswith("red_flags.")}
    assert known == names.keys()


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
    await open_row(agent, "/unknown", first)
    await press(agent, "read", reason=WHY)
    await see(agent, "您的号已约好")
    await press(agent, "again", reason=WHY)
    await agent.told("已重新排队")
    async with asyncio.timeout(90):
        while await rt.redis.zscore(WOKEN, accepted.conversation_id.bytes) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await agent.user.should_not_see(marker=f"row-{first}", retries=100)  # and its details are shut
    await click(agent, f"row-{second}")
    await press(agent, "let_be", reason="was told by phone")
    await agent.told("已了结")
    statuses = await rows_of(desks, text("SELECT status FROM outbound ORDER BY seq"))
    assert sorted(statuses) == ["queued", "unknown", "unknown"]
    assert [detail["reason"] for _, detail in await audited(desks, "message_settled")] == [
        "was told by phone"
    ]


async def test_what_one_wrote_and_somebody_else_had_the_talk_is_told_to_who_wrote_it(
    desks: Desks, message: Any
) -> None:
    rt = desks.rt
    accepted = await inbox.accept(rt, rt.channels["telegram"], message(), passive_until=None)
    assert accepted
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR)
    assert agent.member
    assert boss.member
    async with rt.database.begin() as session:
        found = await talking.take_over(session, rt, accepted.conversation_id, agent.member, rt.now())
        [row] = await talking.say(session, rt, found.id, agent.member, "明天不用来了")
        await talking.take_over(session, rt, accepted.conversation_id, boss.member, rt.now())
    await open_row(agent, "/unknown", row)
    await see(agent, "没有发出的回复", "会话换人接待，没有发出", "请转告现在接待的同事")
    await agent.user.should_not_see(marker="do-again")
    await press(agent, "let_be", reason="told the supervisor")
    await agent.told("已了结")


async def test_what_a_relative_agreed_to_is_ended_by_telephone(desks: Desks) -> None:
    rt = desks.rt
    async with rt.database.begin() as session:
        link = await with_mother(session, rt.crypto, rt.now())
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/agreements")
    await press(boss, "find", phone="not a number", reason=WHY)
    await boss.told("手机号")
    await press(boss, "find", phone="137 1234 5678", reason="-")
    await boss.told("请写明原因")
    await press(boss, "find", phone="137 1234 5678", reason=WHY)
    await boss.told("找到 1 条")
    await click(boss, f"row-{link}")
    await press(boss, "end", called_back=True)
    await boss.told("已结束")
    assert await rows_of(desks, text("SELECT relation FROM account_patients")) == ["self"]


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
    await press(boss, "choose", day=f"{day}", department="all")
    await click(boss, f"row-{schedule_id}")
    return boss


async def test_another_doctor_takes_a_half_day_and_more_patients(desks: Desks) -> None:
    _, _, patient = await patient_of(desks)
    _, schedule_id, made = await _half_day(desks)
    async with desks.rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        colleague = await doctor(session, "钱进", schedule.department_id)
    boss = await _on_its_day(desks, schedule_id)
    await press(boss, "substitute", by=colleague.staff_no, reason=WHY)
    await boss.told("1 位患者随转")
    await press(boss, "add_slots", count=2)
    await boss.told("现在共 5 个号")
    await press(boss, "add_number", patient="13812345678", reason="the doctor asked for it")
    await fill(boss, file=str(patient))
    await boss.told("患者会收到通知")
    async with desks.rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        visit = await session.get_one(Appointment, made.id)
        added = await session.scalar(select(Appointment.status).where(Appointment.patient_id == patient))
    assert (schedule.practitioner_id, schedule.capacity) == (colleague.id, 6)
    assert visit.disturbed_at
    assert added is AppointmentStatus.BOOKED
    await click(boss, "view-affected")
    await see(boss, "换医生", "加号")  # neither has heard of it yet


async def test_whom_the_news_did_not_reach_is_called(desks: Desks) -> None:
    rt = desks.rt
    account, contact, patient = await patient_of(desks)
    clinic, schedule_id, _ = await _half_day(desks)
    made = await clinic.book(Booker(account, contact, patient), schedule_id)
    boss = await _on_its_day(desks, schedule_id)
    await press(boss, "stop", reason="ill")
    await boss.told("影响 2 位患者")
    await click(boss, "view-affected")
    await click(boss, f"row-{made.id}")
    await press(boss, "phone", reason=WHY)
    await see(boss, "张明", "13812345678")
    await press(boss, "reached")
    await boss.told("已登记")
    async with rt.database.begin() as session:
        assert (await session.get_one(Appointment, made.id)).reached_at


async def test_a_claim_on_an_existing_file_is_decided(desks: Desks) -> None:
    rt = desks.rt
    async with rt.database.begin() as session:
        request = await claimed(session, rt.crypto, rt.now())
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/identities")
    await click(boss, "view-requests")
    await click(boss, f"row-{request}")
    await press(boss, "approve", seen=True)
    await boss.told("已同意")
    assert await rows_of(desks, text("SELECT status FROM identity_requests")) == ["approved"]
    owner = text("SELECT contacts.channel FROM account_patients JOIN contacts USING (account_id)")
    assert sorted(await rows_of(desks, owner)) == ["telegram", "wechat"]
