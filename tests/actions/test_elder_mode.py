"""Elder mode: switched by words and buttons, kept with the account, offered to the old."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from integrations.hospital.elder_mode import suits
from integrations.hospital.models import Account
from integrations.runtime import Runtime

from .conftest import TODAY, Chat, Clinic


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
