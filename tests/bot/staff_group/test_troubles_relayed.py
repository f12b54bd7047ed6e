"""What the group is told of waits, of red flags and of answers that did not arrive."""

from __future__ import annotations

import asyncio

import pytest

from bot import delivery
from bot.handoff import queue, talking, timers
from bot.handoff.models import AnsweredIn
from bot.wake import DESK
from integrations.channel import Throttled
from tests.bot.handoff.conftest import rows, state


async def test_an_answer_that_did_not_arrive_is_told(rt, telegram, patient, ask, agent, act, keep):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    [row] = await act(talking.say, place.talk_id, agent, "您好")
    await rows(rt, "UPDATE outbound SET status = 'failed' WHERE id = :id RETURNING id", id=row)
    await keep()
    await keep()
    assert telegram.lines.count("⚠️ 没有送到患者：您好") == 1


async def test_who_waits_too_long_is_told_of_in_the_group_once_each(
    telegram, rt, patient, ask, keep, agent, act, writes, clock
):
    place = await ask(patient)
    clock.forward(seconds=181)
    for _ in range(2):
        await timers.keep(rt)
        await keep()
    assert telegram.lines[-1] == "⏰ 还没有人接待。发 /take 接待。"
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    clock.forward(seconds=1)
    await writes("在吗")
    clock.forward(seconds=181)
    for _ in range(2):
        await timers.keep(rt)
        await keep()
    assert telegram.lines[-1] == "⏰ 小李，患者在等您回复。"
    assert sum(line.startswith("⏰") for line in telegram.lines) == 2


async def test_a_red_flag_during_the_talk_is_marked_in_the_group(telegram, patient, ask, keep, writes, clock):
    await ask(patient)
    clock.forward(seconds=1)
    await writes("孩子叫不醒了")
    await keep()
    await keep()
    assert telegram.lines[-2] == "患者：孩子叫不醒了"
    assert telegram.lines[-1].startswith("🚨 红旗（急症）")
    assert sum(line.startswith("🚨") for line in telegram.lines) == 1


async def test_a_red_flag_is_answered_though_somebody_answers_from_the_group_who_hears_of_it(
    rt, telegram, patient, ask, agent, act, keep, writes, clock
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    await delivery.deliver(rt, patient)
    await keep()
    clock.forward(seconds=1)
    await writes("孩子叫不醒了")
    await delivery.deliver(rt, patient)
    assert "120" in telegram.texts[-1]
    assert (await state(rt, patient))[0] == "agent"
    await keep()
    assert telegram.lines[-2] == "患者：孩子叫不醒了"
    assert telegram.lines[-1].startswith("🚨 红旗（急症）")


async def test_whoever_is_in_danger_and_asked_for_nobody_left_no_message(telegram, patient, keep, writes):
    await writes("孩子叫不醒了")
    await keep()
    said, flag = telegram.lines
    assert "危险信号" in said
    assert "留言" not in said
    assert flag.startswith("🚨")


@pytest.mark.parametrize(
    ("how", "said"),
    [("patient", "⏹ 患者不等了，机器人继续应答。"), ("time", "⏹ 时间过了没有人接待，机器人继续应答。")],
)
async def test_how_a_wait_ended_is_told_in_words(rt, telegram, patient, ask, keep, clock, how, said):
    await ask(patient)
    await keep()
    async with rt.database.begin() as session:
        await queue.leave(session, patient, clock(), by=how)
    await keep()
    assert telegram.lines[-1] == said


async def test_of_an_answer_that_the_platform_refuses_the_desk_and_the_group_hear_at_once(
    rt, telegram, patient, ask, agent, act, keep, clock
):
    """The next they heard of it was that it had left, 41 seconds later."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    await delivery.deliver(rt, patient)  # the greeting
    await act(talking.say, place.talk_id, agent, "您好")
    telegram.fail = [Throttled("Too Many Requests", retry_after=40)]
    async with rt.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(DESK)
        await pubsub.get_message(timeout=5)
        await delivery.deliver(rt, patient)
        async with asyncio.timeout(90):
            while (heard := await pubsub.get_message(timeout=5)) is None:
                pass
    assert heard["data"].decode() == patient.hex
    await keep()
    assert telegram.lines[-1] == "⏳ 还没有送到患者，正在重试：您好"
    clock.forward(seconds=39)
    await delivery.deliver(rt, patient)
    assert telegram.texts[-1] != "您好"
    clock.forward(seconds=1)
    await delivery.deliver(rt, patient)
    assert telegram.texts[-1] == "您好"


async def test_an_answer_that_the_platform_does_not_take_yet_is_told_of_before_it_is_given_up(
    rt, telegram, patient, ask, agent, act, keep, clock
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    [row] = await act(talking.say, place.talk_id, agent, "您好")
    for tries, told in ((1, 0), (3, 1), (4, 1)):
        await rows(
            rt, "UPDATE outbound SET attempts = :tries WHERE id = :id RETURNING id", id=row, tries=tries
        )
        await keep()
        assert telegram.lines.count("⏳ 还没有送到患者，正在重试：您好") == told


async def test_what_was_not_sent_when_the_talk_changed_hands_is_told(
    rt, telegram, patient, ask, agent, other, act, keep
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    await act(talking.say, place.talk_id, agent, "明天不用来了")
    await keep()
    await act(talking.transfer, place.talk_id, agent, to=other)
    for _ in range(2):
        await keep()
    [told] = [line for line in telegram.lines if "没有发给患者" in line]
    assert told.startswith("⚠️ 小李写的这条")
    assert told.endswith("明天不用来了")
