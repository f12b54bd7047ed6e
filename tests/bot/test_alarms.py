"""What becomes of a red flag at the door, and of the staff it calls."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import app, first_aid, inbox, outbox, paging
from bot.first_aid import Danger
from bot.red_flags import Outcome
from integrations.messages import Kind, Location
from integrations.sms.interface import SmsUnavailable
from tests.bot.gateway import gateway_on

BEIJING = Location(39.93, 116.46)
EAST = Location(39.90, 116.65)


async def rows(rt, statement, **values):
    async with rt.database.begin() as session:
        return (await session.execute(text(statement), values)).all()


async def said(rt):
    found = await rows(rt, "SELECT content FROM outbound ORDER BY seq")
    return [outbox.unseal(rt.crypto, row.content).text for row in found]


@pytest.fixture
def say(rt, telegram, message):
    async def accept(words="", **more):
        return await inbox.accept(rt, telegram, message(words, **more), passive_until=None)

    return accept


async def test_a_check_asks_one_question_with_the_number(rt, say):
    assert (await say("胸口有点疼")).alarm
    [words] = await said(rt)
    assert "120" in words
    assert words.endswith("“有”或“没有”。")
    assert [tuple(row) for row in await rows(rt, "SELECT outcome, answer FROM alarms")] == [("check", None)]


@pytest.mark.parametrize(
    ("complaint", "outcome", "number"), [("胸口有点疼", "emergency", "120"), ("我好绝望", "crisis", "12356")]
)
async def test_yes_to_it_is_an_emergency_or_a_crisis(rt, say, complaint, outcome, number):
    await say(complaint)
    assert (await say("有的。")).alarm
    assert number in (await said(rt))[1]
    found = await rows(
        rt, "SELECT outcome, answer, page_at IS NOT NULL FROM alarms ORDER BY raised_at, number"
    )
    assert [tuple(row) for row in found] == [("check", "yes", False), (outcome, None, True)]


async def test_no_to_it_lets_the_first_message_go_its_way(rt, say):
    """In place of the no, so that what comes back is the answer to it."""
    await say("胸口有点疼，想挂心内科")
    accepted = await say("没有")
    assert not accepted.answered
    [pending] = await rows(
        rt,
        "SELECT inbound.*, 'telegram' AS speaks, 'patient-1' AS platform_id FROM inbound WHERE status = 'pending'",
    )
    assert pending.id == accepted.inbound_id
    assert inbox.reopen(rt.crypto, pending).text == "胸口有点疼，想挂心内科"
    assert "一旦出现" in (await said(rt))[1]
    [alarm] = await rows(rt, "SELECT answer, page_at FROM alarms")
    assert tuple(alarm) == ("no", None)
    assert not (await say("胸口有点疼，想挂心内科")).alarm  # and it is not asked again


async def test_something_else_brings_both_messages_back(rt, say):
    first = await say("胸口有点疼，想挂心内科")
    second = await say("明天上午可以吗")
    pending = await rows(rt, "SELECT id FROM inbound WHERE status = 'pending' ORDER BY seq")
    assert [row.id for row in pending] == [first.inbound_id, second.inbound_id]
    [alarm] = await rows(rt, "SELECT answer, page_at FROM alarms")
    assert tuple(alarm) == ("other", None)


async def test_two_minutes_of_silence_call_staff(phones, telegram, message, clock):
    rt, staff = phones
    await inbox.accept(rt, telegram, message("胸口有点疼"), passive_until=None)
    clock.forward(seconds=110)
    await paging.page(rt)
    assert staff.rung == []
    clock.forward(seconds=20)
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung] == ["+8613900000001", "+8613900000002"]


async def test_urgent_names_today_and_the_emergency_department(rt, say):
    assert (await say("右下腹疼得厉害，还发烧恶心")).alarm
    [words] = await said(rt)
    assert "今天" in words
    assert "急诊" in words
    assert "120" in words
    assert not (await say("右下腹疼，想挂号")).alarm  # once said, the journey goes on


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
    async with gateway_on(rt), asyncio.timeout(20):
        await told.wait()
    assert len(staff.rung) == 2
    left = [task.get_coro().__name__ for task in asyncio.all_tasks()]
    assert "_page_until" not in left  # it ends with the gateway


async def test_who_sent_where_they_are_hears_of_the_nearest_department(rt, say):
    await say(kind=Kind.LOCATION, location=EAST)
    await say("孩子叫不醒")
    [words] = await said(rt)
    assert "东院" in words
    assert "uri.amap.com/marker" in words
    assert "010-8888 7120" in words


async def test_a_place_sent_after_an_alarm_is_answered_with_the_way(rt, say):
    await say("孩子叫不醒")
    assert (await say(kind=Kind.LOCATION, location=BEIJING)).alarm
    assert "本部" in (await said(rt))[1]


@pytest.fixture
async def attended(rt, say):
    """A person speaks with the patient."""
    await say("你好")
    await rows(rt, "UPDATE controls SET state = 'agent' RETURNING 1")


@pytest.mark.usefixtures("attended")
async def test_a_person_who_speaks_is_interrupted_by_lives_in_danger_only(rt, say):
    assert not (await say("胸口有点疼")).alarm
    assert not (await say("被狗咬了")).alarm
    assert await said(rt) == []
    assert (await say("我爸胸口剧痛")).alarm


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize(
    ("words", "outcome"), [("胸口有点疼", "check"), ("被狗咬了", "urgent"), ("我好绝望", "check")]
)
async def test_of_what_is_milder_the_person_is_told(rt, say, words, outcome):
    accepted = await say(words)
    [alarm] = await rows(rt, "SELECT outcome, rule, inbound_id, answer FROM alarms")
    assert (alarm.outcome, alarm.inbound_id, alarm.answer) == (outcome, accepted.inbound_id, None)
    [message] = await rows(rt, "SELECT status, alarm FROM inbound WHERE id = :id", id=accepted.inbound_id)
    assert tuple(message) == ("pending", f"{outcome}:{alarm.rule}")
    await say(words)  # once more: they know
    assert len(await rows(rt, "SELECT 1 FROM alarms")) == 1


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("words", ["胸口有点疼", "被狗咬了"])
async def test_those_on_call_are_paged_when_the_person_does_nothing(phones, telegram, message, clock, words):
    rt, staff = phones
    await inbox.accept(rt, telegram, message(words), passive_until=None)
    clock.forward(seconds=110)
    await paging.page(rt)
    assert staff.rung == []
    clock.forward(seconds=20)
    await paging.page(rt)
    assert len(staff.rung) == 2


@pytest.mark.usefixtures("attended")
async def test_what_only_the_person_was_told_holds_up_no_news(rt, say):
    accepted = await say("胸口有点疼")
    held = text("SELECT " + outbox.ALARMED.format(conversation=":id"))
    async with rt.database.begin() as session:
        assert not await session.scalar(held, {"id": accepted.conversation_id})
    assert (await say("我爸胸口剧痛")).alarm
    async with rt.database.begin() as session:
        assert await session.scalar(held, {"id": accepted.conversation_id})


@pytest.mark.usefixtures("attended")
async def test_nobody_was_asked_what_only_the_person_was_told(rt, say):
    await say("胸口有点疼")
    assert not (await say("有")).alarm  # to whatever the person asked
    await rows(rt, "UPDATE controls SET state = 'bot' RETURNING 1")
    assert not (await say("有")).alarm
    assert (await say("胸口有点疼")).alarm
    assert (await say("有")).alarm


@pytest.mark.parametrize(
    ("place", "words", "number"),
    [
        (None, "", "120"),
        (Location(22.30, 114.17), "", "999"),
        (Location(22.19, 113.55), "", "999"),
        (Location(25.04, 121.56), "", "119"),
        (Location(48.85, 2.35), "", "112"),
        (None, "我人在香港，妈妈叫不醒", "999"),
        (None, "香港的药能寄吗，孩子叫不醒", "120"),
    ],
)
def test_the_numbers_are_those_of_the_place(rt, place, words, number):
    danger = Danger(Outcome.EMERGENCY, "", place, words)
    assert f"拨打{number}" in first_aid.words_for(rt.settings, danger, "zh-Hans")


def test_far_from_us_the_nearest_hospital_is_looked_for(rt):
    line = first_aid.words_for(rt.settings, Danger(Outcome.EMERGENCY, "", Location(31.23, 121.47)), "en")
    assert "uri.amap.com/search" in line


@pytest.mark.parametrize(
    ("complaint", "answer", "outcome"),
    [("胸口有点疼", "嗯，有", "emergency"), ("I feel so hopeless", "yes i am", "crisis")],
)
async def test_a_yes_is_heard_however_it_is_said(rt, say, complaint, answer, outcome):
    await say(complaint)
    assert (await say(answer)).alarm
    found = await rows(rt, "SELECT outcome, page_at IS NOT NULL FROM alarms ORDER BY number")
    assert [tuple(row) for row in found] == [("check", False), (outcome, True)]


@pytest.mark.parametrize(
    ("words", "kind"),
    [("胸口疼", Kind.TEXT), ("在吗", Kind.TEXT), ("胸口有点疼啊", Kind.EDIT), ("有点不舒服", Kind.EDIT)],
)
async def test_what_is_no_answer_is_asked_again_once_and_staff_are_called(
    phones, telegram, message, clock, words, kind
):
    rt, staff = phones
    for said_now, kind_now in (("胸口有点疼", Kind.TEXT), (words, kind)):
        accepted = await inbox.accept(rt, telegram, message(said_now, kind=kind_now), passive_until=None)
        assert accepted.alarm
    question, again = await said(rt)
    assert again == question
    first, last = await rows(rt, "SELECT id, status FROM inbound ORDER BY seq")
    assert (first.status, last.status) == ("done", "done")
    assert not (await inbox.accept(rt, telegram, message("在吗"), passive_until=None)).alarm
    pending = await rows(rt, "SELECT id FROM inbound WHERE status = 'pending' ORDER BY seq")
    assert pending[0].id == first.id
    clock.forward(seconds=130)
    await paging.page(rt)
    assert len(staff.rung) == 2


async def test_a_button_of_another_question_is_no_answer_to_this_one(rt, say):
    await say("胸口有点疼")
    for title in ("是", "取消预约"):
        assert not (await say(title, kind=Kind.CHOICE, choice="1")).alarm
    [alarm] = await rows(rt, "SELECT answer, page_at IS NOT NULL FROM alarms")
    assert tuple(alarm) == (None, True)
    assert (await say("有")).alarm


async def test_an_answer_after_the_question_was_put_again_still_counts(rt, say):
    await say("胸口有点疼，想挂心内科")
    await say("在吗")
    assert not (await say("没有")).answered
    [alarm] = await rows(rt, "SELECT answer, page_at FROM alarms")
    assert tuple(alarm) == ("no", None)


async def test_a_yes_that_comes_hours_later_is_one_when_nothing_was_said_between(rt, say, clock):
    await say("胸口有点疼")
    clock.forward(hours=3)
    assert (await say("有")).alarm
    assert "不要自己开车" in (await said(rt))[1]


async def test_a_yes_of_hours_later_belongs_to_what_was_said_between(rt, say, clock):
    await say("胸口有点疼")
    clock.forward(hours=3)
    await say("我想挂号")
    assert not (await say("有")).alarm


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("胸口有点疼", "我好绝望", "check"),
        ("我好绝望", "我好绝望", "check"),  # despair is never old news
        ("我好绝望", "胸口有点疼", "check"),
        ("被狗咬了", "右下腹疼得厉害，还发烧恶心", "urgent"),
        ("我爸胸口剧痛", "我好绝望", "check"),
    ],
)
async def test_an_alarm_does_not_mute_what_is_about_another_matter(rt, say, clock, first, second, outcome):
    await say(first)
    await say("没有")
    clock.forward(minutes=10)
    assert (await say(second)).alarm
    assert (await rows(rt, "SELECT outcome FROM alarms ORDER BY number"))[-1].outcome == outcome


async def test_right_after_an_ambulance_was_advised_nothing_less_is(rt, say):
    await say("孩子叫不醒")
    assert not (await say("被狗咬了")).alarm


async def test_a_second_matter_while_the_first_question_is_open_is_asked_about_too(rt, say):
    await say("胸口有点疼")
    assert (await say("我好绝望")).alarm
    first, second = await rows(rt, "SELECT rule, answer, page_at FROM alarms ORDER BY number")
    assert (first.answer, second.answer) == ("other", None)
    assert first.page_at  # nobody knows about it yet


@pytest.mark.parametrize(("words", "kind"), [("不对，有", Kind.TEXT), ("有", Kind.EDIT)])
async def test_a_no_may_be_taken_back(rt, say, words, kind):
    for before in ("胸口有点疼", "没有"):
        await say(before)
    assert not (await say("有")).alarm  # to whatever the dialog asked since
    assert (await say(words, kind=kind)).alarm
    found = await rows(rt, "SELECT outcome, answer FROM alarms ORDER BY number")
    assert [tuple(row) for row in found] == [("check", "yes"), ("emergency", None)]


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


async def test_the_way_is_told_in_the_language_of_the_alarm(rt, say):
    await say("My father collapsed and is not breathing")
    await say(kind=Kind.LOCATION, location=BEIJING)
    assert (await said(rt))[1].startswith("Your location has come")


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
