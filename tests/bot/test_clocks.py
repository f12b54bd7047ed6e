"""Clocks that are set while patients wait: back by ten minutes, forward by an hour. `clock` is the wall clock of all
processes; `steady` the one that nobody sets."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import httpx
import pytest
from celery import Celery
from sqlalchemy import text

from bot import beat, claims, conversations, delivery, inbox, media, outbox, sweep
from bot.clocks import Watch
from bot.outbox import Reply
from bot.understanding import Reading
from bot.wake import WOKEN, wake
from integrations.channel import Throttled, Unavailable
from integrations.hospital import accounts, events
from integrations.hospital.events import EventKind
from integrations.messages import Kind, Media, Notice

BACK = {"minutes": -10}


class Plain:
    """Understanding without a hospital."""

    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


@pytest.fixture
async def talk(rt, telegram, message):
    """A conversation whose first message is answered."""
    accepted = await inbox.accept(rt, telegram, message(), passive_until=None)
    await conversations.drain(rt, Plain(), accepted.conversation_id)
    telegram.sent.clear()
    await rt.redis.flushall()
    return accepted.conversation_id


async def one(rt, statement):
    async with rt.database.begin() as session:
        return await session.scalar(text(statement))


async def queue(rt, conversation, *words, **more):
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, conversation, [Reply(w) for w in words], epoch=0, **more)


async def sweeps(rt, watch=None):
    """One sweep, and what the worker does with it."""
    found = await sweep.find(rt, watch)
    for conversation in {*found.turns, *found.deliveries}:
        await conversations.drain(rt, Plain(), conversation)
    return found


# Set back


async def test_a_turn_that_waits_for_rasa_does_not_wait_for_the_clock(
    rt, telegram, rasa, clock, talk, message
):
    rasa.fail = [httpx.ConnectError("refused")]
    await inbox.accept(rt, telegram, message("一"), passive_until=None)
    await conversations.drain(rt, Plain(), talk)
    assert telegram.texts == []
    clock.forward(**BACK)
    await sweeps(rt)
    assert telegram.texts == ["echo 一"]


async def test_a_message_whose_wake_up_was_lost_is_found(rt, telegram, clock, talk, message):
    await inbox.accept(rt, telegram, message("一"), passive_until=None)
    clock.forward(**BACK)
    await sweeps(rt)
    assert telegram.texts == ["echo 一"]


@pytest.mark.parametrize("error", [Throttled(retry_after=3), Unavailable("refused")])
async def test_an_answer_that_a_platform_did_not_take_waits_as_long_as_was_meant(
    rt, telegram, clock, talk, error
):
    telegram.fail = [error]
    await queue(rt, talk, "一", "二")
    await delivery.deliver(rt, talk)
    clock.forward(**BACK)
    await sweeps(rt)
    assert telegram.texts == []  # the platform asked for patience
    clock.forward(seconds=6)
    await sweeps(rt)
    assert telegram.texts == ["一", "二"]


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=1)], ids=["set back", "another machine's"])
async def test_an_answer_that_the_gateway_did_not_give_leaves_in_seconds(rt, wechat, clock, message, ahead):
    """The gateway notes until when it may answer; then the worker's clock is the one that counts."""
    until = clock() + ahead + timedelta(seconds=4.3)
    accepted = await inbox.accept(rt, wechat, message("一", channel="wechat"), passive_until=until)
    await conversations.drain(rt, Plain(), accepted.conversation_id)
    assert wechat.texts == []
    if not ahead:
        clock.forward(**BACK)
    await sweeps(rt)
    clock.forward(seconds=5)
    await sweeps(rt)
    assert wechat.texts == ["echo 一"]


async def test_an_alarm_waits_no_longer_either(rt, wechat, clock, message):
    until = clock() + timedelta(seconds=4.3)
    await inbox.accept(rt, wechat, message("我爸胸口剧痛", channel="wechat"), passive_until=until)
    clock.forward(**BACK)
    await sweeps(rt)
    assert "120" in wechat.texts[0]


