"""The page of the conversations: list, talk and card side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial
from uuid import UUID

from nicegui import ui
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.card.panel import CardPanel
from bot.desk.desk import Desk
from bot.desk.parts import named, shortcuts
from bot.desk.registry import desk_page, refusals
from bot.desk.talks import acts, dialogs, rows
from bot.desk.talks import hub as hubs
from bot.desk.talks.list_pane import ListPane
from bot.desk.talks.readable import Readable
from bot.desk.talks.rows import Row
from bot.desk.talks.seeing import readable, viewer_of
from bot.desk.talks.talk_pane import TalkPane, uuid_of
from bot.desk.talks.transcript import Item
from bot.desk.words import catalogue
from bot.handoff.states import AlreadyTaken, NotActive, NotYours, OfConsultation, Over, TalkRefusal, WrongStep
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right

refusals(
    {
        Over: "talks.over",
        NotYours: "talks.not_yours",
        AlreadyTaken: "talks.already_taken",
        NotActive: "talks.not_active",
        WrongStep: "talks.over",
        OfConsultation: "talks.of_consultation",
        TalkRefusal: "talks.over",
        acts.TooLong: "talks.too_long",
        acts.NoPicture: "talks.no_picture",
    }
)


async def _waiting(session: AsyncSession, member: StaffMember) -> int:
    viewer = viewer_of(member)
    return await rows.waiting_for(
        session, member.id, sorted(viewer.skills), member.department_id, watches=viewer.watches
    )


async def _newest(session: AsyncSession, _now: datetime, member: StaffMember) -> dict[str, float]:
    return {"": await rows.newest_for(session, member.id, watches=viewer_of(member).watches)}


@desk_page(
    "/talks",
    title="talks",
    right=Right.TALKS_ANSWER,
    icon="forum",
    group="talks",
    badge=_waiting,
    own_badge=True,
    wide=True,
    newest=_newest,
)
async def talks(desk: Desk) -> None:
    page = TalksPage(desk, hubs.of(desk.rt))
    await page.build()


class TalksPage:
    """One open page. The hub tells it what changed; what its member does goes through bot.handoff."""

    def __init__(self, desk: Desk, hub: hubs.Hub) -> None:
        self._desk, self._hub = desk, hub
        self._viewer = viewer_of(desk.member)

    async def build(self) -> None:
        desk, viewer = self._desk, self._viewer
        ui.add_head_html('<link rel="stylesheet" href="/talks/talks.css">')
        own = own_words(desk.language)
        desk.keys = dialogs.keys(desk)
        async with desk.reading(by_itself=True) as session:
            canned = await acts.canned(session, viewer.skills)
        with ui.element("div").classes("dz-desk") as self._root:
            with ui.element("div").classes("dz-pane dz-left"):
                self._list = ListPane(desk, self._hub, viewer, own)
            with ui.element("div").classes("dz-pane dz-middle"):
                self._talk = TalkPane(desk, self._hub, viewer, self, own, canned)
            with ui.element("div").classes("dz-pane dz-side"):
                self._shut_card()
                self._card = CardPanel(desk)
        self._list.element.on("choose", lambda e: self._choose(e.args))
        self._list.element.on("key", lambda e: self.key(e.args))
        await self.leave()
        self._hub.add(self)
        desk.until_over(lambda: self._hub.leave(self))
        self._list.unread()
        if asked := uuid_of(desk.query.get("open", "")):
            await self.open(asked)

    # What the hub asks and tells

    @property
    def shown(self) -> UUID | None:
        return self._talk.row.id if self._talk.row else None

    def owns(self, row: Row) -> bool:
        return self._viewer.owns(row)

    def readable(self, row: Row) -> Readable:
        return readable(self._viewer, row)

    def changed(self, changed: Collection[Row]) -> None:
        self._list.changed(changed)
        for row in changed:
            before = self._talk.row
            if before is None or row.id != before.id:
                continue
            if not self._talk.changed(row):
                self._talk.row = None  # nothing more of it is told from here on
                self._soon(partial(self._lose, row.id))
            elif row.alarm and row.alarm != before.alarm:
                self._soon(partial(self._card.show, row))  # it lists the red flags

    def _soon(self, work: Callable[[], Awaitable[None]]) -> None:
        with self._root:
            ui.timer(0, work, once=True)

    def said(self, row: Row, items: list[Item]) -> None:
        if row.id == self.shown:
            self._talk.said(row, items)

    def replies_changed(self) -> None:
        self._soon(self._read_replies)

    async def _read_replies(self) -> None:
        async with self._desk.reading(by_itself=True) as session:
            self._talk.offer(await acts.canned(session, self._viewer.skills))

    # What the member does

    async def _choose(self, asked: str) -> None:
        if chosen := uuid_of(asked):
            await self.open(chosen)

    async def open(self, conversation_id: UUID) -> None:
        if row := await self._talk.open(conversation_id):
            self._list.element.select(row.id)
            self._root.classes(add="is-talk")
            await self._card.show(row)

    def _shut_card(self) -> None:
        """Where the card lies over the talk and its buttons."""
        title = self._desk.words("queue.shut")
        shut = ui.button(icon="close", on_click=lambda: self.key("card"))
        named(shut, "shut-card").props(f'flat round dense color=grey-7 aria-label="{title}"').classes(
            "dz-shut"
        )

    async def _lose(self, conversation_id: UUID) -> None:
        """It may not be seen any more; whoever has gone on to another stays there."""
        if self._talk.wanted == conversation_id:
            await self.leave()

    async def leave(self) -> None:
        """Back to the list alone."""
        self._talk.shut()
        self._root.classes(remove="is-talk")
        self._list.element.select(None)
        await self._card.show(None)

    async def key(self, name: str) -> None:
        """What a key or a button asks for."""
        if name == "help":
            shortcuts(self._desk)
        elif name == "card":
            self._root.classes(toggle="no-card with-card")
        else:
            await self._talk.do(name)


def own_words(language: str) -> dict[str, str]:
    """The words of this page by their short keys, for the parts that live in the browser."""
    return {
        key.removeprefix("talks."): said[language]
        for key, said in catalogue().items()
        if key.startswith("talks.")
    }
