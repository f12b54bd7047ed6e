"""Of whom the symptoms are told, and for how long that holds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actions import symptoms as symptoms_module
from integrations.hospital.models import Relation, Sex

from .conftest import NOW, WEDNESDAY, Clinic, Outside
from .triages import CHILD, play


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symptoms_module, "assess", play)


async def test_a_relative_of_known_age_and_sex(clinic: Clinic) -> None:
    await clinic.department(CHILD, age_to=14)
    chat = await clinic.chat()
    child = await clinic.relative(chat, Relation.CHILD, date(2020, 5, 1), Sex.FEMALE, "*小")
    said = await chat.say("tell_symptoms", ("relative", "女儿"), text="我女儿发烧")
    assert "6 岁" in said.text
    assert "建议就诊科室：儿科" in said.text
    await chat.press(said, "挂儿科")
    assert chat.slots["booking"]["patient"] == child


async def test_a_child_that_nobody_registered(clinic: Clinic) -> None:
    await clinic.department(CHILD, age_to=14)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="孩子发烧")
    assert "您孩子" in said.text
    assert "建议就诊科室：儿科" in said.text
    said = await chat.press(said, "挂儿科")
    assert "没有登记过" in said.text


async def test_somebody_whom_only_the_age_tells_apart(clinic: Clinic) -> None:
    """Nothing is booked for the one who writes."""
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="78岁，膝盖疼")
    said = await chat.press(said, "挂骨科")
    assert "没有登记过您的家人" in said.text
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1948, 1, 1), Sex.FEMALE, "*芳")
    await clinic.relative(chat, Relation.SPOUSE, date(1991, 1, 1), Sex.FEMALE, "*丽")
    said = await chat.say("tell_symptoms", text="78岁，膝盖疼")
    await chat.press(said, "挂骨科")
    assert chat.slots["booking"]["patient"] == mother


async def test_a_child_of_another_age_is_another_child(clinic: Clinic) -> None:
    await clinic.department(CHILD, age_to=14)
    chat = await clinic.chat()
    await clinic.relative(chat, Relation.CHILD, date(2016, 5, 1), Sex.MALE, "*大")
    said = await chat.say("tell_symptoms", ("relative", "儿子"), text="我儿子3岁，发烧")
    said = await chat.press(said, "挂儿科")
    assert "没有登记过您儿子" in said.text
    await chat.press(said, "给 *大")
    assert "relative" not in chat.slots["booking"]


async def test_the_age_of_a_grown_up_relative_may_be_a_guess(clinic: Clinic) -> None:
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    said = await chat.say("tell_symptoms", ("relative", "妈"), text="我妈70岁，膝盖疼")
    assert "76 岁" in said.text
    await chat.press(said, "挂骨科")
    assert chat.slots["booking"]["patient"] == mother


async def test_a_booking_for_a_relative_asks_about_them(clinic: Clinic) -> None:
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    await chat.say("book_appointment", ("relative", "妈"), text="帮我妈挂号")
    said = await chat.say("tell_symptoms", text="膝盖疼")
    assert "76 岁" in said.text
    await chat.press(said, "挂骨科")
    assert chat.slots["booking"]["patient"] == mother


async def test_after_days_it_is_told_anew(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="头疼三天了")
    assert "建议就诊科室：心血管内科" in said.text
    outside.now = NOW + timedelta(days=3)
    said = await chat.say("tell_symptoms", text="膝盖疼", away=timedelta(days=3))
    assert "建议就诊科室：骨科" in said.text
    outside.now = NOW + timedelta(days=6)
    said = await chat.say("greet", away=timedelta(days=3))
    assert "请说说哪里不舒服" in said.text


async def test_to_whom_it_belongs_may_be_said_afterwards(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    await chat.say("tell_symptoms", text="膝盖疼")
    said = await chat.say("inform", ("relative", "妈"), text="是我妈")
    assert "76 岁" in said.text
