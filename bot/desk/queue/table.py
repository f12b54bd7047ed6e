"""The rows of a queue as they are drawn: titles, cells, clocks that turn, and where the keyboard is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import in_order
from bot.desk.queue import times
from bot.desk.queue.kinds import Column, Row, Tone
from bot.desk.words import Words

MOST = 80  # rows drawn at once; so many more with each press


class Line:
    """One row as it is drawn: `element` stays while the row is listed, whatever changes in it, so that no click on it
    is lost."""

    def __init__(
        self, element: ui.element, cells: Mapping[str, ui.label], age: ui.label | None, due: ui.label | None
    ) -> None:
        self.element = element
        self._cells, self._age, self._due = cells, age, due
        self._tone: Tone = ""
        self.row: Row

    def put(self, row: Row) -> None:
        """As it is now."""
        self.row = row
        for name, cell in self._cells.items():
            words = row.cells.get(name, "")
            if _put(cell, words):
                cell.props["title"] = words  # whole, where it is cut off
        if row.tone != self._tone:
            self.element.classes(add=row.tone and f"tone-{row.tone}", remove=f"tone-{self._tone}")
            self._tone = row.tone

    def tick(self, words: Words, now: datetime) -> None:
        """The clocks turn; only what has changed is sent."""
        row = self.row
        if self._age is not None:
            _put(self._age, times.age(words, row.since, now) if row.since else "")
        if self._due is not None:
            text, tone = times.left(words, row.due, now) if row.due else ("", "")
            if _put(self._due, text):
                self._due.classes(replace=f"queue-cell queue-clock tone-{tone or 'none'}")


class Table:
    """`age`, `due`: titles of the two clocks, empty where a queue has none. `opened` is told of a row that is
    clicked, `reached` of one that has the browser's focus, `more` of a wish for those that are not drawn yet."""

    def __init__(
        self,
        desk: Desk,
        columns: Sequence[Column],
        *,
        age: str,
        due: str,
        opened: Callable[[Row], Awaitable[None]],
        reached: Callable[[Row], None],
        more: Callable[[], Awaitable[None]],
    ) -> None:
        self._desk, self._columns = desk, columns
        self._opened, self._reached, self._more = opened, reached, more
        self.most = MOST
        self._age, self._due = age, due
        self._drawn: dict[str, Line] = {}
        with ui.element("div").classes("queue-list"):
            self._titles()
            with ui.element("div").classes("queue-rows"):
                self._rows = ui.element("div").props('role="list"')
                self._below = ui.element("div")

    def draw(self, rows: Sequence[Row], total: int, *, empty: str, icon: str, note: str) -> None:
        """The first of these rows and no others, of `total`; `empty` is said where there are none, with its icon,
        and `note` below."""
        shown = {row.key: row for row in rows[: self.most]}
        for key in self._drawn.keys() - shown.keys():
            self._drawn.pop(key).element.delete()
        with self._rows:
            for key, row in shown.items():
                if key not in self._drawn:
                    self._drawn[key] = self._line(key)
                self._drawn[key].put(row)
        in_order(self._rows, [self._drawn[key].element for key in shown])
        self._below.clear()
        with self._below:
            if not rows:
                with ui.element("div").classes("queue-empty"):
                    ui.icon(icon)
                    ui.label(empty)
            if (left := total - len(shown)) > 0:
                more = ui.button(self._desk.words("queue.more", count=left), on_click=self._more)
                more.props("flat dense no-caps").classes("queue-more").mark("queue-more")
            if note:
                ui.label(note).classes("queue-more")
        self.tick()

    def tick(self) -> None:
        """The clocks turn."""
        now = self._desk.now()
        for line in self._drawn.values():
            line.tick(self._desk.words, now)

    def mark(self, current: str | None, opened: str | None) -> None:
        """Where the keyboard is, and which row stands open beside the list."""
        for key, line in self._drawn.items():
            for name, on in (("current", key == current), ("open", key == opened)):
                line.element.classes(add=name) if on else line.element.classes(remove=name)

    def reach(self, key: str) -> None:
        """Scrolls to this row."""
        if line := self._drawn.get(key):
            ui.run_javascript(f"getHtmlElement({line.element.id})?.scrollIntoView({{block: 'nearest'}})")

    def _titles(self) -> None:
        words = self._desk.words
        with ui.element("div").classes("queue-line queue-titles").style(self._tracks):
            for column in self._columns:
                ui.label(words(column.title)).classes("queue-cell spare" if column.spare else "queue-cell")
            for title in filter(None, (self._age, self._due)):
                aged = title == self._age and self._due
                ui.label(words(title)).classes("queue-cell spare" if aged else "queue-cell")

    @property
    def _tracks(self) -> str:
        """Of lengths alone, so that titles and rows stand below each other; beside the drawer there are fewer: of two
        clocks the one that runs out."""
        clocks = [_track("6.5rem")] * (bool(self._age) + bool(self._due))
        wide = [_track(column.width) for column in self._columns] + clocks
        narrow = [_track(column.width) for column in self._columns if not column.spare] + clocks[:1]
        return f"--wide: {' '.join(wide)}; --narrow: {' '.join(narrow)}"

    def _line(self, key: str) -> Line:
        line = ui.element("div").classes("queue-line queue-row").style(self._tracks)
        line.props('role="listitem" tabindex="0"').mark(f"row-{key}")
        line.on("click", lambda: self._opened(self._drawn[key].row))
        line.on("focus", lambda: self._reached(self._drawn[key].row))
        with line:
            cells = {column.name: self._cell(column) for column in self._columns}
            age = ui.label("").classes("queue-cell queue-clock") if self._age else None
            if age and self._due:
                age.classes("spare")
            due = ui.label("").classes("queue-cell queue-clock") if self._due else None
        return Line(line, cells, age, due)

    def _cell(self, column: Column) -> ui.label:
        cell = ui.label("").classes("queue-cell")
        for name, on in (("queue-badge", column.badge), ("spare", column.spare), ("mono", column.mono)):
            if on:
                cell.classes(name)
        return cell


def _track(width: str) -> str:
    return f"minmax(6rem, {width})" if width.endswith("fr") else f"minmax(4.5rem, {width})"


def _put(label: ui.label, text: str) -> bool:
    """Whether it is another one."""
    if label.text == text:
        return False
    label.set_text(text)
    return True
