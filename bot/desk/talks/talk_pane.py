"""The talk that is shown: its head, what was said, and where staff write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from bot.desk.desk import Desk, SessionOver
from bot.desk.talks import acts, dialogs, transcript
from bot.desk.talks.elements import Composer, Pictures, Shape, Transcript
from bot.desk.talks.head import Head, Page
from bot.desk.talks.hub import Hub
from bot.desk.talks.rows import Row
from bot.desk.talks.seeing import Viewer, may_see, readable
from bot.desk.talks.shapes import facts, item_shape, name_of
from bot.desk.talks.transcript import Item
from bot.handoff.states import Over
from integrations.hospital import audit
from integrations.hospital.staff.permissions import Right

_SPEAKS = {"en": "en"}


class TalkPane:
    """`row`: the conversation as it was when it was last heard of; None while none is shown. `wanted`: which one the
    member asked for last, also before it can be shown."""

    def __init__(
        self,
        desk: Desk,
        hub: Hub,
        viewer: Viewer,
        page: Page,
        own: Mapping[str, str],
        canned: Sequence[Shape],
    ) -> None:
        self._desk, self._hub, self._viewer = desk, hub, viewer
        self.row: Row | None = None
        self.wanted: UUID | None = None
        self._head = Head(desk, page)
        self._transcript = Transcript(own, language=desk.language, now=desk.now(), zone=desk.rt.zone)
        self._pictures = self._uploader()
        self._composer = Composer(own, canned, self._pictures)
        self._transcript.on("older", lambda e: self._older(e.args))
        self._transcript.on("seen", lambda e: self._seen(e.args))
        self._composer.on("send", lambda e: self._send(e.args))
        self._composer.on("page", lambda: dialogs.pages(self._desk, self))
        self._composer.on("used", lambda e: acts.used(self._desk, str(e.args)))

    def _uploader(self) -> Pictures:
        megabytes = self._desk.rt.settings.media_megabytes
        return (
            Pictures(
                self._picture,
                max_files=9,
                max_file_size=megabytes * 1024 * 1024,
                on_rejected=lambda: self._desk.notice("talks.too_large", "warning", megabytes=megabytes),
            )
            .props('accept="image/png,image/jpeg,image/gif" tabindex=-1 aria-hidden=true')
            .classes("dz-upload")
        )

    async def open(self, conversation_id: UUID) -> Row | None:
        """Shows a conversation; None for one that this member may not see, or when another was asked for meanwhile."""
        self.wanted = conversation_id
        try:
            found = await self._look_at(conversation_id)
        finally:
            overtaken = self.wanted != conversation_id
            if not overtaken:  # until it is shown, what is seen is what was there before
                self.wanted = self.row.id if self.row else None
        if found is None or overtaken:
            return None
        row, items = found
        self.row, self.wanted = row, row.id
        self._head.show(row)
        more = len(items) >= transcript.PAGE
        self._transcript.show(row.id, self._items(row, items), facts(row, self._desk.words), more=more)
        self._allow(row)
        self._hub.touch([row.id])
        return row

    async def _look_at(self, conversation_id: UUID) -> tuple[Row, list[Item]] | None:
        """Kept by the audit log; None for what this member may not see."""
        row = await self._standing(conversation_id)
        if row is None:
            self._desk.notice("talks.not_seen", "warning")
            return None
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            await audit.record(
                session,
                actor=self._desk.actor,
                action="talk.opened",
                subject=f"conversation:{conversation_id}",
            )
            if row.open and row.staff_id == self._viewer.id:
                await acts.seen(session, conversation_id, self._viewer.id, self._desk.now())
        return row, await self._hub.items(row, readable(self._viewer, row))

    def offer(self, canned: Sequence[Shape]) -> None:
        """The canned replies as they are now."""
        self._composer.offer(canned)

    def shut(self) -> None:
        """Nothing is shown any more."""
        self.row = self.wanted = None
        self._head.show(None)
        self._pictures.talk(None)
        self._composer.talk(None, {"reply": False, "note": False}, "", "zh")

    def changed(self, row: Row) -> bool:
        """The shown talk as it is now; whoever lost it is told so. Whether it may still be seen."""
        before, self.row = self.row, row
        if not may_see(self._viewer, row):
            return False
        if before and acts.state_of(before) != acts.state_of(row):
            self._head.show(row, lost=self._lost(before, row))
            self._allow(row)
        return True

    def said(self, row: Row, items: list[Item]) -> None:
        if may_see(self._viewer, row):
            self._transcript.patch(row.id, self._items(row, items), facts(row, self._desk.words))

    def _lost(self, before: Row, row: Row) -> str:
        mine, words = self._viewer.id, self._desk.words
        if before.staff_id == mine and row.staff_id != mine and row.open and row.agent:
            return words("talks.lost_to", name=row.agent)
        if before.open and not row.open and before.staff_id != mine:
            return words("talks.now_ended")
        if before.status != "active" and row.status == "active" and row.staff_id != mine and row.agent:
            return words("talks.taken_by", name=row.agent)
        return ""

    def _items(self, row: Row, items: list[Item]) -> list[Shape]:
        name = name_of(row, self._desk.words)
        return [item_shape(item, name, self._desk.words) for item in items]

    def _allow(self, row: Row) -> None:
        words = self._desk.words
        speaks = row.status == "active" and row.staff_id == self._viewer.id
        why = "" if speaks else words(acts.why_not(row), name=row.agent or "")
        can = {"reply": speaks, "note": row.open, "why": why}
        hint = words("talks.write_hint") if speaks else ""
        self._pictures.talk(row.id)
        self._composer.talk(row.id, can, hint, _SPEAKS.get(row.language, "zh"))

    async def _standing(self, conversation_id: UUID | None) -> Row | None:
        """The row of a conversation that this member may see, as it is now."""
        found = await self._hub.read([conversation_id]) if conversation_id else []
        return found[0] if found and may_see(self._viewer, found[0]) else None

    async def _older(self, before: Any) -> None:
        row = await self._standing(self.row.id if self.row else None)
        if row is None or not isinstance(before, int | float):
            return
        # Up to the end of that millisecond: of what was said in one moment, some may not stand there yet.
        async with self._desk.acting(Right.TALKS_ANSWER) as session:
            items = await transcript.read(
                session,
                self._desk.rt.crypto,
                row.id,
                readable(self._viewer, row),
                before=datetime.fromtimestamp((before + 1) / 1000, UTC),
                waiting=self._hub.holds(row),
            )
        self._transcript.earlier(row.id, self._items(row, items), more=len(items) >= transcript.PAGE)

    async def _seen(self, asked: str) -> None:
        row = self.row
        if not row or str(row.id) != asked or row.staff_id != self._viewer.id or not row.unread:
            return
        async with self._desk.reading(by_itself=True) as session:
            await acts.seen(session, row.id, self._viewer.id, self._desk.now())
        self._hub.touch([row.id])

    # What the member does

    async def _send(self, args: Shape) -> None:
        """What cannot be sent goes back into the field it came from."""
        token, conversation_id = str(args.get("token", "")), uuid_of(args.get("id", ""))
        row = await self._standing(conversation_id)
        try:
            if row is None or row.talk_id is None:
                raise Over
            say = acts.note if args.get("note") else acts.say
            await say(self._desk, row.talk_id, str(args.get("text", "")))
        except Exception as error:
            refused = self._desk.refusal(error)
            why = refused or self._desk.words("talks.unexpected")
            self._composer.refused(token, self._desk.words("talks.not_sent", error=why))
            if refused is None or isinstance(error, SessionOver):
                raise
        else:
            self._composer.taken(token)
        await self.after(conversation_id)

    async def _picture(self, conversation_id: UUID, content: bytes) -> None:
        row = await self._standing(conversation_id)
        if row is None or row.talk_id is None:
            raise Over
        await acts.picture(self._desk, row.id, row.talk_id, content)
        await self.after(row.id)

    async def send_page(self, row: Row, title: str, path: str) -> None:
        """`row`: whose page it is."""
        if row.talk_id:
            await acts.say(self._desk, row.talk_id, title, page=path)
            await self.after(row.id)

    async def after(self, conversation_id: UUID | None) -> None:
        """The patient's messages leave, and everybody who looks sees what changed."""
        if conversation_id:
            await acts.tell(self._desk, conversation_id)
            self._hub.touch([conversation_id])

    async def do(self, name: str) -> None:
        """What a key or a button asks for, where the talk allows it; nothing while another is on its way."""
        row, desk = self.row, self._desk
        if row is None or row.id != self.wanted or name not in self._head.offered:
            return
        if name == "consultation":
            ui.navigate.to(f"/consultations?open={row.consultation_id}")
            return
        if name == "transfer":
            if row.talk_id:
                await dialogs.transfer(desk, row.talk_id, lambda: self.after(row.id))
            return
        if name == "close" and not await dialogs.sure(desk, "talks.sure_close", "talks.close"):
            return
        others = name == "take_over" and row.status == "active"
        if others and not await dialogs.sure(desk, "talks.sure_take", "talks.take_over", name=row.agent):
            return
        await acts.DO[name](desk, row)
        await self.after(row.id)
        if name in acts.SAID:
            desk.notice(acts.SAID[name])


def uuid_of(asked: object) -> UUID | None:
    """None for what a browser sends that is none."""
    try:
        return UUID(str(asked))
    except ValueError:
        return None
