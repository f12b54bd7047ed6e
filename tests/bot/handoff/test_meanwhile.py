"""What a patient reads who asks for a person, waits, and goes on; through whole turns."""

import asyncio
from datetime import timedelta

import pytest

from bot import delivery, inbox
from bot.handoff import asked, queue, talking, timers
from bot.handoff.models import Skill
from bot.handoff.words import Asks, read
from bot.wake import DESK
from integrations.channel import Unknown
from integrations.hospital.models import Role
from integrations.hospital.staff import presence
from integrations.messages import Kind, MessageIn
from tests.bot.handoff.conftest import rows, state


@pytest.fixture
async def patient(rt, write):
    await write("你好")
    [row] = await rows(rt, "SELECT id FROM conversations")
    return row.id


async def test_without_anybody_at_the_desk_the_telephone_is_named(rt, write, patient):
    assert await write("我要人工") == ["人工请打 010-1"]
    assert await state(rt, patient) == ("bot", 0)


async def test_asking_waiting_and_leaving(rt, write, patient, rasa, telegram, agent):
    """The bot is silent, but says the place and lets go; what was open goes on."""
    [words] = await write("我要人工")
    assert "您是下一位" in words
    assert [option.title for option in telegram.sent[-1].options] == ["不等了"]
    turns = len(rasa.turns)
    assert await write("我的号约错了") == []
    [words] = await write("还要多久？")
    assert "您是下一位" in words
    assert "马上" not in words
    assert "现在还没有人在线，一有人就接您" in words
    [words] = await write(kind=Kind.MENU, choice="book_appointment")
    assert "不等了" in words
    [words] = await write("急救电话")
    assert "120" in words
    assert len(rasa.turns) == turns
    rasa.say['/handed_back{"purpose": "left"}'] = [
        {"text": "好的，不等了。哪个科？", "expects": "person_name"}
    ]
    assert await write("算了，不等了") == ["好的，不等了。哪个科？"]
    assert await state(rt, patient) == ("bot", 2)
    assert await write("心内科") == ["echo 心内科"]


async def test_who_may_not_have_read_that_they_wait_is_told_when_they_write(
    rt, write, patient, telegram, agent
):
    telegram.fail = [Unknown("timeout")]
    assert await write("我要人工") == []
    said = await write("我的号约错了")
    assert sum("您是下一位" in words for words in said) == 2  # again, and as it is by now
    assert telegram.sent[-1].options[0].title == "不等了"
    assert await write("真的约错了") == []


async def test_the_button_lets_go_as_well(rt, write, patient, telegram, agent, rasa):
    await write("我要人工")
    await write("", kind=Kind.CHOICE, choice=telegram.sent[-1].options[0].id)
    assert rasa.turns[-1]["text"] == '/handed_back{"purpose": "left"}'
    assert await state(rt, patient) == ("bot", 2)


async def test_who_takes_the_talk_meanwhile_is_not_talked_over(rt, write, patient, agent, clock, telegram):
    await write("我要人工")
    [row] = await rows(rt, "SELECT id FROM talks")
    async with rt.database.begin() as session:
        await talking.accept(session, rt, row.id, agent, clock())
    telegram.sent.clear()
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。"]
    for words in ("不等了", "还要多久", "取消"):
        assert await write(words) == []
    assert (await state(rt, patient))[0] == "agent"


async def test_out_of_hours_one_message_is_taken_and_the_bot_goes_on(
    rt, write, patient, agent, clock, rasa, telegram
):
    clock.time += timedelta(hours=11)  # 21:00
    [words] = await write("我要人工")
    assert "明天 8:00 起" in words
    assert "010" in words or rt.settings.hospital_phone in words
    assert await state(rt, patient) == ("bot", 0)
    await write("我上周的检查报告还没出来，麻烦看一下")
    assert rasa.turns[-1]["text"] == '/handed_back{"purpose": "message"}'
    assert await write("心内科") == ["echo 心内科"]
    [again] = await write("我要人工")
    assert "明天 8:00 起" in again
    await write("不用了")
    assert len(await rows(rt, "SELECT 1 FROM talks WHERE status = 'unanswered'")) == 1  # what was left before


