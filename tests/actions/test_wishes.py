"""Two wishes in one message, as the understanding of language hands them over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from .conftest import WEDNESDAY, Chat, Clinic, Outside, Said


async def both(
    chat: Chat,
    text: str,
    first: str,
    second: str,
    *entities: tuple[str, Any],
    later: tuple[tuple[str, Any], ...] = (),
    whole: str = "",
    replies: bool = False,
) -> Said:
    """A message of two wishes, the second behind "｜"; `later`: entities of the second."""
    words, _, rest = text.partition("｜")
    padding = max(len(entities), len(words)) - len(words)  # every entity has a place of its own
    start = len(words) + padding
    text = f"{words}{' ' * padding}{rest}"
    told = {"whole": whole or first, "first": first, "replies": replies, "sure": 1.0, "end": start}
    told["later"] = [{"intent": second, "start": start, "end": len(text)}]
    fillers = [("nothing", "")] * (start - len(entities))
    return await chat.say(whole if replies else first, *entities, *fillers, *later, text=text, wishes=told)


async def three(chat: Chat, *wishes: tuple[str, str, tuple[tuple[str, Any], ...]]) -> Said:
    """A message of three wishes: intent, words and entities of each."""
    text, starts, found = "", [], []
    for _, words, entities in wishes:
        starts.append(len(text))
        found += [("nothing", "")] * (len(text) - len(found)) + list(entities)
        text += words.ljust(len(entities)) + "，"
    later = [
        {"intent": intent, "start": start, "end": start + len(words)}
        for (intent, words, _), start in zip(wishes[1:], starts[1:], strict=True)
    ]
    first = wishes[0][0]
    told = {
        "whole": first,
        "first": first,
        "replies": False,
        "sure": 1.0,
        "end": starts[1] - 1,
        "later": later,
    }
    return await chat.say(first, *found, text=text, wishes=told)


async def test_an_answer_comes_first_and_the_form_opens_in_the_same_turn(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    bone = (("department", clinic.departments["骨科"]),)
    said = await both(
        chat,
        "停车怎么收费，｜我想挂个骨科",
        "ask_hospital",
        "book_appointment",
        ("topic", "parking"),
        later=bone,
    )
    assert said.text.index("停车") < said.text.index("骨科")
    assert chat.form == "booking_form"
    assert "张伟" in said.text
    assert "parking" not in " ".join(said.buttons.values())
    await chat.say("cancel")
    assert chat.form == ""
    assert "现在办吗" not in (await chat.say("thanks")).text


async def test_two_answers_in_one_message(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await both(chat, "先把单子付了，｜看看我的预约", "my_bills", "my_appointments")
    bills, visits = (await chat.say("my_bills")).text, (await chat.say("my_appointments")).text
    assert said.text == f"{bills}\n\n{visits}"
    assert chat.slots.get("next_wish") is None


async def test_the_second_wish_is_offered_when_the_first_is_done_and_begun_once(clinic: Clinic) -> None:
    chat, said = await cancelling_with_a_wish(clinic)
    assert chat.form == "cancellation_form"
    assert "现在办吗" not in said.text
    said = await chat.say("affirm")
    assert "已取消" in said.text
    assert said.text.endswith("您刚才还说：预约挂号（骨科）。现在办吗？")
    assert said.buttons["好的"] == "/affirm"
    said = await chat.press(said, "好的")
    assert chat.form == "booking_form"
    assert "张伟" in said.text
    said = await chat.say("cancel")
    assert "现在办吗" not in said.text
    assert "现在办吗" not in (await chat.say("affirm")).text
    assert chat.form == ""


async def test_a_second_visit_is_offered_when_the_first_is_booked(clinic: Clinic) -> None:
    for doctor in ("李静", "张伟"):
        await clinic.session(doctor, WEDNESDAY)
    chat = await clinic.chat()
    said = await both(
        chat,
        "挂周三心内科，｜再给我自己挂周三骨科",
        *("book_appointment", "book_appointment"),
        ("department", clinic.departments["心血管内科"]),
        ("date", WEDNESDAY.isoformat()),
        later=(
            ("oneself", "oneself"),
            ("department", clinic.departments["骨科"]),
            ("date", WEDNESDAY.isoformat()),
        ),
    )
    assert "预约挂号（您本人、骨科、11月25日（周三））" in said.text
    assert "张伟" not in said.text
    said = await chat.say("affirm")
    assert said.text.endswith("现在办吗？")
    said = await chat.press(said, "好的")
    assert chat.form == "booking_form"
    assert "张伟" in said.text


async def test_also_when_the_first_is_given_up(clinic: Clinic) -> None:
    chat, _ = await cancelling_with_a_wish(clinic)
    said = await chat.say("cancel")
    assert "现在办吗" in said.text
    said = await chat.say("deny")
    assert said.text.startswith("好的，那就先不办了")
    assert chat.slots.get("next_wish") is None
    assert "先不办了" not in (await chat.say("deny")).text


async def test_begun_by_the_patient_it_is_not_offered_again(clinic: Clinic) -> None:
    chat, _ = await cancelling_with_a_wish(clinic)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    assert chat.form == "booking_form"
    assert "现在办吗" not in (await chat.say("cancel")).text


async def test_forgotten_after_an_alarm(clinic: Clinic, outside: Outside) -> None:
    chat, _ = await cancelling_with_a_wish(clinic)
    outside.now += timedelta(minutes=1)
    chat.alarm_ago = 30
    assert "现在办吗" not in (await chat.say("cancel")).text


async def test_forgotten_after_a_day(clinic: Clinic, outside: Outside) -> None:
    chat, _ = await cancelling_with_a_wish(clinic)
    outside.now += timedelta(hours=25)
    assert "现在办吗" not in (await chat.say("cancel")).text
    assert chat.slots["next_wish"] is None


async def test_an_alarm_before_it_takes_nothing_away(clinic: Clinic, outside: Outside) -> None:
    chat, _ = await cancelling_with_a_wish(clinic)
    outside.now += timedelta(minutes=1)
    chat.alarm_ago = 3600
    assert "现在办吗" in (await chat.say("cancel")).text


async def test_inside_a_form_the_question_stays_behind_both(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("department", clinic.departments["心血管内科"]))
    parking = (("topic", "parking"),)
    said = await both(
        chat,
        "周三，｜停车怎么收费",
        "inform",
        "ask_hospital",
        ("date", WEDNESDAY.isoformat()),
        later=parking,
        whole="ask_hospital",
        replies=True,
    )
    assert chat.form == "booking_form"
    assert said.text.startswith("停车")
    assert "李静" in said.text
    assert said.buttons


async def test_yes_to_the_form_and_a_question_besides(clinic: Clinic) -> None:
    chat = await cancelling(clinic)
    await chat.say("cancel_appointment")
    parking = (("topic", "parking"),)
    said = await both(
        chat,
        "确认，｜停车怎么收费",
        "affirm",
        "ask_hospital",
        later=parking,
        whole="ask_hospital",
        replies=True,
    )
    assert chat.form == ""
    assert said.text.index("已取消") < said.text.index("停车")


async def test_what_is_no_second_wish_outside_a_form_is_taken_whole(clinic: Clinic) -> None:
    chat = await clinic.chat()
    parking = (("topic", "parking"),)
    said = await both(
        chat,
        "好的，｜停车怎么收费",
        "affirm",
        "ask_hospital",
        later=parking,
        whole="ask_hospital",
        replies=True,
    )
    assert said.text.startswith("停车")


async def test_own_words_are_never_taken_apart(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("complain")
    while said.expects != "words":
        said = await chat.press(said, next(iter(said.buttons)))
    said = await both(chat, "排队太久了，另外｜停车怎么收费", "complain", "ask_hospital", whole="complain")
    assert chat.form == "complaint_form"
    assert "前 30 分钟免费" not in said.text


async def test_personal_values_are_not_remembered(clinic: Clinic) -> None:
    chat = await cancelling(clinic)
    phone = await chat.token("phone", "13900001111")
    await both(chat, "取消周三的号，｜换手机号", "cancel_appointment", "change_profile", later=(phone,))
    assert chat.slots["next_wish"]["waiting"][0]["intent"] == "change_profile"
    assert "[[" not in str(chat.slots["next_wish"])


PARKING = (("topic", "parking"),)


async def test_three_wishes_in_their_order(clinic: Clinic) -> None:
    chat = await cancelling(clinic)
    await clinic.session("张伟", WEDNESDAY)
    bone = (("department", clinic.departments["骨科"]),)
    said = await three(
        chat,
        ("cancel_appointment", "取消周三的号", ()),
        ("book_appointment", "再约骨科", bone),
        ("complain", "另外我要投诉", ()),
    )
    assert said.text.startswith("还有：预约挂号（骨科）、投诉，我记下了")
    said = await chat.say("affirm")
    assert said.text.endswith("您刚才还说：预约挂号（骨科）。现在办吗？")
    said = await chat.press(said, "好的")
    assert chat.form == "booking_form"
    said = await chat.say("cancel")
    assert "您刚才还说：投诉。现在办吗？" in said.text
    said = await chat.press(said, "好的")
    assert chat.form == "complaint_form"
    assert "现在办吗" not in (await chat.say("cancel")).text


async def test_two_questions_and_a_booking(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    bills = (await chat.say("my_bills")).text
    said = await three(
        chat,
        ("ask_hospital", "停车怎么收费", PARKING),
        ("my_bills", "有没有欠费", ()),
        ("book_appointment", "再约骨科", (("department", clinic.departments["骨科"]),)),
    )
    assert said.text.index("停车") < said.text.index(bills) < said.text.index("张伟")
    assert chat.form == "booking_form"
    assert chat.slots["next_wish"] is None or not chat.slots["next_wish"]["waiting"]


async def test_a_question_a_booking_and_a_question(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    bills = (await chat.say("my_bills")).text
    said = await three(
        chat,
        ("ask_hospital", "停车怎么收费", PARKING),
        ("book_appointment", "再约骨科", (("department", clinic.departments["骨科"]),)),
        ("my_bills", "有没有欠费", ()),
    )
    assert all(word in said.text for word in ("停车", bills, "张伟"))
    assert chat.form == "booking_form"
    assert said.buttons


@pytest.mark.parametrize("words", ["", "膝盖疼"])
async def test_in_triage_a_question_is_answered_and_the_booking_begins(clinic: Clinic, words: str) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("which_department", text="我该挂什么科")
    if words:
        await chat.say("tell_symptoms", text=words)
    bone = (("department", clinic.departments["骨科"]),)
    said = await both(
        chat, "停车怎么收费，另外｜我想挂骨科", "ask_hospital", "book_appointment", *PARKING, later=bone
    )
    assert said.text.index("停车") < said.text.index("张伟")
    assert chat.form == "booking_form"


async def test_in_triage_symptoms_and_a_question_besides(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("which_department", text="我该挂什么科")
    said = await both(
        chat, "膝盖疼三天了，另外｜停车怎么收费", "tell_symptoms", "ask_hospital", later=PARKING
    )
    assert "前 30 分钟免费" in said.text
    assert "骨科" in said.text
    assert chat.form == "triage_form"


async def test_in_triage_a_wish_that_is_no_symptom(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("which_department", text="我该挂什么科")
    said = await chat.say("my_bills", text="查一下我的账单")
    assert said.text.startswith((await (await clinic.chat()).say("my_bills")).text)
    assert "哪里不舒服" in said.text


async def test_in_a_booking_a_question_and_another_department(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("department", clinic.departments["心血管内科"]))
    bone = (("department", clinic.departments["骨科"]),)
    said = await both(
        chat, "停车怎么收费，另外｜我想挂骨科", "ask_hospital", "book_appointment", *PARKING, later=bone
    )
    assert said.text.index("停车") < said.text.index("张伟")
    assert "李静" not in said.text


async def test_in_intake_an_answer_and_a_question_besides(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    said = await both(
        chat, "膝盖疼三天了，顺便｜停车怎么收费", "tell_symptoms", "ask_hospital", later=PARKING
    )
    assert "前 30 分钟免费" in said.text
    assert "0" in said.text  # how bad it is comes next
    assert chat.slots["requested_slot"] == "intake_severity"


async def test_in_intake_a_question_and_a_booking(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("start_intake")
    bone = (("department", clinic.departments["骨科"]),)
    said = await both(
        chat, "停车怎么收费，另外｜我想挂骨科", "ask_hospital", "book_appointment", *PARKING, later=bone
    )
    assert said.text.index("骨科") < said.text.index("停车") < said.text.index("不舒服")
    assert chat.form == "intake_form"
    assert "您刚才还说：预约挂号（骨科）" in (await chat.say("cancel")).text


async def test_at_a_question_for_a_name(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await both(chat, "停车怎么收费，另外｜我要投诉", "ask_hospital", "complain", *PARKING)
    assert "停车" in said.text
    assert said.text.startswith("还有：投诉，我记下了")
    assert said.expects == "person_name"


async def test_in_english(clinic: Clinic) -> None:
    chat, _ = await cancelling_with_a_wish(clinic, language="en")
    said = await chat.say("cancel")
    assert "You also mentioned: Book a visit" in said.text
    assert "Yes" in said.buttons


async def cancelling(clinic: Clinic, language: str = "zh-Hans") -> Chat:
    """A patient with an appointment at 心血管内科, which is not yet being cancelled."""
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    chat.language = language
    return chat


async def cancelling_with_a_wish(clinic: Clinic, language: str = "zh-Hans") -> tuple[Chat, Said]:
    chat = await cancelling(clinic, language)
    await clinic.session("张伟", WEDNESDAY)
    bone = (("department", clinic.departments["骨科"]),)
    return chat, await both(
        chat, "取消周三的号，｜再约骨科", "cancel_appointment", "book_appointment", later=bone
    )
