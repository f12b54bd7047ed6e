"""What changes, told to those who look at it: one hub a desk process.

It hears whose conversation changed: of messages on Redis, of talks, notes, alarms and media from Postgres itself,
whoever changed them; from there also that somebody's session ended, and that canned replies are others now. It
reads each changed conversation once however many look at it, and hands the rows on. While Redis is away, and now and
then besides, it looks into Postgres by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from bot import quota
from bot.claims import sends_actively
from bot.desk.talks import rows, transcript
from bot.desk.talks.masking import published
from bot.desk.talks.models import REPLIES, SESSION
from bot.desk.talks.readable import Readable
from bot.desk.talks.rows import Row
from bot.desk.talks.transcript import Item
from bot.listening import Listener, said_on
from bot.wake import DESK, named
from integrations.runtime import Runtime

log = structlog.get_logger()

_TOGETHER = 0.02  # seconds in which changes gather into one reading
_LOOK_ANYWAY = 30.0
_OTHERS_EVERY = 1.0  # seconds: how often a list hears of talks that are not its member's own
_TAIL = 30  # items of a shown talk that are read again when it changes
_AT_ONCE = 200  # conversations in one statement

SEEN = Counter("daozhen_desk_changes_total", "Conversations read because they changed")
LOOKING = Gauge("daozhen_desk_lists", "Open conversation lists")
_working: dict[int, Hub] = {}  # by the runtime that they work on


class Watcher(Protocol):
    """An open page. `own` are this member's own and shown talks, told at once; `others` come together, once a
    second; `said` is the tail of the talk that it shows, as far as it is `readable` there."""

    @property
    def shown(self) -> UUID | None: ...
    def owns(self, row: Row) -> bool: ...
    def readable(self, row: Row) -> Readable: ...
    def changed(self, changed: Collection[Row]) -> None: ...
    def said(self, row: Row, items: list[Item]) -> None: ...
    def replies_changed(self) -> None: ...


class Hub:
    """Keeps the rows of all open talks. `add` and `leave` are for pages; `touch` for whoever changed something in
    this process. `session_ended` is told of whom a session ended."""

    def __init__(self, rt: Runtime, session_ended: Callable[[UUID], None] = lambda _: None) -> None:
        self._rt = rt
        self._session_ended = session_ended
        self._limited = [channel.name for channel in rt.channels.values() if quota.quotas(channel)]
        self._public = published(rt.settings)
        self._rows: dict[UUID, Row] = {}
        self._watchers: set[Watcher] = set()
        self._due: set[UUID] = set()
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        self._later: dict[Watcher, dict[UUID, Row]] = defaultdict(dict)
        redis = partial(said_on, rt.redis, DESK)
        postgres = partial(rt.database.hearing, DESK)
        self._of_messages = Listener("the desk's messages", redis, self._hear, self.look)
        self._of_talks = Listener("the desk's talks", postgres, self._hear_postgres, self._look_again)

    @property
    def rows(self) -> Mapping[UUID, Row]:
        return self._rows

    @property
    def hears(self) -> bool:
        """Whether we are told of all changes."""
        return self._of_messages.hears and self._of_talks.hears

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Hub]:
        await self.look()
        _working[id(self._rt)] = self
        works = (self._read_due, self._look_now_and_then, self._tell_later)
        tasks = [asyncio.create_task(self._forever(work)) for work in works]
        try:
            async with self._of_messages.at_work(), self._of_talks.at_work():
                yield self
        finally:
            del _working[id(self._rt)]
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def add(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        LOOKING.set(len(self._watchers))

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        self._later.pop(watcher, None)
        LOOKING.set(len(self._watchers))

    def touch(self, conversations: Iterable[UUID]) -> None:
        """These changed: they are read again in a moment."""
        self._due.update(conversations)
        self._wake.set()

    async def read(self, conversations: Collection[UUID]) -> list[Row]:
        """Rows as they are now, also of talks that are not open."""
        async with self._rt.database.transaction() as session:
            return await rows.read(
                session,
                self._rt.crypto,
                conversations,
                now=self._rt.now(),
                limited=self._limited,
                public=self._public,
            )

    async def items(self, row: Row, readable: Readable, *, limit: int = transcript.PAGE) -> list[Item]:
        """The end of a transcript, as far as it may be read."""
        async with self._rt.database.transaction() as session:
            return await transcript.read(
                session,
                self._rt.crypto,
                row.id,
                readable,
                before=transcript.LATEST,
                limit=limit,
                waiting=self.holds(row),
            )

    def holds(self, row: Row) -> bool:
        """Whether what is queued has to wait for the patient's next message."""
        return row.left == 0 or not sends_actively(self._rt, self._rt.channels[row.channel])

    async def look(self) -> None:
        """Reads everything open, and tells of what is different."""
        async with self._rt.database.transaction() as session:
            standing = await rows.open_ones(session)
        every = [*standing, *(self._rows.keys() - set(standing))]
        for at in range(0, len(every), _AT_ONCE):
            await self._read_again(every[at : at + _AT_ONCE])

    async def _read_again(self, conversations: Collection[UUID]) -> None:
        """One reading after the other: an older one told late would take an alarm off the list again."""
        async with self._reading:
            found = await self.read(conversations)
            changed = [row for row in found if self._rows.get(row.id) != row]
            for row in found:
                if row.open:
                    self._rows[row.id] = row
                else:
                    self._rows.pop(row.id, None)
            self._tell(changed)
            await self._tell_what_was_said(found)

    def _tell(self, changed: Collection[Row]) -> None:
        for watcher in list(self._watchers):
            own = [row for row in changed if row.id == watcher.shown or watcher.owns(row)]
            told = {row.id for row in own}
            self._later[watcher].update({row.id: row for row in changed if row.id not in told})
            if own:
                _safely(watcher.changed, own)

    async def _tell_what_was_said(self, found: Collection[Row]) -> None:
        for row in found:
            shown_by = [watcher for watcher in self._watchers if watcher.shown == row.id]
            if not shown_by:
                continue
            read: dict[Readable, list[Item]] = {}
            for watcher in shown_by:
                readable = watcher.readable(row)
                if readable not in read:
                    read[readable] = await self.items(row, readable, limit=_TAIL)
                _safely(watcher.said, row, read[readable])

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:  # what tells everybody must never end before the desk does
                log.exception("the desk's news stopped for a moment")
                await asyncio.sleep(1)

    def _hear(self, news: str) -> None:
        self.touch(named(news))

    def _hear_postgres(self, news: str) -> None:
        if news.startswith(SESSION):
            self._session_ended(UUID(news.removeprefix(SESSION)))
        elif news == REPLIES:
            self._tell_replies()
        else:
            self._hear(news)

    def _tell_replies(self) -> None:
        for watcher in list(self._watchers):
            _safely(watcher.replies_changed)

    async def _look_again(self) -> None:
        """Of what was told while nobody heard."""
        await self.look()
        self._tell_replies()

    async def _read_due(self) -> None:
        await self._wake.wait()
        await asyncio.sleep(_TOGETHER)
        self._wake.clear()
        due, self._due = list(self._due), set()
        for at in range(0, len(due), _AT_ONCE):
            await self._read_again(due[at : at + _AT_ONCE])
        SEEN.inc(len(due))

    async def _look_now_and_then(self) -> None:
        await asyncio.sleep(_LOOK_ANYWAY)
        await self.look()

    async def _tell_later(self) -> None:
        await asyncio.sleep(_OTHERS_EVERY)
        for watcher in list(self._watchers):
            if waiting := self._later.pop(watcher, None):
                _safely(watcher.changed, list(waiting.values()))


def _safely[**P](tell: Callable[P, None], *news: P.args, **more: P.kwargs) -> None:
    """What one page cannot show, all others are told nevertheless."""
    try:
        tell(*news, **more)
    except Exception:
        log.exception("a page of the desk could not be told what is new")


def of(rt: Runtime) -> Hub:
    """The hub that works on this runtime. Raises KeyError where none does."""
    return _working[id(rt)]
