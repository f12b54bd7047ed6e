"""The rows of a queue as they are drawn: titles, cells, clocks that turn, and where the keyboard is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.queue import times
from bot.desk.queue.kinds import Column, Row

MOST = 80  # rows drawn at once; so many more with each press


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
        self._clocks: list[tuple[Row, ui.label | None, ui.label | None]] = []
        self._drawn: dict[str, ui.element] = {}
        with ui.element("div").classes("queue-list"):
            self._titles()
            self._rows = ui.element("div").classes("queue-rows").props('role="list"')

    def draw(self, rows: Sequence[Row], total: int, *, empty: str, icon: str, note: str) -> None:
        """The first of these rows and no others, of `total`; `empty` is said where there are none, with its icon,
        and `note` below."""
        self._rows.clear()
        self._clocks, self._drawn = [], {}
        with self._rows:
            for row in rows[: self.most]:
                self._drawn[row.key] = self._line(row)
            if not rows:
                with ui.element("div").classes("queue-empty"):
                    ui.icon(icon)
                    ui.label(empty)
            if (left := total - len(self._drawn)) > 0:
                more = ui.button(self._desk.words("queue.more", count=left), on_click=self._more)
                more.props("flat dense no-caps").classes("queue-more").mark("queue-more")
            if note:
                ui.label(note).classes("queue-more")
        self.tick()

    def tick(self) -> None:
        """The clocks turn; only what has changed is sent."""
        now, words = self._desk.now(), self._desk.words
        for row, age, due in self._clocks:
            if age is not None and row.since:
                _put(age, times.age(words, row.since, now))
            if due is not None and row.due:
                text, tone = times.left(words, row.due, now)
                if _put(due, text):
                    due.classes(replace=f"queue-cell queue-clock tone-{tone or 'none'}")

    def mark(self, current: str | None, opened: str | None) -> None:
        """Where the keyboard is, and which row stands open beside the list."""
        for key, line in self._drawn.items():
            for name, on in (("current", key == current), ("open", key == opened)):
                line.classes(add=name) if on else line.classes(remove=name)

    def reach(self, key: str) -> None:
        """Scrolls to this row."""
        if line := self._drawn.get(key):
            ui.run_javascript(f"getHtmlElement({line.id})?.scrollIntoView({{block: 'nearest'}})")

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

    def _line(self, row: Row) -> ui.element:
        line = ui.element("div").classes("queue-line queue-row").style(self._tracks)
        line.props('role="listitem" tabindex="0"').mark(f"row-{row.key}")
        if row.tone:
            line.classes(f"tone-{row.tone}")
        line.on("click", lambda: self._opened(row))
        line.on("focus", lambda: self._reached(row))
        with line:
            for column in self._columns:
                self._cell(column, row.cells.get(column.name, ""))
            age = ui.label("").classes("queue-cell queue-clock") if self._age else None
            if age and self._due:
                age.classes("spare")
            due = ui.label("").classes("queue-cell queue-clock") if self._due else None
        self._clocks.append((row, age, due))
        return line

    def _cell(self, column: Column, words: str) -> None:
        cell = ui.label(words).classes("queue-cell")
        cell.props["title"] = words  # whole, where it is cut off
        for name, on in (("queue-badge", column.badge), ("spare", column.spare), ("mono", column.mono)):
            if on:
                cell.classes(name)


def _track(width: str) -> str:
    return f"minmax(6rem, {width})" if width.endswith("fr") else f"minmax(4.5rem, {width})"


def _put(label: ui.label, text: str) -> bool:
    """Whether it is another one."""
    if label.text == text:
        return False
    label.set_text(text)
    return True
