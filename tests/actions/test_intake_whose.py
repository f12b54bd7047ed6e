"""Whom an intake is about: what was told of a relative goes to the relative."""

from __future__ import annotations

from datetime import date

import pytest

from integrations.hospital.models import Relation, Sex

from .conftest import WEDNESDAY, Clinic
from .intakes import answer, read, stored


@pytest.mark.parametrize(
    ("told", "who"),
    [("我妈膝盖疼半年了", "您妈妈"), ("3岁孩子发烧两天了", "您孩子"), ("78岁，膝盖疼半年了", "您的家人")],
)
async def test_what_was_told_of_somebody_unregistered_goes_into_nobodys_file(
    clinic: Clinic, told: str, who: str
) -> None:
    schedule = await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say(
        "book_appointment", ("department", clinic.departments["心血管内科"]), ("schedule", schedule)
    )
    await chat.say("affirm")
    await chat.say("tell_symptoms", *[("relative", "妈")] * told.startswith("我妈"), text=told)
    said = await chat.say("start_intake", text="预问诊")
    assert f"没有登记过{who}" in said.text
    assert "谁的病情" in said.text
    assert f"先登记{who}" in said.buttons
    said = await chat.press(said, "*明")
    assert "哪里不舒服" in said.text
    assert "您已经说过的" not in said.text
    assert told not in await read(chat, said)


async def test_a_relative_is_registered_first_and_what_was_told_of_them_goes_on(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("tell_symptoms", ("relative", "妈"), text="我妈膝盖疼半年了")
    said = await chat.say("start_intake", text="预问诊")
    await chat.press(said, "先登记您妈妈")
    assert chat.form == "family_form"
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    said = await chat.say("page_completed", ("purpose", "family"), ("patient", mother), kind="system")
    assert chat.form == "intake_form"
    assert "*芳" in said.text
    assert "膝盖疼半年了" in await read(chat, said)


async def test_of_several_children_it_is_asked_and_then_kept(clinic: Clinic) -> None:
    chat = await clinic.chat()
    for born, name in ((2018, "*大"), (2020, "*小")):
        await clinic.relative(chat, Relation.CHILD, date(born, 5, 1), Sex.MALE, name)
    await chat.say("tell_symptoms", text="孩子咳嗽三天了")
    said = await chat.say("start_intake", text="预问诊")
    assert "没有登记过" not in said.text
    said = await chat.press(said, "*小")
    assert "咳嗽三天了" in await read(chat, said)


async def test_what_was_told_of_a_relative_waits_for_their_own_questions(clinic: Clinic) -> None:
    """The owner's own are asked and stored in between."""
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    await chat.say("tell_symptoms", ("relative", "妈"), text="我妈膝盖疼半年了")
    said = await chat.say("start_intake", ("oneself", True), text="给我自己填病情")
    assert "半年" not in await read(chat, said)
    await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    await chat.say("deny", text="没有")
    await chat.say("affirm")
    said = await chat.say("start_intake", text="预问诊")
    assert "*芳" in said.text
    assert "膝盖疼半年了" in await read(chat, said)
    [one] = await stored(chat)
    assert str(one.patient_id) != mother
