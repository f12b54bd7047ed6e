"""What becomes of a red flag at the door, and of the staff it calls."""

from __future__ import annotations

import asyncio

import pytest

from bot import inbox, paging
from integrations.messages import Kind
from tests.bot.alarms import rows, said
from tests.bot.blocking import waits_for


async def test_a_check_asks_one_question_with_the_number(rt, say):
    assert (await say("胸口有点疼")).alarm
    [words] = await said(rt)
    assert "120" in words
    assert words.endswith("“有”或“没有”。")
    assert [tuple(row) for row in await rows(rt, "SELECT outcome, answer FROM alarms")] == [("check", None)]


@pytest.mark.parametrize(
    ("complaint", "asked"),
    [
        ("头疼得受不了", "脖子发硬"),
        ("突然手麻", "这边手脚没力"),
        ("突然腳麻", "這邊手腳沒力"),
        ("I have a splitting headache", "a stiff neck"),
        ("今天突然胸闷", "疼到胳膊"),
        ("总是喘不上气", "嘴唇发紫"),  # what has lasted long is asked about, in the words of its rule
        ("老公喝醉了经常打我", "打110"),
    ],
)
async def test_each_is_asked_about_in_its_own_words(rt, say, complaint, asked):
    await say(complaint)
    [words] = await said(rt)
    assert asked in words
    assert words.endswith(("“有”或“没有”。", "“有”或“沒有”。", "“yes” or “no”."))


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


async def test_urgent_names_today_and_the_emergency_department(rt, say):
    assert (await say("右下腹疼得厉害，还发烧恶心")).alarm
    [words] = await said(rt)
    assert "今天" in words
    assert "急诊" in words
    assert "120" in words
    assert not (await say("右下腹疼，想挂号")).alarm  # once said, the journey goes on


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


async def test_who_acknowledges_has_not_seen_what_the_patient_writes_just_then(rt, say):
    await say("我爸胸口剧痛，出冷汗")
    [first] = await rows(rt, "SELECT number FROM alarms")
    async with rt.database.begin() as session:
        await paging.acknowledge(session, first.number, "staff:li", rt.now())
        saying = asyncio.create_task(say("他昏迷了"))
        await waits_for(session, saying)
    assert (await saying).alarm
    found = await rows(rt, "SELECT times, page_at, acknowledged_by FROM alarms ORDER BY number")
    assert [(one.times, bool(one.page_at), one.acknowledged_by) for one in found] == [
        (1, True, "staff:li"),
        (1, True, None),
    ]
