"""Messages of unknown fate, as staff settle them."""

import asyncio

import pytest
from sqlalchemy import text

from bot import delivery, inbox, outbox, unknown_sends
from bot.desk.work import counts
from bot.handoff import control, talking
from bot.outbox import Reply
from bot.unknown_sends import NotUnknown
from integrations.hospital.models import Role
from integrations.hospital.revealing import NoReason
from tests import staff_rows
from tests.bot.blocking import waits_for
from tests.clinic_rows import doctor, ward


@pytest.fixture
async def unknown(rt, telegram, message):
    """A message that left, and no answer came."""
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, talk, [Reply("您的号已约好")], epoch=0)
        sent = text("UPDATE outbound SET status = 'unknown', claimed_at = :now RETURNING id")
        return await session.scalar(sent, {"now": rt.now()})


@pytest.fixture
async def agent(rt):
    async with rt.database.begin() as session:
        return await staff_rows.member(session)


async def _listed(rt, member):
    async with rt.database.begin() as session:
        return [one.id for one in await unknown_sends.listed(session, member, rt.now())]


async def _statuses(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(text("SELECT status FROM outbound ORDER BY seq")))


async def test_said_again_at_most_once(rt, unknown, agent):
    assert await _listed(rt, agent) == [unknown]
    async with rt.database.begin() as session:
        with pytest.raises(NoReason):
            await unknown_sends.read(session, rt.crypto, unknown, agent, reason="…")
        assert "号已约好" in await unknown_sends.read(session, rt.crypto, unknown, agent, reason="asks")
        await unknown_sends.say_again(session, unknown, agent, reason="called", now=rt.now())
    assert await _statuses(rt) == ["unknown", "queued"]
    assert await _listed(rt, agent) == []
    with pytest.raises(NotUnknown):
        async with rt.database.begin() as session:
            await unknown_sends.say_again(session, unknown, agent, reason="x", now=rt.now())
    assert await _statuses(rt) == ["unknown", "queued"]


async def test_it_waits_for_whoever_sends_there_and_holds_nothing_that_they_want(rt, unknown, agent):
    async def say_again():
        async with rt.database.begin() as session:
            await unknown_sends.say_again(session, unknown, agent, reason="called", now=rt.now())

    async with rt.database.begin() as sender:
        await control.hold(sender, await sender.scalar(text("SELECT conversation_id FROM outbound")))
        again = asyncio.create_task(say_again())
        await waits_for(sender, again)
        await sender.execute(text("UPDATE outbound SET attempts = attempts + 1"))
    await again
    assert await _statuses(rt) == ["unknown", "queued"]


async def test_what_a_person_said_is_said_again_while_they_still_speak(rt, telegram, message, agent):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    async with rt.database.begin() as session:
        await talking.take_over(session, rt, talk, agent, rt.now())
        open_one = await talking.open_talk(session, talk)
        [said] = await talking.say(session, rt, open_one.id, agent, "稍等")
        lost = text("UPDATE outbound SET status = 'unknown', claimed_at = :now WHERE id = :id")
        await session.execute(lost, {"id": said, "now": rt.now()})
    await delivery.deliver(rt, talk)
    before = len(telegram.texts)
    async with rt.database.begin() as session:
        await unknown_sends.say_again(session, said, agent, reason="asks", now=rt.now())
    await delivery.deliver(rt, talk)
    assert telegram.texts[before:] == ["稍等"]


async def test_what_a_shut_window_holds_back_is_in_the_list_of_whoever_wrote_it_until_it_leaves(
    rt, wechat, message, clock
):
    """After an hour: meanwhile the patient may write again."""
    talk = (
        await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    ).conversation_id
    clock.forward(hours=49)
    async with rt.database.begin() as session:
        speaker, other = [await staff_rows.member(session, Role.AGENT, login) for login in ("shen", "luo")]
        found = await talking.take_over(session, rt, talk, speaker, rt.now())
        [said] = await talking.say(session, rt, found.id, speaker, "报告出来了", now=rt.now())
        await session.execute(text("UPDATE outbound SET created_at = :now"), {"now": rt.now()})
    await delivery.deliver(rt, talk)
    assert await _listed(rt, speaker) == []
    clock.forward(hours=1, seconds=1)
    assert (await _listed(rt, speaker), await _listed(rt, other)) == ([said], [])
    async with rt.database.begin() as session:
        [one] = await unknown_sends.listed(session, speaker, rt.now())
        assert (one.left, one.waits) == (False, True)
        counted = await counts.waiting(session, ["unknown"], now=rt.now(), member=speaker)
        assert [found.count for found in counted] == [1]
        told = await unknown_sends.read(session, rt.crypto, said, speaker, reason="asks", now=rt.now())
        assert told == "报告出来了"
        with pytest.raises(NotUnknown):
            await unknown_sends.say_again(session, said, speaker, reason="x", now=rt.now())
        await unknown_sends.let_be(session, said, speaker, reason="called", now=rt.now())
    assert await _listed(rt, speaker) == []
    await inbox.accept(rt, wechat, message("在", channel="wechat", sender="openid"), passive_until=None)
    await delivery.deliver(rt, talk)
    assert "报告出来了" in wechat.texts[-1]  # it arrives all the same


async def test_let_be_it_is_not_repeated_in_the_next_answer(rt, unknown, agent):
    async with rt.database.begin() as session:
        conversation = await session.scalar(text("SELECT conversation_id FROM outbound"))
        await unknown_sends.let_be(session, unknown, agent, reason="told by phone", now=rt.now())
        assert await outbox.repeat_unknown(session, rt.crypto, conversation, rt.now()) == []
        with pytest.raises(NotUnknown):
            await unknown_sends.read(session, rt.crypto, unknown, agent, reason="asks")
    assert await _listed(rt, agent) == []


async def test_a_persons_words_are_theirs_and_those_of_who_watches(rt, unknown, agent):
    async with rt.database.begin() as session:
        speaker = await _doctor(session)
        await session.execute(text("UPDATE outbound SET staff_id = :id"), {"id": speaker.id})
        other, boss = await _doctor(session, "皮肤科"), await staff_rows.member(session, Role.SUPERVISOR)
    for stranger in (agent, other):
        await _keeps_out(rt, unknown, stranger)
    for theirs in (speaker, boss):
        assert await _listed(rt, theirs) == [unknown]


async def test_the_programs_words_are_the_customer_services(rt, unknown, agent):
    async with rt.database.begin() as session:
        colleague = await _doctor(session)
        pharmacist, boss = [
            await staff_rows.member(session, role) for role in (Role.PHARMACIST, Role.SUPERVISOR)
        ]
    for stranger in (colleague, pharmacist):
        await _keeps_out(rt, unknown, stranger)
    for theirs in (agent, boss):
        assert await _listed(rt, theirs) == [unknown]


async def _doctor(session, department="普外科"):
    found = await doctor(session, "陈静", (await ward(session, department)).id)
    return await staff_rows.member(session, Role.DOCTOR, doctor=found)


async def _keeps_out(rt, unknown, stranger) -> None:
    assert await _listed(rt, stranger) == []
    async with rt.database.begin() as session:
        with pytest.raises(NotUnknown):
            await unknown_sends.read(session, rt.crypto, unknown, stranger, reason="x")
        for act in (unknown_sends.say_again, unknown_sends.let_be):
            with pytest.raises(NotUnknown):
                await act(session, unknown, stranger, reason="x", now=rt.now())
    assert await _statuses(rt) == ["unknown"]
