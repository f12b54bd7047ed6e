"""A booking from the wish to the number."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from integrations.hospital import events
from integrations.hospital.models import AppointmentStatus
from integrations.runtime import Runtime

from .bookings import HEART, appointments, day, occupy, to_confirmation
from .conftest import NOW, TODAY, WEDNESDAY, Clinic


async def test_books_in_four_messages_as_the_sample_reads(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("王建国", WEDNESDAY, fee_fen=5000)
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    chat = await clinic.chat()
    said = await chat.say(
        "book_appointment", day(WEDNESDAY), ("period", "morning"), ("department", clinic.departments[HEART])
    )
    assert said.text == "好的，11月25日（周三）上午，心血管内科，有两位医生，选一位，或说“都可以”："
    assert list(said.buttons) == ["王建国 副主任医师 ¥50 余4", "李静 副主任医师 ¥35 余4"]
    said = await chat.press(said, "李静")
    assert (
        "11月25日（周三）上午 8:30，本部院区 门诊楼3层 305诊室 心血管内科 李静 副主任医师，就诊人 *明"
        in said.text
    )
    assert list(said.buttons) == ["确认 8:30", "9:00", "9:30", "10:00", "换个医生"]
    said = await chat.say("inform", ("time", "09:00"))
    assert "上午 9:00" in said.text
    said = await chat.say("affirm")
    assert "已为您保留到 09:15" in said.text
    assert "¥35" in said.text
    assert await appointments(runtime) == [(AppointmentStatus.HELD, "09:00")]
    assert chat.calls == 4  # one request of Rasa a message
    assert chat.form == ""


async def test_without_a_fee_it_is_booked_at_once(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    said = await chat.say("affirm")
    assert said.text.startswith("约好了")
    assert "1 号" in said.text
    assert await appointments(runtime) == [(AppointmentStatus.BOOKED, "08:30")]
    async with runtime.database.begin() as session:
        [event] = await events.claim(session, 10, NOW)
    assert (event.kind, event.contact_id) == ("appointment_booked", chat.contact.id)
    assert event.payload["order_no"] is None


async def test_two_doctors_of_one_name_are_asked_apart(clinic: Clinic) -> None:
    for doctor in ("王建国", "王海燕", "李静"):
        await clinic.session(doctor, WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say(
        "book_appointment",
        day(WEDNESDAY),
        ("department", clinic.departments[HEART]),
    )
    assert len(said.buttons) == 3
    both = [clinic.doctors["王建国"], clinic.doctors["王海燕"]]
    said = await chat.say("inform", *(("practitioner", one) for one in both), together=True)
    assert [title.split()[0] for title in said.buttons] == ["王建国", "王海燕"]


async def test_anyone_will_do_takes_the_first(clinic: Clinic) -> None:
    for doctor in ("王建国", "李静"):
        await clinic.session(doctor, WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("department", clinic.departments[HEART]))
    said = await chat.say("inform", ("any", "都可以"))
    assert "王建国" in said.text
    assert said.text.startswith("请确认")


async def test_the_cheapest_is_the_one_with_the_lowest_fee(clinic: Clinic) -> None:
    await clinic.session("王建国", WEDNESDAY, fee_fen=5000)
    await clinic.session("李静", WEDNESDAY, fee_fen=2500)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("department", clinic.departments[HEART]))
    said = await chat.say("inform", ("any", "cheapest"))
    assert said.text.startswith("请确认")
    assert "李静" in said.text


@pytest.mark.parametrize(("shift", "words"), [(1, "11月26日（周四）"), (-1, "11月24日（周二）")])
async def test_the_next_day_is_that_of_the_day_spoken_of(clinic: Clinic, shift: int, words: str) -> None:
    for away in (-1, 0, 1):
        await clinic.session("李静", WEDNESDAY + timedelta(days=away))
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert "11月25日（周三）" in said.text
    said = await chat.say("correct", ("shift", shift))
    assert words in said.text
    assert said.text.startswith("请确认")


async def test_the_same_message_twice_books_once(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    slots, form = dict(chat.slots), chat.form
    message_id = uuid4().hex
    first = await chat.say("affirm", message_id=message_id)
    chat.slots, chat.form = slots, form  # Rasa died before it kept the turn
    assert await chat.say("affirm", message_id=message_id) == first
    assert len(await appointments(runtime)) == 1


async def test_a_taken_time_is_said_and_the_next_offered(clinic: Clinic, runtime: Runtime) -> None:
    schedule = await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await chat.say("inform", ("time", "09:00"))
    await occupy(runtime, schedule, {"09:00"})
    said = await chat.say("affirm")
    assert "9:00 刚刚被别人约走了" in said.text
    assert any(title.startswith("确认") for title in said.buttons)
    assert await appointments(runtime) == []


async def test_the_earliest_moves_on_when_it_is_taken(clinic: Clinic, runtime: Runtime) -> None:
    schedule = await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await occupy(runtime, schedule, {"08:30"})
    said = await chat.say("affirm")
    assert said.text.startswith("8:30 刚刚被约走")
    assert await appointments(runtime) == [(AppointmentStatus.BOOKED, "09:00")]


async def test_a_half_day_that_fills_up_leads_to_others(clinic: Clinic, runtime: Runtime) -> None:
    schedule = await clinic.session("李静", WEDNESDAY, slots=1)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await occupy(runtime, schedule, {"08:30"})
    said = await chat.say("affirm")
    assert "约满" in said.text
    assert any("王建国" in title for title in said.buttons)


async def test_several_days_are_all_looked_at(clinic: Clinic, runtime: Runtime) -> None:
    friday = WEDNESDAY + timedelta(days=2)
    full = await clinic.session("王建国", WEDNESDAY, slots=1)
    await occupy(runtime, full, {"08:30"})
    await clinic.session("王建国", WEDNESDAY + timedelta(days=1))  # a Thursday, which was not named
    await clinic.session("王建国", friday)
    await clinic.session("李静", WEDNESDAY)
    days = "date", {"days": [WEDNESDAY.isoformat(), friday.isoformat()]}
    chat = await clinic.chat()
    said = await chat.say("book_appointment", days, ("department", clinic.departments[HEART]))
    assert said.text.startswith("好的，11月25日（周三）、11月27日（周五），心血管内科，各位医生最早的号如下")
    assert list(said.buttons) == [
        "李静 副主任医师 周三 11月25日上午 免挂号费 余4",
        "王建国 副主任医师 周五 11月27日上午 免挂号费 余4",
    ]
    said = await chat.say("inform", ("any", "any"))
    assert said.text.startswith(
        "11月25日（周三）、11月27日（周五）里，这是最早的号。\n请确认：11月25日（周三）上午"
    )
    chat = await clinic.chat()
    await chat.say("book_appointment", days, ("department", clinic.departments[HEART]))
    assert "请确认：11月27日（周五）上午" in (await chat.say("inform", day(friday))).text


async def test_none_of_several_days_has_a_number(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY + timedelta(days=1))
    chat = await clinic.chat()
    working = [(TODAY + timedelta(days=number)).isoformat() for number in (1, 3, 5, 6)]
    said = await chat.say(
        "book_appointment", ("date", {"days": working}), ("practitioner", clinic.doctors["李静"])
    )
    assert "11月23日（周一）到11月28日（周六）里的四天" in said.text
    assert list(said.buttons) == ["周四 11月26日上午 免挂号费 余4"]


async def test_no_session_on_that_day_offers_the_nearest(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    friday = WEDNESDAY + timedelta(days=2)
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(friday))
    assert said.text == "11月27日（周五），李静不出诊。离得最近的有："
    assert list(said.buttons) == ["周三 11月25日上午 免挂号费 余4"]


async def test_booked_twice_is_told_which(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await chat.say("affirm")
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert "已经约了李静" in said.text
    assert list(said.buttons) == ["改约"]
    assert chat.form == ""
    assert len(await appointments(runtime)) == 1


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (("impossible_date", "11月31号"), "没有“11月31号”这一天"),
        (("impossible_time", "25点"), "没有“25点”这个时间"),
        (day(TODAY - timedelta(days=1)), "11月21日（周六）已经过了"),
        (day(TODAY + timedelta(days=15)), "只放号到12月6日（周日）。12月7日（周一）的号明天 0:00 开始放"),
    ],
)
async def test_days_that_cannot_be(clinic: Clinic, entity: tuple[str, str], words: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("department", clinic.departments[HEART]), entity)
    assert words in said.text
    assert len(said.buttons) == 2


async def test_a_department_without_booking_says_where_to_go(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("department", clinic.departments["急诊科"]))
    assert "请直接到本部院区门诊楼3层" in said.text
    assert chat.form == ""


async def test_the_day_is_said_back_while_the_department_is_open(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("book_appointment")
    said = await chat.say("inform", day(WEDNESDAY), ("period", "morning"))
    assert said.text.startswith("好的，11月25日（周三）上午。请问想看哪个科？")


async def test_a_doctor_the_hospital_does_not_have(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say(
        "book_appointment",
        ("department", clinic.departments[HEART]),
        ("unknown_practitioner", "钱小二医生"),
    )
    assert "没有找到“钱小二医生”" in said.text
    assert len(said.buttons) == 2
    await chat.press(said, "李静")
    said = await chat.say("inform", ("unknown_practitioner", "钱小二医生"))
    assert len(said.buttons) == 2
    said = await chat.say("affirm")
    assert said.text.startswith("还差一步")


async def test_of_two_doctors_of_one_name_the_department_tells(clinic: Clinic) -> None:
    await clinic.doctor("王琳", "骨科")
    for doctor in ("王建国", "王海燕", "王琳"):
        await clinic.session(doctor, WEDNESDAY)
    chat = await clinic.chat()
    wangs = [clinic.doctors[doctor] for doctor in ("王建国", "王海燕", "王琳")]
    said = await chat.say("book_appointment", *(("practitioner", one) for one in wangs), together=True)
    assert len(said.buttons) == 3
    said = await chat.say("inform", ("department", clinic.departments["骨科"]))
    assert "请确认" in said.text
    assert "王琳" in said.text


async def test_a_doctor_of_another_department_is_told_with_both_ways_on(clinic: Clinic) -> None:
    await clinic.doctor("赵敏", "骨科")
    for doctor in ("王建国", "王海燕", "赵敏"):
        await clinic.session(doctor, WEDNESDAY)
    chat = await clinic.chat()
    department = "department", clinic.departments["骨科"]
    both = ("practitioner", clinic.doctors["王建国"]), ("practitioner", clinic.doctors["王海燕"])
    said = await chat.say("book_appointment", department, *both, day(WEDNESDAY), together=True)
    assert "骨科没有您说的这位医生：王建国、王海燕在心血管内科。" in said.text
    assert [title.split()[0] for title in said.buttons] == ["王建国", "王海燕", "看骨科的医生"]
    said = await chat.press(said, "看骨科的医生")
    assert "赵敏" in said.text
