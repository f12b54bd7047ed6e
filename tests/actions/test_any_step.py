"""Each journey up to a number, walked through with every way off each of its questions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.runtime import Runtime

from .accounts import NEW, NUMBER, OLD, code, imported, registers
from .conftest import WEDNESDAY, Chat, Clinic, Outside
from .families import CHILD, MOTHER, MOTHERS_PHONE
from .walking import Step, presses, says, tells, walk


def reads_code(outside: Outside) -> Step:
    return lambda chat, _: code(chat, outside)


@pytest.mark.parametrize("channel", ["wechat", "telegram"])
async def test_consent(clinic: Clinic, channel: str) -> None:
    chat = await clinic.chat(channel, consent=False, registered=False)
    steps = [says("book_appointment"), presses("同意")]
    await walk(chat, *steps[: 2 if channel == "telegram" else 1])


async def test_withdrawing_it(clinic: Clinic) -> None:
    await walk(await clinic.chat("telegram"), says("withdraw_consent"), presses("只撤回境外"))


async def test_registration(clinic: Clinic, outside: Outside) -> None:
    await walk(
        await clinic.chat(registered=False),
        says("register"),
        tells(person_name="张小明"),
        tells(id_number=NUMBER),
        tells(phone=OLD),
        reads_code(outside),
    )


async def test_registration_by_the_page(clinic: Clinic) -> None:
    await walk(await clinic.chat("telegram", registered=False), says("register"), presses("就在这里填"))


async def test_registration_with_a_passport(clinic: Clinic, outside: Outside) -> None:
    await walk(
        await clinic.chat(registered=False),
        says("register"),
        tells(person_name="John Smith"),
        says("inform", ("document", "passport")),
        tells(id_number="E12345678"),
        tells(birth_date="1985-04-01"),
        presses("男"),
        tells(phone=OLD),
        reads_code(outside),
    )


async def test_a_mother(clinic: Clinic, outside: Outside) -> None:
    await walk(
        await clinic.chat(),
        says("add_family"),
        says("inform", ("relative", "妈妈")),
        tells(person_name="王秀英"),
        tells(id_number=MOTHER),
        tells(phone=MOTHERS_PHONE),
        reads_code(outside),
    )


async def test_a_child(clinic: Clinic) -> None:
    await walk(
        await clinic.chat(),
        says("add_family", ("relation", "child")),
        tells(person_name="张小宝", id_number=CHILD),
    )


@pytest.mark.parametrize("question", [says("inform"), presses("发验证码")], ids=["which way", "the code"])
async def test_a_file_from_before(clinic: Clinic, runtime: Runtime, outside: Outside, question: Step) -> None:
    """One question each: leaving ends the claim for good."""
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    said = await registers(chat, outside, NEW)
    await walk(chat, lambda chat, _: question(chat, said))


async def test_another_phone(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await walk(
        chat,
        says("change_profile"),
        says("inform", ("field", "phone")),
        tells(phone=NEW),
        reads_code(outside),
    )
    outside.now += timedelta(minutes=2)
    await walk(chat, says("resend_code"))


async def test_letting_go_of_a_patient(clinic: Clinic) -> None:
    await walk(await clinic.chat(), says("unbind"))


async def test_booking(clinic: Clinic) -> None:
    for doctor in ("李静", "王建国", "王海燕"):
        await clinic.session(doctor, WEDNESDAY)
        await clinic.session(doctor, WEDNESDAY, "afternoon")
    await walk(
        await clinic.chat(),
        says("book_appointment"),
        says("inform", ("department", clinic.departments["心血管内科"])),
        presses("李静"),
    )


async def booked(clinic: Clinic, *doctors: str) -> Chat:
    chat = await clinic.chat()
    for at, doctor in enumerate(doctors):
        await clinic.session(doctor, WEDNESDAY + timedelta(days=at))
        await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]))
        await chat.say("affirm")
        assert not chat.form
    return chat


async def test_moving_an_appointment(clinic: Clinic) -> None:
    chat = await booked(clinic, "李静", "张伟")
    await clinic.session("李静", WEDNESDAY + timedelta(days=2))
    await walk(chat, says("reschedule_appointment"), says("inform", ("ordinal", 1)), presses("周五"))


async def test_cancelling_one(clinic: Clinic) -> None:
    chat = await booked(clinic, "李静", "张伟")
    await walk(chat, says("cancel_appointment"), says("inform", ("ordinal", 1)))
