"""Who is asked for, and what is said of it where the queue is not bot's to tell."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital.models import Patient
from tests.actions.bookings import HEART
from tests.actions.conftest import NOW, WEDNESDAY, Clinic
from tests.consultation_rows import Asker, Online


async def test_a_pharmacist_is_asked_for_in_the_pharmacys_line(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("talk_to_human", ("purpose", "pharmacist"))
    assert said.handoff == {"skill": "pharmacy", "reason": "asked"}
    assert "药师" in said.text
    assert "010" in said.text


async def test_doctors_are_asked_in_a_consultation_or_at_a_visit(clinic: Clinic) -> None:
    """Within a question as well, which stays open."""
    chat = await clinic.chat()
    named = ("department", clinic.departments[HEART])
    said = await chat.say("talk_to_human", ("purpose", "doctor"), named)
    assert said.handoff is None
    for words in ("在线问诊", "挂号", "120"):
        assert words in said.text
    wanted = f'{{"department": "{clinic.departments[HEART]}"}}'
    ways = [f"/online_consultation{wanted}", f"/book_appointment{wanted}", "/talk_to_human"]
    assert list(said.buttons.values()) == ways
    question = await chat.say("book_appointment")
    said = await chat.say("talk_to_human", ("purpose", "doctor"))
    assert "在线问诊" in said.text
    assert said.text.endswith(question.text.splitlines()[-1])


async def test_who_has_asked_a_doctor_hears_how_that_stands_and_afterwards_may_ask_the_same_again(
    clinic: Clinic,
) -> None:
    chat = await clinic.chat()
    rt = clinic.runtime
    online = await Online(rt.database, rt.crypto).open(practitioner=UUID(clinic.doctors["李静"]))
    async with rt.database.begin() as session:
        patient = (await session.scalars(select(Patient.id))).one()
    made = await online.ask(Asker(chat.contact.account_id, chat.contact.id, patient), NOW)
    await online.pay(made, NOW)
    assert "已经转给李静" in (await chat.say("talk_to_human", ("purpose", "doctor"))).text
    await online.expire(NOW + timedelta(days=1))
    said = await chat.say("talk_to_human", ("purpose", "doctor_before"))
    again = f'{{"practitioner": "{clinic.doctors["李静"]}"}}'
    assert list(said.buttons.values())[:2] == [f"/online_consultation{again}", f"/book_appointment{again}"]


@pytest.mark.parametrize(
    ("purpose", "reason"),
    [
        ("complaint", "complaint"),
        ("anger", "anger"),
        ("failed", "failed"),
        ("asked", "asked"),
        ("x", "asked"),
    ],
)
async def test_a_button_that_offers_a_person_says_why(clinic: Clinic, purpose: str, reason: str) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("talk_to_human", ("purpose", purpose))
    assert said.handoff == {"skill": "service", "reason": reason}


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("handed_back", "接下来由我帮您"),
        ("closed", "人工服务结束了"),
        ("consulted", "医生这边结束了"),
        ("left", "由我接着帮您"),
        ("given_up", "现在没人腾得出手"),
        ("message", "留言记下了"),
        ("no_message", "不留言了"),
    ],
)
async def test_when_the_bot_speaks_again_it_says_so_and_goes_on_where_it_was(
    clinic: Clinic, how: str, told: str
) -> None:
    """With all that was told before, nothing asked twice."""
    chat = await clinic.chat()
    await clinic.session("李静", WEDNESDAY)
    await chat.say("book_appointment", ("department", clinic.departments[HEART]))
    question = await chat.say("inform", ("practitioner", clinic.doctors["李静"]))
    before = (chat.form, chat.slots["booking"], chat.slots["requested_slot"])
    said = await chat.say("handed_back", ("purpose", how))
    assert told in said.text.splitlines()[0]
    assert said.text.endswith(question.text.splitlines()[-1])
    assert said.buttons == question.buttons
    assert (chat.form, chat.slots["booking"], chat.slots["requested_slot"]) == before
    assert said.handoff is None


async def test_when_nothing_was_open_it_asks_for_nothing(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("handed_back", ("purpose", "closed"))
    assert "人工服务结束了" in said.text
    assert not chat.form
    assert not said.expects
