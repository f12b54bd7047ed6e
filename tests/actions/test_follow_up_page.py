"""The page of a follow-up, as the chat knows it: offered, and what was answered there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from integrations.hospital.follow_up import answering
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import FollowUpAlert, Level, Method, TaskStatus
from tests.bot.blocking import waits_for

from .conftest import Chat, Said
from .follow_ups import answer, answers, begun, due, put_on, rows, task_status


async def on_the_page(chat: Chat, task: str, **values: Any) -> None:
    """What the page keeps."""
    rt = chat.runtime
    known = plans(rt.settings)
    async with rt.database.begin() as session:
        for question, (value, level) in values.items():
            asked = await answering.open_task(session, chat.contact.id, rt.now(), UUID(task))
            assert asked
            plan = known.get(asked.plan_id)
            assert plan
            one = plan.question(question)
            assert one
            given = answering.Given(one, value, level)
            await answering.give(session, rt.crypto, known, asked, given, method=Method.PAGE, now=rt.now())


async def test_what_the_page_answers_at_the_same_moment_counts_with_it(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    rt = chat.runtime
    known = plans(rt.settings)
    async with rt.database.begin() as session:
        asked = await answering.open_task(session, chat.contact.id, rt.now(), UUID(task))
        assert asked
        await answering.lock(session, asked.id)
        in_the_chat = asyncio.create_task(answer(chat, "135/85"))
        await waits_for(session, in_the_chat)
        plan = known.get(asked.plan_id)
        assert plan
        for question in plan.questions[1:]:
            given = answering.Given(question, None)
            await answering.give(session, rt.crypto, known, asked, given, method=Method.PAGE, now=rt.now())
            asked = replace(asked, answered=asked.answered | {question.id})
    await in_the_chat
    assert await task_status(chat, task) is TaskStatus.DONE


async def answered(chat: Chat, task: str) -> Said:
    return await chat.say("follow_up_answered", ("task", task), kind="system", text="/follow_up_answered")


ALL = {"pressure": (None, Level.USUAL), "medicine": (True, Level.USUAL), "complaint": ("none", Level.USUAL)}


async def test_the_chat_knows_what_was_answered_on_the_page(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    await on_the_page(chat, task, **ALL)
    said = await answered(chat, task)
    assert said.text.startswith("页面上的回答收到了。")
    assert "谢谢，记下了" in said.text
    assert chat.form == ""
    assert "没有要回答的随访" in (await chat.say("answer_follow_up")).text


async def test_what_the_page_took_does_not_end_a_booking(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    asked = await chat.say("book_appointment")
    await on_the_page(chat, task, **ALL)
    said = await answered(chat, task)
    assert "页面上的回答收到了" in said.text
    assert asked.text in said.text
    assert chat.form == "booking_form"


async def test_after_an_alarm_on_the_page_nothing_is_asked(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    await on_the_page(chat, task, pressure=({"systolic": 200, "diastolic": 120}, Level.ALARM))
    said = await answered(chat, task)
    assert "已经转给随访的医护人员" in said.text
    assert "其余的问题不急" in said.text
    assert "200" not in said.text
    assert chat.form == ""
    assert "按时吃了吗" in (await chat.say("answer_follow_up")).text


async def test_the_page_is_offered_where_there_is_much_to_answer_and_on_request(chat: Chat) -> None:
    task = await put_on(chat, "diabetes")
    said = await due(chat, task)
    assert "用页面填" in said.text
    said = await chat.say("use_page", text="用页面填")
    assert "https://hospital.example/p/followup/" in said.text
    assert chat.form == "follow_up_form"


DIABETES = {
    "sugar": ({"value": 6.1, "when": "fasting"}, Level.USUAL),
    "weight": ({"value": 62}, Level.USUAL),
    "medicine": (True, Level.USUAL),
    "feet": (False, Level.USUAL),
}


@pytest.mark.parametrize(
    ("plan", "told", "words", "question", "stands"),
    [
        ("hypertension", None, "刚才填错了，是135", "pressure", {"systolic": 135, "diastolic": 85}),
        ("hypertension", None, "刚才填错了，血压是145/95", "pressure", {"systolic": 145, "diastolic": 95}),
        ("hypertension", None, "刚才填错了，是有点头晕", "complaint", "mild"),
        ("diabetes", DIABETES, "刚才填错了，是6.5", "sugar", {"value": 6.5, "when": "fasting"}),
        ("diabetes", DIABETES, "填错了，应该是63", "weight", {"value": 63}),
        ("diabetes", DIABETES, "sorry, it is 6.5", "sugar", {"value": 6.5, "when": "fasting"}),
    ],
)
async def test_what_was_filled_in_is_put_right_in_the_chat(
    chat: Chat, plan: str, told: Any, words: str, question: str, stands: Any
) -> None:
    task = await put_on(chat, plan)
    await due(chat, task)
    pressure = {"pressure": ({"systolic": 125, "diastolic": 85}, Level.USUAL)}
    before = told or ALL | pressure
    await on_the_page(chat, task, **before)
    await answered(chat, task)
    said = await answer(chat, words, "correct")
    assert said.text.startswith(("改好了", "Put right"))
    kept = await answers(chat, task)
    assert kept == {name: value for name, (value, _) in before.items()} | {question: stands}


async def test_put_right_into_an_alarm(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    await on_the_page(chat, task, **ALL | {"pressure": ({"systolic": 119, "diastolic": 80}, Level.USUAL)})
    await answered(chat, task)
    said = await answer(chat, "填错了，是190/110", "correct")
    assert "请立刻拨打120" in said.text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_wrong_alone_asks_which(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    await on_the_page(chat, task, **ALL | {"pressure": ({"systolic": 125, "diastolic": 85}, Level.USUAL)})
    await answered(chat, task)
    assert "哪一项填错了" in (await answer(chat, "刚才填错了", "correct")).text
    assert "改好了：血压 135/85" in (await answer(chat, "不对，是135/85", "correct")).text
    said = await answer(chat, "不对，是挂号", "book_appointment")
    assert "改好了" not in said.text
