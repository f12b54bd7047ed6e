"""Telegram refuses, throttles, loses and forgets: what becomes of what the group was to be told."""

from __future__ import annotations

import asyncio

import pytest

from bot import inbox
from bot.staff_group import sending
from bot.wake import DESK
from integrations.channel import Rejected, Throttled, Unavailable, Unknown, Unreachable
from tests.bot.handoff.conftest import rows

OUT_OF_GROUP = "Forbidden: bot was kicked from the supergroup chat"


@pytest.fixture
async def told(patient, ask, keep, telegram):
    """A patient whose topic stands, with nothing left to tell."""
    await ask(patient)
    await keep()
    telegram.told.clear()
    return patient


@pytest.fixture
def say(rt, message, clock):
    """The patient says something more."""

    async def write(words: str, sender: str = "patient-1") -> None:
        clock.forward(seconds=1)
        await inbox.accept(rt, rt.channels["telegram"], message(words, sender=sender), passive_until=None)

    return write


async def statuses(rt) -> list[str]:
    found = await rows(rt, "SELECT status FROM staff_relays WHERE cause LIKE 'inbound:%' ORDER BY seq")
    return [row.status for row in found]


async def error_of(rt) -> str | None:
    [row] = await rows(rt, "SELECT error FROM staff_topics")
    return row.error


async def test_too_many_messages_make_the_whole_group_wait(rt, telegram, told, say, keep, arrive, ask, clock):
    await ask(await arrive("patient-2"))
    telegram.refuse = [Throttled("Too Many Requests", retry_after=7)]
    await keep()
    await say("在吗")
    await keep()
    assert telegram.told == []  # nobody asks Telegram before its time
    clock.forward(seconds=7)
    await keep()
    assert "患者：在吗" in telegram.lines
    assert len(telegram.topics) == 2


async def test_the_worker_looks_again_at_the_second_that_telegram_named(rt, telegram, told, say, keep, clock):
    """And not whenever the next sweep comes by; the clock says that it is no sooner."""
    telegram.refuse = [Throttled("Too Many Requests", retry_after=0.2)]
    await say("在吗")
    async with rt.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(DESK)
        await pubsub.get_message(timeout=5)
        await keep()
        assert telegram.told == []
        async with asyncio.timeout(90):
            while (heard := await pubsub.get_message(timeout=5)) is None:
                pass
    assert heard["data"].decode() == told.hex
    clock.forward(seconds=0.19)
    await keep()
    assert telegram.told == []
    clock.forward(seconds=0.01)
    await keep()
    assert telegram.lines == ["患者：在吗"]


async def test_telegram_s_own_failures_are_tried_again_in_order(rt, telegram, told, say, keep, clock):
    telegram.refuse = [Unavailable("500"), Unavailable("500")]
    await say("一")
    for _ in range(2):
        await keep()
        assert telegram.told == []
        assert await error_of(rt) == "500"
        clock.forward(seconds=10)
    await say("二")
    await keep()
    assert telegram.lines == ["患者：一", "患者：二"]
    assert await error_of(rt) is None


async def test_what_telegram_may_have_is_said_once_more_and_no_more(rt, telegram, told, say, keep, clock):
    telegram.refuse = [Unknown("no answer")]
    await say("一")
    await keep()
    clock.forward(minutes=10)
    await say("二")
    await keep()
    await keep()
    assert telegram.lines == ["（可能重复）患者：一", "患者：二"]
    assert (await statuses(rt))[-2:] == ["unknown", "sent"]


async def test_a_repetition_of_unknown_fate_is_not_repeated(rt, telegram, told, say, keep):
    telegram.refuse = [Unknown("no answer"), Unknown("no answer")]
    await say("一")
    for _ in range(3):
        await keep()
    assert telegram.lines == []
    assert await error_of(rt) == "no answer"  # the desk shows it


async def test_a_bot_that_is_shut_out_tries_for_an_hour_and_staff_see_it(
    rt, telegram, told, say, keep, clock
):
    telegram.refuse = [Unreachable(OUT_OF_GROUP)] * 5
    await say("在吗")
    for _ in range(5):
        await keep()
        clock.forward(minutes=5)
    assert await error_of(rt) == OUT_OF_GROUP
    await keep()
    assert telegram.lines == ["患者：在吗"]


async def test_after_that_it_is_given_up_and_what_follows_is_told(rt, telegram, told, say, keep, clock):
    telegram.refuse = [Unreachable(OUT_OF_GROUP)] * sending.MAX_ATTEMPTS
    await say("一")
    for _ in range(sending.MAX_ATTEMPTS):
        await keep()
        clock.forward(minutes=5)
    await say("二")
    await keep()
    assert telegram.lines == ["患者：二"]
    assert "failed" in await statuses(rt)


async def test_a_topic_that_is_gone_as_often_as_it_is_made_is_given_up(
    rt, telegram, told, say, keep, monkeypatch
):
    made = []

    async def forgotten(_group: int, title: str) -> int:
        made.append(title)
        return 999

    monkeypatch.setattr(telegram, "create_topic", forgotten)
    telegram.topics.clear()
    await say("一")
    for _ in range(3):
        await keep()
    assert len(made) < sending.MAX_ATTEMPTS
    assert (await statuses(rt))[-1] == "failed"


async def test_what_telegram_never_takes_holds_up_nothing(rt, telegram, told, say, keep):
    telegram.refuse = [Rejected("Bad Request: wrong")]
    await say("一")
    await keep()
    await say("二")
    await keep()
    assert telegram.lines == ["患者：二"]
    assert (await statuses(rt))[-2:] == ["failed", "sent"]


async def test_a_topic_that_cannot_be_made_is_tried_again(rt, telegram, patient, ask, keep, clock):
    telegram.refuse = [Rejected("Bad Request: not enough rights to create a topic"), Unknown("no answer")]
    await ask(patient)
    for _ in range(2):
        await keep()
        assert telegram.topics == {}
        clock.forward(minutes=1)
    await keep()
    assert len(telegram.topics) == 1
    assert "/take" in telegram.lines[0]


async def test_a_deleted_topic_is_made_again_and_nothing_is_lost(rt, telegram, told, say, keep):
    telegram.topics.clear()
    await say("还在吗")
    await keep()
    assert list(telegram.topics) == [101]
    assert telegram.told == [(101, "（之前的话题已不在，较早的内容请看工作台。）\n患者：还在吗")]


async def test_the_words_that_a_dead_process_was_telling_are_told_after_all(
    rt, telegram, told, say, keep, clock
):
    await say("第一句")
    telegram.refuse = [asyncio.CancelledError("killed in the middle of the call")]
    with pytest.raises(asyncio.CancelledError):
        await keep()
    await say("第二句")
    await keep()
    assert telegram.lines == []  # perhaps somebody is just telling something there
    clock.forward(seconds=31)
    await keep()
    assert telegram.lines == ["患者：第二句", "（可能重复）患者：第一句"]


async def test_several_leave_as_one_message(telegram, told, say, keep):
    for words in "一二三":
        await say(words)
    await keep()
    assert [said for _, said in telegram.told] == ["患者：一\n患者：二\n患者：三"]


async def test_what_has_served_its_time_is_deleted(rt, told, clock):
    clock.forward(days=31)
    async with rt.database.begin() as session:
        await sending.forget(session, clock())
    assert await rows(rt, "SELECT 1 FROM staff_relays") == []
