"""The hospital's rules as a patient hears them, and for whom a number is booked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from integrations.hospital.models import Appointment, BookingRule, Relation, Sex
from integrations.runtime import Runtime

from .conftest import TODAY, WEDNESDAY, Chat, Clinic, Outside, Said

HEART, CHILDREN, WOMEN = "心血管内科", "儿科", "妇科"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHILD_BORN = date(2019, 5, 1)


async def book(clinic: Clinic, chat: Chat, doctor: str, *more: tuple[str, object]) -> Said:
    return await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]), *more)


async def patients_booked(runtime: Runtime) -> list[str]:
    async with runtime.database.begin() as session:
        return [str(one) for one in await session.scalars(select(Appointment.patient_id))]


async def with_children(clinic: Clinic) -> None:
    await clinic.department(CHILDREN, age_to=14)
    await clinic.doctor("罗明", CHILDREN)
    await clinic.session("罗明", WEDNESDAY)


async def test_the_last_moment_to_cancel_is_named(clinic: Clinic) -> None:
    await clinic.rule("cancel_days", "1")
    await clinic.rule("cancel_at", "17:00")
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    chat = await clinic.chat()
    said = await book(clinic, chat, "李静")
    assert "挂号费 ¥35（自费），11月24日（周二） 17:00 前可退全款。" in said.text
    said = await chat.say("affirm")
    assert "取消：11月24日（周二） 17:00 前可退全款" in said.text
    assert "本部院区 门诊楼3层" in said.text


async def test_after_the_deadline_it_is_said_before_it_is_booked(clinic: Clinic) -> None:
    await clinic.rule("cancel_days", "3")
    await clinic.rule("cancel_at", "08:00")
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    said = await book(clinic, await clinic.chat(), "李静")
    assert "缴费后取消不退挂号费" in said.text


async def test_cancelling_too_late_is_answered_by_rule(clinic: Clinic, outside: Outside) -> None:
    await clinic.rule("cancel_days", "1")
    await clinic.rule("cancel_at", "17:00")
    await clinic.rule("late_cancel", "refused")
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await book(clinic, chat, "李静")
    await chat.say("affirm")
    outside.now = datetime(2026, 11, 24, 17, 1, tzinfo=SHANGHAI)
    said = await chat.say("cancel_appointment")
    assert "今天 17:00 以后就不能在这里取消了" in said.text
    assert chat.form == ""
    said = await chat.say("reschedule_appointment")
    assert "今天 17:00 以后就不能改了，原来的号还在" in said.text


async def test_before_the_release_the_moment_is_named(clinic: Clinic, outside: Outside) -> None:
    await clinic.rule("release_at", "07:00")
    last = TODAY + timedelta(days=14)
    await clinic.session("李静", last)
    outside.now = datetime(2026, 11, 22, 6, 59, tzinfo=SHANGHAI)
    chat = await clinic.chat()
    said = await book(clinic, chat, "李静", ("date", last.isoformat()))
    assert "12月6日（周日）的号今天 7:00 开始放" in said.text
    assert "请确认" not in said.text
    await chat.say("cancel")
    outside.now = datetime(2026, 11, 22, 7, 0, tzinfo=SHANGHAI)
    assert "请确认" in (await book(clinic, chat, "李静", ("date", last.isoformat()))).text


async def test_a_week_ahead_opens_at_seven(clinic: Clinic, outside: Outside, runtime: Runtime) -> None:
    """Whoever comes before hears when to come; a minute later the same words find the numbers."""
    await clinic.rule("horizon_days", "7")
    await clinic.rule("release_at", "07:00")
    day = TODAY + timedelta(days=7)
    await clinic.session("李静", day)
    await clinic.session("李静", day - timedelta(days=1))
    wish = ("department", clinic.departments[HEART]), ("date", day.isoformat())
    chat = await clinic.chat()
    outside.now = datetime(2026, 11, 22, 6, 59, 59, tzinfo=SHANGHAI)
    said = await chat.say("book_appointment", *wish)
    assert "目前只放号到11月28日（周六）。11月29日（周日）的号今天 7:00 开始放" in said.text
    assert "11月29日" not in " ".join(said.buttons)
    outside.now = datetime(2026, 11, 22, 7, 0, tzinfo=SHANGHAI)
    said = await chat.say("book_appointment", *wish)
    assert said.text.startswith("请确认：11月29日（周日）")
    assert (await chat.say("affirm")).text.startswith("约好了")
    assert len(await patients_booked(runtime)) == 1


async def test_a_department_whose_rules_contradict_each_other_is_booked_by_phone(
    clinic: Clinic, runtime: Runtime
) -> None:
    """Written around `daozhen rules set`. The patient gets an answer, and the other departments go on."""
    await clinic.department(CHILDREN, age_to=14)
    await clinic.doctor("罗明", CHILDREN)
    for doctor in ("罗明", "李静"):
        await clinic.session(doctor, WEDNESDAY)
    async with runtime.database.begin() as session:
        session.add(BookingRule(age_from=20))
    chat = await clinic.chat()
    for wish in (("department", clinic.departments[CHILDREN]), ("practitioner", clinic.doctors["罗明"])):
        said = await chat.say("book_appointment", wish)
        assert "儿科现在没法在这里预约，请打 010-8888 6666" in said.text
        assert "请确认" not in said.text
        assert chat.form == ""
    assert CHILDREN not in (await chat.say("book_appointment")).buttons
    await chat.say("inform", ("practitioner", clinic.doctors["李静"]))
    assert (await chat.say("affirm")).text.startswith("约好了")


async def test_rules_that_turn_bad_before_the_answer_are_told(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await book(clinic, chat, "李静")
    await clinic.rule("age_to", "60", HEART)
    async with runtime.database.begin() as session:
        session.add(BookingRule(age_from=70))
    said = await chat.say("affirm")
    assert "心血管内科现在没法在这里预约，请打 010-8888 6666" in said.text
    assert await patients_booked(runtime) == []


async def test_a_second_visit_on_the_day_moves_on_to_another(clinic: Clinic) -> None:
    await clinic.rule("per_day", "1")
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", WEDNESDAY, "afternoon")
    await clinic.session("张伟", WEDNESDAY + timedelta(days=1))
    chat = await clinic.chat()
    await book(clinic, chat, "李静")
    await chat.say("affirm")
    said = await book(clinic, chat, "张伟", ("date", WEDNESDAY.isoformat()))
    assert "11月25日（周三）已经约了 1 个号" in said.text
    assert "请确认：11月26日（周四）" in said.text


async def test_unpaid_numbers_end_the_booking_with_the_way_on(clinic: Clinic) -> None:
    await clinic.rule("holds_at_once", "1")
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    await clinic.session("张伟", WEDNESDAY, fee_fen=3500)
    chat = await clinic.chat()
    await book(clinic, chat, "李静")
    await chat.say("affirm")
    said = await book(clinic, chat, "张伟")
    assert "有 1 个号还没缴费" in said.text
    assert "09:15 自动释放" in said.text
    assert said.buttons == {"我的预约": "/my_appointments"}
    assert chat.form == ""


async def test_a_limit_reached_since_the_question_is_told(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await book(clinic, chat, "李静")
    await clinic.rule("sex", "female")
    said = await chat.say("affirm")
    assert f"{HEART}只看女性患者" in said.text
    assert await patients_booked(runtime) == []


async def test_the_one_child_is_meant_in_the_childrens_department(clinic: Clinic, runtime: Runtime) -> None:
    await with_children(clinic)
    chat = await clinic.chat()
    child = await clinic.relative(chat, Relation.CHILD, CHILD_BORN, Sex.FEMALE, "*华")
    said = await book(clinic, chat, "罗明", ("relative", "孩子"))
    assert "就诊人 *华（女儿）" in said.text
    await chat.say("affirm")
    assert await patients_booked(runtime) == [child]
    said = await chat.say("my_appointments")
    assert "*华（女儿）" in said.text
    said = await chat.say("cancel_appointment")
    assert "就诊人 *华（女儿）" in said.text
    assert "已取消" in (await chat.say("affirm")).text


async def test_without_a_word_it_is_whom_the_department_takes(clinic: Clinic) -> None:
    await with_children(clinic)
    chat = await clinic.chat()
    await clinic.relative(chat, Relation.CHILD, CHILD_BORN, Sex.FEMALE, "*华")
    await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    assert "就诊人 *华（女儿）" in (await book(clinic, chat, "罗明")).text


async def test_another_person_is_one_button_at_the_confirmation(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    said = await book(clinic, chat, "李静")
    assert "就诊人 *明（您本人）" in said.text
    said = await chat.press(said, "给 *芳（母亲） 挂")
    assert "就诊人 *芳（母亲）" in said.text
    assert "给 *明（您本人） 挂" in said.buttons
    await chat.say("affirm")
    assert await patients_booked(runtime) == [mother]
    assert chat.calls == 3


async def test_my_mother_is_meant(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.MALE, "*强")
    await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    assert "就诊人 *芳（母亲）" in (await book(clinic, chat, "李静", ("relative", "妈"))).text


async def test_a_relative_who_is_not_registered_is_registered_first(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    said = await book(clinic, chat, "李静", ("relative", "妈"))
    assert "还没有登记过您妈妈的就诊信息" in said.text
    assert said.buttons["先登记您妈妈"] == '/add_family{"relative": "妈"}'
    said = await chat.press(said, "给 *明（您本人） 挂")
    assert "就诊人 *明（您本人）" in said.text


async def test_for_a_relative_whom_nobody_knows_nothing_goes_on(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await book(clinic, chat, "李静", ("relative", "妈"))
    asked = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    named = await chat.say("inform", ("date", WEDNESDAY.isoformat()))
    for said in (asked, named):
        assert "还没有登记过您妈妈的就诊信息" in said.text
        assert "请确认" not in said.text


async def test_after_all_it_is_for_oneself(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await book(clinic, chat, "李静", ("relative", "妈"))
    said = await chat.say("cancel", ("oneself", "oneself"))  # 算了，给我自己挂
    assert "就诊人 *明（您本人）" in said.text


async def test_the_wish_waits_for_the_relative(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    said = await book(clinic, chat, "李静", ("relative", "妈"))
    await chat.press(said, "先登记您妈妈")
    assert chat.form == "family_form"
    assert chat.slots["then"] is None or chat.slots["booking"]
    assert chat.slots["booking"]["practitioners"] == [clinic.doctors["李静"]]


async def test_a_child_is_not_sent_to_the_heart_doctors(clinic: Clinic) -> None:
    await with_children(clinic)
    await clinic.rule("age_from", "14", HEART)
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await clinic.relative(chat, Relation.CHILD, CHILD_BORN, Sex.FEMALE, "*华")
    said = await book(clinic, chat, "李静", ("relative", "女儿"))
    assert "只看 14 岁及以上的患者，就诊人 *华（女儿）" in said.text
    assert list(said.buttons) == ["给 *明（您本人） 挂", "挂儿科"]
    said = await chat.press(said, "挂儿科")
    assert "罗明" in said.text
    assert "就诊人 *华（女儿）" in said.text


async def test_an_adult_without_children_is_told_so_at_the_childrens(clinic: Clinic) -> None:
    await with_children(clinic)
    said = await book(clinic, await clinic.chat(), "罗明")
    assert "只看 14 岁及以下的患者" in said.text
    assert "先登记孩子" in said.buttons


async def test_more_departments_are_to_be_had(clinic: Clinic) -> None:
    for number in range(12):
        await clinic.department(f"门诊{number:02}")
    chat = await clinic.chat()
    said = await chat.say("book_appointment")
    assert len(said.buttons) == 7
    seen = set(said.buttons)
    for _ in range(1):
        said = await chat.press(said, "更多科室")
        seen |= set(said.buttons)
    assert len(seen - {"更多科室"}) == 14
    assert "更多科室" not in said.buttons
