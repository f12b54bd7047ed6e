"""Answers put right after the last one, or after an alarm's advice, with no question open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.hospital.models import FollowUpAlert, Measurement, TaskStatus

from .conftest import Chat, Outside
from .follow_ups import answer, answers, due, put_on, rows, task_status


async def told_all(chat: Chat) -> str:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    await chat.say("answer_follow_up")
    await answer(chat, "135/85")
    await answer(chat, "按时吃了")
    await answer(chat, "没有")
    assert await task_status(chat, task) is TaskStatus.DONE
    assert chat.form == ""
    return task


async def alarmed(chat: Chat) -> str:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    await chat.say("answer_follow_up")
    await answer(chat, "190/110")
    assert chat.form == ""
    return task


async def alerts(chat: Chat) -> list[str]:
    return [one.status for one in sorted(await rows(chat, FollowUpAlert), key=lambda one: one.id)]


@pytest.mark.parametrize("intent", ["nlu_fallback", "correct", "deny", "inform", "tell_symptoms"])
async def test_the_last_answer_is_put_right(chat: Chat, intent: str) -> None:
    task = await told_all(chat)
    said = await answer(chat, "不对，是有点头晕", intent)
    assert "改好了" in said.text
    assert "头晕" in said.text
    assert (await answers(chat, task))["complaint"] not in (None, "none")


async def test_an_earlier_value_that_is_named(chat: Chat) -> None:
    task = await told_all(chat)
    told = ("measurement", "blood_pressure")
    said = await answer(chat, "不对，血压是125/80", "log_measurement", told)
    assert "改好了：血压 125/80" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 125, "diastolic": 80}
    assert len([one for one in await rows(chat, Measurement) if one.replaced_at is None]) == 1


async def test_after_an_alarm_the_alert_follows_and_the_rest_is_asked(chat: Chat) -> None:
    task = await alarmed(chat)
    assert await alerts(chat) == ["open"]
    said = await answer(chat, "看错了，是130/80", "nlu_fallback")
    assert "改好了：血压 130/80" in said.text
    assert "按时吃了吗" in said.text
    assert await alerts(chat) == ["closed"]
    assert (await answers(chat, task))["pressure"] == {"systolic": 130, "diastolic": 80}


async def test_put_right_into_an_alarm(chat: Chat) -> None:
    await told_all(chat)
    said = await answer(chat, "不对，血压是190/110", "log_measurement", ("measurement", "blood_pressure"))
    assert "120" in said.text
    assert await alerts(chat) == ["open"]


async def test_not_so_alone_asks_the_last_question_again(chat: Chat) -> None:
    task = await alarmed(chat)
    said = await answer(chat, "不对", "deny")
    assert "血压" in said.text
    await answer(chat, "130/80")
    assert (await answers(chat, task))["pressure"] == {"systolic": 130, "diastolic": 80}
    assert await alerts(chat) == ["closed"]


async def test_a_word_of_thanks_begins_nothing(chat: Chat) -> None:
    task = await alarmed(chat)
    await answer(chat, "好的谢谢", "thanks")
    said = await answer(chat, "不对，是130/80", "correct")
    assert "改好了" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 130, "diastolic": 80}


@pytest.mark.parametrize(
    ("between", "words"), [("book_appointment", "挂号"), ("my_appointments", "我的预约"), ("help", "帮助")]
)
async def test_what_was_begun_since_is_meant(chat: Chat, between: str, words: str) -> None:
    task = await alarmed(chat)
    await answer(chat, words, between)
    said = await answer(chat, "不对，是130/80", "correct")
    assert "改好了" not in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 190, "diastolic": 110}


@pytest.mark.parametrize(
    "words", ["不对，我要挂号", "不对，是取消周三的预约", "不对，停车怎么收费", "挂错了，取消"]
)
async def test_not_so_about_something_else_is_left_alone(chat: Chat, words: str) -> None:
    task = await told_all(chat)
    before = await answers(chat, task)
    said = await answer(chat, words, "book_appointment")
    assert "改好了" not in said.text
    assert await answers(chat, task) == before


async def test_after_an_hour_it_is_over(chat: Chat, outside: Outside) -> None:
    task = await alarmed(chat)
    outside.now += timedelta(minutes=61)
    await answer(chat, "不对，是130/80", "correct")
    assert (await answers(chat, task))["pressure"] == {"systolic": 190, "diastolic": 110}


async def test_a_red_flag_since_is_something_else(chat: Chat, outside: Outside) -> None:
    task = await alarmed(chat)
    outside.now += timedelta(minutes=5)
    chat.alarm_ago = 60
    await answer(chat, "不对，是130/80", "correct")
    assert (await answers(chat, task))["pressure"] == {"systolic": 190, "diastolic": 110}


async def begun(chat: Chat, plan: str) -> str:
    task = await put_on(chat, plan)
    await due(chat, task)
    await chat.say("answer_follow_up")
    return task


@pytest.mark.parametrize("intent", ["book_appointment", "tell_symptoms", "nlu_fallback"])
@pytest.mark.parametrize(
    ("words", "condition", "alerted"),
    [
        ("更严重了，想挂号", "worse", ["open"]),
        ("好多了，我想再挂个号", "better", []),
        ("差不多，帮我约下周三的号", "same", []),
    ],
)
async def test_an_answer_and_a_wish_in_one_message(
    chat: Chat, intent: str, words: str, condition: str, alerted: list[Any]
) -> None:
    task = await begun(chat, "after_visit")
    said = await answer(chat, words, intent)
    assert await answers(chat, task) == {"condition": condition}
    assert await alerts(chat) == alerted
    assert chat.form == "booking_form"
    assert "科" in said.text
    assert ("请尽快回医院看看" in said.text) is bool(alerted)


async def test_a_wish_alone_answers_nothing(chat: Chat) -> None:
    task = await begun(chat, "after_visit")
    await answer(chat, "我要挂号了", "book_appointment")
    assert await answers(chat, task) == {}
    assert chat.form == "booking_form"


async def test_a_digit_left_open_is_asked_for(chat: Chat) -> None:
    task = await begun(chat, "diabetes")
    said = await answer(chat, "三餐后都是8点多")
    assert "准确的数是多少" in said.text
    assert "血糖 8.5（餐后）" in said.text
    assert await answers(chat, task) == {}
    assert await alerts(chat) == []
    said = await answer(chat, "餐后8.6")
    assert "血糖 8.6（餐后）" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 8.6, "when": "after_meal"}


async def test_a_digit_left_open_twice_is_left_out(chat: Chat) -> None:
    task = await begun(chat, "diabetes")
    await answer(chat, "三餐后都是8点多")
    said = await answer(chat, "就是8点多")
    assert "先不记" in said.text
    assert (await answers(chat, task))["sugar"] is None


async def test_what_alarms_with_any_digit_is_not_asked_about(chat: Chat) -> None:
    task = await begun(chat, "diabetes")
    said = await answer(chat, "空腹2点多")
    assert "请马上吃糖" in said.text
    assert await alerts(chat) == ["open"]
    assert (await answers(chat, task))["sugar"] == {"value": 2, "when": "fasting"}


async def test_told_unasked_too(chat: Chat) -> None:
    told = ("measurement", "glucose")
    said = await answer(chat, "血糖三餐后都是8点多", "log_measurement", told)
    assert "准确的数是多少" in said.text
    assert await rows(chat, Measurement) == []
    said = await answer(chat, "血糖空腹3点多", "log_measurement", told)
    assert "请马上吃糖" in said.text
    assert await alerts(chat) == ["open"]
