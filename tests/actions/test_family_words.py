"""What a relative is called, held against what the document says."""

from __future__ import annotations

from integrations.hospital import patients

from .conftest import Clinic, Outside
from .families import CHILD, FATHER, MOTHER, MOTHERS_PHONE, TEEN


async def test_a_mother_with_a_mans_number_is_asked_about_once(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    said = await chat.tell(person_name="王秀英", id_number=FATHER)
    assert "就诊人是男的，而您说的是您妈妈" in said.text
    assert FATHER not in said.text
    again = await chat.say("nlu_fallback")
    assert "而您说的是您妈妈" in again.text
    said = await chat.press(said, "改证件号")
    assert said.expects == "id_number"
    said = await chat.tell(id_number=MOTHER)
    assert said.expects == "phone"
    await chat.tell(id_number=FATHER)
    said = await chat.say("affirm")
    assert said.expects == "phone"
    await chat.tell(phone=MOTHERS_PHONE)
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "您妈妈，姓名 *英" in said.text  # it was right, and is not asked again


async def test_the_other_word_settles_it_too(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王建国", id_number=FATHER)
    said = await chat.say("inform", ("relative", "爸"))
    assert said.expects == "phone"
    assert chat.slots["family"]["kin"] == "father"


async def test_the_sex_that_was_chosen_is_held_against_the_word(clinic: Clinic) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    await chat.say("add_family", ("relative", "wife"))
    await chat.tell(person_name="Anna Smith")
    await chat.say("inform", ("document", "passport"))
    await chat.tell(id_number="E12345678")
    await chat.tell(birth_date="1985-04-01")
    said = await chat.say("inform", ("sex", "male"))
    assert "You chose male, and you said your wife" in said.text
    said = await chat.press(said, "Change the sex")
    assert "Change the sex" not in said.buttons
    said = await chat.say("inform", ("sex", "female"))
    assert said.expects == "phone"


async def test_an_adult_without_a_mobile_is_told_the_way(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER)
    said = await chat.say("nlu_fallback", ("field", "no_phone"))
    assert "带双方证件到医院窗口" in said.text
    assert chat.form == "family_form"
    assert (await chat.tell(phone=MOTHERS_PHONE)).expects == "sms_code"


async def test_nobody_agrees_for_an_adult_with_their_own_phone(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    async with chat.runtime.database.begin() as session:
        own = await patients.own_phone(session, chat.runtime.crypto, chat.contact.account_id)
    await chat.say("add_family", ("relative", "妈"))
    said = await chat.tell(person_name="王秀英", id_number=MOTHER, phone=own.removeprefix("+86"))
    assert "您自己的手机号" in said.text
    assert (said.expects, outside.sent) == ("phone", [])
    assert (await chat.tell(phone=MOTHERS_PHONE)).expects == "sms_code"
    assert outside.sent[-1][0] == f"+86{MOTHERS_PHONE}"


async def test_a_teenager_with_the_parents_phone_has_a_guardian(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    async with chat.runtime.database.begin() as session:
        own = await patients.own_phone(session, chat.runtime.crypto, chat.contact.account_id)
    await chat.say("add_family", ("relation", "child"))
    said = await chat.tell(person_name="张小宝", id_number=TEEN, phone=own.removeprefix("+86"))
    assert "您是孩子的监护人" in said.text
    assert outside.sent == []


async def test_a_relation_from_the_list_says_no_sex(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("add_family")
    said = await chat.press(said, "父母")
    assert (await chat.tell(person_name="王建国", id_number=FATHER)).expects == "phone"


async def test_a_child_is_nobodys_mother(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    said = await chat.tell(person_name="张小宝", id_number=CHILD)
    assert "还未成年，不会是您妈妈" in said.text
    assert chat.slots["requested_slot"] == "relation"
    said = await chat.press(said, "子女")
    assert "监护人" in said.text
