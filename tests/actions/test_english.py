"""A booking in English: all that the patient reads, the hospital's names too."""

from __future__ import annotations

import re

from integrations.hospital.models import Department, HospitalTerm
from integrations.runtime import Runtime

from .conftest import WEDNESDAY, Clinic, Said

HAN = re.compile(r"(?<!\*)[㐀-鿿]")  # but for masked names


def assert_english(said: Said) -> None:
    for words in (said.text, *said.buttons):
        assert not HAN.search(words), words


async def put_english(runtime: Runtime, clinic: Clinic) -> None:
    """English for what the clinic has."""
    async with runtime.database.begin() as session:
        for name, english in (
            ("心血管内科", "Cardiology"),
            ("骨科", "Orthopedics"),
            ("全科医学科", "General Practice"),
        ):
            if name in clinic.departments:
                department = await session.get(Department, clinic.departments[name])
                assert department
                department.name_en = english
        session.add_all(
            HospitalTerm(term=term, english=english)
            for term, english in {
                "主任医师": "Chief Physician",
                "副主任医师": "Associate Chief Physician",
                "主治医师": "Attending Physician",
                "本部院区": "Main Campus",
                "门诊楼": "Outpatient Building",
            }.items()
        )


async def test_a_booking_is_english_throughout(runtime: Runtime, clinic: Clinic) -> None:
    await put_english(runtime, clinic)
    await clinic.session("王建国", WEDNESDAY, fee_fen=5000)
    await clinic.session("李静", WEDNESDAY, fee_fen=3500)
    chat = await clinic.chat()
    chat.language = "en"
    offered = await chat.say(
        "book_appointment",
        ("department", clinic.departments["心血管内科"]),
        ("date", WEDNESDAY.isoformat()),
        ("period", "morning"),
    )
    assert_english(offered)
    assert offered.text.startswith("OK, Wed, Nov 25, morning, Cardiology")
    assert any(title.startswith("Li Jing · Associate Chief Physician") for title in offered.buttons)
    asked = await chat.say("inform", ("practitioner", clinic.doctors["李静"]))
    assert_english(asked)
    assert "Please confirm: Wed, Nov 25, 8:30 am, Dr. Li Jing (Associate Chief Physician)" in asked.text
    booked = await chat.say("affirm")
    assert_english(booked)
    assert "Wed, Nov 25, 8:30 am" in booked.text
    coming = await chat.say("my_appointments")
    assert_english(coming)


async def test_a_chosen_language_is_spoken_at_once(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("choose_language", ("language", "en"))
    assert said.text.startswith("OK, I speak English")
    chat.language = "en"
    asked = await chat.say("choose_language")
    assert '/choose_language{"language": "zh-Hant"}' in asked.buttons.values()
