"""Letting go of a patient, and taking consent back."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from integrations.hospital import accounts, patients
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    ConsentKind,
    PersonalToken,
    Relation,
)
from integrations.runtime import Runtime

from .accounts import NUMBER, OLD, owner, registers
from .conftest import WEDNESDAY, Chat, Clinic, Outside


async def test_unbinding_oneself_says_what_happens_and_leaves_a_way_back(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    said = await chat.say("unbind")
    assert "还有 1 个约好的号" in said.text
    assert "先取消预约" in said.buttons
    assert await owner(runtime, chat) is not None
    assert "已经解绑 *明" in (await chat.press(said, "确定解绑")).text
    assert await owner(runtime, chat) is None
    async with runtime.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 1
    assert "没有待就诊" in (await chat.say("my_appointments")).text
    assert "已经和这里关联好了" in (await registers(chat, outside, OLD)).text
    assert "1 个待就诊" in (await chat.say("my_appointments")).text


async def relative(clinic: Clinic, runtime: Runtime, chat: Chat) -> None:
    other = await clinic.chat()
    found = await owner(runtime, other)
    assert found is not None
    async with runtime.database.begin() as session:
        row = AccountPatient(
            account_id=chat.contact.account_id, patient_id=found.id, relation=Relation.PARENT
        )
        session.add(row)


async def test_with_several_people_it_asks_which_one(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    await relative(clinic, runtime, chat)
    said = await chat.say("my_profile")
    assert "在这里就诊的人：*明、*明" in said.text
    said = await chat.press(said, "解绑")
    assert "哪一位" in said.text
    said = await chat.say("inform", ("ordinal", 2))
    assert "确定解绑吗" in said.text
    assert "不解绑，一切照旧" in (await chat.say("deny")).text
    await chat.say("unbind")
    await chat.say("inform", ("ordinal", 2))
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        left = await patients.acting_for(session, chat.contact.account_id)
    assert [one.relation for one in left] == [Relation.SELF]


async def test_only_the_consent_for_abroad_is_withdrawn(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram")
    said = await chat.press(await chat.say("withdraw_consent"), "只撤回境外")
    assert "Telegram" in said.text
    await chat.press(said, "确定撤回")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        assert await accounts.missing_consents(session, contact) == {ConsentKind.DATA_ABROAD}


async def test_both_are_withdrawn_and_what_is_kept_is_said(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram")
    await relative(clinic, runtime, chat)
    said = await chat.press(await chat.say("withdraw_consent"), "两项都撤回")
    assert "15 年" in said.text
    assert "*明 的信息您也不能再在这里查看" in said.text
    await chat.press(said, "确定撤回")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        assert len(await accounts.missing_consents(session, contact)) == 2
    assert "同意" in (await chat.say("book_appointment")).text
    for intent in ("ask_hospital", "talk_to_human", "emergency_help", "my_appointments"):
        said = await chat.say(intent, ("topic", "address"))
        assert said.text


async def test_what_was_agreed_to_stands_until_it_is_withdrawn_whatever_the_version(
    clinic: Clinic, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    said = await chat.say("unbind")
    assert "还有 1 个约好的号" in said.text
    await chat.say("deny")
    said = await chat.say("withdraw_consent")
    assert "确定撤回同意吗" in said.text
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        assert await accounts.standing_consents(session, chat.contact) == set()
    assert "没有需要撤回" in (await chat.say("withdraw_consent")).text


async def test_a_new_version_of_the_notice_says_so(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await clinic.chat()
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    said = await chat.say("book_appointment")
    assert "新版本" in said.text
    assert "您同意吗" in said.text


async def test_what_was_typed_before_the_consent_is_not_kept_and_that_is_said(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.tell(person_name="张明", id_number=NUMBER)
    assert "没有留用" in said.text
    assert "您同意吗" in said.text
    assert "没有留用" in (await chat.tell(phone=OLD)).text
    async with runtime.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(PersonalToken)) == 0
    assert "没有留用" not in (await chat.say("greet")).text
