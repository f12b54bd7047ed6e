import asyncio

import pytest
from sqlalchemy import text

from bot import conversations, inbox, sweep
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.understanding import Reading
from integrations.messages import Kind, Location, Media
from tests.bot.conversations.stored import one
from tests.bot.handoff.turns import PlainReader


async def test_a_message_is_answered(rt, telegram, rasa, write, drain):
    accepted = await write("你好")
    await drain(accepted.conversation_id)
    assert telegram.texts == ["echo 你好"]
    assert rasa.turns[0]["conversation"] == accepted.conversation_id.hex
    assert rasa.turns[0]["message_id"] == accepted.inbound_id.hex
    assert await one(rt, "SELECT status FROM inbound") == "done"


async def test_how_long_the_patient_was_away_goes_along(rt, rasa, write, drain):
    for words in ("你好", "挂号", "确认"):
        accepted = await write(words)
        await drain(accepted.conversation_id)
        async with rt.database.begin() as session:
            await session.execute(text("UPDATE inbound SET received_at = received_at - interval '1 day'"))
    away = [turn["metadata"]["away"] for turn in rasa.turns]
    assert away[0] == 0
    assert all(86_400 <= seconds < 86_500 for seconds in away[1:])


async def test_what_the_platform_and_we_report_is_no_sign_of_the_patient(rt, rasa, write, drain):
    for words, kind in (("你好", Kind.TEXT), ("", Kind.EVENT), ("挂号", Kind.TEXT)):
        accepted = await write(words, kind=kind)
        await drain(accepted.conversation_id)
        async with rt.database.begin() as session:
            ago = text("UPDATE inbound SET received_at = received_at - interval '1 day'")
            await session.execute(ago)
    assert 172_800 <= rasa.turns[-1]["metadata"]["away"] < 172_900


async def test_a_place_brings_the_way_to_help_and_stays_with_us(telegram, rasa, write, drain):
    accepted = await write("", kind=Kind.LOCATION, location=Location(39.93, 116.46))
    await drain(accepted.conversation_id)
    said = "".join(telegram.texts)
    assert said.startswith("位置收到了。要叫救护车，请马上拨打120")
    assert "离您最近的本院急诊" in said
    assert said.endswith("echo /non_text")
    assert "39.9" not in str(rasa.turns)


async def test_pending_messages_are_answered_in_order(telegram, write, drain):
    for words in ("一", "二", "三"):
        accepted = await write(words)
    await drain(accepted.conversation_id)
    assert [words for sent in telegram.texts for words in sent.split("\n\n")] == [
        "echo 一",
        "echo 二",
        "echo 三",
    ]


async def test_a_burst_of_wake_ups_answers_each_message_once(rt, telegram, rasa, write, drain):
    for words in ("一", "二", "三"):
        accepted = await write(words)
    await asyncio.gather(
        *(conversations.drain(rt, PlainReader(), accepted.conversation_id) for _ in range(10))
    )
    assert sorted(turn["text"] for turn in rasa.turns) == ["一", "三", "二"]
    assert await one(rt, "SELECT count(*) FROM inbound WHERE status = 'pending'") == 0


async def test_a_message_that_comes_during_a_turn_is_answered_by_its_holder(rt, rasa, write):
    accepted = await write("一")
    answered = asyncio.Event()

    class Slow(PlainReader):
        async def read(self, rt, conversation_id, words, expects):
            if words == "一":
                await write("二")
                # Its wake-up finds the conversation locked and goes away.
                await conversations.drain(rt, PlainReader(), accepted.conversation_id)
                answered.set()
            return Reading(words, [])

    await conversations.drain(rt, Slow(), accepted.conversation_id)
    assert answered.is_set()
    assert [turn["text"] for turn in rasa.turns] == ["一", "二"]


