"""Registering relatives: with their consent, or as their guardian."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations.hospital import families
from integrations.hospital.models import (
    AccountPatient,
    Consent,
    ConsentKind,
    ConsentMethod,
    HospitalEvent,
    Patient,
    PatientStatus,
    Relation,
)
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime

from .conftest import Clinic, Outside
from .families import CHILD, MOTHER, MOTHERS_PHONE, TEEN, add_child, family, number


async def test_a_mother_agrees_by_the_code_to_her_own_phone(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    said = await chat.say("add_family", ("relative", "妈"))
    assert "登记您妈妈" in said.text
    assert said.expects == "person_name"
    said = await chat.tell(person_name="王秀英")
    assert said.expects == "id_number"
    said = await chat.tell(id_number=MOTHER)
    assert said.expects == "phone"
    said = await chat.tell(phone=MOTHERS_PHONE)
    assert said.expects == "sms_code"
    assert (outside.sent[-1][0], outside.askers) == (f"+86{MOTHERS_PHONE}", ["*明"])
    assert outside.languages == ["zh-Hans"]
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "您妈妈，姓名 *英" in said.text
    said = await chat.say("affirm")
    assert "*英，登记好了" in said.text
    assert [one.relation for one in await family(chat)] == [Relation.SELF, Relation.PARENT]
    async with chat.runtime.database.begin() as session:
        consent = await session.scalar(select(Consent).where(Consent.patient_id.is_not(None)))
    assert consent is not None
    assert (consent.kind, consent.method) == (ConsentKind.FAMILY_ACCESS, ConsentMethod.SMS_CODE)
    assert chat.slots["family"] is None


@pytest.mark.parametrize("sounds_like", ["book_appointment", "abuse", "unbind", "nlu_fallback"])
async def test_an_answer_in_a_word_is_one_whatever_it_sounds_like(clinic: Clinic, sounds_like: str) -> None:
    chat = await clinic.chat()
    said = await chat.say("add_family")
    assert said.expects == "relation"
    said = await chat.say(sounds_like, ("relative", "妈妈"))
    assert said.expects == "person_name"
    assert chat.slots["family"]["relation"] == "parent"


async def test_who_it_is_may_be_said_while_the_page_waits(clinic: Clinic) -> None:
    chat = await clinic.chat("telegram")
    said = await chat.say("add_family")
    assert "登记一位家人" in said.text
    assert chat.slots["requested_slot"] == "page"
    said = await chat.say("inform", ("relative", "爸"))
    assert said.expects == "person_name"
    assert chat.slots["family"]["relation"] == "parent"


async def test_the_page_knows_who_it_is(clinic: Clinic) -> None:
    chat = await clinic.chat("telegram")
    said = await chat.say("add_family", ("relative", "妈"))
    assert "?relation=parent\n" in said.text


async def test_a_file_under_another_name_is_left_to_staff(clinic: Clinic, outside: Outside) -> None:
    await add_child(await clinic.chat())
    outside.identity = Outcome.NO_RECORD
    stranger = await clinic.chat()
    await stranger.say("add_family", ("relation", "child"))
    said = await stranger.tell(person_name="李小宝", id_number=CHILD)
    said = await stranger.press(said, "我是监护人")
    assert stranger.runtime.settings.hospital_phone in said.text
    assert stranger.slots["family"] is None
    assert len(await family(stranger)) == 1


async def test_without_the_code_nobody_is_added(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    wrong = "000000" if outside.sent[-1][1] != "000000" else "000001"
    said = await chat.say("inform", ("sms_code", wrong))
    assert "还可以试 4 次" in said.text
    assert "还差" not in (await chat.say("affirm")).text
    assert len(await family(chat)) == 1


async def test_a_mother_who_does_not_want_it_is_not_added(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    said = await chat.say("refuse_consent", ("relative", "妈"), text="我妈不同意")
    assert "先不登记" in said.text
    assert (chat.form, len(await family(chat))) == ("", 1)


async def test_a_child_by_its_guardian_without_a_code(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    said = await add_child(chat)
    assert "登记好了" in said.text
    assert outside.sent == []
    async with chat.runtime.database.begin() as session:
        link = await session.scalar(select(AccountPatient).where(AccountPatient.relation == Relation.CHILD))
        assert link is not None
        consent = await session.get_one(Consent, link.guardian_consent_id)
    assert link.guardian_since == outside.now
    assert (consent.kind, consent.patient_id) == (ConsentKind.GUARDIAN, link.patient_id)


async def test_who_is_no_guardian_registers_no_child(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relation", "child"))
    said = await chat.tell(person_name="张小宝", id_number=CHILD)
    said = await chat.press(said, "我不是监护人")
    assert "没有保存" in said.text
    assert len(await family(chat)) == 1
    async with chat.runtime.database.begin() as session:
        owner = await session.scalar(select(Patient))
        assert owner is not None
        owner.status = PatientStatus.PENDING
    await chat.say("add_family", ("relation", "child"))
    said = await chat.tell(person_name="张小宝", id_number=CHILD)
    assert "还没有核验好" in said.text
    assert chat.form == ""


async def test_a_teenager_agrees_or_has_a_guardian(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relation", "child"))
    said = await chat.tell(person_name="张小宝", id_number=TEEN)
    assert said.expects == "phone"
    said = await chat.press(said, "孩子没有手机")
    assert "您是孩子的监护人" in said.text
    assert (await chat.say("go_back")).text
    await chat.tell(id_number=TEEN, phone=MOTHERS_PHONE)
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    await chat.say("affirm")
    async with chat.runtime.database.begin() as session:
        link = await session.scalar(select(AccountPatient).where(AccountPatient.relation == Relation.CHILD))
    assert link is not None
    assert link.guardian_since is None


async def test_the_second_parent_reads_back_the_first_ones_code(clinic: Clinic, outside: Outside) -> None:
    father, mother = await clinic.chat(), await clinic.chat()
    await add_child(father)
    said = await add_child(mother)
    assert "尾号 78" in said.text
    assert said.expects == "sms_code"
    assert len(await family(mother)) == 1
    said = await mother.say("inform", ("sms_code", "12"))
    assert len(await family(mother)) == 1
    said = await mother.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "在我院有档案" in said.text
    assert [one.relation for one in await family(mother)] == [Relation.SELF, Relation.CHILD]
    async with father.runtime.database.begin() as session:
        told = list(await session.scalars(select(HospitalEvent.account_id)))
    assert told == [father.contact.account_id]


async def test_six_patients_at_most(clinic: Clinic) -> None:
    chat = await clinic.chat()
    for order in range(5):
        said = await add_child(chat, number("20200512", 101 + order))
    assert "6 位" not in (await chat.say("my_family")).text
    said = await chat.say("add_family")
    assert "最多登记 6 位就诊人（包括您本人）" in said.text
    assert chat.form == ""


async def test_oneself_comes_first(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("register", ("relative", "妈"))
    assert "先要登记您本人" in said.text or "添加家人前要先登记您本人" in said.text
    await chat.tell(person_name="张小明", id_number="11010519900307013X", phone="13812345678")
    await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    said = await chat.say("affirm")
    assert "登记您妈妈" in said.text
    assert chat.form == "family_form"


async def test_ones_own_number_and_the_same_relative_twice(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await add_child(chat)
    assert "已经在您的就诊人里" in (await add_child(chat)).text
    assert len(await family(chat)) == 2


async def test_the_list_and_letting_go_of_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await add_child(chat)
    said = await chat.say("my_family")
    assert "*明（您本人，已核验）" in said.text
    assert "*宝（儿子，已核验）" in said.text
    assert "还可以添加 4 位" in said.text
    said = await chat.say("unbind", ("relative", "儿子"))
    assert "*宝" in said.text
    await chat.say("affirm")
    assert len(await family(chat)) == 1
    async with chat.runtime.database.begin() as session:
        assert len(list(await session.scalars(select(Patient)))) == 2  # the record stays
        consent = await session.scalar(select(Consent).where(Consent.patient_id.is_not(None)))
    assert consent is not None
    assert consent.withdrawn_at is not None


async def test_of_age_the_guardian_is_told_and_gone(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await add_child(chat, TEEN[:6] + number("20150101")[6:])
    runtime: Runtime = chat.runtime
    for now, ended in ((outside.now, 0), (outside.now + timedelta(days=365 * 7), 1)):
        async with runtime.database.begin() as session:
            assert await families.end_guardianships(session, now) == ended
    assert len(await family(chat)) == 1
    async with runtime.database.begin() as session:
        event = (await session.scalars(select(HospitalEvent))).one()
    assert event.kind == "guardian_ended"


async def test_what_comes_before_its_question_is_said_back(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.tell("add_family", ("relative", "妈"), phone=MOTHERS_PHONE)
    assert "记下了手机号 139****4321。" in said.text
    assert said.text.endswith("例如：张小明")
    said = await chat.tell(person_name="王", id_number=MOTHER[:-1])
    assert "要 2 个字以上" in said.text
    assert "记下了" not in said.text
    said = await chat.tell(id_number=MOTHER)
    assert "记下了证件号" in said.text
    assert MOTHER not in said.text
    assert said.expects == "person_name"


async def test_a_mother_with_an_account_of_her_own_ends_what_she_agreed_to(
    clinic: Clinic, outside: Outside
) -> None:
    daughter = await clinic.chat()
    await daughter.say("add_family", ("relative", "妈"))
    await daughter.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    await daughter.say("inform", ("sms_code", outside.sent[-1][1]))
    await daughter.say("affirm")
    outside.now += timedelta(minutes=2)
    mother = await clinic.chat(registered=False)
    await mother.say("register")
    await mother.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    await mother.say("inform", ("sms_code", outside.sent[-1][1]))
    await mother.say("affirm")
    said = await mother.say("my_profile")
    assert "经您同意，*明 可以替您预约" in said.text
    said = await mother.press(said, "不再让 *明 代办")
    assert "*明 在这里看不到您的信息" in said.text
    said = await mother.press(said, "不取消")
    assert len(await family(daughter)) == 2
    said = await mother.say("unbind")
    assert list(said.buttons) == ["解绑 *英", "不再让 *明 代办"]
    await mother.say("inform", ("ordinal", 2))
    said = await mother.say("affirm")
    assert "已经取消：*明 不能再替您预约" in said.text
    assert len(await family(daughter)) == 1
    assert "经您同意" not in (await mother.say("my_profile")).text


OTHER = number("19610307", 104)


@pytest.mark.parametrize("changed", [{"person_name": "李桂兰"}, {"id_number": OTHER}])
async def test_a_code_is_an_agreement_for_one_person(
    clinic: Clinic, outside: Outside, changed: dict[str, str]
) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    first = outside.sent[-1][1]
    await chat.say("inform", ("sms_code", first))
    outside.now += timedelta(minutes=2)
    said = await chat.tell("correct", **changed)
    assert (said.expects, len(outside.sent)) == ("sms_code", 2)
    assert "登记好了" not in (await chat.say("affirm")).text
    if outside.sent[-1][1] != first:
        await chat.say("inform", ("sms_code", first))
    assert len(await family(chat)) == 1
    await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "登记好了" in (await chat.say("affirm")).text
    assert len(await family(chat)) == 2


async def test_a_code_that_went_out_for_somebody_else_is_wrong(clinic: Clinic, outside: Outside) -> None:
    """Corrected before it is read back, within the minute in which no other code goes out."""
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    await chat.tell("correct", id_number=OTHER)
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "验证码不对" in said.text
    assert len(outside.sent) == 1


async def test_an_agreement_stays_with_whom_it_was_for(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("add_family", ("relative", "妈"))
    await chat.tell(person_name="王秀英", id_number=MOTHER, phone=MOTHERS_PHONE)
    await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    said = await chat.tell("correct", person_name="王秀英")  # said once more
    assert "*英" in said.text
    outside.now += timedelta(minutes=2)
    assert (await chat.tell("correct", person_name="李桂兰")).expects == "sms_code"
    said = await chat.tell("correct", person_name="王秀英")
    assert said.expects != "sms_code"
    assert "登记好了" in (await chat.say("affirm")).text
    assert MOTHERS_PHONE not in str(chat.slots)
