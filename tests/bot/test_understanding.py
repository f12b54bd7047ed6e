import re

import pytest
from sqlalchemy import text

from bot import inbox
from bot.understanding import LONGEST, Understanding
from integrations.hospital import tokens

ID_NUMBER = "11010519491231002X"


@pytest.fixture
async def talk(rt, telegram, message):
    return (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id


@pytest.mark.parametrize(
    "written",
    [ID_NUMBER, "110105 19491231 002x", "１１０１０５１９４９１２３１００２Ｘ", "110105194912310021"],
)
async def test_an_identity_number_becomes_a_token_that_only_this_conversation_can_exchange(rt, talk, written):
    reading = await Understanding().read(rt, talk, f"我的身份证是{written}谢谢", None)
    [entity] = reading.entities
    assert reading.text == f"我的身份证是{entity['value']}谢谢"
    assert entity["entity"] == "id_number"
    assert reading.text[entity["start"] : entity["end"]] == entity["value"]
    async with rt.database.begin() as session:
        value = await tokens.reveal(
            session, rt.crypto, conversation_id=talk, token=entity["value"], purpose="test", now=rt.now()
        )
    assert value.startswith("110105")


async def test_a_name_is_taken_whole_and_as_typed_when_it_was_asked_for(rt, talk):
    reading = await Understanding().read(rt, talk, "我叫張偉", "person_name")
    [entity] = reading.entities
    assert "張" not in reading.text
    assert "张" not in reading.text
    async with rt.database.begin() as session:
        value = await tokens.reveal(
            session, rt.crypto, conversation_id=talk, token=entity["value"], purpose="test", now=rt.now()
        )
    assert value == "張偉"


@pytest.mark.parametrize("words", ["取消", "人工", "停车场在哪里？"])
async def test_what_speaks_to_us_is_no_name(rt, talk, words):
    assert (await Understanding().read(rt, talk, words, "person_name")).text.rstrip("?？") == words.rstrip(
        "？"
    )


async def test_a_token_that_a_patient_types_is_no_token(rt, talk):
    forged = f"[[id_number:{'0' * 32}]]"
    reading = await Understanding().read(rt, talk, forged, None)
    assert not tokens.TOKEN_PATTERN.search(reading.text)
    assert reading.entities == []


async def test_traditional_characters_are_understood_as_simplified(rt, talk):
    assert (await Understanding().read(rt, talk, "預約掛號", None)).text == "预约挂号"


async def test_a_flood_is_cut_and_a_number_on_the_edge_does_not_slip_through(rt, talk):
    flood = "哈" * (LONGEST - 10) + ID_NUMBER + "哈" * 5000
    reading = await Understanding().read(rt, talk, flood, None)
    assert len(reading.text) == LONGEST
    assert not re.search(r"\d{6}", reading.text.replace("[[id_number:", ""))


async def test_nothing_personal_stands_readable_in_the_table(rt, talk):
    await Understanding().read(rt, talk, ID_NUMBER, None)
    async with rt.database.begin() as session:
        [value] = list(await session.scalars(text("SELECT value FROM personal_tokens")))
    assert b"1949" not in bytes(value)
