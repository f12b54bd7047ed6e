"""Red flags while a person speaks with the patient."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot import inbox, outbox, paging
from tests.bot.alarms import rows, said


@pytest.fixture
async def attended(rt, say):
    """A person speaks with the patient."""
    await say("你好")
    await rows(rt, "UPDATE controls SET state = 'agent' RETURNING 1")


@pytest.mark.usefixtures("attended")
async def test_a_person_who_speaks_is_interrupted_by_lives_in_danger_only(rt, say):
    assert not (await say("胸口有点疼")).alarm
    assert not (await say("被狗咬了")).alarm
    assert await said(rt) == []
    assert (await say("我爸胸口剧痛")).alarm


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize(
    ("words", "outcome"), [("胸口有点疼", "check"), ("被狗咬了", "urgent"), ("我好绝望", "check")]
)
async def test_of_what_is_milder_the_person_is_told(rt, say, words, outcome):
    accepted = await say(words)
    [alarm] = await rows(rt, "SELECT outcome, rule, inbound_id, answer FROM alarms")
    assert (alarm.outcome, alarm.inbound_id, alarm.answer) == (outcome, accepted.inbound_id, None)
    [message] = await rows(rt, "SELECT status, alarm FROM inbound WHERE id = :id", id=accepted.inbound_id)
    assert tuple(message) == ("pending", f"{outcome}:{alarm.rule}")
    await say(words)  # once more: they know
    assert len(await rows(rt, "SELECT 1 FROM alarms")) == 1


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("words", ["胸口有点疼", "被狗咬了"])
async def test_those_on_call_are_paged_when_the_person_does_nothing(phones, telegram, message, clock, words):
    rt, staff = phones
    await inbox.accept(rt, telegram, message(words), passive_until=None)
    clock.forward(seconds=110)
    await paging.page(rt)
    assert staff.rung == []
    clock.forward(seconds=20)
    await paging.page(rt)
    assert len(staff.rung) == 2


@pytest.mark.usefixtures("attended")
async def test_what_only_the_person_was_told_holds_up_no_news(rt, say):
    accepted = await say("胸口有点疼")
    held = text("SELECT " + outbox.ALARMED.format(conversation=":id"))
    async with rt.database.begin() as session:
        assert not await session.scalar(held, {"id": accepted.conversation_id})
    assert (await say("我爸胸口剧痛")).alarm
    async with rt.database.begin() as session:
        assert await session.scalar(held, {"id": accepted.conversation_id})


@pytest.mark.usefixtures("attended")
async def test_nobody_was_asked_what_only_the_person_was_told(rt, say):
    await say("胸口有点疼")
    assert not (await say("有")).alarm  # to whatever the person asked
    await rows(rt, "UPDATE controls SET state = 'bot' RETURNING 1")
    assert not (await say("有")).alarm
    assert (await say("胸口有点疼")).alarm
    assert (await say("有")).alarm
