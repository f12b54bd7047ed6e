"""What a clock does for all open pages: tells that their people are there, counts what waits for them, and sends away
whose session is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from uuid import UUID
from weakref import WeakSet

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from bot.desk import frame
from bot.desk.desk import Desk, SessionOver
from bot.desk.registry import PAGES
from integrations.hospital.staff import presence
from integrations.runtime import Runtime

log = structlog.get_logger()

BEAT_SECONDS = 5.0
_SEEN_SECONDS = 15.0
_open: WeakSet[Desk] = WeakSet()


def watch(desk: Desk) -> None:
    _open.add(desk)


def connected() -> list[Desk]:
    """Pages that a browser shows at this moment."""
    here = [desk for desk in _open if desk.client.has_socket_connection and not desk.client.is_deleted]
    return [desk for desk in here if not desk.over]


class Heartbeat:
    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._seen_at = -_SEEN_SECONDS

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self.once()
            except (SQLAlchemyError, OSError):
                log.warning("the desk's pages are not kept up: the database does not answer")
            except Exception:  # what says who is there must never end before the desk does
                log.exception("the desk's pages were not kept up for a moment")

    async def once(self) -> None:
        desks = connected()
        if monotonic() - self._seen_at >= _SEEN_SECONDS:
            self._seen_at = monotonic()
            await self._seen({desk.member.id for desk in desks})
        counted: dict[object, int] = {}
        for desk in desks:
            await self._look(desk, counted)

    async def _seen(self, staff: Iterable[UUID]) -> None:
        async with self._rt.database.begin() as session:
            for staff_id in sorted(staff):  # in one order: two desks at once lock each other otherwise
                await presence.seen(session, staff_id, self._rt.now())

    async def _look(self, desk: Desk, counted: dict[object, int]) -> None:
        """`counted` holds what was counted already in this beat, for whom it is the same."""
        try:
            async with desk.reading(by_itself=True) as session:
                for page in PAGES.values():
                    if page.badge is None or not page.is_for(desk.member):
                        continue
                    member = desk.member
                    whose = member.id if page.own_badge else (member.role, member.department_id)
                    key = (page.path, whose)
                    if key not in counted:
                        counted[key] = await page.badge(session, member)
                    frame.set_badge(desk, page, counted[key])
        except SessionOver:
            desk.leave()
        except (OperationalError, InterfaceError):
            raise  # it is the same for all of them
        except Exception:  # one page that fails keeps nobody else from being sent away
            log.exception("a page of the desk was not kept up")