@pytest.mark.parametrize(
    ("kind", "choice", "expected"),
    [
        (Kind.FOLLOW, "", "/greet"),
        (Kind.SCAN, "d7", "/greet"),
        (Kind.MENU, "book_appointment", "/book_appointment"),
        (Kind.MENU, 'inform{"x": 1}', "/help"),
        (Kind.IMAGE, "", "/non_text"),
        (Kind.VOICE, "", "/non_text"),
        (Kind.STICKER, "", "/non_text"),
    ],
)
async def test_what_is_no_text_has_an_intent(rasa, write, drain, kind, choice, expected):
    accepted = await write(kind=kind, choice=choice)
    await drain(accepted.conversation_id)
    assert rasa.turns[0]["text"] == expected
    assert rasa.turns[0]["metadata"]["kind"] == kind.value


@pytest.mark.parametrize("kind", [Kind.LINK, Kind.FILE])
async def test_the_title_of_what_was_shared_is_nothing_the_patient_says(rasa, write, drain, kind):
    accepted = await write("下周三上午心内科专家坐诊\nhttps://example.org/", kind=kind)
    await drain(accepted.conversation_id)
    assert rasa.turns[0]["text"] == "/non_text"
    assert rasa.turns[0]["metadata"]["kind"] == kind.value


async def test_a_line_beside_a_file_is_what_the_patient_says(rasa, write, drain):
    accepted = await write("这是上次的报告，想挂号", kind=Kind.FILE, media=Media("f1", "application/pdf"))
    await drain(accepted.conversation_id)
    assert rasa.turns[0]["text"] == "这是上次的报告，想挂号"


async def test_while_a_person_speaks_rasa_is_not_asked(rt, telegram, rasa, write, drain):
    accepted = await write("我要人工")
    async with rt.database.begin() as session:
        await change_control(session, accepted.conversation_id, ControlState.AGENT, rt.now())
    await drain(accepted.conversation_id)
    assert (rasa.turns, telegram.texts) == ([], [])
    assert await one(rt, "SELECT status FROM inbound") == "done"


async def test_a_turn_made_before_a_takeover_is_never_sent(rt, telegram, write, drain):
    accepted = await write("一")

    class Overtaken(PlainReader):
        async def read(self, rt, conversation_id, words, expects):
            async with rt.database.begin() as session:
                await change_control(session, conversation_id, ControlState.AGENT, rt.now())
            return Reading(words, [])

    await conversations.drain(rt, Overtaken(), accepted.conversation_id)
    assert telegram.texts == []
    assert await one(rt, "SELECT status FROM outbound") == "dropped"


async def test_a_message_of_our_own_is_a_turn(rt, rasa, write, drain):
    accepted = await write("一")
    for _ in range(2):
        async with rt.database.begin() as session:
            await inbox.accept_system(
                session, rt.crypto, accepted.conversation_id, external_id="event:1",
                payload='/page_completed{"purpose": "registration"}', now=rt.now(),
            )  # fmt: skip
    await drain(accepted.conversation_id)
    assert [turn["text"] for turn in rasa.turns] == ["一", '/page_completed{"purpose": "registration"}']


async def test_what_a_page_did_is_told_when_the_bot_has_control_again(
    rt, rasa, telegram, write, drain, clock
):
    """Meanwhile the patient's messages are a person's to read, and nothing of ours stands before them."""
    accepted = await write("一")
    conversation_id = accepted.conversation_id
    await drain(conversation_id)
    async with rt.database.begin() as session:
        await change_control(session, conversation_id, ControlState.WAITING, rt.now())
        await change_control(session, conversation_id, ControlState.AGENT, rt.now())
        await inbox.accept_system(
            session, rt.crypto, conversation_id, external_id="event:1",
            payload='/page_completed{"purpose": "registration"}', now=rt.now(),
        )  # fmt: skip
    await write("二")
    await drain(conversation_id)
    clock.forward(minutes=1)
    assert (await sweep.find(rt)).turns == []  # no worker goes round in circles for it
    assert [turn["text"] for turn in rasa.turns] == ["一"]
    async with rt.database.begin() as session:
        await change_control(session, conversation_id, ControlState.BOT, rt.now())
    assert (await sweep.find(rt)).turns == [conversation_id]
    await drain(conversation_id)
    assert [turn["text"] for turn in rasa.turns][1:] == ['/page_completed{"purpose": "registration"}']
    assert len(telegram.sent) == 2
