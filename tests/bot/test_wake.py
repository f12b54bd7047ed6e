import asyncio
from dataclasses import replace
from functools import partial
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from bot import conversations, delivery, inbox, worker
from bot import wake as wake_module
from bot.clocks import Watch
from bot.understanding import Reading
from bot.wake import WOKEN, Takers, Waker, wake, wake_in
from integrations.throttle import Throttle
from tests.waiting import until


@pytest.fixture
def handled():
    return []


async def nobody():
    return []


def takers(rt, answer, send, places=2, find=nobody):
    return Takers(rt.redis, places, answer=answer, send=send, find=find)


async def nothing(_):
    pass


async def test_a_conversation_stands_in_line_once_in_the_order_of_the_first_wake_up(rt, handled):
    first, second = uuid4(), uuid4()
    await wake(rt.redis, [first])
    await wake(rt.redis, [second])
    await wake(rt.redis, [first])
    assert await rt.redis.zrange(WOKEN, 0, -1) == [first.bytes, second.bytes]

    async def answer(conversation):
        handled.append(conversation)
        return True

    async with takers(rt, answer, nothing, places=1).at_work():
        await until(lambda: len(handled) == 2)
    assert handled == [first, second]


async def test_what_is_woken_together_goes_together_and_a_dead_redis_is_left_in_peace(rt, monkeypatch):
    calls = []

    async def eval_(*arguments, **more):
        calls.append(arguments)
        raise OSError

    monkeypatch.setattr(wake_module, "_PAUSE_AFTER_FAILURE", 3600)
    waker, people = Waker(rt.redis), [uuid4() for _ in range(50)]
    for person in people:
        waker.wake(person)
    async with asyncio.timeout(90):
        while await rt.redis.zcard(WOKEN) < 50:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    monkeypatch.setattr(rt.redis, "eval", eval_)
    monkeypatch.setattr("bot.wake._PAUSE_AFTER_FAILURE", 600.0)  # however slow this machine is
    for _ in range(3):
        waker.wake(uuid4())
        await asyncio.sleep(0.01)
    assert len(calls) == 1


async def test_who_is_to_wait_is_woken_at_its_second_and_a_long_wait_is_left_to_the_sweep(rt):
    soon, late = uuid4(), uuid4()
    wake_in(rt.redis, 0.01, soon)
    wake_in(rt.redis, 3600, late)
    async with asyncio.timeout(90):
        while not await rt.redis.zcard(WOKEN):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await rt.redis.zrange(WOKEN, 0, -1) == [soon.bytes]


async def test_one_at_a_time_in_a_conversation_and_once_more_when_woken_meanwhile(rt, handled):
    person, going = uuid4(), asyncio.Event()
    together = []

    async def answer(conversation):
        handled.append(conversation)
        together.append(len(handled))
        await going.wait()
        return True

    async with takers(rt, answer, nothing).at_work():
        await wake(rt.redis, [person])
        await until(lambda: handled)
        await wake(rt.redis, [person])
        await settled_empty(rt)
        await asyncio.sleep(0.1)
        assert len(handled) == 1
        going.set()
        await until(lambda: len(handled) == 2)


async def settled_empty(rt):
    async with asyncio.timeout(90):
        while await rt.redis.zcard(WOKEN):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_waiting_for_a_platform_takes_no_place_and_a_failure_stops_nobody(rt, handled):
    sending, stopped = [], asyncio.Event()

    async def answer(conversation):
        handled.append(conversation)
        if len(handled) == 2:
            raise RuntimeError
        return True

    async def send(conversation):
        sending.append(conversation)
        await stopped.wait()

    async with takers(rt, answer, send, places=1).at_work():
        await wake(rt.redis, [uuid4() for _ in range(5)])
        await until(lambda: len(handled) == 5 and len(sending) == 4)
        stopped.set()


async def test_what_was_begun_is_finished_before_the_worker_stops(rt, handled):
    async def answer(conversation):
        await asyncio.sleep(0.3)
        handled.append(conversation)
        return False

    async with takers(rt, answer, nothing).at_work():
        await wake(rt.redis, [uuid4()])
        await settled_empty(rt)
    assert len(handled) == 1


async def test_an_error_that_nobody_foresaw_does_not_end_a_workers_taking(rt, handled, monkeypatch):
    taken, failures = rt.redis.bzmpop, [RuntimeError("unforeseen")]

    async def bzmpop(*arguments, **more):
        if failures:
            raise failures.pop()
        return await taken(*arguments, **more)

    async def answer(conversation):
        handled.append(conversation)
        return False

    monkeypatch.setattr(rt.redis, "bzmpop", bzmpop)
    async with takers(rt, answer, nothing).at_work():
        await wake(rt.redis, [uuid4()])
        await until(lambda: handled)


async def test_without_redis_who_waits_is_found_in_the_database(rt, handled, monkeypatch):
    monkeypatch.setattr(wake_module, "_PAUSE_AFTER_FAILURE", 0.01)
    monkeypatch.setattr(rt.redis, "bzmpop", AsyncMock(side_effect=RedisConnectionError("gone")))
    waiting, databases = [uuid4() for _ in range(3)], [OSError("gone as well")]

    async def find():
        if databases:
            raise databases.pop()
        return [one for one in waiting if one not in handled]

    async def answer(conversation):
        handled.append(conversation)
        return False

    async with takers(rt, answer, nothing, find=find).at_work():
        await until(lambda: len(handled) == 3)
    assert handled == waiting


async def test_without_redis_a_message_is_answered(rt, telegram, message, clock, monkeypatch):
    monkeypatch.setattr(wake_module, "_PAUSE_AFTER_FAILURE", 0.05)
    nowhere = Redis.from_url("redis://127.0.0.1:1")
    without = replace(rt, redis=nowhere, throttle=Throttle(nowhere))
    await inbox.accept(without, telegram, message("怎么停车"), passive_until=None)
    clock.forward(seconds=3)
    work = Takers(
        nowhere,
        2,
        answer=partial(conversations.answer_pending, without, Plain()),
        send=partial(delivery.deliver, without),
        find=partial(worker.waiting, without, Watch()),
    )
    async with work.at_work():
        await until(lambda: telegram.texts)
    assert telegram.texts == ["echo 怎么停车"]
    await nowhere.aclose()


class Plain:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])