async def test_a_sender_that_died_holds_up_for_half_a_minute(rt, telegram, clock, talk, message):
    await queue(rt, talk, "一")
    assert await claims.claim(rt, talk)  # and it dies
    await queue(rt, talk, "二")
    clock.forward(**BACK)
    await sweeps(rt)
    assert telegram.texts == []
    clock.forward(seconds=31)
    await sweeps(rt)
    assert telegram.texts == ["二"]


async def test_news_still_waits_for_the_morning(rt, telegram, clock, talk):
    """Quiet hours end at a time of day, by whatever clock."""
    morning = clock() + timedelta(hours=8)
    async with rt.database.begin() as session:
        notice = Notice(EventKind.IDENTITY_SETTLED, "资料有了结果", clock())
        await outbox.queue(
            session, rt.crypto, talk, [Reply("核实好了", notice=notice)], epoch=0, not_before=morning
        )
    clock.forward(**BACK)
    await sweeps(rt)
    assert telegram.texts == []
    assert await one(rt, "SELECT not_before FROM outbound WHERE notice IS NOT NULL") == morning


async def test_a_notice_of_unknown_fate_is_not_sent_again_by_a_clock_that_was_set_back(rt, clock, talk):
    """The platform knows it by its id for ten minutes, and nobody can tell how many of them are gone."""
    async with rt.database.begin() as session:
        notice = Notice(EventKind.HOLD_EXPIRED, "号源已释放", clock())
        await outbox.queue(session, rt.crypto, talk, [Reply("号源已释放", notice=notice)], epoch=0)
    await one(rt, "UPDATE outbound SET status = 'unknown', claimed_at = '2026-11-22T02:00Z', notified_at = claimed_at "
                  "WHERE notice IS NOT NULL RETURNING 1")  # fmt: skip
    await sweeps(rt)
    assert await one(rt, "SELECT notice_error FROM outbound WHERE notice IS NOT NULL") is None
    clock.forward(**BACK)
    await sweeps(rt)
    assert await one(rt, "SELECT notice_error FROM outbound WHERE notice IS NOT NULL")


async def put_off(rt, contact_id, tries):
    """News that could not be told, for the so-manieth time."""
    now = rt.now()
    async with rt.database.begin() as session:
        account_id = (await accounts.contact(session, contact_id)).account_id
        await events.emit(
            session, EventKind.IDENTITY_SETTLED, account_id=account_id, contact_id=contact_id, payload={}
        )
        [event] = await events.claim(session, 1, now)
        await events.put_off(session, event.id, tries=tries, error="KeyError", now=now)


async def test_news_that_could_not_be_told_does_not_wait_for_the_clock(rt, clock, talk):
    await put_off(rt, talk, tries=2)
    clock.forward(**BACK)
    await sweeps(rt)
    async with rt.database.begin() as session:
        assert len(await events.claim(session, 1, clock())) == 1


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 10), (8, 600)])
async def test_news_that_could_not_be_told_waits_as_long_as_was_meant(rt, clock, talk, tries, seconds):
    await put_off(rt, talk, tries)
    await sweeps(rt)
    due = clock() + timedelta(seconds=seconds)
    assert await one(rt, "SELECT not_before FROM hospital_events") == due


async def test_the_patients_last_message_is_the_one_that_came_last(rt, telegram, clock, talk, message):
    """After an alarm news waits until the patient goes on, and a set clock does not make that earlier."""
    await inbox.accept(rt, telegram, message("我爸胸口剧痛"), passive_until=None)
    await delivery.deliver(rt, talk)
    clock.forward(**BACK)
    await inbox.accept(rt, telegram, message("好一点了"), passive_until=None)
    async with rt.database.transaction() as session:
        assert not await claims.alarmed(session, talk)


