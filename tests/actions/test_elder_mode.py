"""Elder mode: switched by words and buttons, kept with the account, offered to the old."""

from __future__ import annotations

from datetime import date
from string import Formatter

import pytest
from sqlalchemy import select

from integrations.catalogue import Texts
from integrations.hospital.elder_mode import suits
from integrations.hospital.models import Account
from integrations.runtime import Runtime

from .conftest import TODAY, WEDNESDAY, Chat, Clinic


async def kept(runtime: Runtime, chat: Chat) -> bool:
    async with runtime.database.begin() as session:
        asked = select(Account.elder_mode).where(Account.id == chat.contact.account_id)
        return bool(await session.scalar(asked))


@pytest.mark.parametrize(
    "off", ["关闭长辈模式", "换回普通模式", "不用大字了", "turn off senior mode", "normal mode please"]
)
async def test_it_is_switched_on_and_off_in_words(clinic: Clinic, runtime: Runtime, off: str) -> None:
    chat = await clinic.chat()
    for on in ("长辈模式", "打开关怀模式", "字太多了说简单点"):
        said = await chat.say("elder_mode", text=on)
        assert "普通模式" in said.text
        assert await kept(runtime, chat)
    assert "已换回" in (await chat.say("elder_mode", text=off)).text
    assert not await kept(runtime, chat)


async def test_in_it_answers_are_shorter_and_a_person_comes_sooner(clinic: Clinic) -> None:
    chat = await clinic.chat()
    usual = await chat.say("help")
    chat.elder = True
    assert len((await chat.say("help")).text) < len(usual.text)
    await chat.say("book_appointment")
    said = await chat.say("nlu_fallback")
    assert "010" in said.text
    assert "找人工" in said.buttons


@pytest.mark.parametrize(("born", "old"), [(date(1961, 11, 22), True), (date(1961, 11, 23), False)])
def test_whom_it_is_offered_to(born: date, old: bool) -> None:
    assert suits(born, TODAY) is old


def test_texts_for_it_are_shorter_leave_nothing_blank_and_offer_three_at_most() -> None:
    texts = Texts.load()
    written = [key for key in texts if key.endswith("_elder") and key[: -len("_elder")] in texts]
    assert len(written) > 30
    for key in written:
        usual, elder = texts.variations(key.removesuffix("_elder")), texts.variations(key)
        filled = {name for one in usual for name in _blanks(one.text)}
        assert [one.language for one in elder] == [one.language for one in usual], key
        for before, after in zip(usual, elder, strict=True):
            assert _blanks(after.text) <= filled | {"phone"}, key
            assert len(after.buttons) <= 3, key
            assert len(after.text) < len(before.text), key


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


async def test_a_booking_in_it_says_less_and_asks_the_same(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    for symptoms in ("", "膝盖疼三天了"):
        lengths = []
        for elder in (False, True):
            chat.elder = elder
            said = await (
                chat.say("tell_symptoms", text=symptoms)
                if symptoms
                else chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
            )
            lengths.append((len(said.text), list(said.buttons.values())))
            await chat.say("cancel")
        (usual, offered), (short, offered_too) = lengths
        assert short < usual
        assert offered == offered_too
