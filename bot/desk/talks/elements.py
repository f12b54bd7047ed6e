"""The parts of the page that live in the browser: the list, the transcript, and where staff write. Each is told only
what changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from nicegui import app, events, ui
from starlette.datastructures import UploadFile

Shape = dict[str, Any]


class ConversationList(ui.element, component="list.js"):
    """Emits choose(id), filter(name), search(text), key(name)."""

    def __init__(
        self,
        words: Mapping[str, str],
        filters: Sequence[Shape],
        *,
        title: str,
        chosen: str,
        rows: Sequence[Shape],
        counts: Mapping[str, int],
        now: datetime,
        zone: ZoneInfo,
    ) -> None:
        super().__init__()
        self.shown = {row["id"]: row for row in rows}
        self._props.update(
            words=dict(words),
            filters=list(filters),
            title=title,
            chosen=chosen,
            initial=list(rows),
            firstCounts=dict(counts),
            serverNow=milliseconds(now),
            zone=zone.key,
        )

    def patch(
        self,
        rows: Sequence[Shape],
        gone: Collection[UUID],
        counts: Mapping[str, int],
        ring: Shape | None = None,
    ) -> None:
        for row in rows:
            self.shown[row["id"]] = row
        for one in gone:
            self.shown.pop(str(one), None)
        self.run_method("patch", rows, [str(one) for one in gone], dict(counts), ring)

    def replace(
        self,
        chosen: str,
        rows: Sequence[Shape],
        counts: Mapping[str, int],
        *,
        more: str = "",
        searched: bool = False,
    ) -> None:
        self.shown = {row["id"]: row for row in rows}
        self.run_method("replace", chosen, rows, dict(counts), more, searched)

    def select(self, conversation_id: UUID | None) -> None:
        self.run_method("select", str(conversation_id) if conversation_id else None)

    def unread(self, count: int) -> None:
        self.run_method("unread", count)


class Transcript(ui.element, component="transcript.js"):
    """Emits older(milliseconds), seen(id)."""

    def __init__(self, words: Mapping[str, str], *, language: str, now: datetime, zone: ZoneInfo) -> None:
        super().__init__()
        self.said: list[Shape] = []
        self._props.update(words=dict(words), language=language, serverNow=milliseconds(now), zone=zone.key)

    def show(self, conversation_id: UUID, items: Sequence[Shape], facts: Shape, *, more: bool) -> None:
        self.said = list(items)
        self.run_method("show", str(conversation_id), items, more, facts)

    def earlier(self, conversation_id: UUID, items: Sequence[Shape], *, more: bool) -> None:
        """Above what is shown; what is shown already is left out."""
        known = {item["key"] for item in self.said}
        items = [item for item in items if item["key"] not in known]
        self.said = [*items, *self.said]
        self.run_method("earlier", str(conversation_id), items, more)

    def patch(self, conversation_id: UUID, items: Sequence[Shape], facts: Shape) -> None:
        """Only what is new or different travels."""
        known = {item["key"]: item for item in self.said}
        changed = [item for item in items if known.get(item["key"]) != item]
        if self.said:  # what lies before the first one shown is asked for
            changed = [item for item in changed if item["at"] >= self.said[0]["at"]]
        known.update((item["key"], item) for item in changed)
        self.said = sorted(known.values(), key=lambda item: item["at"])
        self.run_method("patch", str(conversation_id), changed, facts)


class Pictures(ui.upload):
    """Takes pictures for a talk. The address that a browser sends them to names the conversation: what takes long to
    come stays its own, whichever is shown by then. `sent` is told of each."""

    def __init__(self, sent: Callable[[UUID, bytes], Awaitable[None]], **more: Any) -> None:
        super().__init__(auto_upload=True, multiple=True, **more)
        self._plain = str(self.props["url"])
        self.on(
            "uploaded", lambda: self.run_method("removeUploadedFiles"), args=[]
        )  # `max_files` counts them too

        async def take(request: Request, conversation_id: UUID) -> None:
            async with request.form() as form:
                files = [await part.read() for part in form.values() if isinstance(part, UploadFile)]
            for content in files:
                about = events.UiEventArguments(sender=self, client=self.client)
                events.handle_event(lambda _, content=content: sent(conversation_id, content), about)

        app.post(self._named("{conversation_id}"), include_in_schema=False)(take)

    def talk(self, conversation_id: UUID | None) -> None:
        """What is chosen from now on is for this conversation."""
        self.props["url"] = self._named(str(conversation_id)) if conversation_id else self._plain

    def _named(self, conversation: str) -> str:
        return f"{self._plain}/{conversation}"

    def _handle_delete(self) -> None:
        app.remove_route(self._named("{conversation_id}"))
        super()._handle_delete()


class Composer(ui.element, component="composer.js"):
    """Emits send({id, text, note, token}), page(), used(shortcut). `uploader`: the element that takes pictures."""

    def __init__(self, words: Mapping[str, str], canned: Sequence[Shape], uploader: ui.element) -> None:
        super().__init__()
        self._props.update(words=dict(words), canned=list(canned), uploader=uploader.id)

    def talk(self, conversation_id: UUID | None, can: Shape, hint: str, speaks: str) -> None:
        self.run_method("talk", str(conversation_id) if conversation_id else None, can, hint, speaks)

    def offer(self, canned: Sequence[Shape]) -> None:
        self._props.update(canned=list(canned))
        self.update()

    def taken(self, token: str) -> None:
        self.run_method("taken", token)

    def refused(self, token: str, why: str) -> None:
        self.run_method("refused", token, why)


def milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
