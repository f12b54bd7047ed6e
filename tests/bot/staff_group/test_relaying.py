"""What the group is told, and what it must never hear."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from bot import delivery, inbox, media, unknown_sends
from bot.errands import Errands
from bot.handoff import queue, talking, timers
from bot.handoff.models import AnsweredIn, Skill
from bot.staff_group import relaying, work
from bot.wake import DESK, tell_desk
from integrations.channel import Throttled
from integrations.hospital.models import AccountPatient, Contact, Relation, Role, Sex
from integrations.messages import Kind, Media, Picture
from tests.bot.handoff.conftest import rows
from tests.bot.staff_group.conftest import GROUP, PNG
from tests.clinic_rows import known_patient, ward


@pytest.fixture
def writes(rt, message):
    async def write(words: str, channel: str = "telegram", **more):
        said = message(words, channel=channel, **more)
        return await inbox.accept(rt, rt.channels[channel], said, passive_until=None)

    return write


@pytest.fixture
def act(rt, clock):
    async def do(what, talk_id, member, *words, **more):
        async with rt.database.begin() as session:
            return await what(session, rt, talk_id, member, *words, now=clock(), **more)

    return do


async def named(rt, conversation) -> None:
    """李静 has a file."""
    async with rt.database.begin() as session:
        person = known_patient("*静", date(1990, 1, 1), Sex.FEMALE)
        session.add(person)
        await session.flush()
        account = await session.scalar(select(Contact.account_id).where(Contact.id == conversation))
        session.add(AccountPatient(account_id=account, patient_id=person.id, relation=Relation.SELF))


async def test_a_patient_gets_a_topic_with_a_masked_name_and_what_they_say(
    rt, telegram, arrive, ask, keep, writes, clock
):
    patient = await arrive(words="转人工")
    await named(rt, patient)
    await ask(patient)
    clock.forward(seconds=5)
    await writes("我的身份证号 110101199003078515，手机 13812345678")
    await keep()
    assert list(telegram.topics.values()) == ["*静"]
    waiting, asked, said = telegram.lines
    assert "/take" in waiting
    assert asked == "患者：转人工"
    assert "110101199003078515" not in said
    assert "13812345678" not in said
    assert said.startswith("患者：我的身份证号 ")
    before = list(telegram.told)
    await keep()
    assert telegram.told == before


async def test_a_patient_without_a_file_has_a_number_and_no_name(telegram, patient, ask, keep):
    await ask(patient)
    await keep()
    assert list(telegram.topics.values()) == [f"访客 {patient.hex[-4:].upper()}"]


async def test_no_patient_of_wechat_comes_into_the_group(
    rt, telegram, wechat, arrive, ask, agent, act, keep, writes
):
    theirs = await arrive(channel="wechat", words="我胸口不舒服")
    place = await ask(theirs)
    await keep()
    await act(talking.accept, place.talk_id, agent)
    await writes("张三，电话 13812345678", channel="wechat")
    await act(talking.say, place.talk_id, agent, "您好")
    await keep()
    await act(talking.close, place.talk_id, agent)
    await keep()
    assert (telegram.topics, telegram.told) == ({}, [])
    assert await rows(rt, "SELECT 1 FROM staff_topics UNION ALL SELECT 1 FROM staff_relays") == []


@pytest.mark.parametrize("channel", ["wechat", "telegram"])
async def test_the_database_itself_refuses_a_topic_for_them(rt, arrive, channel):
    theirs = await arrive(channel="wechat")
    with pytest.raises(IntegrityError):
        async with rt.database.begin() as session:
            await session.execute(
                text(
                    "INSERT INTO staff_topics (conversation_id, channel, group_id) VALUES (:id, :channel, 1)"
                ),
                {"id": theirs, "channel": channel},
            )


async def test_talks_with_doctors_and_consultations_stay_at_the_desk(telegram, arrive, ask, keep):
    for at, skill in enumerate((Skill.DOCTOR, Skill.PHARMACY)):
        await ask(await arrive(f"p{at}"), skill)
    await keep()
    assert telegram.topics == {}


async def test_talks_that_are_none_of_the_groups_stand_in_no_others_way(
    rt, telegram, arrive, ask, agent, act, keep, clock, monkeypatch
):
    """Of patients who had a topic once."""
    for name in ("a", "b"):
        patient = await arrive(name)
        talk_id = (await ask(patient)).talk_id
        await keep()
        await act(talking.accept, talk_id, agent)
        await act(talking.close, talk_id, agent)
        await keep()
        clock.forward(minutes=1)
        await ask(patient, Skill.PHARMACY)
    clock.forward(minutes=1)
    await ask(await arrive("c"))
    monkeypatch.setattr(relaying, "_MOST", 1)
    told = len(telegram.lines)
    await keep()
    [line] = telegram.lines[told:][:1]
    assert "/take" in line


async def test_what_was_said_to_the_bot_before_is_not_told(rt, telegram, arrive, ask, keep, writes, clock):
    patient = await arrive(words="我叫李静")
    clock.forward(seconds=20)
    await writes("转人工")
    clock.forward(seconds=1)
    await ask(patient)
    await keep()
    assert telegram.lines[1:] == ["患者：转人工"]


async def test_a_message_left_out_of_hours_is_told_of_when_somebody_is_there_and_without_its_words(
    telegram, patient, ask, keep, writes, clock
):
    clock.forward(hours=12)  # ten in the evening
    place = await ask(patient)
    await writes("我要投诉停车场")
    await keep()
    assert telegram.told == []
    clock.time = place.opens_at
    clock.forward(minutes=1)
    await keep()
    assert [line[:6] for line in telegram.lines] == ["✉️ 有留言"[:6]]


async def test_a_picture_holds_up_what_follows_until_it_is_there(
    rt, telegram, patient, ask, keep, writes, clock
):
    await ask(patient)
    clock.forward(seconds=1)
    taken = await writes("看这个", kind=Kind.IMAGE, media=Media("file-1"))
    await writes("严重吗")
    await keep()
    assert "患者：严重吗" not in telegram.lines
    stored = media.sealed(rt.crypto, PNG, "image/png", clock())
    async with rt.database.begin() as session:
        await session.execute(
            text("""UPDATE media SET status = 'stored', content = :content, mime = :mime, size = :size,
                    sha256 = :sha256, stored_at = :now WHERE inbound_id = :id"""),
            stored | {"id": taken.inbound_id},
        )
    await keep()
    assert [said for _, said in telegram.told[-3:]] == ["患者［图片］看这个", Picture(PNG), "患者：严重吗"]


async def test_a_picture_that_does_not_come_is_named(telegram, patient, ask, keep, writes, clock):
    await ask(patient)
    clock.forward(seconds=1)
    await writes("", kind=Kind.IMAGE, media=Media("file-1"))
    clock.forward(seconds=61)
    await keep()
    assert telegram.lines[-1] == "患者［图片］"


async def test_what_happens_at_the_desk_is_told_and_the_topic_closes_with_the_talk(
    telegram, patient, ask, agent, act, keep, clock
):
    place = await ask(patient)
    await keep()
    await act(talking.accept, place.talk_id, agent)
    await act(talking.say, place.talk_id, agent, "您好，我看一下")
    await keep()
    assert telegram.lines[-2:] == ["✅ 小李在工作台接待。", "小李（工作台）：您好，我看一下"]
    await act(talking.close, place.talk_id, agent)
    await keep()
    assert telegram.lines[-1] == "⏹ 小李结束了对话，机器人继续应答。"
    assert telegram.turned[-1] == (100, False)
    clock.forward(hours=1)
    await ask(patient)
    await keep()
    assert telegram.turned[-1] == (100, True)
    assert len(telegram.topics) == 1


async def test_a_talk_handed_to_a_doctor_leaves_the_group(telegram, patient, ask, agent, act, keep, writes):
    place = await ask(patient)
    await keep()
    await act(talking.accept, place.talk_id, agent)
    await act(talking.transfer, place.talk_id, agent, skill=Skill.PHARMACY)
    await writes("我在吃华法林")
    await keep()
    assert telegram.lines[-1].startswith("➡️")
    assert telegram.turned[-1] == (100, False)


async def test_what_a_doctor_said_stays_out_of_the_group_when_the_talk_comes_back(
    rt, telegram, patient, ask, agent, hire, act, keep, clock
):
    async with rt.database.begin() as session:
        cardiology = await ward(session, "心血管内科")
    cardiologist = await hire("gu", "顾医生", Role.DOCTOR, department=cardiology.id)
    boss = await hire("fang", "方主任", Role.SUPERVISOR)
    talk_id = (await ask(patient)).talk_id
    await act(talking.accept, talk_id, agent)
    await act(talking.say, talk_id, agent, "我帮您转医生")
    await keep()
    await act(talking.transfer, talk_id, agent, skill=Skill.DOCTOR, department_id=cardiology.id)
    await act(talking.accept, talk_id, cardiologist)
    [advice] = await act(talking.say, talk_id, cardiologist, "心衰的药先停三天")
    async with rt.database.begin() as session:
        await talking.take_over(session, rt, patient, boss, clock())
    await act(talking.say, talk_id, boss, "顾医生说的请照做")
    await keep()
    await act(talking.transfer, talk_id, boss, skill=Skill.SERVICE)
    await keep()
    await act(talking.accept, talk_id, agent)
    await act(talking.say, talk_id, agent, "我给您约复查")
    await rows(rt, "UPDATE outbound SET status = 'unknown' WHERE id = :id RETURNING id", id=advice)
    async with rt.database.begin() as session:
        await unknown_sends.say_again(session, advice, cardiologist, reason="asks", now=clock())
    await keep()
    await act(talking.close, talk_id, agent)
    await keep()
    told = "\n".join(telegram.lines)
    assert "我帮您转医生" in told
    assert "小李（工作台）：我给您约复查" in telegram.lines
    assert "心衰" not in told
    assert "照做" not in told


async def test_an_answer_that_did_not_arrive_is_told(rt, telegram, patient, ask, agent, act, keep):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    [row] = await act(talking.say, place.talk_id, agent, "您好")
    await rows(rt, "UPDATE outbound SET status = 'failed' WHERE id = :id RETURNING id", id=row)
    await keep()
    await keep()
    assert telegram.lines.count("⚠️ 没有送到患者：您好") == 1


async def test_a_long_message_comes_in_pieces_that_telegram_takes(
    telegram, patient, ask, keep, writes, clock
):
    await ask(patient)
    clock.forward(seconds=1)
    await writes("疼😀" * 2000)
    await keep()
    assert all(len(said.encode("utf-16-le")) <= 2 * 4096 for _, said in telegram.told)
    assert "".join(telegram.lines).count("😀") == 2000


async def test_two_processes_tell_everything_once(rt, telegram, arrive, ask, writes, keep):
    for at in range(6):
        await ask(await arrive(f"p{at}"))
        await writes("在吗", sender=f"p{at}")
    await asyncio.gather(*(keep() for _ in range(4)))
    await keep()
    assert telegram.lines.count("患者：在吗") == 6
    assert len(telegram.topics) == 6


async def test_without_a_group_nothing_is_looked_for(rt, telegram, patient, ask, keep):
    object.__setattr__(rt, "settings", rt.settings.model_copy(update={"telegram_staff_group_id": None}))
    await ask(patient)
    await keep()
    assert telegram.topics == {}
    assert await rows(rt, "SELECT 1 FROM staff_topics") == []


async def test_another_group_gets_topics_of_its_own(rt, telegram, patient, ask, keep):
    await ask(patient)
    await keep()
    async with rt.database.transaction() as session:
        await relaying.collect(session, rt, GROUP - 1)
    [topic] = await rows(rt, "SELECT group_id, thread_id FROM staff_topics")
    assert topic == (GROUP - 1, None)


async def test_the_worker_hears_of_a_change_at_once(rt, telegram, patient, ask):
    errands = Errands(4)
    async with errands.at_work(), work.listening(rt, errands):
        await ask(patient)
        async with asyncio.timeout(20):
            while not telegram.told:
                await tell_desk(rt.redis, [patient])
                await asyncio.sleep(0.05)
    assert "/take" in telegram.lines[0]


async def test_who_waits_too_long_is_told_of_in_the_group_once_each(
    telegram, rt, patient, ask, keep, agent, act, writes, clock
):
    place = await ask(patient)
    clock.forward(seconds=181)
    for _ in range(2):
        await timers.keep(rt)
        await keep()
    assert telegram.lines[-1] == "⏰ 还没有人接待。发 /take 接待。"
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    clock.forward(seconds=1)
    await writes("在吗")
    clock.forward(seconds=181)
    for _ in range(2):
        await timers.keep(rt)
        await keep()
    assert telegram.lines[-1] == "⏰ 小李，患者在等您回复。"
    assert sum(line.startswith("⏰") for line in telegram.lines) == 2


async def test_a_red_flag_during_the_talk_is_marked_in_the_group(telegram, patient, ask, keep, writes, clock):
    await ask(patient)
    clock.forward(seconds=1)
    await writes("孩子叫不醒了")
    await keep()
    await keep()
    assert telegram.lines[-2] == "患者：孩子叫不醒了"
    assert telegram.lines[-1].startswith("🚨 红旗（急症）")
    assert sum(line.startswith("🚨") for line in telegram.lines) == 1


async def test_whoever_is_in_danger_and_asked_for_nobody_left_no_message(telegram, patient, keep, writes):
    await writes("孩子叫不醒了")
    await keep()
    said, flag = telegram.lines
    assert "危险信号" in said
    assert "留言" not in said
    assert flag.startswith("🚨")


@pytest.mark.parametrize(
    ("how", "said"),
    [("patient", "⏹ 患者不等了，机器人继续应答。"), ("time", "⏹ 时间过了没有人接待，机器人继续应答。")],
)
async def test_how_a_wait_ended_is_told_in_words(rt, telegram, patient, ask, keep, clock, how, said):
    await ask(patient)
    await keep()
    async with rt.database.begin() as session:
        await queue.leave(session, patient, clock(), by=how)
    await keep()
    assert telegram.lines[-1] == said


async def test_of_an_answer_that_the_platform_refuses_the_desk_and_the_group_hear_at_once(
    rt, telegram, patient, ask, agent, act, keep, clock
):
    """The next they heard of it was that it had left, 41 seconds later."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    await delivery.deliver(rt, patient)  # the greeting
    await act(talking.say, place.talk_id, agent, "您好")
    telegram.fail = [Throttled("Too Many Requests", retry_after=40)]
    async with rt.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(DESK)
        await pubsub.get_message(timeout=5)
        await delivery.deliver(rt, patient)
        async with asyncio.timeout(20):
            while (heard := await pubsub.get_message(timeout=5)) is None:
                pass
    assert heard["data"].decode() == patient.hex
    await keep()
    assert telegram.lines[-1] == "⏳ 还没有送到患者，正在重试：您好"
    clock.forward(seconds=39)
    await delivery.deliver(rt, patient)
    assert telegram.texts[-1] != "您好"
    clock.forward(seconds=1)
    await delivery.deliver(rt, patient)
    assert telegram.texts[-1] == "您好"


async def test_an_answer_that_the_platform_does_not_take_yet_is_told_of_before_it_is_given_up(
    rt, telegram, patient, ask, agent, act, keep, clock
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent, where=AnsweredIn.TELEGRAM)
    [row] = await act(talking.say, place.talk_id, agent, "您好")
    for tries, told in ((1, 0), (3, 1), (4, 1)):
        await rows(
            rt, "UPDATE outbound SET attempts = :tries WHERE id = :id RETURNING id", id=row, tries=tries
        )
        await keep()
        assert telegram.lines.count("⏳ 还没有送到患者，正在重试：您好") == told
