"""The page of the conversations: list, talk and card side by side."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nicegui import events, ui
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.card.panel import CardPanel
from bot.desk.desk import Desk
from bot.desk.registry import desk_page, refusals
from bot.desk.talks import acts, dialogs, finding, rows, transcript
from bot.desk.talks import hub as hubs
from bot.desk.talks.elements import Composer, ConversationList, Shape, Transcript
from bot.desk.talks.head import Head
from bot.desk.talks.list_view import ListView
from bot.desk.talks.rows import BOUND, Row
from bot.desk.talks.seeing import LIVE, Filter, Viewer, may_see
from bot.desk.talks.shapes import facts, item_shape, name_of, row_shape
from bot.desk.talks.transcript import Item
from bot.desk.words import catalogue
from bot.handoff.models import Skill
from bot.handoff.states import AlreadyTaken, NotActive, NotYours, Over, WrongStep
from bot.handoff.talking import SKILLS
from integrations.hospital import audit
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right

_SPEAKS = {"en": "en"}
refusals(
    {
        Over: "talks.over",
        NotYours: "talks.not_yours",
        AlreadyTaken: "talks.already_taken",
        NotActive: "talks.not_active",
        WrongStep: "talks.over",
        acts.TooLong: "talks.too_long",
        acts.NoPicture: "talks.no_picture",
    }
)


def viewer_of(desk: Desk) -> Viewer:
    return viewer(
        desk.member, watches=desk.may(Right.TALKS_WATCH), takes_over=desk.may(Right.TALKS_TAKE_OVER)
    )


def viewer(member: StaffMember, *, watches: bool, takes_over: bool) -> Viewer:
    skills = SKILLS.get(member.role, frozenset[Skill]())
    return Viewer(
        member.id,
        member.login,
        frozenset(skill.value for skill in skills),
        member.department_id,
        watches,
        takes_over,
    )


async def _waiting(session: AsyncSession, member: StaffMember) -> int:
    return await rows.waiting_for(
        session, member.id, [skill.value for skill in SKILLS.get(member.role, ())], member.department_id
    )


@desk_page(
    "/talks",
    title="talks",
    right=Right.TALKS_ANSWER,
    icon="forum",
    group="talks",
    badge=_waiting,
    own_badge=True,
    wide=True,
)
async def talks(desk: Desk) -> None:
    page = TalksPage(desk, hubs.of(desk.rt))
    await page.build()


class TalksPage:
    """One open page. The hub tells it what changed; what its member does goes through bot.handoff."""

    def __init__(self, desk: Desk, hub: hubs.Hub) -> None:
        self._desk = desk
        self._hub = hub
        self._view = ListView(viewer_of(desk))
        self._row: Row | None = None
        self._known: dict[UUID, datetime] = {}
        self.shown: UUID | None = None

    async def build(self) -> None:
        desk, words = self._desk, self._desk.words
        ui.add_head_html('<link rel="stylesheet" href="/talks/talks.css">')
        self._view.note(self._hub.rows.values())
        if not self._view.counts[Filter.MINE] and self._view.counts[Filter.WAITING]:
            self._view.chosen = Filter.WAITING
        first = self._view.first(self._hub.rows)
        self._known = {row.id: row.last_at for row in self._hub.rows.values() if row.last_at}
        own, canned = own_words(words.language), await self._canned()
        with ui.element("div").classes("dz-desk") as self._root:
            with ui.element("div").classes("dz-pane dz-left"):
                self._list = ConversationList(
                    own,
                    [{"name": one.value, "title": words(f"talks.{one}")} for one in self._filters()],
                    title=f"{words('talks.title')} · {desk.rt.settings.hospital_name_in(desk.language)}",
                    chosen=self._view.chosen,
                    rows=[self._shape(row) for row in first],
                    counts=self._view.counts,
                    now=desk.now(),
                    zone=desk.rt.zone,
                )
            with ui.element("div").classes("dz-pane dz-middle"):
                self._head = Head(desk, self)
                self._transcript = Transcript(own, language=words.language, now=desk.now(), zone=desk.rt.zone)
                uploader = self._uploader()
                self._composer = Composer(own, canned, uploader)
            with ui.element("div").classes("dz-pane dz-side"):
                self._card = CardPanel(desk)
        self._listen()
        await self._show_nothing()
        self._hub.add(self)
        desk.client.on_delete(lambda: self._hub.leave(self))
        self._list.unread(self._view.unread)
        if asked := _id(desk.query.get("open", "")):
            await self.open(asked)

    def _listen(self) -> None:
        self._list.on("choose", lambda e: self._choose(e.args))
        self._list.on("filter", lambda e: self._filter(e.args))
        self._list.on("search", lambda e: self._search(e.args))
        self._list.on("key", lambda e: self.key(e.args))
        self._transcript.on("older", lambda e: self._older(e.args))
        self._transcript.on("seen", lambda e: self._seen(e.args))
        self._composer.on("send", lambda e: self._send(e.args))
        self._composer.on("page", lambda: dialogs.pages(self._desk, self))
        self._composer.on("used", lambda e: acts.used(self._desk, str(e.args)))

    def _filters(self) -> list[Filter]:
        see_bot = self._view.viewer.takes_over or self._view.viewer.watches
        return [one for one in Filter if one is not Filter.BOT or see_bot]

    def _uploader(self) -> ui.upload:
        megabytes = self._desk.rt.settings.media_megabytes
        return (
            ui.upload(
                auto_upload=True,
                multiple=True,
                max_files=9,
                max_file_size=megabytes * 1024 * 1024,
                on_upload=self._picture,
                on_rejected=lambda: self._desk.notice("talks.too_large", "warning", megabytes=megabytes),
            )
            .props('accept="image/png,image/jpeg,image/gif" tabindex=-1 aria-hidden=true')
            .classes("dz-upload")
        )

    async def _canned(self) -> list[Shape]:
        async with self._desk.reading(by_itself=True) as session:
            return await acts.canned(session, self._view.viewer.skills)

    # What the hub tells

    def owns(self, row: Row) -> bool:
        return self._view.viewer.id in (row.staff_id, row.wanted_staff_id)

    def changed(self, changed: Collection[Row]) -> None:
        self._view.note(changed)
        change = self._view.change(changed)
        ring = self._ring(changed)
        if change.afresh:
            self._show_list()
        else:
            put = [self._shape(row) for row in change.rows]
            self._list.patch(put, change.gone, self._view.counts, ring)
        self._list.unread(self._view.unread)
        for row in changed:
            if row.id == self.shown:
                self._change_talk(row)

    def said(self, row: Row, items: list[Item]) -> None:
        if row.id == self.shown and may_see(self._view.viewer, row):
            self._transcript.patch(row.id, self._items(row, items), facts(row, self._desk.words))

    def _change_talk(self, row: Row) -> None:
        """The shown talk as it is now; whoever lost it is told so."""
        before, self._row = self._row, row
        if not may_see(self._view.viewer, row):
            self.shown = self._row = None
            with self._root:
                ui.timer(0, self._show_nothing, once=True)
            return
        if before and acts.state_of(before) != acts.state_of(row):
            self._head.show(row, lost=self._lost(before, row))
            self._allow(row)

    def _lost(self, before: Row, row: Row) -> str:
        mine, words = self._view.viewer.id, self._desk.words
        if before.staff_id == mine and row.staff_id != mine and row.open and row.agent:
            return words("talks.lost_to", name=row.agent)
        if before.open and not row.open and before.staff_id != mine:
            return words("talks.now_ended")
        if before.status != "active" and row.status == "active" and row.staff_id != mine and row.agent:
            return words("talks.taken_by", name=row.agent)
        return ""

    def _ring(self, changed: Collection[Row]) -> Shape | None:
        """Something for this member came that was not there before."""
        words, found = self._desk.words, None
        for row in changed:
            known = self._known.get(row.id)
            if row.last_at:
                self._known[row.id] = row.last_at
            came = row.last_at is not None and (known is None or row.last_at > known)
            if self.owns(row) and row.open and came and row.last_by == "patient":
                title = "talks.ring_alarm" if row.alarm else "talks.ring_title"
                found = {"id": str(row.id), "title": words(title), "body": name_of(row, words)}
            elif row.staff_id == self._view.viewer.id and row.status == "waiting" and known is None:
                found = {"id": str(row.id), "title": words("talks.ring_offered"), "body": name_of(row, words)}
        return found

    # The list

    def _shape(self, row: Row, rank: Any = None) -> Shape:
        return row_shape(row, self._view.viewer.id, self._desk.words, rank=rank)

    async def _filter(self, name: str) -> None:
        self._view.chosen, self._view.searched = Filter(name), False
        if self._view.chosen in LIVE:
            self._show_list()
            return
        async with self._desk.rt.database.transaction() as session:
            found = await self._apart(session)
        await self._show_found(found)

    async def _apart(self, session: Any) -> list[UUID]:
        now, viewer = self._desk.now(), self._view.viewer
        if self._view.chosen is Filter.BOT:
            return await rows.with_bot(session, now)
        skills = None if viewer.watches else sorted(viewer.skills)
        return await rows.closed(session, now, skills=skills, staff_id=viewer.id)

    async def _search(self, asked: str) -> None:
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            await audit.record(
                session,
                actor=self._desk.actor,
                action="talk.searched",
                subject="conversations",
                detail={"by": finding.kind_of(asked)},
            )
        async with self._desk.rt.database.transaction() as session:
            found = await finding.find(session, self._desk.rt.crypto, asked)
        self._view.searched = True
        await self._show_found(found)

    async def _show_found(self, found: list[UUID]) -> None:
        """Rows of a list that is read apart, in its order."""
        order = {one: at for at, one in enumerate(found)}
        read = [row for row in await self._hub.read(found) if may_see(self._view.viewer, row)]
        read.sort(key=lambda row: order[row.id])
        self._view.given(read)
        shapes = [self._shape(row, (order[row.id],)) for row in read]
        self._list.replace(self._view.chosen, shapes, self._view.counts, searched=self._view.searched)

    def _show_list(self) -> None:
        first = self._view.first(self._hub.rows)
        more = self._view.counts[self._view.chosen] > BOUND
        self._list.replace(
            self._view.chosen,
            [self._shape(row) for row in first],
            self._view.counts,
            more=self._desk.words("talks.more", count=BOUND) if more else "",
        )

    # The talk

    async def _choose(self, asked: str) -> None:
        if chosen := _id(asked):
            await self.open(chosen)

    async def open(self, conversation_id: UUID) -> None:
        """Shows a conversation; the audit log keeps that it was looked at."""
        found = await self._hub.read([conversation_id])
        if not found or not may_see(self._view.viewer, found[0]):
            self._desk.notice("talks.not_seen", "warning")
            return
        row = found[0]
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            await audit.record(
                session,
                actor=self._desk.actor,
                action="talk.opened",
                subject=f"conversation:{conversation_id}",
            )
            if row.open and row.staff_id == self._view.viewer.id:
                await acts.seen(session, conversation_id, self._view.viewer.id, self._desk.now())
        self.shown, self._row = row.id, row
        items = await self._hub.items(row)
        self._list.select(row.id)
        self._root.classes(add="is-talk")
        self._head.show(row)
        more = len(items) >= transcript.PAGE
        self._transcript.show(row.id, self._items(row, items), facts(row, self._desk.words), more=more)
        self._allow(row)
        self._hub.touch([row.id])
        await self._card.show(row)

    async def _show_nothing(self) -> None:
        self.shown = self._row = None
        self._root.classes(remove="is-talk")
        self._head.show(None)
        self._composer.talk(None, {"reply": False, "note": False}, "", "zh")
        self._list.select(None)
        await self._card.show(None)

    async def leave(self) -> None:
        await self._show_nothing()

    def _items(self, row: Row, items: list[Item]) -> list[Shape]:
        name = name_of(row, self._desk.words)
        return [item_shape(item, name, self._desk.words) for item in items]

    def _allow(self, row: Row) -> None:
        words = self._desk.words
        speaks = row.status == "active" and row.staff_id == self._view.viewer.id
        why = ""
        if not speaks:
            why = words(acts.why_not(row), name=row.agent or "")
        can = {"reply": speaks, "note": row.open, "why": why}
        self._composer.talk(
            row.id, can, words("talks.write_hint") if speaks else "", _SPEAKS.get(row.language, "zh")
        )

    async def _older(self, before: Any) -> None:
        if not self._row or not isinstance(before, int | float):
            return
        row = self._row
        async with self._desk.rt.database.transaction() as session:
            items = await transcript.read(
                session,
                self._desk.rt.crypto,
                row.id,
                before=datetime.fromtimestamp(before / 1000, UTC),
                waiting=self._hub.holds(row),
            )
        self._transcript.earlier(row.id, self._items(row, items), more=len(items) >= transcript.PAGE)

    async def _seen(self, asked: str) -> None:
        row = self._row
        if not row or str(row.id) != asked or row.staff_id != self._view.viewer.id or not row.unread:
            return
        async with self._desk.rt.database.begin() as session:
            await acts.seen(session, row.id, self._view.viewer.id, self._desk.now())
        self._hub.touch([row.id])

    # What the member does

    async def _send(self, args: Shape) -> None:
        """What cannot be sent goes back into the field it came from."""
        token, conversation_id = str(args.get("token", "")), _id(args.get("id", ""))
        row = await self._standing(conversation_id)
        try:
            if row is None or row.talk_id is None:
                raise Over
            if args.get("note"):
                await acts.note(self._desk, row.talk_id, str(args.get("text", "")))
            else:
                await acts.say(self._desk, row.talk_id, str(args.get("text", "")))
        except Exception as error:
            self._composer.refused(
                token, self._desk.words("talks.not_sent", error=acts.said(self._desk, error))
            )
            if not isinstance(error, (Over, NotYours, AlreadyTaken, NotActive, WrongStep, acts.TooLong)):
                raise
        else:
            self._composer.taken(token)
        await self._after(conversation_id)

    async def _standing(self, conversation_id: UUID | None) -> Row | None:
        """The row of a conversation that this member may see, as it is now."""
        found = await self._hub.read([conversation_id]) if conversation_id else []
        return found[0] if found and may_see(self._view.viewer, found[0]) else None

    async def _picture(self, event: events.UploadEventArguments) -> None:
        row = self._row
        if row and row.talk_id:
            await acts.picture(self._desk, row.id, row.talk_id, await event.file.read())
            await self._after(row.id)

    async def _after(self, conversation_id: UUID | None) -> None:
        """The patient's messages leave, and everybody who looks sees what changed."""
        if conversation_id:
            await acts.tell(self._desk, conversation_id)
            self._hub.touch([conversation_id])

    async def key(self, name: str) -> None:
        """What a key or a button asks for."""
        if name == "help":
            dialogs.shortcuts(self._desk)
        elif name == "card":
            self._root.classes(toggle="no-card with-card")
        elif self._row is not None and name in self._head.offered:
            await self._do(name, self._row)

    async def _do(self, name: str, row: Row) -> None:
        desk = self._desk
        if name == "transfer":
            if row.talk_id:
                await dialogs.transfer(desk, row.talk_id, lambda: self._after(row.id))
            return
        if name == "close" and not await dialogs.sure(desk, "talks.sure_close", "talks.close"):
            return
        others = name == "take_over" and row.status == "active"
        if others and not await dialogs.sure(desk, "talks.sure_take", "talks.take_over", name=row.agent):
            return
        await acts.DO[name](desk, row)
        await self._after(row.id)
        if name in acts.SAID:
            desk.notice(acts.SAID[name])

    async def send_page(self, title: str, path: str) -> None:
        if self._row and self._row.talk_id:
            await acts.say(self._desk, self._row.talk_id, title, page=path)
            await self._after(self._row.id)

    @property
    def row(self) -> Row | None:
        return self._row


def own_words(language: str) -> dict[str, str]:
    """The words of this page by their short keys, for the parts that live in the browser."""
    return {
        key.removeprefix("talks."): said[language]
        for key, said in catalogue().items()
        if key.startswith("talks.")
    }


def _id(asked: object) -> UUID | None:
    try:
        return UUID(str(asked))
    except ValueError:
        return None