async def test_a_message_of_the_night_is_answered_in_the_morning_where_it_was_left(
    rt, write, patient, hire, clock, act, telegram
):
    """Whoever is there first thing is asked to take it, and reads it; the bot is silent for the answer and goes on
    behind it."""
    agent = await hire(there=True)
    clock.time += timedelta(hours=11)  # 21:00
    await write("我要人工")
    await write("我上周的检查报告还没出来，麻烦看一下")
    clock.forward(hours=11, seconds=1)  # 8:00
    async with rt.database.begin() as session:
        await presence.seen(session, agent.id, clock())
    await timers.keep(rt)
    [talk] = await rows(rt, "SELECT id, staff_id FROM talks")
    assert talk.staff_id == agent.id
    await act(talking.accept, talk.id, agent)
    telegram.sent.clear()
    await act(talking.say, talk.id, agent, "报告出来了，在三楼取")
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。", "报告出来了，在三楼取"]
    assert await write("谢谢") == []
    await act(talking.close, talk.id, agent)
    assert await write("心内科") == ['echo /handed_back{"purpose": "closed"}', "echo 心内科"]


async def test_out_of_hours_who_leaves_no_message_is_not_waited_for(rt, write, patient, agent, clock, rasa):
    clock.time += timedelta(hours=11)
    await write("我要人工")
    await write("不用了")
    assert rasa.turns[-1]["text"] == '/handed_back{"purpose": "no_message"}'
    assert await rows(rt, "SELECT 1 FROM talks WHERE status = 'unanswered'") == []


@pytest.mark.parametrize("kind", [Kind.VOICE, Kind.IMAGE, Kind.VIDEO, Kind.FILE])
async def test_who_waits_and_sends_what_cannot_be_read_hears_the_number_once_in_a_while(
    rt, write, patient, agent, clock, kind
):
    await write("我要人工")
    [words] = await write(kind=kind)
    assert "120" in words
    assert await write(kind=kind) == []
    assert await write("你们看一下", kind=Kind.IMAGE) == []  # it has words, which were looked at
    clock.forward(minutes=6)
    [words] = await write(kind=kind)
    assert "120" in words
    await rows(rt, "UPDATE controls SET state = 'agent' RETURNING 1")
    clock.forward(minutes=6)
    assert await write(kind=kind) == []  # a person is there to look at it


async def test_the_desk_hears_of_what_it_shows(rt, write, patient, agent):
    async with rt.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(DESK)
        await pubsub.get_message(timeout=5)
        await write("停车多少钱")
        await write("我要人工")
        await write("在吗在吗我想问")
        heard = []
        async with asyncio.timeout(90):
            while len(heard) < 2:
                if found := await pubsub.get_message(timeout=5):
                    heard.append(found["data"].decode())
    assert heard == [patient.hex] * 2


async def test_what_waits_for_a_shut_window_says_so(rt, wechat, message, agent, clock, ask):
    accepted = await inbox.accept(
        rt, wechat, message("你好", channel="wechat", sender="openid"), passive_until=None
    )
    place = await ask(accepted.conversation_id)

    async def say(words):
        async with rt.database.begin() as session:
            [row] = await talking.say(session, rt, place.talk_id, agent, words, now=clock())
        await delivery.deliver(rt, accepted.conversation_id)
        [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
        return tuple(kept)

    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, agent, clock())
    assert await say("一") == ("sent", None)
    assert await say("二") == ("sent", None)
    assert await say("三") == ("queued", "quota used up")
    clock.forward(hours=49)
    assert await say("四") == ("queued", "window shut")
    await inbox.accept(rt, wechat, message("在", channel="wechat", sender="openid"), passive_until=None)
    await delivery.deliver(rt, accepted.conversation_id)
    assert wechat.texts[-1] == "三\n\n四"


