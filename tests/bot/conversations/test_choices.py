"""Buttons and numbers: what a choice stands for, and what no patient can say."""

import pytest
import yaml
from sqlalchemy import text

from bot import intents
from integrations.messages import Kind
from integrations.settings import ROOT
from tests.bot.conversations.stored import one

BUTTONS = [
    {"title": "王建国 主任医师", "payload": '/inform{"schedule": "s1"}'},
    {"title": "李静 副主任医师", "payload": '/inform{"schedule": "s2"}'},
]


@pytest.mark.parametrize("words", ["/affirm", " /affirm", "\n\t/cut_link", "\u3000／affirm"])
async def test_a_patient_cannot_speak_in_our_commands(rasa, write, drain, words):
    accepted = await write(words)
    await drain(accepted.conversation_id)
    assert not rasa.turns[-1]["text"].strip().startswith("/")


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


def test_every_entry_of_the_menu_is_an_intent_of_the_domain():
    domain = yaml.load((ROOT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert {name for intent in domain["intents"] for name in intent} >= intents.MENU_INTENTS


async def test_a_long_answer_is_split_and_its_buttons_stand_last(telegram, rasa, write, drain):
    rasa.say["挂号"] = [{"text": "长" * 150, "buttons": BUTTONS}]
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    await drain(accepted.conversation_id)
    assert [(len(m.text), len(m.options)) for m in telegram.sent] == [(100, 0), (50, 2)]
