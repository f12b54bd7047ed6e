from __future__ import annotations

import pytest

from integrations.hospital import accounts
from integrations.hospital.models import ConsentKind
from integrations.runtime import Runtime

from .conftest import Chat, Clinic


async def missing(runtime: Runtime, chat: Chat) -> set[ConsentKind]:
    async with runtime.database.begin() as session:
        return await accounts.missing_consents(session, chat.contact)


async def test_welcome_says_who_speaks_and_asks(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("greet")
    assert "导诊助手，不是医生" in said.text
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}
    await chat.press(said, "同意")
    assert await missing(runtime, chat) == set()
    assert "您同意吗" not in (await chat.say("greet")).text


async def test_telegram_asks_for_data_abroad_on_its_own(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram", consent=False, registered=False)
    said = await chat.press(await chat.say("greet"), "同意")
    assert "境外" in said.text
    assert await missing(runtime, chat) == {ConsentKind.DATA_ABROAD}
    await chat.say("affirm")
    assert await missing(runtime, chat) == set()


async def test_refusing_stores_nothing_and_may_be_reconsidered(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    said = await chat.say("refuse_consent")
    assert "不能在这里挂号" in said.text
    assert chat.form == ""
    assert chat.slots["booking"] is None
    await chat.say("give_consent")
    assert await missing(runtime, chat) == set()


async def test_a_yes_to_nothing_seen_gives_no_consent(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("give_consent")
    assert "您同意吗" in said.text
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}


@pytest.mark.parametrize("intent", ["ask_hospital", "talk_to_human", "emergency_help", "help"])
async def test_some_things_never_wait_for_consent(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say(intent, ("topic", "address"))
    assert said.text
    assert "您同意吗" not in said.text


async def test_withdrawing_is_confirmed_once(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    said = await chat.say("withdraw_consent")
    assert "撤回以后" in said.text
    assert await missing(runtime, chat) == set()
    await chat.press(said, "确定撤回")
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}
    assert "没有需要撤回" in (await chat.say("withdraw_consent")).text


async def test_withdrawing_can_be_left(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    await chat.say("withdraw_consent")
    await chat.say("deny")
    assert await missing(runtime, chat) == set()
