"""Asking a doctor online: answers beside the question, corrections and what is not understood."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from integrations.hospital.consultations import views
from tests.actions.consultations import ask_with_record, newest, offer


async def test_a_question_in_between_comes_back_and_back_goes_one_step(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    which = await chat.say("inform", await chat.token("health", "高血压"))
    assert "哪位医生" in which.text
    assert "哪位医生" in (await chat.say("thanks")).text
    assert "哪个确诊过的病" in (await chat.say("go_back")).text
    assert "什么都没有转给医生" in (await chat.say("cancel")).text
    assert chat.form == ""


async def test_a_number_is_no_illness_and_what_is_not_understood_is_not_noted(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    again = await chat.say("inform", await chat.token("health", "99"))
    assert "哪个确诊过的病" in again.text
    assert "我是导诊助手" not in again.text  # that was read just now
    which = await chat.say("inform", await chat.token("health", "高血压"))
    assert "记下了" in which.text
    assert "记下了" not in (await chat.say("nlu_fallback", text="88")).text


async def test_pictures_go_along_at_any_question_and_a_recording_says_that_it_cannot_be_heard(
    clinic: Any,
) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    heard = await chat.say("online_consultation")
    heard = await chat.say("non_text", kind="voice", message_id=uuid4().hex)
    assert "120" in heard.text
    assert "哪个确诊过的病" in heard.text
    which = await chat.say("inform", await chat.token("health", "高血压"))
    seen = await chat.say("non_text", kind="image", message_id=uuid4().hex)
    assert "会给医生看" in seen.text
    assert seen.buttons == which.buttons
    assert "知情同意" in (await chat.press(which, "李静")).text  # the record was sent already


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("reschedule_appointment", "等等，换一位"),
        ("deny", "换个医生吧"),
        ("nlu_fallback", "another doctor please"),
    ],
)
async def test_another_doctor_is_chosen_and_no_visit_is_moved(clinic: Any, intent: str, words: str) -> None:
    await offer(clinic)
    await offer(clinic, "张伟")
    chat = await clinic.chat()
    await ask_with_record(clinic, chat)
    which = await chat.say(intent, text=words)
    assert "哪位医生" in which.text
    consent = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]), text="还是张伟吧")
    assert "张伟" in consent.text
    assert chat.form == "consultation_form"


async def test_what_was_told_of_the_illness_is_put_right_later(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await ask_with_record(clinic, chat)
    said = await chat.say("correct", text="说错了，是糖尿病两年")
    assert "记下了" in said.text
    await chat.press(said, "同意")
    made = await newest(clinic)
    async with clinic.runtime.database.begin() as session:
        told = await views.told(session, clinic.runtime.crypto, made.id)
    assert told.condition == "糖尿病两年"


async def test_a_question_takes_nothing_back(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    consent = await ask_with_record(clinic, chat)
    said = await chat.say(
        "ask_hospital", ("topic", "insurance"), text="actually, is it covered by insurance?"
    )
    assert "记下了" not in said.text
    assert said.buttons == consent.buttons


async def test_the_consent_is_read_once(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await ask_with_record(clinic, chat)
    again = await chat.say("ask_hospital", ("topic", "insurance"), text="能走医保吗")
    assert "上面的知情同意" in again.text
    assert "隔着屏幕" not in again.text
    assert "支付 ¥30" in (await chat.say("affirm")).text
