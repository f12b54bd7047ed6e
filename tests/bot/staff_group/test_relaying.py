"""What the group is told, and what it must never hear."""

from __future__ import annotations

import asyncio
from datetime import date

from sqlalchemy import select, text

from bot import media
from bot.errands import Errands
from bot.handoff import talking
from bot.staff_group import relaying, work
from bot.wake import tell_desk
from integrations.hospital.models import AccountPatient, Contact, Relation, Sex
from integrations.messages import Kind, Media, Picture
from tests.bot.handoff.conftest import rows
from tests.bot.staff_group.conftest import GROUP, PNG
from tests.clinic_rows import known_patient


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
        async with asyncio.timeout(90):
            while not telegram.told:
                await tell_desk(rt.redis, [patient])
                await asyncio.sleep(0.05)
    assert "/take" in telegram.lines[0]
