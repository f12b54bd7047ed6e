"""Another phone, another name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Patient,
)
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime

from .accounts import NEW, NUMBER, OLD, code, decide, owner, phone_on_file, registers, told, waiting
from .conftest import ID_NUMBERS, WEDNESDAY, Chat, Clinic, Outside, Said


async def test_a_phone_alone_is_a_new_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.tell(phone=NEW)
    assert chat.form == "change_form"
    assert said.expects == "sms_code"
    newcomer = await clinic.chat(registered=False)
    await newcomer.tell(phone=NEW)
    assert newcomer.form == "registration_form"


async def to_old_phone(chat: Chat, outside: Outside) -> Said:
    await chat.say("change_profile", ("field", "phone"))
    said = await chat.tell(phone=NEW)
    assert said.expects == "sms_code"
    assert outside.sent[-1][0] == f"+86{NEW}"
    return await code(chat, outside)


async def test_a_new_phone_needs_the_old_one_too(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    chat = await clinic.chat()
    other = await clinic.chat(registered=False)
    await registers(other, outside, OLD)
    await told(runtime)
    outside.now += timedelta(minutes=2)
    said = await to_old_phone(chat, outside)
    assert "138****5678" in said.text
    assert await phone_on_file(runtime) == f"+86{OLD}"
    said = await chat.press(said, "发到原号码")
    assert outside.sent[-1][0] == f"+86{OLD}"
    assert "换好了，现在是 139****4321" in (await code(chat, outside)).text
    assert await phone_on_file(runtime) == f"+86{NEW}"
    async with runtime.database.begin() as session:
        index = (await session.scalars(select(Patient.phone_index))).one()
        assert bytes(index) == runtime.crypto.blind(f"+86{NEW}", "patients.phone")
    assert [(one.kind, one.contact_id) for one in await told(runtime)] == [
        (EventKind.PHONE_CHANGED, other.contact.id)
    ]
    assert NEW not in str(chat.slots)


async def test_with_the_old_phone_gone_the_document_and_staff_decide(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    said = await chat.press(await to_old_phone(chat, outside), "原号码不用了")
    assert said.expects == "id_number"
    assert "不一样" in (await chat.tell(id_number=ID_NUMBERS[1])).text
    assert "已转给工作人员" in (await chat.tell(id_number=NUMBER)).text
    assert await phone_on_file(runtime) == f"+86{OLD}"
    await decide(runtime, approve=True)
    assert await phone_on_file(runtime) == f"+86{NEW}"


async def test_who_does_not_know_the_document_changes_nothing(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await chat.press(await to_old_phone(chat, outside), "原号码不用了")
    for _ in range(3):
        said = await chat.tell(id_number=ID_NUMBERS[1])
    assert "先不改了" in said.text
    assert chat.form == ""
    assert await waiting(runtime) == []


async def test_a_code_to_the_new_phone_does_not_pass_for_the_old_one(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await chat.press(await to_old_phone(chat, outside), "发到原号码")
    assert "换好了" not in (await code(chat, outside, at=-2)).text
    assert await phone_on_file(runtime) == f"+86{OLD}"


async def test_a_number_alone_says_that_it_will_be_the_new_one(clinic: Clinic) -> None:
    """Whoever typed it for something else can stop."""
    chat = await clinic.chat()
    said = await chat.tell(phone=NEW)
    assert (said.expects, chat.form) == ("sms_code", "change_form")
    assert "这是给您换登记的手机号" in said.text
    assert "什么都没有改" in (await chat.say("cancel")).text


async def test_another_new_phone_has_to_be_proven_again(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await to_old_phone(chat, outside)
    assert "请发新的手机号" in (await chat.say("go_back")).text
    assert (await chat.tell(phone="13700001111")).expects == "sms_code"
    assert (await chat.say("affirm")).expects == "sms_code"
    assert await phone_on_file(runtime) == f"+86{OLD}"


@pytest.mark.parametrize(
    ("phone", "words"), [(OLD, "不用换"), ("010-88886666", "座机"), ("1398765", "11 位")]
)
async def test_a_phone_that_will_not_do(clinic: Clinic, phone: str, words: str) -> None:
    chat = await clinic.chat()
    await chat.say("change_profile", ("field", "phone"))
    assert words in (await chat.tell(phone=phone)).text


async def test_a_corrected_name_goes_to_staff(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.press(await chat.say("change_profile"), "改姓名")
    outside.identity = Outcome.MISMATCH
    assert "对不上" in (await chat.tell(person_name="王芳")).text
    outside.identity = Outcome.MATCH
    assert "已转给工作人员" in (await chat.tell(person_name="张鸣")).text
    kept = await owner(runtime, chat)
    assert kept is not None
    assert kept.name == "*明"
    await decide(runtime, approve=True)
    kept = await owner(runtime, chat)
    assert kept is not None
    assert kept.name == "*鸣"


@pytest.mark.parametrize("intent", ["correct", "change_profile"])
async def test_the_words_for_a_change_lead_there_from_a_booking_too(clinic: Clinic, intent: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    assert "请发新的手机号" in (await chat.say(intent, ("field", "phone"))).text
    await chat.say("cancel")
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    assert "请发新的手机号" in (await chat.say(intent, ("field", "phone"))).text
    assert chat.form == "change_form"


@pytest.mark.parametrize(("language", "words"), [("zh-Hans", "带证件到窗口"), ("en", "come to the counter")])
async def test_a_new_phone_abroad_is_told_the_way_out(clinic: Clinic, language: str, words: str) -> None:
    chat = await clinic.chat()
    chat.language = language
    await chat.say("change_profile", ("field", "phone"))
    said = await chat.tell(phone="+447911123456")
    assert words in said.text
    assert clinic.runtime.settings.hospital_phone in said.text
    assert chat.form == "change_form"


async def test_during_registration_it_is_about_what_is_being_filled_in(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="张明", id_number=NUMBER, phone=OLD)
    assert (await chat.say("change_profile", ("field", "phone"))).expects == "phone"
    assert chat.form == "registration_form"


@pytest.mark.parametrize("intent", ["change_profile", "unbind"])
async def test_who_is_not_registered_has_nothing_to_change(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(registered=False)
    assert "还没有登记" in (await chat.say(intent)).text
    assert chat.form == ""
