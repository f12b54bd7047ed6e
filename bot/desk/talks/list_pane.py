"""The list of conversations beside the talk: which of them it shows, what is looked for, and what calls attention."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.talks import finding, rows
from bot.desk.talks.elements import ConversationList, Shape
from bot.desk.talks.hub import Hub
from bot.desk.talks.list_view import ListView
from bot.desk.talks.rows import BOUND, Row
from bot.desk.talks.seeing import Filter, Viewer, as_seen, may_see
from bot.desk.talks.shapes import name_of, row_shape
from bot.handoff.states import QUEUED
from integrations.hospital import audit
from integrations.hospital.staff.permissions import Right


class ListPane:
    """`element` emits choose(id) and key(name), which are the page's."""

    def __init__(self, desk: Desk, hub: Hub, viewer: Viewer, own: Mapping[str, str]) -> None:
        self._desk, self._hub, self._viewer = desk, hub, viewer
        self._view = ListView(viewer)
        self._view.note(hub.rows.values())
        if not self._view.counts[Filter.MINE] and self._view.counts[Filter.WAITING]:
            self._view.chosen = Filter.WAITING
        first = self._view.first(hub.rows)
        self._known = {row.id: row.last_at for row in hub.rows.values() if row.last_at}
        self._offered = {row.talk_id for row in hub.rows.values() if self._is_offered(row)}
        self._late = {row.talk_id: row.late for row in hub.rows.values()}
        words = desk.words
        self.element = ConversationList(
            own,
            [{"name": one.value, "title": words(f"talks.{one}")} for one in self._filters()],
            title=f"{words('talks.title')} · {desk.rt.settings.hospital_name_in(desk.language)}",
            chosen=self._view.chosen,
            rows=[self._shape(row) for row in first],
            counts=self._view.counts,
            now=desk.now(),
            zone=desk.rt.zone,
        )
        self.element.on("filter", lambda e: self._filter(e.args))
        self.element.on("search", lambda e: self._search(e.args))

    def changed(self, changed: Collection[Row]) -> None:
        """These are so now."""
        self._view.note(changed)
        change = self._view.change(changed)
        ring = self._ring(changed)
        if change.afresh:
            self._show_list()
        if ring or not change.afresh:
            put = [] if change.afresh else [self._shape(row) for row in change.rows]
            self.element.patch(put, () if change.afresh else change.gone, self._view.counts, ring)
        self.unread()

    def unread(self) -> None:
        """Tells the browser how many messages were not looked at."""
        self.element.unread(self._view.unread)

    def _filters(self) -> list[Filter]:
        viewer = self._viewer
        theirs = {Filter.BOT: viewer.takes_over or viewer.watches, Filter.LATE: viewer.watches}
        return [one for one in Filter if theirs.get(one, True)]

    def _shape(self, row: Row, rank: Any = None) -> Shape:
        return row_shape(as_seen(self._viewer, row), self._viewer.id, self._desk.words, rank=rank)

    def _ring(self, changed: Collection[Row]) -> Shape | None:
        """Something for this member came that was not there before."""
        found = None
        for row in changed:
            known = self._known.get(row.id)
            if row.last_at:
                self._known[row.id] = row.last_at
            if title := self._calls(row, known):
                body = name_of(row, self._desk.words)
                found = {"id": str(row.id), "title": self._desk.words(title), "body": body}
        return found

    def _calls(self, row: Row, known: datetime | None) -> str:
        """The key of what is said of it, or nothing. `known`: of when the latest message was at the last look."""
        came = row.last_at is not None and (known is None or row.last_at > known)
        offered, before = self._is_offered(row), row.talk_id in self._offered
        (self._offered.add if offered else self._offered.discard)(row.talk_id)
        late, self._late[row.talk_id] = self._late.get(row.talk_id, ""), row.late
        if offered and not before:
            return "talks.ring_alarm" if row.alarm else "talks.ring_offered"
        if self._viewer.watches and row.late and row.late != late:
            return f"talks.ring_{row.late}"
        if self._viewer.owns(row) and row.open and came and row.last_by == "patient":
            return "talks.ring_alarm" if row.alarm else "talks.ring_title"
        return ""

    def _is_offered(self, row: Row) -> bool:
        """Whether this member is asked to take it, in silence or while the bot goes on."""
        return row.staff_id == self._viewer.id and row.status in QUEUED

    async def _filter(self, name: str) -> None:
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            self._view.chosen, self._view.searched = Filter(name), False
            found = [] if self._view.live else await self._apart(session)
        if self._view.live:
            self._show_list()
        else:
            await self._show_found(found)

    async def _apart(self, session: AsyncSession) -> list[UUID]:
        """Of the lists that are read when they are asked for."""
        now, viewer = self._desk.now(), self._viewer
        if self._view.chosen is Filter.BOT:
            return await rows.with_bot(session, now)
        skills = None if viewer.watches else sorted(viewer.skills)
        return await rows.closed(session, now, skills=skills, staff_id=viewer.id)

    async def _search(self, asked: str) -> None:
        """The audit log keeps that somebody looked, and by what."""
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            await audit.record(
                session,
                actor=self._desk.actor,
                action="talk.searched",
                subject="conversations",
                detail={"by": finding.kind_of(asked)},
            )
            found = await finding.find(session, self._desk.rt.crypto, asked)
        self._view.searched = True
        await self._show_found(found)

    async def _show_found(self, found: list[UUID]) -> None:
        """Rows of a list that is read apart, in its order."""
        order = {one: at for at, one in enumerate(found)}
        read = [row for row in await self._hub.read(found) if may_see(self._viewer, row)]
        read.sort(key=lambda row: order[row.id])
        self._view.given(read)
        shapes = [self._shape(row, (order[row.id],)) for row in read]
        self.element.replace(self._view.chosen, shapes, self._view.counts, searched=self._view.searched)

    def _show_list(self) -> None:
        first = self._view.first(self._hub.rows)
        more = self._view.counts[self._view.chosen] > BOUND
        self.element.replace(
            self._view.chosen,
            [self._shape(row) for row in first],
            self._view.counts,
            more=self._desk.words("talks.more", count=BOUND) if more else "",
        )
