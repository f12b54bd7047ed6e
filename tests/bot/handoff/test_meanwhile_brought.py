"""A person is brought to whom nobody understood; the bot goes on meanwhile."""

from datetime import timedelta

import pytest

from bot import conversations, inbox
from bot.handoff import talking, timers
from integrations.messages import Kind
from tests.bot.handoff import turns
from tests.bot.handoff.conftest import queued, rows, state


@pytest.fixture
async def patient(rt, write):
    await write("你好")
    [row] = await rows(rt, "SELECT id FROM conversations")
    return row.id


async def test_who_is_not_understood_is_brought_a_person_and_may_go_on_meanwhile(
    rt, write, patient, agent, rasa, telegram
):
    """The open question stands, with what may be chosen; the bot takes the answer, until the person is there."""
    [words] = await write("听不懂的话")
    assert words.startswith("没听懂。\n已经为您找人工了，您是下一位")
    assert words.endswith("哪个科？")
    assert turns.BY_PHONE not in words
    assert [option.title for option in telegram.sent[-1].options] == ["骨科", "不用人工了"]
    [row] = await rows(rt, "SELECT status, reason FROM talks")
    assert tuple(row) == ("unanswered", "failed")
    assert await state(rt, patient) == ("bot", 0)
    assert await write("心内科") == ["echo 心内科"]
    [again] = await write("听不懂的话")
    assert "您是下一位" in again
    assert len(await rows(rt, "SELECT 1 FROM talks")) == 1
    await write("", kind=Kind.CHOICE, choice=telegram.sent[-1].options[-1].id)
    assert rasa.turns[-1]["text"] == '/handed_back{"purpose": "left"}'
    assert [row.status for row in await rows(rt, "SELECT status FROM talks")] == ["left"]


@pytest.mark.parametrize("words", ["不用人工了", "算了不等了"])
async def test_who_wants_no_person_any_more_says_so_at_any_time(rt, write, patient, agent, rasa, words):
    """What is said of a person is no wish for one."""
    await write("听不懂的话")
    await write("心内科")
    await write(words)
    assert rasa.turns[-1]["text"] == '/handed_back{"purpose": "left"}'
    assert [row.status for row in await rows(rt, "SELECT status FROM talks")] == ["left"]


async def test_who_waits_for_no_person_may_wait_no_longer_for_something_else(rt, write, patient, agent, rasa):
    await write("不等了")
    assert rasa.turns[-1]["text"] == "不等了"


async def test_who_is_not_understood_at_night_may_leave_a_message(rt, write, patient, agent, clock, telegram):
    clock.time += timedelta(hours=11)
    [words] = await write("听不懂的话")
    assert "明天 8:00" in words
    assert "留言" in words
    assert words.endswith("哪个科？")
    assert [option.title for option in telegram.sent[-1].options] == ["骨科", "给人工留言"]
    assert await rows(rt, "SELECT 1 FROM talks") == []


async def test_without_anybody_at_the_desk_who_is_not_understood_reads_the_telephone(write, patient):
    assert await write("听不懂的话") == [turns.BROUGHT["text"]]


async def test_whom_nobody_comes_to_although_a_person_was_brought_is_told_so(
    rt, write, patient, agent, clock
):
    await write("听不懂的话")
    clock.forward(minutes=4)
    await timers.keep(rt)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT escalated_at FROM talks")
    assert row.escalated_at == clock()
    [words] = await queued(rt, patient)
    assert "仍在为您找" in words


@pytest.mark.parametrize("words", ["我要人工", "听不懂的话"])
async def test_who_is_taken_while_the_dialog_still_thinks_is_not_talked_over(
    rt, write, patient, agent, clock, telegram, message, words
):
    """What the dialog then wishes is overtaken: not even the place in the line is said."""

    class Slow(turns.PlainReader):
        async def read(self, rt, conversation_id, said, expects):
            async with rt.database.begin() as session:
                await talking.take_over(session, rt, conversation_id, agent, clock())
            return await super().read(rt, conversation_id, said, expects)

    telegram.sent.clear()
    await inbox.accept(rt, telegram, message(words), passive_until=None)
    await conversations.drain(rt, Slow(), patient)
    assert telegram.texts == ["接通了，小李为您服务。"]
    assert (await state(rt, patient))[0] == "agent"
