"""Staff who are paged for a red flag: once for all that waits, and somebody else when nobody comes."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta

from sqlalchemy import text

from bot import app, inbox, paging
from integrations.hospital.models import DutyLevel, Role
from integrations.hospital.staff import roster
from integrations.hospital.staff.roster import Hours
from integrations.sms.interface import SmsUnavailable
from tests import staff_rows
from tests.bot.alarms import rows, said
from tests.bot.gateway import gateway_on


async def test_two_minutes_of_silence_call_staff(phones, telegram, message, clock):
    rt, staff = phones
    await inbox.accept(rt, telegram, message("胸口有点疼"), passive_until=None)
    clock.forward(seconds=110)
    await paging.page(rt)
    assert staff.rung == []
    clock.forward(seconds=20)
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung] == ["+8613900000001", "+8613900000002"]


async def test_staff_are_paged_once_for_all_that_waits_and_the_office_when_nobody_comes(phones, say, clock):
    rt, staff = phones
    await say("我爸胸口剧痛，出冷汗")
    await say("孩子叫不醒", sender="patient-2")
    await say("还是胸口剧痛")  # the same patient: the same alarm
    await paging.page(rt)
    [(_, count, number), (_, other, _)] = staff.rung
    assert (count, other) == (2, 2)
    times = await rows(rt, "SELECT times FROM alarms ORDER BY number")
    assert [row.times for row in times] == [2, 1]
    await paging.page(rt)
    clock.forward(minutes=6)
    async with rt.database.begin() as session:
        took = await paging.acknowledge(session, number, "staff:li", rt.now())
    assert took == timedelta(minutes=6)
    await paging.page(rt)
    assert staff.rung[2:] == [("+8613900000003", 1, number - 1)]
    clock.forward(minutes=6)
    await paging.page(rt)
    assert len(staff.rung) == 3


async def _on_duty(rt, level, phone, begin, end, name="王芳"):
    async with rt.database.begin() as session:
        member = await staff_rows.member(session, Role.NURSE, name=name)
        hours = Hours(rt.local_now().date(), begin, end)
        await roster.add(session, rt.crypto, level, member.id, phone, hours, actor="staff:boss")


async def test_whoever_is_on_duty_is_paged_and_the_phones_of_the_settings_when_nobody_is(phones, say, clock):
    rt, staff = phones
    begin, end = rt.local_now().time().replace(microsecond=0), (rt.local_now() + timedelta(minutes=10)).time()
    for phone in ("13911110001", "13911110002", "13911110001"):
        await _on_duty(rt, DutyLevel.ONCALL, phone, begin, end)
    await _on_duty(rt, DutyLevel.OFFICE, "13922220001", begin, end)
    await say("孩子叫不醒")
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung] == ["+8613911110001", "+8613911110002"]  # nobody twice
    clock.forward(minutes=6)
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung[2:]] == ["+8613922220001"]
    clock.forward(minutes=6)  # their shifts are over
    await say("奶奶昏迷了", sender="patient-2")
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung[3:]] == ["+8613900000001", "+8613900000002"]


async def test_a_roster_that_cannot_be_read_keeps_nobody_from_being_paged(phones, say, monkeypatch):
    rt, staff = phones
    await _on_duty(rt, DutyLevel.ONCALL, "13911110001", time(0), time(0))

    async def broken(*_):
        raise ValueError("a key is missing")

    monkeypatch.setattr(roster, "on_duty", broken)
    await say("孩子叫不醒")
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung] == ["+8613900000001", "+8613900000002"]


async def test_a_page_that_was_refused_for_now_is_tried_again(phones, say):
    rt, staff = phones
    staff.fail = [SmsUnavailable("busy"), None]
    await say("奶奶昏迷了")
    await paging.page(rt)
    assert len(staff.rung) == 2


async def test_what_comes_right_after_a_page_is_told_with_the_next(phones, say, clock):
    rt, staff = phones
    await say("奶奶昏迷了")
    await paging.page(rt)
    for other in ("2", "3"):
        await say("孩子叫不醒", sender=f"patient-{other}")
    await paging.page(rt)
    assert len(staff.rung) == 2
    clock.forward(seconds=40)
    await paging.page(rt)
    assert [count for _, count, _ in staff.rung[2:]] == [2, 2]


async def test_what_is_over_the_hourly_limit_goes_with_the_next_page(phones, say, clock, monkeypatch):
    rt, staff = phones
    monkeypatch.setattr(paging, "MOST_AN_HOUR", 1)
    await say("奶奶昏迷了")
    await paging.page(rt)
    clock.forward(minutes=1)
    await say("孩子叫不醒", sender="patient-2")
    await paging.page(rt)
    assert len(staff.rung) == 2
    [_, held] = await paging_times(rt)
    assert held.paged_at is None
    clock.forward(minutes=60)
    await paging.page(rt)
    assert [count for _, count, _ in staff.rung[2:4]] == [1, 1]
    assert [row.paged_at is None for row in await paging_times(rt)] == [False, False]


async def test_the_office_hears_in_time_of_what_those_on_call_had_no_room_for(
    phones, say, clock, monkeypatch
):
    rt, staff = phones
    monkeypatch.setattr(paging, "MOST_AN_HOUR", 1)
    await say("奶奶昏迷了")
    await paging.page(rt)
    async with rt.database.begin() as session:
        await paging.acknowledge(session, staff.rung[0][2], "staff:li", rt.now())
    clock.forward(minutes=1)
    await say("孩子叫不醒", sender="patient-2")
    clock.forward(minutes=rt.settings.page_minutes)
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung[2:]] == ["+8613900000003"]


async def paging_times(rt):
    return await rows(rt, "SELECT paged_at, office_at FROM alarms ORDER BY number")


async def test_the_gateway_pages_what_becomes_due_whatever_else_is_down(phones, say, clock, monkeypatch):
    rt, staff = phones
    page, looks, told = paging.page, [], asyncio.Event()

    async def fails_at_first(rt):
        looks.append(1)
        if len(looks) == 1:
            raise OSError("the database is away")
        await page(rt)
        if staff.rung:
            told.set()

    monkeypatch.setattr(paging, "page", fails_at_first)
    monkeypatch.setattr(app, "PAGING_SECONDS", 0.01)
    await say("胸口有点疼")
    clock.forward(minutes=3)
    async with gateway_on(rt), asyncio.timeout(90):
        await told.wait()
    assert len(staff.rung) == 2
    left = [task.get_coro().__name__ for task in asyncio.all_tasks()]
    assert "_page_until" not in left  # it ends with the gateway


async def test_who_cannot_tell_is_asked_once_more_and_the_clock_runs_on(phones, telegram, message, clock):
    rt, staff = phones
    for words in ("胸口有点疼", "不知道"):
        assert (await inbox.accept(rt, telegram, message(words), passive_until=None)).alarm
    words = (await said(rt))[1]
    assert "请打120问一问" in words
    assert words.endswith("“有”或“没有”。")
    clock.forward(seconds=130)
    await paging.page(rt)
    assert len(staff.rung) == 2
    assert (await inbox.accept(rt, telegram, message("有"), passive_until=None)).alarm
    assert "不要自己开车" in (await said(rt))[2]


async def test_of_much_that_was_written_staff_read_what_stands_around_the_alarm(rt, say, clock):
    for number in range(40):
        await say(f"第{number}句")
        clock.forward(seconds=2)
    await say("我胸口压榨样疼，喘不上气")
    async with rt.database.begin() as session:
        [alarm] = (await session.execute(text("SELECT number FROM alarms"))).all()
        written = await paging.read(session, rt.crypto, alarm.number, actor="staff:li", reason="page")
    assert [one.words for one in written] == [f"第{n}句" for n in range(11, 40)] + [
        "我胸口压榨样疼，喘不上气"
    ]
