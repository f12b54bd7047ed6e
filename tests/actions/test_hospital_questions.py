from __future__ import annotations

import pytest

from integrations.hospital import unanswered

from .conftest import WEDNESDAY, Clinic


async def test_place_words_alone_mean_the_hospital(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    assert "康宁路" in (await chat.say("ask_hospital", ("topic", "address"))).text
    assert "药房" in (await chat.say("ask_hospital", ("topic", "address"), ("topic", "pharmacy"))).text


async def test_where_the_hospital_is(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    chat.language = "en"
    said = await chat.say("ask_hospital", ("topic", "address"), text="Where is the hospital?")
    assert "/guide/address" in said.text
    said = await chat.say("ask_hospital", ("topic", "address"), text="Where is the cashpoint?")
    assert "/guide/address" not in said.text


async def test_a_department_is_found_in_the_directory(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital", ("department", clinic.departments["骨科"]), ("topic", "address"))
    assert said.text == "骨科在本部院区门诊楼3层。"


async def test_without_a_topic_all_are_offered(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital")
    assert '/ask_hospital{"topic": "parking"}' in said.buttons.values()
    assert not any("privacy" in payload for payload in said.buttons.values())


async def test_kinds_that_cannot_be_read_name_120(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    for kind in ("voice", "image", "video", "event"):
        assert "120" in (await chat.say("non_text", kind=kind)).text


async def test_the_part_that_is_asked_for_and_a_link(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital", text="停车一个小时收多少钱")
    assert said.text.startswith("停车 · 收费\n前 30 分钟免费")
    assert said.text.endswith("/guide/parking?lang=zh-Hans")
    chat.language = "en"
    said = await chat.say("ask_hospital", text="how much is parking per hour")
    assert said.text.startswith("Parking")
    assert said.text.endswith("/guide/parking?lang=en")


async def test_near_pages_are_offered(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital", text="检查")
    assert 3 <= len(said.buttons) <= 4  # a person is the last one
    assert (await chat.press(said, "检查")).text.startswith("检查前的准备\n")


async def test_what_no_page_says_is_noted_for_staff(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    for text in ("有没有理发烫头", "有没有理发烫头？", "房号12345678是谁"):
        said = await chat.say("ask_hospital", text=text)
        assert "/guide" in said.text
        assert "/talk_to_human" in said.buttons.values()
    async with clinic.runtime.database.begin() as session:
        kept = [(one.words, one.asked) for one in await unanswered.listed(session, 10)]
    assert kept == [("有没有理发烫头", 2)]


async def test_a_question_that_was_not_understood_is_answered_all_the_same(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("nlu_fallback", text="医院的无线网密码是多少")
    assert said.text.startswith("WiFi")
    said = await chat.say("nlu_fallback", text="我想买张火车票")
    assert "/guide" not in said.text
    async with clinic.runtime.database.begin() as session:
        assert await unanswered.listed(session, 10) == []


async def test_also_in_the_middle_of_a_form(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    asked = (await chat.say("register")).text
    said = await chat.say("nlu_fallback", text="医院的无线网密码是多少")
    assert said.text.startswith("WiFi")
    assert said.text.split("\n\n")[-1] in asked
    assert "没太明白" not in said.text


async def test_a_test_is_told_from_tests_in_general(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital", ("topic", "preparation"), text="做无痛胃镜要人陪吗")
    assert said.text.startswith("胃镜") or "胃镜" in said.buttons


async def test_words_of_place_find_the_address_also_in_a_form(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    for form in (False, True):
        if form:
            await chat.say("register")
        said = await chat.say("ask_hospital", ("topic", "address"), text="你们医院在哪")
        assert "康宁路" in said.text


@pytest.mark.parametrize("words", ["wait how do i get there", "how do i get there"])
async def test_the_way_here_is_told_in_the_middle_of_a_booking(clinic: Clinic, words: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    chat.language = "en"
    await chat.say("book_appointment", ("department", clinic.departments["心血管内科"]))
    said = await chat.say("ask_hospital", ("topic", "address"), text=words)
    assert "康宁路" in said.text or "Kangning" in said.text
    assert "surgery" not in said.text
