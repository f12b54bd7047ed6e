"""Relatives of the tests, and how a child is added."""

from __future__ import annotations

from stdnum.cn import ric

from integrations.hospital import patients
from integrations.hospital.patients import PatientView

from .conftest import Chat, Said


def number(born: str, order: int = 101) -> str:
    body = f"110105{born}{order:03}"
    return body + ric.calc_check_digit(body + "0")


MOTHER, CHILD, TEEN = number("19600307", 102), number("20200512"), number("20101020")


FATHER = number("19580214")


MOTHERS_PHONE = "13987654321"


async def family(chat: Chat) -> list[PatientView]:
    async with chat.runtime.database.begin() as session:
        return await patients.acting_for(session, chat.contact.account_id)


async def add_child(chat: Chat, who: str = CHILD) -> Said:
    await chat.say("add_family", ("relation", "child"))
    said = await chat.tell(person_name="张小宝", id_number=who)
    assert "监护人" in said.text
    return await chat.press(said, "我是监护人")
