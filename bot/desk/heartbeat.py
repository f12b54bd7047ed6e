"""What is done for all open pages: by a clock, to tell that their people are there and count what waits for them; and
at the moment in which a session is over, to send its pages away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakSet

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk import frame
from bot.desk.desk import Desk, SessionOver
from bot.desk.registry import PAGES, Page
from integrations.hospital.staff import presence
from integrations.runtime import Runtime

log = structlog.get_logger()

BEAT_SECONDS = 5.0
_SEEN_SECONDS = 15.0
_open: WeakSet[Desk] = WeakSet()
_beating: set[Heartbeat] = set()


def watch(desk: Desk) -> None:
    def arrived() -> None:
        for one in _beating:
            one.arrived(desk)

    _open.add(desk)
    desk.client.on_connect(arrived)
    if desk.client.has_socket_connection:  # its page took long to build
        arrived()


def connected() -> list[Desk]:
    """Pages that a browser shows at this moment."""
    here = [desk for desk in _open if desk.client.has_socket_connection and not desk.client.is_deleted]
    return [desk for desk in here if not desk.over]


class Heartbeat:
    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._seen_at = -_SEEN_SECONDS
        self._beat_at = monotonic()
        self._ended: set[UUID] = set()
        self._arrived: set[Desk] = set()
        self._wake = asyncio.Event()

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[Heartbeat]:
        beating = asyncio.create_task(self._beat())
        _beating.add(self)
        try:
            yield self
        finally:
            _beating.discard(self)
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    def session_ended(self, staff_id: UUID) -> None:
        """One of this member's sessions: its pages go now."""
        self._ended.add(staff_id)
        self._wake.set()

    def arrived(self, desk: Desk) -> None:
        """Its browser shows the page: what waits is told at once."""
        self._arrived.add(desk)
        self._wake.set()

    def pause(self) -> float:
        """Seconds until the next look: to the first end of a session, where that is sooner."""
        ends = [(desk.until - self._rt.now()).total_seconds() for desk in connected() if desk.until]
        return min((left for left in ends if left > 0), default=BEAT_SECONDS)

    async def _beat(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(self.pause(), BEAT_SECONDS)):
                    await self._wake.wait()
            self._wake.clear()
            woken = bool(self._ended or self._arrived)
            ended, self._ended = self._ended, set()
            arrived, self._arrived = self._arrived, set()
            try:
                await self._look_at(ended, arrived)
                if not woken or monotonic() - self._beat_at >= BEAT_SECONDS:
                    self._beat_at = monotonic()
                    await self.once()
            except (SQLAlchemyError, OSError):
                log.warning("the desk's pages are not kept up: the database does not answer")
            except Exception:  # what says who is there must never end before the desk does
                log.exception("the desk's pages were not kept up for a moment")

    async def _look_at(self, ended: set[UUID], arrived: set[Desk]) -> None:
        for desk in connected():
            if desk.member.id in ended or desk in arrived:
                await self._look(desk, {})

    async def once(self) -> None:
        desks = connected()
        if monotonic() - self._seen_at >= _SEEN_SECONDS:
            self._seen_at = monotonic()
            await self._seen({desk.member.id for desk in desks})
        counted: dict[object, Any] = {}
        for desk in desks:
            await self._look(desk, counted)

    async def _seen(self, staff: Iterable[UUID]) -> None:
        async with self._rt.database.begin() as session:
            for staff_id in sorted(staff):  # in one order: two desks at once lock each other otherwise
                await presence.seen(session, staff_id, self._rt.now())

    async def _tell(self, session: AsyncSession, desk: Desk, page: Page, counted: dict[object, Any]) -> None:
        """How many wait in the page, and what came there."""
        member = desk.member
        whose = member.id if page.own_badge else (member.role, member.department_id)
        if page.badge is not None:
            key = (page.path, whose)
            if key not in counted:
                counted[key] = await page.badge(session, member)
            frame.set_badge(desk, page, int(counted[key]))
        if page.newest is not None:
            heard = (page.newest, whose)
            if heard not in counted:
                counted[heard] = await page.newest(session, desk.now(), member)
            frame.ring(desk, page, counted[heard])

    async def _look(self, desk: Desk, counted: dict[object, Any]) -> None:
        """`counted` holds what was counted already in this beat, for whom it is the same."""
        try:
            async with desk.reading(by_itself=True) as session:
                for page in PAGES.values():
                    if page.is_for(desk.member):
                        await self._tell(session, desk, page, counted)
        except SessionOver:
            desk.leave()
        except (OperationalError, InterfaceError):
            raise  # it is the same for all of them
        except Exception:  # one page that fails keeps nobody else from being sent away
            log.exception("a page of the desk was not kept up")