async def test_a_picture_is_fetched_as_soon_as_before(rt, telegram, clock, talk, message):
    picture = message("", kind=Kind.IMAGE, media=Media(id="file-1"))
    await inbox.accept(rt, telegram, picture, passive_until=None)
    await one(rt, "UPDATE media SET attempts = 1, retry_at = retry_at + interval '4 s' RETURNING 1")
    clock.forward(**BACK)
    assert len((await sweep.find(rt)).media) == 1
    async with rt.database.begin() as session:
        assert await media.due(session, clock(), 10)


# Set forward


async def test_who_is_sending_while_the_clock_leaps_is_not_taken_for_dead(rt, telegram, clock, talk):
    steady = [100.0]
    watch = Watch(lambda: steady[0])
    await queue(rt, talk, "一")
    assert await claims.claim(rt, talk)
    await sweeps(rt, watch)
    clock.forward(hours=1)
    steady[0] += 2
    await sweeps(rt, watch)
    assert await one(rt, "SELECT status FROM outbound ORDER BY seq DESC LIMIT 1") == "sending"
    steady[0] += 31
    clock.forward(seconds=31)
    await sweeps(rt, watch)
    assert await one(rt, "SELECT status FROM outbound ORDER BY seq DESC LIMIT 1") == "unknown"


async def test_fragments_of_an_alarm_are_read_together_across_a_leap(rt, telegram, clock, message):
    """Three minutes by the platform's clock: it dates what patients write."""
    sent = clock()
    for at, fragment in enumerate(("我妈", "突然")):
        moment = sent + timedelta(seconds=30 * at)
        await inbox.accept(rt, telegram, message(fragment, sent_at=moment), passive_until=None)
    clock.forward(hours=1)
    last = message("说不了话了", sent_at=sent + timedelta(seconds=60))
    assert (await inbox.accept(rt, telegram, last, passive_until=None)).alarm


async def test_what_waits_comes_early_and_once(rt, telegram, rasa, clock, talk, message):
    rasa.fail = [httpx.ConnectError("refused")]
    telegram.fail = [Throttled(retry_after=600)]
    await inbox.accept(rt, telegram, message("一"), passive_until=None)
    await conversations.drain(rt, Plain(), talk)
    clock.forward(hours=1)
    await sweeps(rt)
    clock.forward(hours=1)
    await sweeps(rt)
    await sweeps(rt)
    assert telegram.texts == ["echo 一"]


# What goes by no clock at all


async def test_the_line_of_woken_conversations_has_places_not_times(rt):
    first, second, third = uuid4(), uuid4(), uuid4()
    await rt.redis.zadd(WOKEN, {first.bytes: 4e9})  # by a clock that ran ahead
    await wake(rt.redis, [second, third])
    await wake(rt.redis, [first])
    assert await rt.redis.zrange(WOKEN, 0, -1) == [first.bytes, second.bytes, third.bytes]


def test_the_workers_clock_cannot_be_set(monkeypatch):
    """By the wall clock, nothing would be due until it has caught up."""
    steady, sent = [1000.0], []
    monkeypatch.setattr(beat.time, "monotonic", lambda: steady[0])
    app = Celery()
    app.conf.beat_schedule = beat.timetable()

    class Ticking(beat.Punctual):
        producer = None

        def apply_entry(self, entry, producer=None):
            sent.append((entry.name, steady[0]))

    scheduler, ticks = Ticking(app), 0
    while steady[0] < 1070:
        steady[0] += max(scheduler.tick(), 0.001)
        ticks += 1
    swept = [at for name, at in sent if name == "sweep"]
    assert len(swept) > 30
    assert max(later - earlier for earlier, later in pairwise(swept)) < 2.1
    assert {name for name, _ in sent} == set(
        app.conf.beat_schedule
    )  # and a day's work, a minute after the start
    assert ticks < 5 * len(sent)  # it sleeps until something is due
    assert beat.celery.conf.beat_scheduler == f"{beat.__name__}:{beat.Punctual.__name__}"
