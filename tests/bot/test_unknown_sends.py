"""Messages of unknown fate, as staff settle them."""

import pytest
from sqlalchemy import text

from bot import delivery, inbox, outbox, unknown_sends
from bot.handoff import talking
from bot.outbox import Reply
from bot.unknown_sends import NotUnknown
from tests import staff_rows

STAFF = "staff:zhou"


@pytest.fixture
async def unknown(rt, telegram, message):
    """A message that left, and no answer came."""
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, talk, [Reply("您的号已约好")], epoch=0)
        sent = text("UPDATE outbound SET status = 'unknown', claimed_at = :now RETURNING id")
        return await session.scalar(sent, {"now": rt.now()})


async def _listed(rt):
    async with rt.database.begin() as session:
        return [one.id for one in await unknown_sends.listed(session, rt.now())]


async def _statuses(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(text("SELECT status FROM outbound ORDER BY seq")))


async def test_said_again_at_most_once(rt, unknown):
    assert await _listed(rt) == [unknown]
    async with rt.database.begin() as session:
        assert "号已约好" in await unknown_sends.read(session, rt.crypto, unknown, actor=STAFF, reason="asks")
        await unknown_sends.say_again(session, unknown, actor=STAFF, reason="called", now=rt.now())
    assert await _statuses(rt) == ["unknown", "queued"]
    assert await _listed(rt) == []
    with pytest.raises(NotUnknown):
        async with rt.database.begin() as session:
            await unknown_sends.say_again(session, unknown, actor=STAFF, reason="x", now=rt.now())
    assert await _statuses(rt) == ["unknown", "queued"]


async def test_what_a_person_said_is_said_again_while_they_still_speak(rt, telegram, message):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    async with rt.database.begin() as session:
        agent = await staff_rows.member(session)
        await talking.take_over(session, rt, talk, agent, rt.now())
        open_one = await talking.open_talk(session, talk)
        [said] = await talking.say(session, rt, open_one.id, agent, "稍等")
        lost = text("UPDATE outbound SET status = 'unknown', claimed_at = :now WHERE id = :id")
        await session.execute(lost, {"id": said, "now": rt.now()})
    await delivery.deliver(rt, talk)
    before = len(telegram.texts)
    async with rt.database.begin() as session:
        await unknown_sends.say_again(session, said, actor=STAFF, reason="asks", now=rt.now())
    await delivery.deliver(rt, talk)
    assert telegram.texts[before:] == ["稍等"]


async def test_let_be_it_is_not_repeated_in_the_next_answer(rt, unknown):
    async with rt.database.begin() as session:
        conversation = await session.scalar(text("SELECT conversation_id FROM outbound"))
        await unknown_sends.let_be(session, unknown, actor=STAFF, reason="told by phone", now=rt.now())
        assert await outbox.repeat_unknown(session, rt.crypto, conversation, rt.now()) == []
        with pytest.raises(NotUnknown):
            await unknown_sends.read(session, rt.crypto, unknown, actor=STAFF, reason="asks")
    assert await _listed(rt) == []