MEANT = {
    Asks.LEAVE: (
        "不等了", "算了", "不排了", "不用等了", "算了不等了",
        "取消", "取消排队", "不用人工了", "不等啦，谢谢", "不等了吧",
        "stop waiting", "Cancel",
        "never mind", "Stop waiting please", "不等了！", "不排隊了", "算了，不等了",
    ),
    Asks.PLACE: (
        "还要多久", "还要等多久？", "到哪了",
        "排到第几了", "前面还有几个人", "到我了吗", "有人吗", "怎么还没人", "還要多久",
        "how long?", "How much longer",
        "where am I in the line?", "how many people are ahead of me", "人呢",
    ),
    Asks.HELP: ("急救电话", "120", "救护车", "Emergency", "ambulance"),
    Asks.NOTHING: (
        "我等了一小时还没出报告", "取消明天的号行不行", "报告要多久出来", "不等了我明天去医院自费挂号可以吗", "你好",
        "我爸不用住院了吧", "how long does the blood test take in your hospital", "有人吗我要投诉", "1",
    ),
}  # fmt: skip


def test_what_of_a_waiting_patient_s_words_is_for_us(clock):
    read_as = {
        said: read(MessageIn("telegram", "1", "p", Kind.TEXT, clock(), text=said), None)
        for words in MEANT.values()
        for said in words
    }
    assert read_as == {said: asks for asks, words in MEANT.items() for said in words}


async def test_a_pharmacist_is_asked_for_and_comes(rt, write, patient, hire, agent, rasa, telegram):
    """In the pharmacy's own line; where the hospital has none at the desk the telephone is named, though a supervisor
    could take it."""
    rasa.say['/talk_to_human{"purpose": "pharmacist"}'] = [
        {"text": "药师请打 010-1", "custom": {"handoff": {"skill": "pharmacy", "reason": "asked"}}}
    ]
    await hire("boss", role=Role.SUPERVISOR)
    assert await write("我想找药师") == ["药师请打 010-1"]
    pharmacist = await hire("yao", "小药", Role.PHARMACIST, there=True)
    [words] = await write("转药房")
    assert words.startswith("好的，正在为您接药师，您是下一位")
    assert await rows(rt, "SELECT skill, status FROM talks") == [("pharmacy", "waiting")]
    await timers.keep(rt)
    assert await rows(rt, "SELECT staff_id FROM talks") == [(pharmacist.id,)]


async def test_the_one_from_just_now_is_asked_for_in_their_own_line(rt, write, patient, hire, clock, rasa):
    assert await write("找刚才那位") == ['echo /talk_to_human{"purpose": "asked"}']
    pharmacist = await hire("yao", "小药", Role.PHARMACIST)
    async with rt.database.begin() as session:
        place = await queue.ask(session, rt, patient, Skill.PHARMACY)
        await talking.accept(session, rt, place.talk_id, pharmacist, clock())
        await talking.say(session, rt, place.talk_id, pharmacist, "饭后吃", now=clock())
        await talking.close(session, rt, place.talk_id, pharmacist, clock())
    await rows(rt, "UPDATE inbound SET status = 'done' RETURNING 1")
    assert (await write("找刚才那位"))[-1] == 'echo /talk_to_human{"purpose": "pharmacist"}'
    assert await write("我想找刚才的医生") == ['echo /talk_to_human{"purpose": "doctor_before"}']
    rasa.turns.clear()
    await write("刚才那位医生说饭后吃")
    assert rasa.turns[-1]["text"] == "刚才那位医生说饭后吃"


async def test_a_departments_doctors_are_asked_for_by_its_name(rt, patient):
    found = [{"entity": "department", "value": "d1", "start": 3}]
    command = await asked.command(rt, patient, "问一下心内科的医生", found)
    assert command == '/talk_to_human{"purpose": "doctor", "department": "d1"}'
    assert await asked.command(rt, patient, "挂心内科的医生", found) is None
