"""What the sweep finds and a platform may keep waiting: media to fetch, notices to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

_LAST_SECONDS = 20  # how long a worker that stops waits for what it has begun


class Errands:
    """Runs so many at once on the worker's loop. Each stands there once, however often the sweep finds it: a
    platform that does not answer fills no queue, and keeps no sweep from running.

    What is not done when the worker stops stands in the database: the next sweep finds it.
    """

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def start(self, name: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Returns at once. Nothing happens when `name` is waiting or running already."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._run(name, work))

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """On leaving, what was begun has some time to finish."""
        try:
            yield
        finally:
            if self._tasks:
                _, late = await asyncio.wait(self._tasks.values(), timeout=_LAST_SECONDS)
                for task in late:
                    task.cancel()

    async def _run(self, name: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._places:
                await work()
        except Exception:  # what is left stands in the database: the sweep brings it back
            log.exception("errand left unfinished", what=str(name))
        finally:
            del self._tasks[name]
