import asyncio

import httpx
import pytest
import yaml
from sqlalchemy import text

from bot import conversations, inbox, intents, sweep
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.understanding import Reading
from integrations.channel import Unknown
from integrations.messages import Kind, Location, Media
from integrations.settings import ROOT

BUTTONS = [
    {"title": "王建国 主任医师", "payload": '/inform{"schedule": "s1"}'},
    {"title": "李静 副主任医师", "payload": '/inform{"schedule": "s2"}'},
]


class Plain:
    """Understands nothing: the words go on as they came."""

    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


@pytest.fixture
def drain(rt):
    async def run(conversation):
        await conversations.drain(rt, Plain(), conversation)
        await rt.redis.flushall()  # the pace of one message a second

    return run


@pytest.fixture
def write(rt, telegram, message):
    async def run(words="", **more):
        return await inbox.accept(rt, telegram, message(words, **more), passive_until=None)

    return run


async def one(rt, statement):
    async with rt.database.begin() as session:
        return await session.scalar(text(statement))


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


@pytest.mark.parametrize("words", ["/affirm", " /affirm", "\n\t/cut_link", "\u3000／affirm"])
async def test_a_patient_cannot_speak_in_our_commands(rasa, write, drain, words):
    accepted = await write(words)
    await drain(accepted.conversation_id)
    assert not rasa.turns[-1]["text"].strip().startswith("/")


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
    await asyncio.gather(*(conversations.drain(rt, Plain(), accepted.conversation_id) for _ in range(10)))
    assert sorted(turn["text"] for turn in rasa.turns) == ["一", "三", "二"]
    assert await one(rt, "SELECT count(*) FROM inbound WHERE status = 'pending'") == 0


async def test_a_message_that_comes_during_a_turn_is_answered_by_its_holder(rt, rasa, write):
    accepted = await write("一")
    answered = asyncio.Event()

    class Slow(Plain):
        async def read(self, rt, conversation_id, words, expects):
            if words == "一":
                await write("二")
                # Its wake-up finds the conversation locked and goes away.
                await conversations.drain(rt, Plain(), accepted.conversation_id)
                answered.set()
            return Reading(words, [])

    await conversations.drain(rt, Slow(), accepted.conversation_id)
    assert answered.is_set()
    assert [turn["text"] for turn in rasa.turns] == ["一", "二"]


