"""Who the account acts for changes while a booking is open: on another channel, by a cut, by a consent taken back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import delete

from integrations.hospital import accounts, merging
from integrations.hospital.models import AccountPatient, Relation, Sex
from integrations.runtime import Runtime

from .bookings import appointments, to_confirmation
from .conftest import NOW, WEDNESDAY, Chat, Clinic

MOTHER_BORN = date(1950, 1, 1)


async def lets_go_of(runtime: Runtime, chat: Chat, patient: str = "") -> None:
    """Of one, or of everybody, as on another channel."""
    gone = delete(AccountPatient).where(AccountPatient.account_id == chat.contact.account_id)
    if patient:
        gone = gone.where(AccountPatient.patient_id == UUID(patient))
    async with runtime.database.begin() as session:
        await session.execute(gone)


async def test_a_merge_between_question_and_answer_books_on_the_account_that_stands(
    clinic: Clinic, runtime: Runtime
) -> None:
    await clinic.session("李静", WEDNESDAY)
    kept, chat = await clinic.chat("telegram", registered=False), await clinic.chat()
    await to_confirmation(clinic, chat)
    async with runtime.database.begin() as session:
        await merging.merge(session, kept=kept.contact.account_id, merged=chat.contact.account_id)
    assert (await chat.say("affirm")).text.startswith("约好了")
    assert "您有 1 个待就诊的预约" in (await kept.say("my_appointments")).text


async def test_whom_one_let_go_of_is_not_booked_for(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, MOTHER_BORN, Sex.FEMALE, "*芳")
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), ("relative", "妈"))
    assert "就诊人 *芳（母亲）" in said.text
    await lets_go_of(runtime, chat, mother)
    said = await chat.say("affirm")
    assert said.text.startswith("刚才选的就诊人现在不在您的账号下了")
    assert "就诊人 *明（您本人）" in said.text
    assert await appointments(runtime) == []
    await chat.say("affirm")
    assert len(await appointments(runtime)) == 1


async def test_who_is_left_with_nobody_registers_and_the_wish_waits(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    await lets_go_of(runtime, chat)
    said = await chat.say("inform", ("time", "09:00"))
    assert chat.form == "registration_form"
    assert said.text
    assert chat.slots["then"] == "booking_form"
    assert await appointments(runtime) == []


async def test_a_consent_taken_back_elsewhere_is_asked_for_again(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await to_confirmation(clinic, chat)
    async with runtime.database.begin() as session:
        await accounts.withdraw_consents(session, chat.contact, accounts.OWN_CONSENTS, NOW, None)
    await chat.say("affirm")
    assert chat.form == "consent_form"
    assert await appointments(runtime) == []
    said = await chat.say("give_consent", ("consent", "health_data"))
    assert "请确认" in said.text
    assert (await chat.say("affirm")).text.startswith("约好了")


async def test_what_is_not_ones_own_any_more_is_neither_cancelled_nor_moved(
    clinic: Clinic, runtime: Runtime
) -> None:
    for day in (WEDNESDAY, date(2026, 11, 26)):
        await clinic.session("李静", day)
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, MOTHER_BORN, Sex.FEMALE, "*芳")
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), ("relative", "妈"),
                   ("date", WEDNESDAY.isoformat()))  # fmt: skip
    await chat.say("affirm")
    await chat.say("cancel_appointment")
    await lets_go_of(runtime, chat, mother)
    said = await chat.say("affirm")
    assert "不在您的账号下，不能在这里改或取消，号不受影响" in said.text
    assert "010-8888 6666" in said.text
    assert chat.form == ""
    assert [str(status) for status, _ in await appointments(runtime)] == ["booked"]
