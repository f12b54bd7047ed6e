"""The language of a conversation: what the patient writes or has chosen, in all that bot says by itself."""

import asyncio

import pytest
from sqlalchemy import text

from bot import conversations, inbox, sweep
from bot.understanding import Reading
from integrations.hospital import events
from integrations.hospital.events import EventKind
from integrations.messages import Kind


class Plain:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


@pytest.fixture
def say(rt, telegram, message):
    """One message, answered; gives the conversation."""

    async def run(words="", **more):
        accepted = await inbox.accept(rt, telegram, message(words, **more), passive_until=None)
        await conversations.drain(rt, Plain(), accepted.conversation_id)
        await rt.redis.flushall()  # the pace of one message a second
        return accepted.conversation_id

    return run


async def spoken(rt):
    async with rt.database.begin() as session:
        return tuple(
            (await session.execute(text("SELECT language, language_chosen FROM conversations"))).one()
        )


@pytest.mark.parametrize(("tag", "language"), [("en-GB", "en"), ("zh-TW", "zh-Hant"), ("", "zh-Hans")])
async def test_the_first_guess_is_the_phones(rt, rasa, say, tag, language):
    await say(kind=Kind.FOLLOW, language=tag)
    assert rasa.turns[0]["metadata"]["language"] == language
    assert await spoken(rt) == (language, False)


async def test_language_follows_the_patient_at_once(rt, rasa, say):
    for words in ("我要挂号", "can I book cardiology?", "ok", "2", "CT", "下週三上午", "明天", "现在挂号"):
        await say(words)
    told = [turn["metadata"]["language"] for turn in rasa.turns]
    assert told == ["zh-Hans", "en", "en", "en", "en", "zh-Hant", "zh-Hant", "zh-Hans"]
    assert await spoken(rt) == ("zh-Hans", False)


@pytest.mark.parametrize(
    "words", ["hello", "Hi!", "good morning", "book", "Appointment.", "my", "ok", "/book"]
)
async def test_a_greeting_or_a_journey_alone_is_english_where_nothing_was_asked(rt, rasa, say, words):
    await say(words)
    english = words not in ("my", "ok", "/book")
    assert rasa.turns[0]["metadata"]["language"] == ("en" if english else "zh-Hans")


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "您叫什么名字？", "expects": "person_name"},
        {"text": "哪个科？", "buttons": [{"title": "心内科", "payload": '/inform{"department": "1"}'}]},
        {"text": "确定吗？", "buttons": [{"title": "确定", "payload": "/affirm"}]},
    ],
)
async def test_where_a_question_is_open_one_word_says_nothing_of_the_language(rt, rasa, say, asked):
    rasa.say["挂号"] = [asked]
    await say("挂号")
    await say("hello")
    assert rasa.turns[-1]["metadata"]["language"] == "zh-Hans"


async def test_a_menu_and_the_welcome_are_no_question(rt, rasa, say):
    for payload in ("/book_appointment", "/give_consent"):
        rasa.say["您好"] = [{"text": "您好", "buttons": [{"title": "挂号", "payload": payload}]}]
        await say("您好")
        await say("hello")
        assert rasa.turns[-1]["metadata"]["language"] == "en"


async def test_a_pressed_button_says_nothing_of_the_language(rt, rasa, say):
    await say("can I book cardiology?")
    await say("我的预约", kind=Kind.MENU, choice="my_appointments")
    assert await spoken(rt) == ("en", False)


async def test_a_chosen_language_stays(rt, rasa, say):
    rasa.say["English please"] = [{"text": "OK, English", "language": "en"}]
    await say("English please")
    await say("我要挂号，下周三上午")
    assert await spoken(rt) == ("en", True)
    assert rasa.turns[1]["metadata"]["language"] == "en"
    rasa.say["换成中文"] = [{"text": "好的", "language": "zh-Hans"}]
    await say("换成中文")
    assert await spoken(rt) == ("zh-Hans", True)


async def test_what_leaves_is_traditional_buttons_too(rt, telegram, rasa, say):
    rasa.say["我要掛號"] = [
        {"text": "请问挂哪个科？", "buttons": [{"title": "心内科", "payload": "/inform"}]}
    ]
    await say("我要掛號")
    assert telegram.texts == ["請問掛哪個科？"]
    assert [option.title for option in telegram.sent[0].options] == ["心內科"]
    assert telegram.sent[0].language == "zh-Hant"


async def test_a_choice_is_answered_in_traditional(rt, rasa, say):
    rasa.say["我要掛號"] = [{"text": "哪个科？", "buttons": [{"title": "心血管内科", "payload": "/inform"}]}]
    await say("我要掛號")
    await say("心血管內科")
    assert rasa.turns[-1]["text"] == "/inform"


async def test_bot_itself_speaks_the_language(rt, telegram, rasa, say):
    await say("can I book cardiology?")
    await say("I want to see a doctor tomorrow", kind=Kind.EDIT)
    assert telegram.texts[-1].startswith("I see that you edited")
    await say(kind=Kind.CHOICE, choice="gone:0")
    assert telegram.texts[-1].startswith("That button belongs")
    rasa.fail = [500, 500, 500]
    conversation = await say("what are the opening hours")
    for _ in range(3):
        rt.now.forward(seconds=10)
        await conversations.drain(rt, Plain(), conversation)
    assert telegram.texts[-1].startswith("Sorry, something went wrong")


@pytest.mark.parametrize(
    ("words", "number", "beginning"),
    [
        ("I have crushing chest pain", "120", "This may be dangerous"),
        ("我胸口壓榨樣疼痛，劇痛", "120", "這可能很危險"),
        ("i want to kill myself", "12356", "Thank you for telling me"),
        ("我不想活了", "12356", "谢谢您告诉我"),
        ("我不想活了，真的沒有意義", "12356", "謝謝您告訴我"),
    ],
)
async def test_an_alarm_is_answered_in_the_language_of_the_cry(rt, telegram, say, words, number, beginning):
    await say(words)
    assert telegram.texts[-1].startswith(beginning)
    assert number in telegram.texts[-1]


async def test_news_of_the_hospital_come_in_the_language(rt, telegram, say):
    conversation = await say("can I book cardiology?")
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        await events.emit(
            session,
            EventKind.HOLD_EXPIRED,
            account_id=account,
            contact_id=conversation,
            payload={"order_no": "R1"},
        )
    await sweep.hospital(rt)
    await asyncio.sleep(0)
    await conversations.drain(rt, Plain(), conversation)
    assert telegram.texts[-1].startswith("Order R1 was not paid in time")
