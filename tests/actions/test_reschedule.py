from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital import booking
from integrations.hospital.models import Appointment, AppointmentStatus, Order
from integrations.runtime import Runtime

from .conftest import NOW, WEDNESDAY, Chat, Clinic

TUESDAY = WEDNESDAY - timedelta(days=1)
THURSDAY, FRIDAY = WEDNESDAY + timedelta(days=1), WEDNESDAY + timedelta(days=2)


def day(which: date) -> tuple[str, str]:
    return "date", which.isoformat()


async def booked(clinic: Clinic, chat: Chat, doctor: str, *more: tuple[str, object]) -> None:
    await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]), *more)
    said = await chat.say("affirm")
    assert "取消：" in said.text


async def rows(runtime: Runtime) -> list[tuple[AppointmentStatus, date, bool]]:
    async with runtime.database.begin() as session:
        found = await session.scalars(select(Appointment).order_by(Appointment.id))
        views = [await booking.appointment(session, one.id) for one in found]
    return [(one.status, one.date, one.rescheduled_from is not None) for one in views]


async def pay(runtime: Runtime) -> None:
    """The only order."""
    async with runtime.database.begin() as session:
        order = (await session.scalars(select(Order.order_no))).one()
        await booking.confirm_paid(session, order, NOW)


