"""At each question of each journey: asking something else comes back to it, what is not understood keeps it open, one
step back asks something, and leaving ends it with nothing written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from integrations.hospital.models import AccountPatient, Appointment, Consent, IdentityRequest, Patient
from integrations.runtime import Runtime

from .accounts import NEW, NUMBER, OLD, code, imported, registers
from .conftest import WEDNESDAY, Chat, Clinic, Outside, Said
from .families import CHILD, MOTHER, MOTHERS_PHONE

Step = Callable[[Chat, Said], Awaitable[Said]]
MUST_NOT_CHANGE = (
    select(func.count()).select_from(Appointment),
    select(func.count()).select_from(Patient),
    select(func.count()).select_from(AccountPatient),
    select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None)),
    select(func.count()).select_from(IdentityRequest),
)


def says(intent: str, *entities: tuple[str, object]) -> Step:
    return lambda chat, _: chat.say(intent, *entities)


def tells(**values: str) -> Step:
    return lambda chat, _: chat.tell(**values)


def presses(title: str) -> Step:
    return lambda chat, before: chat.press(before, title)


def reads_code(outside: Outside) -> Step:
    return lambda chat, _: code(chat, outside)


async def written(runtime: Runtime) -> list[int | None]:
    async with runtime.database.begin() as session:
        return [await session.scalar(count) for count in MUST_NOT_CHANGE]


async def walk(chat: Chat, *steps: Step) -> None:
    """Takes the steps, and at the question after each tries every way off it."""
    said = Said("", {}, None)
    for step in steps:
        said = await step(chat, said)
        assert chat.form, said.text
        await _bears(chat, said)


async def _bears(chat: Chat, question: Said) -> None:
    form, slots, before = chat.form, deepcopy(chat.slots), await written(chat.runtime)
    asked = slots["requested_slot"]
    where = f"{form}, {asked}: {question.text}"

    async def off(intent: str, *entities: tuple[str, object]) -> Said:
        chat.form, chat.slots = form, deepcopy(slots)
        said = await chat.say(intent, *entities)
        assert said.text.strip(), f"{where}: silence after {intent}"
        return said

    for intent, entities, words in (
        ("ask_hospital", (("topic", "parking"),), "停车"),
        ("talk_to_human", (), "010-8888 6666"),
        ("nlu_fallback", (), ""),
    ):
        said = await off(intent, *entities)
        assert words in said.text, where
        assert (chat.form, chat.slots["requested_slot"], said.expects) == (form, asked, question.expects), (
            f"{where}: another question after {intent}: {said.text}"
        )
    said = await off("go_back")
    assert chat.form in (form, ""), f"{where}: back led to {chat.form}"
    assert "没有正在办" not in said.text, where
    assert await written(chat.runtime) == before, where
    said = await off("cancel")
    assert chat.form == "", f"{where}: still open after cancelling: {said.text}"
    assert "没有正在办" not in said.text, where
    assert await written(chat.runtime) == before, where
    chat.form, chat.slots = form, slots


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
