"""A visit that the hospital stopped: moved in one tap, in words, or given back; and reminders that nobody wants."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital import booking, stops, visit_reminders, visits
from integrations.hospital.models import Appointment, AppointmentStatus, Order, Schedule
from integrations.runtime import Runtime

from .bookings import appointments, occupy
from .conftest import WEDNESDAY, Chat, Clinic, Outside

THURSDAY = WEDNESDAY + timedelta(days=1)


async def stopped(clinic: Clinic, runtime: Runtime, *, fee_fen: int = 2500) -> tuple[Chat, str]:
    """A paid visit on Wednesday, whose half day is stopped; the department lets nobody cancel so late."""
    schedule = await clinic.session("李静", WEDNESDAY, fee_fen=fee_fen)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        for order_no in list(await session.scalars(select(Order.order_no))):
            await booking.confirm_paid(session, order_no, runtime.now())
        found = await session.get_one(Schedule, UUID(schedule))
        await stops.stop(session, found, reason="ill", actor="test", now=runtime.now())
        appointment = await session.scalar(select(Appointment.id))
    await clinic.rule("cancel_days", "30")
    await clinic.rule("cancel_at", "17:00")
    await clinic.rule("late_cancel", "refused")
    await clinic.rule("reschedules", "0")
    return chat, str(appointment)


async def test_one_tap_moves_it(clinic: Clinic, runtime: Runtime) -> None:
    chat, appointment = await stopped(clinic, runtime)
    thursday = await clinic.session("李静", THURSDAY, fee_fen=2500)
    said = await chat.say("take_replacement", ("appointment", appointment), ("schedule", thursday))
    assert "改好了" in said.text
    assert "11月26日（周四）" in said.text
    assert await appointments(runtime) == [("cancelled", "08:30"), ("booked", "08:30")]
    said = await chat.say("take_replacement", ("appointment", appointment), ("schedule", thursday))
    assert "不能再改" in said.text  # the button was pressed once more


async def test_what_was_offered_may_be_gone(clinic: Clinic, runtime: Runtime) -> None:
    chat, appointment = await stopped(clinic, runtime)
    thursday = await clinic.session("李静", THURSDAY, fee_fen=2500)
    await occupy(runtime, thursday, {"08:30", "09:00", "09:30", "10:00"})
    said = await chat.say("take_replacement", ("appointment", appointment), ("schedule", thursday))
    assert "刚刚约满" in said.text
    assert list(said.buttons) == ["改约", "全额退给我"]
    assert (await appointments(runtime))[0][0] is AppointmentStatus.BOOKED


async def test_moved_in_words_whatever_the_rules_say(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await stopped(clinic, runtime)
    await clinic.session("李静", THURSDAY, fee_fen=2500)
    said = await chat.say("reschedule_appointment")
    assert "11月26日（周四）" in said.text
    assert "停诊" in said.text
    assert "留着" not in said.text
    await chat.say("affirm")
    assert await appointments(runtime) == [("cancelled", "08:30"), ("booked", "08:30")]


async def test_who_does_not_move_it_now_hears_what_is_left(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await stopped(clinic, runtime)
    await clinic.session("李静", THURSDAY, fee_fen=2500)
    said = await chat.say("reschedule_appointment")
    assert "不改了" not in said.buttons
    said = await chat.say("cancel")
    assert "停诊" in said.text
    assert "取消预约" in said.text
    assert "还在" not in said.text


async def test_given_back_whatever_the_rules_say(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await stopped(clinic, runtime)
    assert "停诊" in (await chat.say("my_appointments")).text
    said = await chat.say("cancel_appointment")
    assert "确定取消吗" in said.text
    said = await chat.say("affirm")
    assert "¥25" in said.text
    async with runtime.database.begin() as session:
        assert await session.scalar(select(Order.status)) == "refund_due"


@pytest.mark.parametrize(
    ("intent", "then"), [("cancel_appointment", "不用再取消"), ("reschedule_appointment", "不能再改")]
)
async def test_what_was_given_back_on_its_page_is_not_asked_about_again(
    clinic: Clinic, runtime: Runtime, intent: str, then: str
) -> None:
    chat, appointment = await stopped(clinic, runtime)
    await clinic.session("李静", THURSDAY, fee_fen=2500)
    await clinic.session("李静", THURSDAY + timedelta(days=1), fee_fen=2500)
    await chat.say(intent)
    assert chat.form
    async with runtime.database.begin() as session:
        await booking.cancel(session, UUID(appointment), chat.contact.id, None, runtime.now())
    assert then in (await chat.say("thanks", text="谢谢")).text
    assert chat.form == ""


async def test_a_refund_that_is_asked_for_in_words_is_one_tap_away(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await stopped(clinic, runtime)
    said = await chat.say("ask_refund", text="全额退款")
    assert "¥25 可以现在全额原路退回" in said.text
    assert list(said.buttons) == ["全额退给我", "改约"]
    said = await chat.press(said, "全额退给我")
    assert "¥25" in said.text
    assert "确定" not in said.text
    assert chat.form == ""
    async with runtime.database.begin() as session:
        assert await session.scalar(select(Order.status)) == "refund_due"
    said = await chat.say("ask_refund", text="全额退款")
    assert "全额退给我" not in said.buttons


async def test_the_refund_button_of_a_visit_that_takes_place_asks_first(
    clinic: Clinic, runtime: Runtime
) -> None:
    await clinic.session("李静", WEDNESDAY, fee_fen=2500)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        for order_no in list(await session.scalars(select(Order.order_no))):
            await booking.confirm_paid(session, order_no, runtime.now())
        appointment = str(await session.scalar(select(Appointment.id)))
    assert "停诊" not in (await chat.say("ask_refund", text="我要退款")).text
    said = await chat.say("cancel_appointment", ("appointment", appointment), ("field", "refund"))
    assert "确定取消吗" in said.text


async def test_asked_for_in_the_middle_of_something_it_says_how(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await stopped(clinic, runtime)
    await chat.say("book_appointment")
    said = await chat.say("ask_refund", text="我要退款")
    assert "回复“取消预约”" in said.text
    assert chat.form == "booking_form"


async def test_reminders_are_switched_off_and_on(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    said = await chat.say("stop_reminders")
    assert "恢复提醒" in said.text
    async with runtime.database.begin() as session:
        assert not await visit_reminders.wanted(session, chat.contact.id)
    said = await chat.say("resume_reminders")
    assert "2 小时" in said.text
    async with runtime.database.begin() as session:
        assert await visit_reminders.wanted(session, chat.contact.id)


async def test_missed_visits_are_refused_in_words_and_it_ends(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await clinic.rule("noshow_limit", "1")
    await clinic.rule("noshow_block_days", "5")
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    outside.now += timedelta(days=3, hours=4)  # Wednesday, 13:00
    async with runtime.database.begin() as session:
        code = (await session.scalars(select(Appointment.id))).one().hex
        await visits.missed(session, code, actor="test", now=outside.now)
    await clinic.session("张伟", WEDNESDAY + timedelta(days=2))
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    assert "1 次约了没来，11月30日（周一）以前不能在线上约号" in said.text
    assert "010-8888 6666" in said.text
    outside.now += timedelta(days=6)
    await clinic.session("张伟", WEDNESDAY + timedelta(days=7))
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    assert "请确认" in said.text
