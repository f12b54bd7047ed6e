"""After a red flag that should be seen today: numbers of today, or the emergency department."""

from __future__ import annotations

from .bookings import HEART, day
from .conftest import TODAY, WEDNESDAY, Clinic


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
