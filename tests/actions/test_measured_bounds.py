"""Values that were not told whole: what lies beyond a bound is asked for, and alarms at once where all of it does;
several doubtful values in one message."""

from __future__ import annotations

from .conftest import Chat
from .follow_ups import answer, answers, begun
from .test_measurements import FollowUpAlert, counting, log, rows


async def test_a_bound_is_not_kept_and_the_number_asked_for(chat: Chat) -> None:
    said = await log(chat, "血糖超过9")
    assert "准确的数是多少" in said.text
    assert "血糖 9.5" in said.text
    assert await counting(chat) == []
    assert await rows(chat, FollowUpAlert) == []


async def test_a_bound_beyond_which_all_alarms_is_told_to_staff_at_once(chat: Chat) -> None:
    said = await log(chat, "早上血糖低于3.9")
    assert said.text.index("请马上吃糖") < said.text.index("准确的数是多少")
    assert "血糖 3.4" in said.text
    assert "记下了" not in said.text
    assert await counting(chat) == []
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_a_bound_answers_no_question_of_a_follow_up(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "低于3.9")
    assert said.text.index("请马上吃糖") < said.text.index("准确的数是多少")
    assert await answers(chat, task) == {}
    await answer(chat, "3.5")
    assert 3.5 in [one["value"] for one in (await answers(chat, task)).values()]


async def test_what_stands_behind_a_value_to_be_sent_again_is_asked_about_too(chat: Chat) -> None:
    said = await log(chat, "体温 3.6，体重 130")
    assert said.text.index("体温 3.6") < said.text.index("是不是 130 斤")
    assert len(said.buttons) == 2
    said = await chat.say("affirm", text="是的")
    assert "体重 65 公斤" in said.text


async def test_inside_a_booking_all_that_is_doubtful_is_named(chat: Chat) -> None:
    await chat.say("book_appointment", text="挂号")
    said = await log(chat, "体温 3.6，体重 300公斤")
    assert "体温 3.6" in said.text
    assert "体重 300 公斤" in said.text