async def test_to_friday_afternoon_takes_two_messages(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", FRIDAY, "afternoon")
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("reschedule_appointment", day(FRIDAY), ("period", "afternoon"))
    assert "原来：周三 11月25日上午 8:30 李静 副主任医师" in said.text
    assert "改到：11月27日（周五）下午 2:00" in said.text
    assert "免挂号费" in said.text
    assert next(iter(said.buttons)) == "确认 2:00"
    assert await rows(runtime) == [(AppointmentStatus.BOOKED, WEDNESDAY, False)]
    message_id = "d" * 32
    slots, form = dict(chat.slots), chat.form
    first = await chat.say("affirm", message_id=message_id)
    assert first.text.startswith("改好了")
    assert "11月27日（周五）下午 2:00，1 号" in first.text
    chat.slots, chat.form = slots, form
    assert await chat.say("affirm", message_id=message_id) == first
    assert await rows(runtime) == [
        (AppointmentStatus.CANCELLED, WEDNESDAY, False),
        (AppointmentStatus.BOOKED, FRIDAY, True),
    ]
    assert chat.form == ""


async def test_another_time_offers_the_same_doctors_half_days(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", THURSDAY)
    await clinic.session("王建国", THURSDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("correct", ("field", "time"))  # outside a form this is meant for what is booked
    assert "原来的号一直留着" in said.text
    assert [title.split(" ")[:2] for title in said.buttons] == [
        ["周三", "11月25日上午"],
        ["周四", "11月26日上午"],
    ]
    said = await chat.press(said, "周四")
    assert "改到：11月26日（周四）" in said.text
    said = await chat.say("cancel")
    assert "原来的号还在" in said.text
    assert chat.form == ""


async def test_not_this_doctor_offers_the_colleagues(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", THURSDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("correct", ("field", "practitioner"))
    assert chat.form == "reschedule_form"
    assert any("王建国" in title for title in said.buttons)


async def test_another_department_named_behind_an_unpaid_number_moves_it(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    await clinic.session("张伟", THURSDAY, fee_fen=3500)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("correct", ("department", clinic.departments["骨科"]))
    assert chat.form == "reschedule_form"
    assert "改到：11月26日（周四）" in said.text
    assert "张伟" in said.text


async def test_another_department_named_behind_what_is_settled_is_one_more_visit(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", THURSDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    await chat.say("correct", ("department", clinic.departments["骨科"]))
    assert chat.form == "booking_form"


async def test_no_free_number_there_offers_colleagues_and_other_days(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", THURSDAY)
    await clinic.session("王建国", FRIDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert "李静不出诊" in said.text
    assert any("王建国" in title for title in said.buttons)


async def test_a_time_alone_keeps_the_day(clinic: Clinic) -> None:
    await clinic.session("李静", TUESDAY, "afternoon")
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", WEDNESDAY, "afternoon")
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY), ("period", "morning"))
    said = await chat.say("correct", ("time", "09:30"), text="改到9点半")
    assert "改到：11月25日（周三）上午 9:30" in said.text
    await chat.say("cancel")
    said = await chat.say("reschedule_appointment", ("period", "afternoon"), text="换到下午")
    assert "改到：11月25日（周三）下午 2:00" in said.text


async def test_a_time_of_day_that_the_doctor_has_not_on_that_day_offers_the_nearest(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", THURSDAY, "afternoon")
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("reschedule_appointment", ("period", "afternoon"), text="换到下午")
    assert "11月25日（周三）下午" in said.text
    assert any("11月26日下午" in title for title in said.buttons)


@pytest.mark.parametrize("words", ["改到11月27日", "换到周五下午", "帮我挪到周五", "时间改成周五"])
async def test_a_day_with_a_word_for_moving_moves_what_is_booked(clinic: Clinic, words: str) -> None:
    """With the day in it, it is understood as a day."""
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", FRIDAY, "afternoon")
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("inform", day(FRIDAY), text=words)
    assert "改到：11月27日（周五）下午 2:00" in said.text


async def test_where_nothing_is_booked_it_is_a_day_like_any_other(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("inform", day(FRIDAY), text="改到11月27日")
    assert "请问想看哪个科" in said.text


async def test_one_of_several_is_picked_by_day(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", THURSDAY)
    await clinic.session("张伟", FRIDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静")
    await booked(clinic, chat, "张伟", day(THURSDAY))
    said = await chat.say("reschedule_appointment", day(THURSDAY), day(FRIDAY))  # 把周四的号改到周五
    assert "原来：周四 11月26日" in said.text
    assert "改到：11月27日（周五）" in said.text
    await chat.say("cancel")
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert "改哪一个" in said.text
    said = await chat.press(said, "周四")
    assert "改到：11月27日（周五）" in said.text  # the new day was not forgotten
    await chat.say("affirm")
    assert (AppointmentStatus.BOOKED, FRIDAY, True) in await rows(runtime)


async def test_an_unpaid_number_says_what_becomes_of_the_fee(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    await clinic.session("李静", FRIDAY, fee_fen=3500)
    await clinic.session("王建国", FRIDAY, fee_fen=5000)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert "挂号费 ¥35 不变，还是订单" in said.text
    assert "09:15 前缴费" in said.text
    said = await chat.say("inform", ("practitioner", clinic.doctors["王建国"]))
    assert "挂号费由 ¥35 变为 ¥50" in said.text
    said = await chat.say("affirm")
    assert "已为您保留到 09:15" in said.text
    async with runtime.database.begin() as session:
        assert sorted(await session.scalars(select(Order.status))) == ["closed", "unpaid"]


async def test_what_is_paid_is_moved_among_the_same_fee(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    await clinic.session("李静", FRIDAY, fee_fen=5000)
    await clinic.session("李静", THURSDAY, fee_fen=3500)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    await pay(runtime)
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert all("¥50" not in title for title in said.buttons)
    said = await chat.press(said, "周四")
    assert "挂号费不变，不用再缴" in said.text


async def test_a_number_gone_meanwhile_keeps_the_old_one(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    friday = await clinic.session("李静", FRIDAY, slots=1)
    chat, other = await clinic.chat(), await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    await chat.say("reschedule_appointment", day(FRIDAY))
    await booked(clinic, other, "李静", day(FRIDAY))
    said = await chat.say("affirm")
    assert "约满" in said.text
    assert UUID(friday)
    assert (await rows(runtime))[0] == (AppointmentStatus.BOOKED, WEDNESDAY, False)


async def test_too_often_keeps_the_old_one(clinic: Clinic) -> None:
    await clinic.rule("reschedules", "0")
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静")
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert "不能再改了，原来的号还在" in said.text
    assert chat.form == ""


async def test_nothing_to_move(clinic: Clinic) -> None:
    chat = await clinic.chat()
    assert "没有待就诊的预约" in (await chat.say("reschedule_appointment")).text
    assert "没有约好的号可以改" in (await chat.say("correct", ("field", "time"))).text


async def test_inside_a_booking_it_changes_the_wish(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", FRIDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    said = await chat.say("reschedule_appointment", day(FRIDAY))
    assert "请确认：11月27日（周五）" in said.text
    assert chat.form == "booking_form"


async def test_another_doctor_is_not_forgotten_while_one_of_several_is_chosen(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", THURSDAY)
    await clinic.session("王建国", FRIDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静")
    await booked(clinic, chat, "张伟")
    said = await chat.say("reschedule_appointment", ("field", "practitioner"), text="换个医生")
    assert "改哪一个" in said.text
    said = await chat.press(said, "周三")
    assert any("王建国" in title for title in said.buttons)


async def test_the_doctor_who_was_named_is_not_forgotten_either(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", THURSDAY)
    await clinic.session("王建国", FRIDAY)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静")
    await booked(clinic, chat, "张伟")
    said = await chat.say("reschedule_appointment", ("practitioner", clinic.doctors["王建国"]))
    assert "改哪一个" in said.text
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "改哪一个" in said.text
    said = await chat.say("inform", ("practitioner", clinic.doctors["李静"]), text="李静那个")
    assert "原来：周三 11月25日" in said.text
    assert "改到：11月27日（周五）" in said.text
    assert "王建国" in said.text


async def test_no_other_doctor_of_the_same_fee_is_said(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    await clinic.session("李静", FRIDAY, fee_fen=3500)
    await clinic.session("王建国", FRIDAY, fee_fen=5000)
    chat = await clinic.chat()
    await booked(clinic, chat, "李静", day(WEDNESDAY))
    await pay(runtime)
    await chat.say("reschedule_appointment")
    said = await chat.say("correct", ("field", "practitioner"), text="换个医生")
    assert "这里只有李静" in said.text
    assert "取消预约" in said.text
