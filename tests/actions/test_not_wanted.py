"""What is not wanted begins nothing, and a yes in which something is denied is none."""

from __future__ import annotations

import pytest

from .bookings import day, to_confirmation
from .conftest import WEDNESDAY, Clinic


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("talk_to_human", "不要人工"),
        ("complain", "我不投诉了"),
        ("reschedule_appointment", "不改约了"),
        ("register", "不想注册"),
        ("cancel_appointment", "别取消我的号"),
    ],
)
async def test_it_begins_nothing(clinic: Clinic, intent: str, words: str) -> None:
    chat = await clinic.chat()
    said = await chat.say(intent, text=words)
    assert "照旧" in said.text
    assert "人工" not in said.text
    assert chat.form == ""


async def test_beside_another_question_it_says_nothing(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    asked = chat.slots["booking"]
    for intent, words in (("talk_to_human", "先别转人工"), ("complain", "我没有要投诉")):
        said = await chat.say(intent, text=words)
        assert said.text.startswith("好的，那就不办")
        assert "请确认" in said.text
        assert chat.slots["booking"] == asked
    assert "约好了" in (await chat.say("affirm")).text


async def test_what_is_going_on_is_left_by_it(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("complain", text="我要投诉")
    assert "没有提交" in (await chat.say("complain", text="算了，不投诉了")).text
    assert chat.form == ""
    await to_confirmation(clinic, chat)
    await chat.say("affirm")
    assert "确定取消吗" in (await chat.say("cancel_appointment", text="取消预约")).text
    await chat.say("cancel_appointment", text="别取消我的号")
    assert chat.form == ""
    assert "李静" in (await chat.say("my_appointments")).text


@pytest.mark.parametrize("words", ["好吧不要了", "嗯不要", "definitely not"])
async def test_a_yes_that_denies_books_nothing(clinic: Clinic, words: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    said = await chat.say("affirm", text=words)
    assert "约好了" not in said.text
    assert "没太明白" in said.text
    assert "请确认" in said.text
    assert "约好了" in (await chat.say("affirm", text="没问题")).text
