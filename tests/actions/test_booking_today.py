"""After a red flag that should be seen today: numbers of today, or the emergency department."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.runtime import Runtime

from .bookings import HEART, appointments, day, to_confirmation
from .conftest import NOW, TODAY, WEDNESDAY, Chat, Clinic, Outside, Said
from .test_waitlist import WAIT, ask, entries, full, offer

APART = "看的是别的事"


def alarmed(chat: Chat) -> None:
    """What the patient told just now should be seen today."""
    chat.urgent, chat.alarm_ago = True, 0


def shown(said: Said) -> str:
    return f"{said.text}{list(said.buttons)}"


async def test_another_day_is_not_offered(clinic: Clinic) -> None:
    await clinic.session("王建国", WEDNESDAY)
    await clinic.session("李静", TODAY, period="afternoon")
    chat = await clinic.chat()
    chat.urgent = True
    said = await chat.say("book_appointment", day(WEDNESDAY), ("department", clinic.departments[HEART]))
    assert "只看今天的号" in said.text
    assert "王建国" not in f"{said.text}{list(said.buttons)}"
    assert "李静" in f"{said.text}{list(said.buttons)}"


async def test_where_today_is_full_it_says_to_go_at_once(clinic: Clinic) -> None:
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    chat.urgent = True
    said = await chat.say("book_appointment", ("department", clinic.departments[HEART]))
    assert "直接去急诊" in said.text
    assert "120" in said.text
    assert chat.form == ""


async def test_without_an_alarm_the_days_are_free(clinic: Clinic) -> None:
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("book_appointment", day(WEDNESDAY), ("department", clinic.departments[HEART]))
    assert "王建国" in f"{said.text}{list(said.buttons)}"


async def test_a_button_of_another_day_books_none(clinic: Clinic) -> None:
    another = await clinic.session("王建国", WEDNESDAY)
    await clinic.session("李静", TODAY, period="afternoon")
    chat = await clinic.chat()
    alarmed(chat)
    said = await chat.say(
        "book_appointment", ("department", clinic.departments[HEART]), ("schedule", another)
    )
    assert "只看今天的号" in said.text
    assert "请确认：11月22日" in said.text
    assert "李静" in said.text
    assert "王建国" not in shown(said)


async def test_an_alarm_behind_the_question_keeps_its_yes_from_booking(
    clinic: Clinic, runtime: Runtime
) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", TODAY, period="afternoon")
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    alarmed(chat)
    said = await chat.say("affirm")
    assert await appointments(runtime) == []
    assert "只看今天的号" in said.text
    assert any(title.startswith("王建国") for title in said.buttons)  # a colleague, today
    said = await chat.press(said, "王建国")
    assert "请确认：11月22日" in said.text
    assert "约好了" in (await chat.say("affirm")).text


async def test_a_number_of_today_is_booked_as_ever(clinic: Clinic) -> None:
    await clinic.session("李静", TODAY, period="afternoon")
    chat = await clinic.chat()
    alarmed(chat)
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    assert "请确认：11月22日" in said.text
    assert "只看今天的号" not in said.text
    assert "约好了" in (await chat.say("affirm")).text


async def test_who_had_a_number_today_is_sent_to_the_emergency_department(clinic: Clinic) -> None:
    await clinic.rule("per_day", "1")
    await clinic.session("李静", TODAY, period="afternoon")
    await clinic.session("张伟", TODAY, period="afternoon")
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    alarmed(chat)
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    assert "已经约了 1 个号" in said.text
    assert "直接去急诊" in said.text
    assert chat.form == ""


async def test_nobody_waits_for_another_day(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    said = await ask(clinic, chat)
    alarmed(chat)
    said = await chat.press(said, WAIT)
    assert await entries(runtime) == []
    assert "直接去急诊" in said.text


async def test_the_line_that_stays_open_is_closed_as_well(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    await ask(clinic, chat)  # the only half day is taken: another department is asked for
    alarmed(chat)
    said = await chat.say("help")
    assert not any(title.startswith(WAIT) for title in said.buttons)
    said = await chat.say("join_waitlist")
    assert await entries(runtime) == []
    assert "直接去急诊" in said.text


async def test_what_was_waited_for_may_be_taken_with_a_word_about_today(
    clinic: Clinic, runtime: Runtime
) -> None:
    schedule = await full(clinic, runtime)
    chat = await clinic.chat()
    await chat.press(await ask(clinic, chat), WAIT)
    await offer(runtime, schedule)
    alarmed(chat)
    said = await chat.say("accept_offer")
    assert said.text.startswith("您刚才说的情况今天就要看")
    assert "约好了" in said.text


async def test_the_visit_that_is_moved_stays_as_it_is(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", WEDNESDAY + timedelta(days=1))
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await chat.say("affirm")
    alarmed(chat)
    await chat.say("reschedule_appointment", day(WEDNESDAY + timedelta(days=1)))
    assert "11月26日" in (await chat.say("affirm")).text


@pytest.mark.parametrize(
    "words", ["是别的事", "和刚才说的没关系", "这是另外一个人", "It is about something else"]
)
async def test_a_number_for_something_else_may_be_on_another_day(
    clinic: Clinic, runtime: Runtime, words: str
) -> None:
    """The alarm was about the child; the number is for a knee."""
    await clinic.session("张伟", WEDNESDAY)
    await clinic.session("张伟", TODAY, period="afternoon")
    chat = await clinic.chat()
    alarmed(chat)
    said = await chat.say("book_appointment", ("department", clinic.departments["骨科"]), day(WEDNESDAY))
    assert APART in said.buttons
    said = await chat.say("nlu_fallback", text=words)
    assert "只看今天的号" not in said.text
    assert APART not in said.buttons
    said = await chat.say("inform", day(WEDNESDAY))
    assert "请确认：11月25日" in said.text
    assert "约好了" in (await chat.say("affirm")).text
    assert len(await appointments(runtime)) == 1


async def test_where_today_is_full_the_button_leads_on_for_something_else(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    alarmed(chat)
    said = await chat.say("book_appointment", ("department", clinic.departments["骨科"]), day(WEDNESDAY))
    assert "直接去急诊" in said.text
    assert list(said.buttons) == [APART]
    said = await chat.press(said, APART)
    assert "请确认：11月25日" in said.text
    chat = await clinic.chat()
    alarmed(chat)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    said = await chat.say("nlu_fallback", text="是别的事")
    assert chat.form == "booking_form"
    said = await chat.say("inform", ("department", clinic.departments["骨科"]))
    assert "请确认：11月25日" in said.text


async def test_the_next_alarm_counts_again(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    alarmed(chat)
    said = await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    assert "请确认：11月25日" in (await chat.press(said, APART)).text
    outside.now = NOW + timedelta(seconds=20)
    chat.alarm_ago = 10
    said = await chat.say("affirm")
    assert "只看今天的号" in said.text
    assert await appointments(runtime) == []


async def test_more_of_the_same_is_nothing_else(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    await clinic.session("张伟", TODAY, period="afternoon")
    chat = await clinic.chat()
    alarmed(chat)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    for words in ("不是别的事", "没有别的毛病", "还有别的事", "还是刚才那个事"):
        said = await chat.say("nlu_fallback", text=words)
        assert "11月25日" not in said.text
        assert APART in said.buttons
