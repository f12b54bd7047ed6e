"""A group in which nobody is heard: whoever is answered there goes back to the desk's queue, and all hear of it."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError
from redis.exceptions import ConnectionError as RedisGone

from bot import delivery, inbox
from bot.errands import Errands
from bot.launching.operator_errors import in_words
from bot.staff_group import answering, standing, work
from integrations.channel import Rejected, Unavailable, Unreachable
from integrations.messages import GroupMessage
from integrations.settings import Settings
from tests.bot.handoff.conftest import rows, state
from tests.bot.staff_group.conftest import GROUP, STAFF

TOPIC = 100


@pytest.fixture
async def answered(rt, patient, ask, keep, telegram, known):
    """A patient who is answered from the group."""
    await ask(patient)
    await keep()
    await answering.keep(rt, GroupMessage(1, GROUP, TOPIC, STAFF, "/take"))
    await keep()
    await delivery.deliver(rt, patient)
    telegram.told.clear()
    telegram.sent.clear()
    return patient


@pytest.mark.parametrize(
    "why",
    [
        False,  # a mere member, or without topics
        Unreachable("Forbidden: bot was kicked from the supergroup chat"),
        Unreachable("Bad Request: chat not found"),
        Rejected("Group migrated to supergroup. New chat id: -100"),
    ],
)
async def test_the_patient_waits_at_the_desk_and_is_told(rt, telegram, answered, keep, why):
    telegram.heard = why
    await standing.look(rt)
    await delivery.deliver(rt, answered)
    [talk] = await rows(rt, "SELECT status, answered_in, staff_id FROM talks")
    assert talk == ("waiting", "desk", None)
    assert (await state(rt, answered))[0] == "waiting"
    [told] = telegram.texts
    assert "换一位" in told
    await keep()
    assert any(
        line.startswith("⛔ 机器人在群里不是管理员") for line in telegram.lines
    )  # where it may still speak
    [seen] = await rows(rt, "SELECT actor FROM audit_events WHERE action = 'talk.lost'")
    assert seen.actor == "time"


@pytest.mark.parametrize("why", [True, Unavailable("500")])
async def test_while_it_works_or_telegram_does_not_say_nothing_changes(rt, telegram, answered, why):
    telegram.heard = why
    await standing.look(rt)
    assert (await rows(rt, "SELECT status FROM talks"))[0].status == "active"


async def test_a_group_that_was_switched_off_leaves_nobody_alone(rt, telegram, answered):
    object.__setattr__(rt, "settings", rt.settings.model_copy(update={"telegram_staff_group_id": None}))
    await standing.look(rt)
    [talk] = await rows(rt, "SELECT status, answered_in FROM talks")
    assert talk == ("waiting", "desk")


@pytest.mark.parametrize("group", [1234567890, -1234567890, 0])
def test_a_group_without_topics_is_refused_at_the_start(group):
    """Its id changes when topics are switched on: all would be sent to nobody."""
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, telegram_staff_group_id=group)
    assert in_words(refused.value).startswith("TELEGRAM_STAFF_GROUP_ID: a group with topics has an id")
    assert Settings(_env_file=None, telegram_staff_group_id=GROUP).telegram_staff_group_id == GROUP
    assert Settings(_env_file=None).telegram_staff_group_id is None


async def test_nobody_takes_a_talk_where_their_words_would_not_be_read(
    rt, telegram, patient, ask, keep, known
):
    await ask(patient)
    telegram.heard = False
    await answering.keep(rt, GroupMessage(1, GROUP, TOPIC, STAFF, "/take"))
    await keep()
    await answering.keep(rt, GroupMessage(2, GROUP, TOPIC, STAFF, "/take"))
    await keep()
    assert telegram.lines[-1].startswith("⛔ 机器人在群里不是管理员")
    assert (await rows(rt, "SELECT status FROM talks"))[0].status == "waiting"


async def test_without_redis_what_the_patient_says_reaches_the_group(
    rt, telegram, answered, message, clock, monkeypatch
):
    def gone(**_):
        raise RedisGone

    monkeypatch.setattr(rt.redis, "pubsub", gone)
    monkeypatch.setattr("bot.listening._PAUSE", 0.02)
    errands = Errands(4)
    async with errands.at_work(), work.listening(rt, errands):
        clock.forward(seconds=1)
        await inbox.accept(rt, rt.channels["telegram"], message("还在吗"), passive_until=None)
        async with asyncio.timeout(90):
            while not telegram.told:  # noqa: ASYNC110 - it is another task's work
                await asyncio.sleep(0.02)
    assert telegram.lines == ["患者：还在吗"]


async def test_without_redis_what_staff_write_reaches_the_patient(rt, telegram, answered, keep, monkeypatch):
    async def gone(*_, **__):
        raise RedisGone

    for call in ("eval", "publish"):
        monkeypatch.setattr(rt.redis, call, gone)
    await answering.keep(rt, GroupMessage(2, GROUP, TOPIC, STAFF, "我在"))
    await keep()
    monkeypatch.undo()
    await delivery.deliver(rt, answered)
    assert telegram.texts == ["我在"]
