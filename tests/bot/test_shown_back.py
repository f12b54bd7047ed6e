"""What the patient typed is read back to them, and to nobody on the way."""

from __future__ import annotations

import pytest

from bot import inbox, shown_back
from bot.rasa import RasaReply
from integrations.hospital import tokens
from integrations.hospital.tokens import SHOWN_BACK

STREET = "中关村大街1号3号楼"


@pytest.fixture
async def talk(rt, telegram, message):
    return (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id


async def _token(rt, talk, kind):
    async with rt.database.begin() as session:
        return await tokens.mint(
            session, rt.crypto, conversation_id=talk, kind=kind, value=STREET, now=rt.now()
        )


async def test_what_is_to_be_shown_is(rt, talk):
    token = await _token(rt, talk, SHOWN_BACK)
    [said] = await shown_back.reveal(rt, talk, [RasaReply(f"北京市海淀区{token}对吗", [], "address")])
    assert said.text == f"北京市海淀区{STREET}对吗"
    assert said.expects == "address"


@pytest.mark.parametrize("kind", ["address", "id_number", "destination"])
async def test_nothing_else_is(rt, talk, kind):
    token = await _token(rt, talk, kind)
    [said] = await shown_back.reveal(rt, talk, [RasaReply(f"{token}。")])
    assert said.text == "＊＊＊。"


async def test_not_in_another_conversation(rt, telegram, message, talk):
    token = await _token(rt, talk, SHOWN_BACK)
    other = await inbox.accept(rt, telegram, message("你好", sender="another"), passive_until=None)
    [said] = await shown_back.reveal(rt, other.conversation_id, [RasaReply(token)])
    assert said.text == "＊＊＊"
