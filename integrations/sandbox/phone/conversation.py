"""The list of messages of a chat, kept in step with a thread: only what changed is drawn again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nicegui import ui

from integrations.sandbox.phone.parts import box, mark, words
from integrations.sandbox.state import Entry, Thread

SHOWN = 150
PAUSE = timedelta(minutes=5)  # after it the time is written again


class Conversation:
    """`draw` puts one entry into the element that is current; called in a fresh element each time."""

    def __init__(self, thread: Thread, zone: ZoneInfo, draw: Callable[[Entry], None]) -> None:
        self._thread = thread
        self._zone = zone
        self._draw = draw
        self._version = -1
        self._drawn: dict[int, tuple[int, str, ui.element]] = {}
        self._last_at: datetime | None = None
        self.body = box("chat-body", "conversation")

    def refresh(self) -> None:
        if self._thread.version == self._version:
            return
        self._version = self._thread.version
        entries = list(self._thread.entries)[-SHOWN:]
        added = [self._show(entry) for entry in entries]
        kept = {entry.id for entry in entries}
        for gone in [entry_id for entry_id in self._drawn if entry_id not in kept]:
            self._drawn.pop(gone)[2].delete()
        if any(added):
            self.scroll_down()

    def scroll_down(self) -> None:
        # Not ui.run_javascript: the element whose click brought us here may be gone by now.
        self.body.client.run_javascript(
            f"setTimeout(() => {{ const e = getHtmlElement({self.body.id}); if (e) e.scrollTop = e.scrollHeight }}, 30)"
        )

    def _show(self, entry: Entry) -> bool:
        """Whether the entry is a new one."""
        known = self._drawn.get(entry.id)
        if known and known[:2] == (entry.revision, entry.state):
            return False
        if known:
            row = known[2]
            row.clear()
        else:
            with self.body:
                self._time(entry)
                row = box("row")
        mark(row, "message", side=entry.side, kind=entry.kind, entry=entry.id, state=entry.state or "done")
        row.classes(replace=f"row by-{entry.side}")
        with row:
            self._draw(entry)
        self._drawn[entry.id] = (entry.revision, entry.state, row)
        return known is None

    def _time(self, entry: Entry) -> None:
        if self._last_at is None or entry.at - self._last_at > PAUSE:
            words(f"{entry.at.astimezone(self._zone):%H:%M}", "time-mark")
        self._last_at = entry.at
