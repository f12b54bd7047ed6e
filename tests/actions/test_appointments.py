from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from integrations.hospital import booking
from integrations.hospital.models import Appointment, AppointmentStatus, Order
from integrations.runtime import Runtime

from .conftest import NOW, WEDNESDAY, Chat, Clinic, Outside

THURSDAY = WEDNESDAY + timedelta(days=1)


async def with_two(clinic: Clinic) -> Chat:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", THURSDAY, fee_fen=2500)
    chat = await clinic.chat()
    for doctor in ("李静", "张伟"):
        await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]))
        await chat.say("affirm")
    return chat


async def statuses(runtime: Runtime) -> list[AppointmentStatus]:
    async with runtime.database.begin() as session:
        return list(await session.scalars(select(Appointment.status).order_by(Appointment.id)))


async def test_lists_what_is_to_come(clinic: Clinic) -> None:
    chat = await with_two(clinic)
    said = await chat.say("my_appointments")
    assert "2 个待就诊" in said.text
    assert "待缴费，09:15 前有效" in said.text
    assert [title.split()[0] for title in said.buttons] == ["改约", "改约", "取消", "取消"]


async def test_none_offers_to_book(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("my_appointments")
    assert said.buttons == {"预约挂号": "/book_appointment"}


async def test_cancels_the_one_of_that_day_after_one_question(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    said = await chat.say("cancel_appointment")
    assert len(said.buttons) == 2
    said = await chat.say("inform", ("date", THURSDAY.isoformat()))
    assert "张伟" in said.text
    assert await statuses(runtime) == [AppointmentStatus.BOOKED, AppointmentStatus.HELD]
    message_id = "c" * 32
    slots, form = dict(chat.slots), chat.form
    first = await chat.say("affirm", message_id=message_id)
    chat.slots, chat.form = slots, form
    assert await chat.say("affirm", message_id=message_id) == first
    assert await statuses(runtime) == [AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED]


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("cancel", "取消吧"),
        ("cancel_consultation", "是的，取消"),
        ("deny", "对，不要了"),
        ("nlu_fallback", "退了吧"),
    ],
)
async def test_a_yes_in_the_words_of_the_question_cancels(
    clinic: Clinic, runtime: Runtime, intent: str, words: str
) -> None:
    chat = await with_two(clinic)
    await chat.say("cancel_appointment", ("date", THURSDAY.isoformat()))
    assert "已取消" in (await chat.say(intent, text=words)).text
    assert await statuses(runtime) == [AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED]


async def test_a_no_in_those_words_keeps_it(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    await chat.say("cancel_appointment", ("date", THURSDAY.isoformat()))
    assert "您的号还在" in (await chat.say("cancel", text="不取消")).text
    assert await statuses(runtime) == [AppointmentStatus.BOOKED, AppointmentStatus.HELD]


async def test_a_button_of_the_list_goes_to_the_question(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    said = await chat.press(await chat.say("my_appointments"), "取消 周三")
    assert "要取消的是：11月25日（周三）" in said.text
    said = await chat.say("deny")
    assert "您的号还在" in said.text
    assert AppointmentStatus.CANCELLED not in await statuses(runtime)


async def test_the_one_named_by_its_doctor_is_meant(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    said = await chat.say("cancel_appointment", ("practitioner", clinic.doctors["张伟"]))
    assert "张伟" in said.text
    assert said.buttons["确认取消"] == "/affirm"
    said = await chat.say("deny", ("practitioner", clinic.doctors["李静"]))  # 不对，是李静的
    assert "李静" in said.text
    assert "确定取消吗" in said.text
    await chat.say("affirm")
    assert await statuses(runtime) == [AppointmentStatus.CANCELLED, AppointmentStatus.HELD]


async def test_what_is_not_understood_cancels_nothing(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    await chat.say("cancel_appointment", ("department", clinic.departments["骨科"]))
    said = await chat.say("nlu_fallback")
    assert "没太明白" in said.text
    assert "张伟" in said.text
    assert chat.slots["failures"] == 1
    assert await statuses(runtime) == [AppointmentStatus.BOOKED, AppointmentStatus.HELD]


async def test_a_yes_means_the_only_one_there_is(clinic: Clinic, runtime: Runtime) -> None:
    chat = await with_two(clinic)
    said = await chat.say("cancel_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    said = await chat.say("cancel_appointment", ("period", "evening"))
    assert "请问取消哪一个" in said.text
    said = await chat.say("affirm")
    assert "张伟" in said.text
    assert "确定取消吗" in said.text


async def test_what_becomes_of_a_paid_fee_is_told_as_it_is(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    """In time it goes back by itself the way it was paid; later it does not."""
    await clinic.rule("cancel_days", "1")
    await clinic.rule("cancel_at", "17:00")
    for doctor in ("李静", "张伟"):
        await clinic.session(doctor, WEDNESDAY, fee_fen=2500)
    chat = await clinic.chat()
    for doctor in ("李静", "张伟"):
        await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]))
        await chat.say("affirm")
    async with runtime.database.begin() as session:
        for order in list(await session.scalars(select(Order.order_no))):
            await booking.confirm_paid(session, order, NOW)
    said = await chat.say("cancel_appointment", ("practitioner", clinic.doctors["李静"]))
    assert "¥25 全额原路退回付款的账户" in said.text
    said = await chat.say("affirm")
    assert "¥25 正在原路退回付款的账户" in said.text
    outside.now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # 17:30
    said = await chat.say("cancel_appointment")
    assert "挂号费 ¥25 不退" in said.text
    said = await chat.say("affirm")
    assert "正在原路退回" not in said.text
    assert "挂号费 ¥25 不退" in said.text
    async with runtime.database.begin() as session:
        assert sorted(await session.scalars(select(Order.status))) == ["paid", "refund_due"]


async def test_an_unpaid_number_is_cancelled_without_a_word_of_refunds(clinic: Clinic) -> None:
    chat = await with_two(clinic)
    await chat.say("cancel_appointment", ("practitioner", clinic.doctors["张伟"]))
    assert "退" not in (await chat.say("affirm")).text
