"""How a booking bears with the patient: digressions, corrections, hurry, and what is not understood."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from integrations.hospital.models import Appointment
from integrations.runtime import Runtime

from .bookings import HEART, appointments, day, to_confirmation
from .conftest import NOW, WEDNESDAY, Clinic, Outside


async def test_the_department_comes_from_the_patient_or_from_triage(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("book_appointment")
    said = await chat.say("inform", ("any", "都可以"))
    assert said.text.startswith("请问想看哪个科")
    await clinic.department("全科医学科")
    chat = await clinic.chat()
    await chat.say("book_appointment")
    said = await chat.say("which_department", text="我不知道该挂哪个科")
    assert "请说说哪里不舒服" in said.text
    assert chat.form == "triage_form"


async def test_who_has_called_is_not_told_to_call(clinic: Clinic) -> None:
    chat = await clinic.chat()
    for words in ("已经打了120", "叫了救护车", "I called 120"):
        assert "照 120 调度员说的做" in (await chat.say("emergency_help", text=words)).text
    for words in ("打了120没人接", "要不要打120", "急救"):
        assert "请现在拨打 120" in (await chat.say("emergency_help", text=words)).text


async def test_cancelling_behind_a_booking_leads_to_it(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    assert "取消预约" not in (await chat.say("cancel")).buttons
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    said = await chat.say("cancel")
    said = await chat.press(said, "取消预约")
    assert "确定取消吗" in said.text


async def test_the_emergency_number_is_known_everywhere(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    assert "请现在拨打 120" in (await chat.say("inform", text="120")).text
    assert chat.form == ""
    await chat.say("register")
    said = await chat.say("inform", text="120")
    assert "请现在拨打 120" in said.text
    assert said.expects == "person_name"


async def test_a_number_with_nothing_to_choose(clinic: Clinic) -> None:
    chat = await clinic.chat()
    assert "没有正在办的事" in (await chat.say("inform", ("ordinal", 1))).text


async def test_digressions_answer_and_come_back(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    said = await chat.say("ask_hospital", ("topic", "parking"))
    assert "停车" in said.text
    assert "请确认" in said.text
    assert chat.form == "booking_form"


async def test_not_understood_twice_in_a_row_brings_a_person_and_puts_the_question_again(
    clinic: Clinic,
) -> None:
    """In elder mode the first time does."""
    chat = await clinic.chat()
    question = await chat.say("book_appointment")
    assert (await chat.say("nlu_fallback")).handoff is None
    said = await chat.say("nlu_fallback")
    assert said.handoff is not None
    assert said.handoff["reason"] == "failed"
    assert said.handoff["instead_of"] in said.text
    assert said.text.endswith(question.text.splitlines()[-1])
    await chat.say("inform", ("department", clinic.departments[HEART]))
    assert chat.slots["failures"] == 0
    assert (await chat.say("nlu_fallback")).handoff is None  # not in a row
    chat.elder, chat.slots["failures"] = True, 0
    assert (await chat.say("nlu_fallback")).handoff is not None


@pytest.mark.parametrize("elder", [False, True])
async def test_outside_of_a_journey_a_person_is_brought_as_well(clinic: Clinic, elder: bool) -> None:
    chat = await clinic.chat()
    chat.elder = elder
    said = [await chat.say("nlu_fallback") for _ in range(2)]
    assert [one.handoff is not None for one in said] == [elder, True]
    assert all(one.buttons for one in said)


async def test_anger_brings_a_person_and_the_question_stays(clinic: Clinic) -> None:
    chat = await clinic.chat()
    question = await chat.say("book_appointment")
    said = await chat.say("abuse")
    assert said.handoff is not None
    assert said.handoff["reason"] == "anger"
    assert said.text.endswith(question.text.splitlines()[-1])


async def test_a_doubtful_yes_books_nothing(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await chat.say("affirm", confidence=0.25)
    assert await appointments(runtime) == []


async def test_back_correct_and_cancel(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("李静", WEDNESDAY, "afternoon")
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("department", clinic.departments[HEART]), day(WEDNESDAY))
    said = await chat.press(said, "李静 副主任医师 周三 11月25日上午")
    said = await chat.say("correct", ("period", "afternoon"))
    assert "下午 2:00" in said.text
    said = await chat.say("correct", ("field", "practitioner"))
    assert said.text.startswith("请确认")  # nobody else works that afternoon
    said = await chat.say("go_back")
    said = await chat.say("deny")
    assert "要换什么" in said.text or said.buttons
    said = await chat.say("cancel")
    assert "没有占号" in said.text
    assert chat.form == ""
    async with runtime.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 0


async def test_back_from_the_only_number_of_a_half_day_shows_other_days(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY, "afternoon")
    chat = await clinic.chat()
    wish = (("department", clinic.departments[HEART]), day(WEDNESDAY), ("period", "morning"))
    said = await chat.say("book_appointment", *wish)
    assert said.text.startswith("请确认")
    said = await chat.say("go_back")
    assert "请确认" not in said.text
    assert any("王建国" in title for title in said.buttons)


async def test_back_from_the_only_number_there_is_asks_for_another_department(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    wish = (("department", clinic.departments[HEART]), day(WEDNESDAY), ("period", "morning"))
    await chat.say("book_appointment", *wish)
    assert "哪个科" in (await chat.say("go_back")).text


async def test_a_later_wish_starts_anew(clinic: Clinic, outside: Outside) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await chat.say("cancel")
    said = await chat.say("book_appointment")
    assert said.text.startswith("请问想看哪个科")
    assert outside.now == NOW


async def test_three_failures_in_a_row_are_three_different_answers(clinic: Clinic) -> None:
    chat = await clinic.chat()
    outside = [(await chat.say("nlu_fallback")).text for _ in range(3)]
    assert len(set(outside)) == 3
    assert "010" in outside[1]
    assert "010" in outside[2]
    await chat.say("book_appointment")
    inside = [await chat.say("nlu_fallback") for _ in range(3)]
    assert len({said.text for said in inside}) == 3
    assert "找人工" not in inside[0].buttons
    assert "找人工" in inside[1].buttons
    assert "找人工" in inside[2].buttons


async def test_who_hurries_gets_the_next_step(clinic: Clinic) -> None:
    chat = await clinic.chat()
    assert "预约挂号" in (await chat.say("hurry")).buttons
    await chat.say("book_appointment")
    assert "哪个科" in (await chat.say("hurry")).text


async def test_who_asks_to_wait_has_chosen_nothing(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    asked = await chat.say("book_appointment", ("department", clinic.departments[HEART]))
    for intent in ("pause", "inform", "affirm"):
        said = await chat.say(intent, ("ordinal", 2), text="hold on a second")
        assert said.text.startswith("好的，不急。")
        assert said.buttons == asked.buttons


async def test_no_still_another_doctor_is_no_cancelling(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    said = await chat.say("cancel", ("practitioner", clinic.doctors["王建国"]))  # 算了，还是王建国
    assert "请确认" in said.text
    assert "王建国" in said.text
    assert "没有占号" in (await chat.say("cancel", ("practitioner", clinic.doctors["王建国"]))).text


async def test_the_same_wish_again_is_understood(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert said.text.startswith("请确认")
