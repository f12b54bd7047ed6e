from __future__ import annotations

import os
from pathlib import Path

from actions.hospital_questions import FOLDER, read_question
from integrations.settings import Settings

from .conftest import Clinic

SETTINGS = Settings(_env_file=None, hospital_phone="010-1")  # type: ignore[call-arg]


def test_an_edited_page_is_read_again(tmp_path: Path) -> None:
    page = tmp_path / "parking.md"
    page.write_text("# 停车\n请打 {hospital_phone}。\n", "utf-8")
    assert read_question("parking", SETTINGS, tmp_path).text == "请打 010-1。"
    page.write_text("# 停车\n满了。\n", "utf-8")
    os.utime(page, ns=(1, 1))
    assert read_question("parking", SETTINGS, tmp_path).text == "满了。"


def test_a_page_in_the_patients_language(tmp_path: Path) -> None:
    (tmp_path / "parking.md").write_text("# 停车\n东门。\n", "utf-8")
    (tmp_path / "hours.md").write_text("# 时间\n每天。\n", "utf-8")
    (tmp_path / "parking.en.md").write_text("# Parking\nEast gate.\n", "utf-8")
    assert read_question("parking", SETTINGS, tmp_path, "en").title == "Parking"
    assert read_question("parking", SETTINGS, tmp_path, "zh-Hant").text == "东门。"
    assert read_question("hours", SETTINGS, tmp_path, "en").text == "每天。"


def test_every_page_stands_in_english_too() -> None:
    pages = {path.stem for path in FOLDER.glob("*.md")}
    assert {f"{topic}.en" for topic in pages if "." not in topic} <= pages


async def test_place_words_alone_mean_the_hospital(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    assert "康宁路" in (await chat.say("ask_hospital", ("topic", "address"))).text
    assert "药房" in (await chat.say("ask_hospital", ("topic", "address"), ("topic", "pharmacy"))).text


async def test_a_department_is_found_in_the_directory(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital", ("department", clinic.departments["骨科"]), ("topic", "address"))
    assert said.text == "骨科在本部院区门诊楼3层。"


async def test_without_a_topic_all_are_offered(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("ask_hospital")
    assert '/ask_hospital{"topic": "parking"}' in said.buttons.values()
    assert not any("privacy" in payload for payload in said.buttons.values())


async def test_kinds_that_cannot_be_read_name_120(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    for kind in ("voice", "image", "video", "event"):
        assert "120" in (await chat.say("non_text", kind=kind)).text
