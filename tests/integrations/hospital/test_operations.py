from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from integrations.database import Database
from integrations.hospital.models import Account
from integrations.hospital.operations import OperationKey, Result, once

KEY = OperationKey("0" * 32, "action_book", "book")


class Effect:
    """Adds an account, so that what really happened can be counted."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runs = 0

    async def run(
        self,
        *,
        key: OperationKey | None = KEY,
        started: asyncio.Event | None = None,
        go_on: asyncio.Event | None = None,
        error: Exception | None = None,
    ) -> Result:
        async with self.database.begin() as session:

            async def effect() -> Result:
                self.runs += 1
                mine = self.runs
                session.add(Account())
                await session.flush()
                if started and go_on:
                    started.set()
                    await go_on.wait()
                if error:
                    raise error
                return {"run": mine, "ids": (1, 2)}

            return await once(session, key, effect)

    async def happened(self) -> int:
        async with self.database.begin() as session:
            return await session.scalar(select(func.count()).select_from(Account)) or 0


@pytest.fixture
def effect(database: Database) -> Effect:
    return Effect(database)


async def test_a_repeat_gets_the_stored_result(effect: Effect) -> None:
    first = await effect.run()
    assert await effect.run() == first == {"run": 1, "ids": [1, 2]}
    assert (effect.runs, await effect.happened()) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        OperationKey("1" * 32, "action_book", "book"),
        OperationKey("0" * 32, "action_cancel", "book"),
        OperationKey("0" * 32, "action_book", "order"),
    ],
)
async def test_every_part_of_the_key_counts(effect: Effect, other: OperationKey) -> None:
    await effect.run()
    assert (await effect.run(key=other))["run"] == 2


async def test_without_a_key_nothing_is_remembered(effect: Effect) -> None:
    await effect.run(key=None)
    await effect.run(key=None)
    assert await effect.happened() == 2


async def test_twenty_at_once_run_it_once(effect: Effect) -> None:
    results = await asyncio.gather(*(effect.run() for _ in range(20)))
    assert {result["run"] for result in results} == {1}
    assert (effect.runs, await effect.happened()) == (1, 1)


async def test_a_concurrent_repeat_waits_for_the_first(effect: Effect) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(effect.run(started=started, go_on=go_on))
    await started.wait()
    repeat = asyncio.create_task(effect.run())
    await asyncio.sleep(0.2)
    assert not repeat.done()
    go_on.set()
    assert await repeat == await first
    assert effect.runs == 1


async def test_a_concurrent_repeat_runs_when_the_first_fails(effect: Effect) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(
        effect.run(started=started, go_on=go_on, error=RuntimeError("the power went"))
    )
    await started.wait()
    repeat = asyncio.create_task(effect.run())
    await asyncio.sleep(0.2)
    assert not repeat.done()
    go_on.set()
    with pytest.raises(RuntimeError, match="power"):
        await first
    assert (await repeat)["run"] == 2
    assert await effect.happened() == 1


async def test_a_caught_error_leaves_neither_effect_nor_key(database: Database, effect: Effect) -> None:
    async with database.begin() as session:

        async def fails() -> Result:
            session.add(Account())
            await session.flush()
            raise LookupError

        with pytest.raises(LookupError):
            await once(session, KEY, fails)
    assert await effect.happened() == 0
    assert (await effect.run())["run"] == 1


async def test_asking_inside_the_own_effect_is_an_error(database: Database) -> None:
    async with database.begin() as session:

        async def asks_again() -> Result:
            return await once(session, KEY, asks_again)

        with pytest.raises(RuntimeError, match="inside its own effect"):
            await once(session, KEY, asks_again)