@pytest.mark.parametrize("answer", ["2", "２", "二", "2号", "选2", "第二个", "李静", "李静 副主任医师"])
async def test_a_choice_is_matched_before_anything_is_understood(telegram, rasa, write, drain, answer):
    rasa.say["挂号"] = [{"text": "选医生", "buttons": BUTTONS}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await write(answer)
    await drain(accepted.conversation_id)
    assert rasa.turns[-1]["text"] == BUTTONS[1]["payload"]


async def test_a_number_after_the_question_for_stars_is_no_choice_of_an_earlier_one(rt, rasa, write, drain):
    rasa.say["你好"] = [{"text": "想办什么？", "buttons": BUTTONS}]
    accepted = await write("你好")
    await drain(accepted.conversation_id)
    async with rt.database.begin() as session:
        await session.execute(
            text(
                "INSERT INTO outbound (conversation_id, content, epoch, status, notice, created_at)"
                " SELECT conversation_id, content, epoch, 'sent', 'rating_asked', now() + interval '1 minute'"
                " FROM outbound LIMIT 1"
            )
        )
    await write("2")
    await drain(accepted.conversation_id)
    assert rasa.turns[-1]["text"] == "2"
    await write("1")  # the question before it is answered by now
    await drain(accepted.conversation_id)
    assert rasa.turns[-1]["text"] == "1"


async def test_a_button_is_pressed_once(telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "选医生", "buttons": BUTTONS}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    [question] = telegram.sent
    for _ in range(2):
        await write(kind=Kind.CHOICE, choice=question.options[0].id)
        await drain(accepted.conversation_id)
    assert [turn["text"] for turn in rasa.turns] == ["挂号", BUTTONS[0]["payload"]]
    assert len(telegram.sent) == 3  # the second press is answered too


async def test_a_button_of_an_earlier_question_offers_the_present_one_again(telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "选医生", "buttons": BUTTONS}]
    rasa.say["换个科"] = [{"text": "选科室", "buttons": [{"title": "内科", "payload": "/inform"}]}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await write("换个科")
    await drain(accepted.conversation_id)
    await write(kind=Kind.CHOICE, choice=telegram.sent[0].options[0].id)
    await drain(accepted.conversation_id)
    assert [option.title for option in telegram.sent[-1].options] == ["内科"]
    assert len(rasa.turns) == 2
    await write(kind=Kind.CHOICE, choice=telegram.sent[-1].options[0].id)
    await drain(accepted.conversation_id)
    assert rasa.turns[-1]["text"] == "/inform"


async def test_whoever_pressed_an_old_button_often_may_press_any_of_the_answers(telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "选医生", "buttons": BUTTONS}]
    rasa.say["换个科"] = [{"text": "选科室", "buttons": [{"title": "内科", "payload": "/inform"}]}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await write("换个科")
    await drain(accepted.conversation_id)
    for _ in range(3):  # nothing answered for a while
        await write(kind=Kind.CHOICE, choice=telegram.sent[0].options[0].id)
    await drain(accepted.conversation_id)
    await write(kind=Kind.CHOICE, choice=telegram.sent[-3].options[0].id)
    await drain(accepted.conversation_id)
    assert rasa.turns[-1]["text"] == "/inform"


async def test_a_stale_button_leaves_the_open_question_open(rt, telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "选医生", "buttons": BUTTONS}]
    rasa.say["注册"] = [{"text": "您的姓名？", "buttons": [], "expects": "person_name"}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await write("注册")
    await drain(accepted.conversation_id)
    await write(kind=Kind.CHOICE, choice=telegram.sent[0].options[0].id)
    await drain(accepted.conversation_id)
    assert await one(rt, "SELECT expects FROM conversations") == "person_name"


async def test_a_patient_cannot_speak_in_intents(rasa, write, drain):
    accepted = await write('/confirm{"schedule": "s1"}')
    await drain(accepted.conversation_id)
    assert not rasa.turns[0]["text"].startswith("/")


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

    class Overtaken(Plain):
        async def read(self, rt, conversation_id, words, expects):
            async with rt.database.begin() as session:
                await change_control(session, conversation_id, ControlState.AGENT, rt.now())
            return Reading(words, [])

    await conversations.drain(rt, Overtaken(), accepted.conversation_id)
    assert telegram.texts == []
    assert await one(rt, "SELECT status FROM outbound") == "dropped"


@pytest.mark.parametrize("down", [httpx.ConnectError("refused"), 503])
async def test_a_rasa_that_is_down_is_waited_for_without_counting(
    rt, telegram, rasa, write, drain, clock, down
):
    rasa.fail = [down] * 5
    accepted = await write("一")
    for _ in range(5):
        await drain(accepted.conversation_id)
        assert (await sweep.find(rt)).turns == []
        clock.forward(seconds=3)
        assert (await sweep.find(rt)).turns == [accepted.conversation_id]
    await drain(accepted.conversation_id)
    assert telegram.texts == ["echo 一"]
    assert await one(rt, "SELECT attempts FROM inbound") == 0


async def test_who_waits_long_for_rasa_is_told_so_once(rt, telegram, rasa, write, drain, clock):
    rasa.fail = [503] * 12
    accepted = await write("一")
    for _ in range(12):
        await drain(accepted.conversation_id)
        clock.forward(seconds=3)
    [told] = telegram.texts
    assert rt.settings.hospital_phone in told
    assert "120" in told
    await drain(accepted.conversation_id)
    assert telegram.texts == [told, "echo 一"]


async def test_after_three_real_failures_the_patient_gets_an_apology_and_goes_on(
    rt, telegram, rasa, write, drain, clock
):
    rasa.fail = [500, httpx.ReadTimeout("slow"), 409]
    accepted = await write("一")
    for _ in range(3):
        await drain(accepted.conversation_id)
        clock.forward(seconds=5)
    assert await one(rt, "SELECT status FROM inbound") == "failed"
    assert len(telegram.texts) == 1
    assert rt.settings.hospital_phone in telegram.texts[0]
    await write("二")
    await drain(accepted.conversation_id)
    assert telegram.texts[1] == "echo 二"


async def test_a_failing_message_holds_back_the_later_ones(rt, rasa, write, drain, clock):
    rasa.fail = [500]
    accepted = await write("一")
    await write("二")
    await drain(accepted.conversation_id)
    assert len(rasa.turns) == 1
    clock.forward(seconds=5)
    await drain(accepted.conversation_id)
    assert [turn["text"] for turn in rasa.turns] == ["一", "一", "二"]


async def test_what_may_not_have_arrived_is_said_again_once_in_the_next_answer(rt, telegram, write, drain):
    telegram.fail = [Unknown("timeout")]
    accepted = await write("一")
    await drain(accepted.conversation_id)
    await write("二")
    await drain(accepted.conversation_id)
    await drain(accepted.conversation_id)
    assert "echo 一" in telegram.texts[0]
    assert telegram.texts[-1] == "echo 二"
    await write("三")
    await drain(accepted.conversation_id)
    assert telegram.texts[-1] == "echo 三"
    assert sum("echo 一" in words for words in telegram.texts) == 1


async def test_a_long_answer_is_split_and_its_buttons_stand_last(telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "长" * 150, "buttons": BUTTONS}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await drain(accepted.conversation_id)
    assert [(len(m.text), len(m.options)) for m in telegram.sent] == [(100, 0), (50, 2)]


async def test_a_forgotten_message_is_found_by_the_sweep(rt, write, clock):
    accepted = await write("一")
    assert (await sweep.find(rt)).turns == []
    clock.forward(seconds=3)
    assert (await sweep.find(rt)).turns == [accepted.conversation_id]


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


async def test_dialogs_that_say_nothing_are_no_silence_for_the_patient(rt, telegram, rasa, write, drain):
    rasa.say["挂号"] = []
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    assert rt.settings.hospital_phone in telegram.texts[0]


def test_every_entry_of_the_menu_is_an_intent_of_the_domain():
    domain = yaml.load((ROOT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert {name for intent in domain["intents"] for name in intent} >= intents.MENU_INTENTS


async def test_what_is_said_again_fits_into_messages_too(rt, telegram, write, drain):
    long = "字" * 90  # the platform of these tests takes 100
    accepted = await write(long)
    telegram.fail = [Unknown()]
    await drain(accepted.conversation_id)
    await write("还在吗")
    await drain(accepted.conversation_id)
    said = "".join(telegram.texts)
    assert all(telegram.fits(words) for words in telegram.texts)
    assert long in said
    assert "echo 还在吗" in said
