"""A patient who comes back after hours or days: what was left open is told, and nothing is done unasked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from integrations.runtime import Runtime

from .bookings import appointments, day
from .conftest import TODAY, WEDNESDAY, Chat, Clinic, Outside

DAYS = timedelta(days=3)
TOMORROW = TODAY + timedelta(days=1)


async def confirming(clinic: Clinic, on: date = WEDNESDAY) -> Chat:
    await clinic.session("李静", on)
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(on))
    assert said.text.startswith("请确认")
    return chat


async def test_an_old_yes_books_nothing_before_it_was_asked_anew(clinic: Clinic, runtime: Runtime) -> None:
    chat = await confirming(clinic)
    said = await chat.say("affirm", away=DAYS)
    assert "上次我们在约11月25日（周三）上午，心血管内科，李静" in said.text
    assert "请确认" in said.text
    assert said.buttons["不办了"] == "/cancel"
    assert await appointments(runtime) == []
    await chat.say("affirm")
    assert len(await appointments(runtime)) == 1


async def test_a_short_pause_changes_nothing(clinic: Clinic, runtime: Runtime) -> None:
    chat = await confirming(clinic)
    await chat.say("affirm", away=timedelta(hours=1))
    assert len(await appointments(runtime)) == 1


@pytest.mark.parametrize("intent", ["greet", "book_appointment", "nlu_fallback", "thanks"])
async def test_whatever_is_said_first_the_draft_is_offered(clinic: Clinic, intent: str) -> None:
    chat = await confirming(clinic)
    said = await chat.say(intent, away=DAYS)
    assert "上次我们在约" in said.text
    assert "没太明白" not in said.text
    assert chat.form == "booking_form"


async def test_another_wish_needs_no_word_on_the_old_one(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await confirming(clinic)
    said = await chat.say("book_appointment", ("department", clinic.departments["骨科"]), away=DAYS)
    assert "上次" not in said.text
    assert "张伟" in said.text


async def test_a_draft_whose_day_is_over_asks_for_another(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await confirming(clinic, TOMORROW)
    await clinic.session("李静", TODAY + timedelta(days=8))
    outside.now += DAYS
    said = await chat.say("affirm", away=DAYS)
    assert "11月23日（周一）已经过了" in said.text
    assert "11月30日" in said.text
    assert await appointments(runtime) == []


async def test_a_day_that_ended_overnight_is_said_too(clinic: Clinic, outside: Outside) -> None:
    await clinic.session("李静", TODAY)
    await clinic.session("王建国", TODAY)
    await clinic.session("李静", TOMORROW)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("department", clinic.departments["心血管内科"]), day(TODAY))
    outside.now += timedelta(hours=16)
    said = await chat.say("thanks", away=timedelta(hours=5))
    assert "已经过了" in said.text
    assert "上次" not in said.text


async def test_a_registration_goes_on_where_it_was(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.say("inform", await chat.token("person_name", "张明"))
    said = await chat.say("greet", away=DAYS)
    assert "又见面了" in said.text
    assert "上次我们在登记" in said.text
    assert "身份证号" in said.text
    assert said.expects == "id_number"


async def test_cancelling_asks_again_after_days(clinic: Clinic, runtime: Runtime) -> None:
    chat = await confirming(clinic)
    await chat.say("affirm")
    await chat.say("cancel_appointment")
    said = await chat.say("affirm", away=timedelta(hours=20))
    assert "确定取消吗" in said.text
    assert [str(status) for status, _ in await appointments(runtime)] == ["booked"]
