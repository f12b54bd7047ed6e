"""Relatives with other documents than an identity card."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from stdnum.cn import ric

from integrations.hospital.models import (
    DocumentKind,
    Patient,
    PatientStatus,
)

from .conftest import Clinic, Outside
from .families import number


@pytest.mark.parametrize(
    ("kind", "typed", "masked"),
    [
        ("passport", "e1234 5678", "E******78"),
        ("hk_macau_permit", "H0123456701", "H******67"),
        ("taiwan_permit", "01234567", "0*****67"),
    ],
)
async def test_a_document_that_staff_check(
    clinic: Clinic, outside: Outside, kind: str, typed: str, masked: str
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await chat.tell(person_name="John Smith")
    assert said.buttons
    assert chat.slots["requested_slot"] == "document"
    said = await chat.say("inform", ("document", kind))
    assert said.expects == "id_document"
    said = await chat.tell(id_number="12")
    assert said.text
    assert said.expects == "id_document"
    said = await chat.tell(id_number=typed)
    assert masked in said.text
    assert said.expects == "birth_date"
    said = await chat.tell(birth_date="2999-01-01")
    assert "还没有到" in said.text
    said = await chat.tell(birth_date="1985-04-01")
    said = await chat.press(said, "男")
    assert said.expects == "phone"
    said = await chat.tell(phone="13812345678")
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "J. S.，" in said.text
    assert masked in said.text
    said = await chat.say("affirm")
    assert "工作人员第一次就诊时核对" in said.text
    async with chat.runtime.database.begin() as session:
        kept = (await session.scalars(select(Patient))).one()
    assert (kept.document, kept.status, kept.birth_date) == (
        DocumentKind(kind),
        PatientStatus.REVIEW,
        date(1985, 4, 1),
    )
    assert typed not in str(chat.slots)


async def test_an_identity_number_where_another_document_was_chosen_by_mistake_is_taken(
    clinic: Clinic,
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="陈大文")
    await chat.say("correct", ("field", "document"))
    said = await chat.say("inform", ("document", "passport"))
    assert said.expects == "id_document"
    said = await chat.tell(id_number="11010119900307123X")  # its last digit is wrong
    assert said.expects == "id_document"
    said = await chat.tell(id_number=number("19900307"))
    assert said.expects == "phone"


async def test_a_foreign_number_asks_for_its_kind_once(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="陈大文")
    said = await chat.tell(id_number="H01234567")
    assert chat.slots["requested_slot"] == "document"
    said = await chat.press(said, "港澳居民来往内地")
    assert said.expects == "birth_date"  # the number is not asked again


async def test_a_residence_permit_shows_itself(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    body = "81000019900307013"
    said = await chat.tell(person_name="陈大文", id_number=body + ric.calc_check_digit(body + "0"))
    assert said.expects == "phone"
    assert chat.slots["registration"]["document"] == "residence_permit"


async def test_another_document_by_the_button_and_back(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await chat.tell(person_name="张小明")
    said = await chat.press(said, "用护照")
    assert "哪种证件" in said.text
    said = await chat.press(said, "护照")
    assert said.expects == "id_document"
    said = await chat.say("go_back")
    assert said.expects == "id_number"
    said = await chat.say("cancel")
    assert "没有保存" in said.text
