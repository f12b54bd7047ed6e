"""Beside the list: what is known of one row, and what may be done with it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import Written, in_order
from bot.desk.queue.kinds import Action, Detail, Row, Shown

SHOWN_FOR = 60.0  # seconds: whoever walks by sees no personal values


class Drawer:
    def __init__(
        self,
        desk: Desk,
        page: str,
        actions: Sequence[Action],
        act: Callable[[Action, Row], Awaitable[None]],
        shut: Callable[[], None],
    ) -> None:
        self._desk, self._page, self._actions = desk, page, actions
        self._act = act
        self._row: Row | None = None
        self._detail: Detail | None = None
        self._made: dict[str, ui.button] = {}  # by their actions
        self._shown: ui.element | None = None
        self._revealed: tuple[str, Shown, float] | None = None  # of which row, what, and until when
        self._box = ui.element("aside").classes("queue-drawer")
        self._box.props(f'aria-label="{desk.words("queue.details")}"')
        with self._box:
            with ui.element("div").classes("drawer-head"):
                self._title = ui.label("").classes("drawer-title")
                ui.button(icon="close", on_click=shut).props(
                    f'flat round dense size=sm aria-label="{desk.words("queue.shut")}"'
                )
            self._body = ui.element("div").classes("drawer-body")
            self._buttons = ui.element("div").classes("drawer-actions")
        self._box.set_visibility(False)

    def show(self, row: Row, detail: Detail) -> None:
        """Of the row that stands there already, what has not changed stays: no click on it is lost."""
        if self._row is None or self._row.key != row.key:
            self._clear()
        self._row = row
        self._box.set_visibility(True)
        if detail != self._detail:
            self._detail = detail
            self._title.set_text(detail.title)
            self._body.clear()
            with self._body:
                self._told(detail)
            self._reveal_again(row)
        self._offer(row)

    def _told(self, detail: Detail) -> None:
        words = self._desk.words
        if detail.hint:
            ui.label(detail.hint).classes("drawer-hint")
        with ui.element("dl").classes("drawer-facts"):
            for fact in detail.facts:
                with ui.element("dt"):
                    ui.label(words(fact.title))
                with ui.element("dd").classes(f"tone-{fact.tone}" if fact.tone else ""):
                    ui.label(fact.value)
        if detail.pictures:
            self._pictures(detail.pictures)
        self._shown = ui.element("div").classes("drawer-revealed")
        self._shown.set_visibility(False)
        for title, lines in detail.lists:
            ui.label(words(title)).classes("drawer-section")
            for line, tone in lines:
                ui.label(line).classes(f"drawer-line {f'tone-{tone}' if tone else ''}".strip())

    def _pictures(self, sources: Sequence[str]) -> None:
        title = self._desk.words("queue.picture")
        with ui.element("div").classes("drawer-pictures"):
            for source in sources:
                with ui.link(target=source, new_tab=True):
                    ui.element("img").props(f'src="{source}" alt="{title}" loading=lazy')

    def hide(self) -> None:
        self._clear()
        self._box.set_visibility(False)
        self._revealed = None

    def _clear(self) -> None:
        self._row = self._detail = self._shown = None
        self._title.set_text("")
        self._body.clear()
        self._buttons.clear()
        self._made.clear()

    def _reveal_again(self, row: Row) -> None:
        """Something was done with the row: whoever is dialling a number does not lose it, for what is left of the
        minute."""
        if self._revealed is None:
            return
        of, shown, until = self._revealed
        self._revealed = None
        if of == row.key and (left := until - monotonic()) > 0:
            self.reveal(shown, left)

    def reveal(self, shown: Shown, seconds: float = SHOWN_FOR) -> None:
        """Personal values, for a minute."""
        box, row = self._shown, self._row
        if box is None or row is None:
            return
        self._revealed = row.key, shown, monotonic() + seconds
        box.clear()
        box.set_visibility(True)
        with box:
            ui.label(self._desk.words("queue.revealed")).classes("drawer-section")
            for title, value in shown.lines:
                with ui.element("div").classes("drawer-value"):
                    ui.label(title).classes("drawer-value-title")
                    if title == self._desk.words("queue.phone"):
                        ui.link(value, dialled(value)).classes("drawer-value-text").mark("call")
                    else:
                        ui.label(value).classes("drawer-value-text")
            if shown.pictures:
                self._pictures(shown.pictures)
            for source in shown.files:
                ui.link(self._desk.words("queue.file"), source, new_tab=True).classes("drawer-file")
            ui.timer(seconds, lambda: _forget(box), once=True)

    def _offer(self, row: Row) -> None:
        fitting = {one.name: one for one in self._actions if one.fits(row) and self._desk.may(one.right)}
        for name in self._made.keys() - fitting.keys():
            self._made.pop(name).delete()
        with self._buttons:
            for name, action in fitting.items():
                if name not in self._made:
                    self._made[name] = self._button(action)
        in_order(self._buttons, [self._made[name] for name in fitting])
        self._buttons.set_visibility(bool(fitting))

    def _button(self, action: Action) -> ui.button:
        look = "unelevated" if action.primary else "outline"
        colour = "negative" if action.danger else "primary"
        button = ui.button(
            self._desk.words(f"{self._page}.do_{action.name}"),
            icon=action.icon or None,
            on_click=lambda: self._press(action),
        )
        button.props(f"{look} no-caps dense color={colour}").mark(f"do-{action.name}")
        with button:
            if action.key:
                Written("kbd", action.key.upper())
        return button

    async def _press(self, action: Action) -> None:
        if self._row is not None:
            await self._act(action, self._row)


def dialled(phone: str) -> str:
    """The address that a telephone calls; one without a country's number is of the mainland."""
    digits = re.sub(r"[^0-9+]", "", phone)
    return f"tel:{digits if digits.startswith('+') else f'+86{digits}'}"


def _forget(box: ui.element) -> None:
    if not box.is_deleted:
        box.clear()
        box.set_visibility(False)
