"""What the group must never hear."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot import unknown_sends
from bot.handoff import talking
from bot.handoff.models import Skill
from bot.staff_group import relaying
from integrations.hospital.models import Role
from tests.bot.handoff.conftest import rows
from tests.clinic_rows import ward


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


async def test_without_a_group_nothing_is_looked_for(rt, telegram, patient, ask, keep):
    object.__setattr__(rt, "settings", rt.settings.model_copy(update={"telegram_staff_group_id": None}))
    await ask(patient)
    await keep()
    assert telegram.topics == {}
    assert await rows(rt, "SELECT 1 FROM staff_topics") == []
