"""The list itself: it looks every few seconds, keeps the place of whoever reads, and is worked with the keyboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.parts import shortcuts
from bot.desk.queue.asking import Asking
from bot.desk.queue.drawer import Drawer
from bot.desk.queue.kinds import Action, Answers, Ask, Column, Detail, Next, Row, Shown, View
from bot.desk.queue.table import MOST, Table
from integrations.part import Part

_STYLE = Path(__file__).with_name("queue.css")
LOOKS_EVERY = 5.0  # seconds
SEARCHED = 5000  # rows through which the filter looks
_KEYS = (("J K", "move"), ("Enter", "open"), ("Esc", "shut"), ("/", "filter"))
Describe = Callable[[AsyncSession, Row], Awaitable[Detail]]


class Queue:
    """`page` is the file of its words. `describe` reads the details of a row in a transaction that only looks."""

    def __init__(
        self,
        desk: Desk,
        page: str,
        columns: Sequence[Column],
        views: Sequence[View],
        *,
        describe: Describe,
        actions: Sequence[Action] = (),
        general: Sequence[Action] = (),
        age: str = "queue.waits",
        due: str = "",
    ) -> None:
        self.desk, self.page = desk, page
        self._columns, self._views, self._view = columns, views, views[0]
        self._describe, self._actions, self._general = describe, actions, general
        self._age, self._due = age, due
        self._rows: Part[Row] = Part()
        self._open: str | None = None  # the row whose details stand there
        self._wanted: str | None = None  # the one that was asked for last
        self._at = 0

    async def show(self) -> None:
        """Draws it and looks for the first time."""
        ui.add_css(_STYLE.read_text(encoding="utf-8"))
        words = self.desk.words
        self.desk.keys = self._keys()
        with ui.element("section").classes("queue"):
            with ui.element("header").classes("queue-head"):
                self._count = ui.label("").classes("queue-count")
                if len(self._views) > 1:
                    self._tabs()
                ui.space()
                for action in self._general:
                    if self.desk.may(action.right):
                        self._general_button(action)
                self._filter = (
                    ui.input(placeholder=words("queue.filter"), on_change=self._filtered)
                    .props(f'outlined dense clearable debounce=150 aria-label="{words("queue.filter")}"')
                    .classes("queue-filter")
                    .mark("queue-filter")
                )
            with ui.element("div").classes("queue-body") as self._body:
                self._table = Table(
                    self.desk,
                    self._columns,
                    age=self._age,
                    due=self._due,
                    opened=self.open,
                    reached=self._reached,
                    more=self._show_more,
                )
                self._drawer = Drawer(self.desk, self.page, self._actions, self.act, self.shut)
            ui.label(words("queue.keys")).classes("queue-keys")
            self._host = ui.element("div")
        ui.keyboard(self._pressed)
        await self.look(by_itself=False)
        ui.timer(LOOKS_EVERY, self.look, immediate=False)
        ui.timer(1.0, self._table.tick, immediate=False)

    async def look(self, *, by_itself: bool = True) -> None:
        """Reads what waits now; draws it where it has changed."""
        try:
            async with self.desk.reading(by_itself=by_itself) as session:
                rows = await self._view.load(session, SEARCHED if self._filter.value else self._table.most)
        except Exception as error:  # noqa: BLE001 - the desk says it, and the next look comes by itself
            self.desk.tell(error)
            return
        if rows != self._rows or rows.total != self._rows.total or not by_itself:
            self._rows = rows
            self._draw()

    async def act(self, action: Action, row: Row) -> None:
        """Asks what it must, does it, says what happened; refused, it says so and looks again."""
        with self._host:  # what was clicked may be gone when it is done
            await self._do(action, row)

    async def _do(self, action: Action, row: Row) -> None:
        try:
            if action.opens:
                async with self.desk.acting(action.right):
                    pass  # whoever may not do it is stopped before anything opens
                await action.opens(row)
                return
            answers = await self._ask(action, row)
            if answers is None or action.run is None:
                return
            async with self.desk.acting(action.right) as session:
                said = await action.run(session, row, answers)
            if action.after:
                await action.after()
        except Exception as error:  # noqa: BLE001 - the desk says it in plain words, or logs it
            self.desk.tell(error)
            await self._after(row)
            return
        if isinstance(said, Shown):
            if self._open == row.key:  # its details still stand there
                self._drawer.reveal(said)
            return
        blanks: dict[str, Any] = dict(said or {})
        self.desk.notice(f"{self.page}.did_{action.name}", **blanks)
        await self._after(row)

    async def _ask(self, action: Action, row: Row) -> dict[str, Any] | None:
        """Step by step; None where whoever was asked thought better of it."""
        answers: dict[str, Any] = {}
        steps: list[Next] = [_given(action.asks), *action.then]
        for place, step in enumerate(steps):
            async with self.desk.acting(action.right) as session:
                asks = await step(session, row, answers)
            last = place == len(steps) - 1
            if not asks and not (last and action.danger):
                continue
            more = await Asking(self.desk, self.page, action, asks, last=last).answered()
            if more is None:
                return None
            answers |= more
        return answers

    async def open_key(self, key: str) -> None:
        """The row with this key, where it is listed, however far below."""
        if not any(one.key == key for one in self._rows) and self._more_to_read:
            self._table.most = SEARCHED
            await self.look(by_itself=False)
        if found := next((one for one in self._rows if one.key == key), None):
            self._at = self._shown.index(found)
            await self.open(found)

    async def again(self, row: Row) -> None:
        """Looks anew, also at the row's details: something of the page's own has changed it."""
        with self._host:
            await self._after(row)

    async def open(self, row: Row) -> None:
        """Its details, beside the list."""
        with self._host:
            await self._describe_in_drawer(row)

    async def _describe_in_drawer(self, row: Row) -> None:
        """What takes longer to read than what was asked for after it is not shown any more."""
        self._wanted = row.key
        self._at = next((at for at, one in enumerate(self._shown) if one.key == row.key), self._at)
        self._mark()
        try:
            async with self.desk.reading() as session:
                detail = await self._describe(session, row)
        except Exception as error:  # noqa: BLE001 - as above
            if self._wanted == row.key:
                self._wanted = self._open
            self.desk.tell(error)
            return
        if self._wanted != row.key:
            return
        self._open = row.key
        self._body.classes(add="narrow")
        self._drawer.show(row, detail)
        self._mark()

    def shut(self) -> None:
        self._open = self._wanted = None
        self._body.classes(remove="narrow")
        self._drawer.hide()
        self._mark()

    async def _after(self, row: Row) -> None:
        """Where the row still waits, its details are read again; otherwise the drawer shuts."""
        await self.look(by_itself=False)
        again = next((one for one in self._rows if one.key == row.key), None)
        if again and self._open == row.key:
            await self.open(again)
        elif self._open == row.key:
            self.shut()

    def _keys(self) -> list[tuple[str, str]]:
        """What they do here: in the list, and while a row is open."""
        words = self.desk.words
        every = [(key, words(f"queue.key_{name}")) for key, name in _KEYS]
        own = [one for one in self._actions if one.key and self.desk.may(one.right)]
        return every + [(one.key.upper(), words(f"{self.page}.do_{one.name}")) for one in own]

    @property
    def _shown(self) -> list[Row]:
        words = str(self._filter.value or "")
        return [row for row in self._rows if row.has(words)]

    def _tabs(self) -> None:
        with ui.element("div").classes("queue-tabs").props('role="tablist"'):
            self._tab = {
                view.name: ui.button(
                    self.desk.words(view.title), on_click=lambda _, view=view: self._choose(view)
                )
                .props(f"flat dense no-caps role=tab aria-selected={str(view is self._view).lower()}")
                .classes("queue-tab")
                .mark(f"view-{view.name}")
                for view in self._views
            }
        self._tab[self._view.name].classes("chosen")

    async def _choose(self, view: View) -> None:
        self._tab[self._view.name].classes(remove="chosen").props("aria-selected=false")
        self._view = view
        self._tab[view.name].classes("chosen").props("aria-selected=true")
        self.shut()
        self._at = 0
        self._table.most = MOST
        await self.look(by_itself=False)

    @property
    def _more_to_read(self) -> bool:
        return len(self._rows) < self._rows.total

    async def _show_more(self) -> None:
        """So that nothing that waits is out of reach."""
        self._table.most += MOST
        if self._more_to_read:
            await self.look(by_itself=False)
        else:
            self._draw()

    async def _filtered(self) -> None:
        """It looks through the whole list, whatever is shown of it."""
        if self._filter.value and self._more_to_read:
            await self.look(by_itself=False)
        else:
            self._draw()

    def _general_button(self, action: Action) -> None:
        empty = Row("", {})
        ui.button(
            self.desk.words(f"{self.page}.do_{action.name}"),
            icon=action.icon or None,
            on_click=lambda: self.act(action, empty),
        ).props("outline dense no-caps").classes("queue-general").mark(f"do-{action.name}")

    def _draw(self) -> None:
        shown, words = self._shown, self.desk.words
        self._count.set_text(str(self._rows.total))
        self._at = max(0, min(self._at, len(shown) - 1))
        filtered = bool(self._filter.value)
        self._table.draw(
            shown,
            len(shown) if filtered else self._rows.total,
            empty=words("queue.none_found" if filtered else f"{self.page}.empty"),
            icon="search" if filtered or self._view.asked else "task_alt",
            note=words("queue.searched", count=len(self._rows)) if filtered and self._more_to_read else "",
        )
        self._mark()

    def _mark(self) -> None:
        shown = self._shown
        self._table.mark(shown[self._at].key if shown else None, self._open)

    async def _pressed(self, event: KeyEventArguments) -> None:
        if not event.action.keydown or event.modifiers.ctrl or event.modifiers.meta or event.modifiers.alt:
            return
        if self._asks_something():
            return
        shown, key = self._shown, event.key.name
        if key in ("j", "ArrowDown"):
            await self._step(1)
        elif key in ("k", "ArrowUp"):
            await self._step(-1)
        elif key == "Enter" and shown:
            await self.open(shown[self._at])
        elif key == "Escape":
            self.shut()
        elif key == "/":
            self._filter.run_method("focus")
        elif key == "?":
            shortcuts(self.desk)
        elif self._open and self._open == self._wanted:
            await self._by_key(key)

    def _asks_something(self) -> bool:
        """Whether a dialog stands before the list: what is pressed is meant for it."""
        return any(isinstance(one, ui.dialog) and one.value for one in self.desk.client.elements.values())

    async def _by_key(self, key: str) -> None:
        row = next((one for one in self._rows if one.key == self._open), None)
        found = [one for one in self._actions if one.key == key and row and one.fits(row)]
        if row and found and self.desk.may(found[0].right):
            await self.act(found[0], row)

    def _reached(self, row: Row) -> None:
        """With the Tab key, say: what the keys do is done with this row."""
        self._at = next((at for at, one in enumerate(self._shown) if one.key == row.key), self._at)
        self._mark()

    async def _step(self, by: int) -> None:
        if not self._shown:
            return
        if by > 0 and self._at + by >= self._table.most:
            await self._show_more()
        shown = self._shown
        self._at = max(0, min(self._at + by, len(shown) - 1))
        self._mark()
        self._table.reach(shown[self._at].key)


def _given(asks: Sequence[Ask]) -> Next:
    async def step(_session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Ask]:
        return asks

    return step
