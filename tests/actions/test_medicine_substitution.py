"""Another medicine, where one is not to be had: the patient is asked before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital.pharmacy import substitutions
from tests.pharmacy_rows import NOW, PHARMACIST, Pharmacy

from .medicines import client_of


async def _substitution(chat: Any, pharmacy: Pharmacy, prescription: Any) -> None:
    async with chat.runtime.database.begin() as session:
        await substitutions.propose(
            session, pharmacy.crypto, prescription, old_code="NIF", code="AML", quantity=1, dose="每次1片",
            pharmacist=PHARMACIST, agreed_by=pharmacy.staff_no, reason="电话问过，无过敏史", now=NOW,
        )  # fmt: skip


async def test_another_medicine_is_agreed_to_before_anything_is_paid(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    for asking in ("my_prescriptions", "collect_medicine"):
        asked = await chat.say(asking)
        assert "换成 氨氯地平片 5mg×28片，1盒，每次1片，少付 ¥24.80" in asked.text
        assert "今天 23:59 前定下来" in asked.text
        assert list(asked.buttons) == ["同意换", "不换"]
    for intent, words in (("inform", "快递到家"), ("thanks", "谢谢"), ("nlu_fallback", "嗯哼")):
        assert "您同意换吗" in (await chat.say(intent, text=words)).text
    assert (await pharmacy.see(made)).lines[0].code == "NIF"
    went_on = await chat.say("give_consent", text="同意")
    assert "换好了" in went_on.text
    assert "药费 ¥32.60" in went_on.text
    assert (await pharmacy.see(made)).lines[0].code == "AML"


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        ("那就换吧", True),
        ("换", True),
        ("可以换", True),
        ("行，换成这个", True),
        ("同意换药", True),
        ("好的，换吧，没问题", True),
        ("ok, switch then", True),
        ("不要换", False),
        ("还是别换了吧", False),
        ("我要原来的药", False),
        ("keep the original", False),
    ],
)
async def test_a_yes_and_a_no_in_words_that_sound_like_something_else(
    clinic: Any, pharmacy: Pharmacy, words: str, accepted: bool
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    await chat.say("my_prescriptions")
    said = await chat.say("correct", text=words)
    assert ("换好了" if accepted else "照原来的") in said.text
    assert (await pharmacy.see(made)).lines[0].code == ("AML" if accepted else "NIF")


@pytest.mark.parametrize(
    ("words", "answered"),
    [
        ("换这个有什么不一样吗", "先问清楚再定"),
        ("为什么要换", "先问清楚再定"),
        ("可以换，不过我对这个过敏", "请不要同意换"),
        ("I'm allergic to that one", "请不要同意换"),
    ],
)
@pytest.mark.parametrize("intent", ["affirm", "ask_privacy", "nlu_fallback"])
async def test_a_question_or_an_allergy_is_no_yes(
    clinic: Any, pharmacy: Pharmacy, words: str, answered: str, intent: str
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    await chat.say("my_prescriptions")
    said = await chat.say(intent, text=words)
    assert answered in said.text
    assert "您同意换吗" in said.text
    assert list(said.buttons) == ["同意换", "不换", "找人工"]
    assert (await pharmacy.see(made)).lines[0].code == "NIF"


async def test_in_english_both_are_named_so(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    asked = await chat.say("my_prescriptions")
    assert "Nif 硝苯地平" in asked.text
    assert "Aml 氨氯地平片 5mg×28片, 1 × box, 1 tablet" in asked.text


async def test_a_no_leaves_it_as_it_is(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    said = await chat.press(await chat.say("my_prescriptions"), "不换")
    assert "照原来的" in said.text
    seen = await pharmacy.see(made)
    assert (seen.asked, seen.lines[0].code) == (None, "NIF")


async def test_an_answer_after_its_time_changes_nothing(
    clinic: Any, pharmacy: Pharmacy, outside: Any
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    await chat.say("my_prescriptions")
    outside.now = NOW.replace(hour=17)  # after midnight in Shanghai
    assert "已过有效期" in (await chat.say("affirm")).text
    assert (await pharmacy.see(made)).lines[0].code == "NIF"


async def test_one_that_staff_settled_meanwhile_is_settled(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "NIF")
    await _substitution(chat, pharmacy, made)
    await chat.say("my_prescriptions")
    async with chat.runtime.database.begin() as session:
        await substitutions.answer_by_phone(session, made, accepted=False, actor="staff:counter", now=NOW)
    assert "已经定过了" in (await chat.say("affirm")).text
    assert (await pharmacy.see(made)).lines[0].code == "NIF"
