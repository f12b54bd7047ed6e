"""Who wants no person any more, or waits no longer for something else."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bot.handoff import timers
from bot.handoff.models import Reason, Skill
from integrations.messages import Kind
from tests.bot.handoff.conftest import rows, state

LEFT = '/handed_back{"purpose": "left"}'


@pytest.fixture
async def patient(rt, write):
    await write("你好")
    [row] = await rows(rt, "SELECT id FROM conversations")
    return row.id


async def talks(rt) -> list[tuple[str, int]]:
    return [tuple(row) for row in await rows(rt, "SELECT status, priority FROM talks")]


@pytest.mark.parametrize(("words", "told"), [("不用人工了", LEFT), ("不等了", "不等了")])
async def test_a_red_flag_stays_first_in_line_whatever_is_said(rt, write, patient, agent, rasa, words, told):
    """And that somebody still comes is said."""
    await write("我不想活了，想跳楼")
    [said] = await write(words)
    assert "同事还是会来看" in said
    assert said.endswith(f"echo {told}")
    assert await talks(rt) == [("unanswered", 1440)]


async def test_so_does_one_whose_person_was_brought_before_it(rt, write, patient, agent, telegram):
    """The button below the question of before is still there to press."""
    await write("听不懂的话")
    choice = telegram.sent[-1].options[-1].id
    await write("我胸口剧痛喘不上气")
    await write("", kind=Kind.CHOICE, choice=choice)
    assert await talks(rt) == [("unanswered", 1440)]


async def test_who_waits_in_silence_after_a_red_flag_has_the_bot_back_and_stays_in_line(
    rt, write, patient, agent, rasa
):
    await write("我要人工")
    await write("我胸口剧痛喘不上气")
    [said] = await write("不等了")
    assert "同事还是会来看" in said
    assert await talks(rt) == [("unanswered", 1440)]
    assert await state(rt, patient) == ("bot", 2)
    assert await write("心内科") == ["echo 心内科"]


async def test_at_night_no_message_does_not_end_what_a_red_flag_brought(rt, write, patient, agent, clock):
    clock.time += timedelta(hours=11)  # 21:00
    await write("我要人工")
    await write("我胸口剧痛喘不上气")
    await write("不用了")
    assert await talks(rt) == [("unanswered", 1440)]


@pytest.fixture
async def message_left(write, patient, agent, clock):
    clock.time += timedelta(hours=11)
    await write("我要人工")
    await write("我上周的检查报告还没出来")


@pytest.mark.parametrize("morning", [False, True])
async def test_who_waits_no_longer_for_something_else_keeps_the_message_that_they_left(
    rt, write, message_left, rasa, telegram, clock, morning
):
    """The words are the dialog's to understand; what waits is said, with the way to withdraw it."""
    clock.forward(hours=11 if morning else 1)
    [said] = await write("不等了")
    assert rasa.turns[-1]["text"] == "不等了"
    assert said == "您给人工的留言还在，同事上班后会看，在这里回复您。\necho 不等了"
    assert await talks(rt) == [("unanswered", 0)]
    await write("", kind=Kind.CHOICE, choice=telegram.sent[-1].options[-1].id)
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("left", 0)]


@pytest.mark.parametrize("words", ["不用人工了", "不要人工", "I do not want a person"])
async def test_a_message_that_was_left_is_withdrawn_by_its_button_alone(rt, write, message_left, rasa, words):
    await write(words)
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("unanswered", 0)]


async def test_who_leaves_no_second_message_keeps_the_first(rt, write, message_left, rasa):
    await write("我要人工")
    [said] = await write("不用了")
    assert "您给人工的留言还在" in said
    assert await talks(rt) == [("unanswered", 0)]


@pytest.mark.parametrize("words", ["不等了", "不用人工了"])
async def test_who_asks_again_by_day_and_waits_no_longer_keeps_the_message(
    rt, write, message_left, patient, rasa, clock, words
):
    """What ends is the wait in silence."""
    clock.forward(hours=12)
    await write("我要人工")
    assert await talks(rt) == [("waiting", 0)]
    [said] = await write(words)
    assert said.startswith("您给人工的留言还在")
    assert await talks(rt) == [("unanswered", 0)]
    assert (await state(rt, patient))[0] == "bot"


@pytest.mark.parametrize("words", ["不用人工了", "不等了"])
async def test_who_left_no_message_at_night_waits_for_nothing(
    rt, write, patient, agent, clock, telegram, words
):
    clock.time += timedelta(hours=11)
    await write("我要人工")
    await write(kind=Kind.MENU, choice="my_appointments")
    await write(words)
    assert await talks(rt) == [("left", 0)]


async def test_what_was_said_while_nobody_came_until_the_desk_shut_is_a_message(
    rt, write, patient, agent, clock
):
    clock.time += timedelta(hours=9, minutes=50)  # 19:50, ten minutes before the end
    await write("我要人工")
    await write("我的检查报告还没出来")
    clock.forward(minutes=16)
    await timers.keep(rt)
    await write("不等了")
    assert await talks(rt) == [("unanswered", 0)]


async def test_whom_nobody_came_to_by_day_may_wait_no_longer(rt, write, patient, agent, clock):
    await write("我要人工")
    clock.forward(minutes=16)
    await timers.keep(rt)
    await write("不等了")
    assert await talks(rt) == [("left", 0)]


@pytest.mark.parametrize(("words", "told"), [("不用人工了", LEFT), ("不等了", "不等了")])
async def test_a_consultation_goes_on_waiting_for_its_doctor(
    rt, write, patient, ask, rasa, telegram, words, told
):
    await ask(patient, Skill.DOCTOR, reason=Reason.CONSULTATION, consultation_id=uuid4())
    [said] = await write(words)
    assert said == f"您的在线复诊照旧，医生会在这里回复您。\necho {told}"
    assert [option.title for option in telegram.sent[-1].options] == ["取消在线复诊"]
    assert await talks(rt) == [("unanswered", 0)]


async def test_a_consultation_takes_no_place_from_a_red_flag(rt, write, patient, agent, ask):
    await write("听不懂的话")
    await write("我胸口剧痛喘不上气")
    await ask(patient, Skill.DOCTOR, reason=Reason.CONSULTATION, consultation_id=uuid4())
    [row] = await rows(rt, "SELECT status, skill, priority FROM talks")
    assert tuple(row) == ("unanswered", "service", 1440)
