"""Beside the list: what is known of one row, and what may be done with it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import Written
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
        self._act, self._shut = act, shut
        self._box = ui.element("aside").classes("queue-drawer")
        self._box.props(f'aria-label="{desk.words("queue.details")}"')
        self._box.set_visibility(False)
        self._shown: ui.element | None = None
        self._row = ""  # its key
        self._revealed: tuple[str, Shown, float] | None = None  # of which row, what, and until when

    def show(self, row: Row, detail: Detail) -> None:
        words = self._desk.words
        self._row = row.key
        self._box.clear()
        self._box.set_visibility(True)
        with self._box:
            with ui.element("div").classes("drawer-head"):
                ui.label(detail.title).classes("drawer-title")
                ui.button(icon="close", on_click=self._shut).props(
                    f'flat round dense size=sm aria-label="{words("queue.shut")}"'
                )
            with ui.element("div").classes("drawer-body"):
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
            self._buttons(row)
        self._reveal_again()

    def _pictures(self, sources: Sequence[str]) -> None:
        title = self._desk.words("queue.picture")
        with ui.element("div").classes("drawer-pictures"):
            for source in sources:
                with ui.link(target=source, new_tab=True):
                    ui.element("img").props(f'src="{source}" alt="{title}" loading=lazy')

    def hide(self) -> None:
        self._box.clear()
        self._box.set_visibility(False)
        self._shown = self._revealed = None

    def _reveal_again(self) -> None:
        """Something was done with the row: whoever is dialling a number does not lose it, for what is left of the
        minute."""
        if self._revealed is None:
            return
        of, shown, until = self._revealed
        self._revealed = None
        if of == self._row and (left := until - monotonic()) > 0:
            self.reveal(shown, left)

    def reveal(self, shown: Shown, seconds: float = SHOWN_FOR) -> None:
        """Personal values, for a minute."""
        box = self._shown
        if box is None:
            return
        self._revealed = self._row, shown, monotonic() + seconds
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

    def _buttons(self, row: Row) -> None:
        fitting = [one for one in self._actions if one.fits(row) and self._desk.may(one.right)]
        if not fitting:
            return
        with ui.element("div").classes("drawer-actions"):
            for action in fitting:
                look = "unelevated" if action.primary else "outline"
                colour = "negative" if action.danger else "primary"
                with (
                    ui.button(
                        self._desk.words(f"{self._page}.do_{action.name}"),
                        icon=action.icon or None,
                        on_click=lambda _, action=action: self._act(action, row),
                    )
                    .props(f"{look} no-caps dense color={colour}")
                    .mark(f"do-{action.name}")
                ):
                    if action.key:
                        Written("kbd", action.key.upper())


def dialled(phone: str) -> str:
    """The address that a telephone calls; one without a country's number is of the mainland."""
    digits = re.sub(r"[^0-9+]", "", phone)
    return f"tel:{digits if digits.startswith('+') else f'+86{digits}'}"


def _forget(box: ui.element) -> None:
    if not box.is_deleted:
        box.clear()
        box.set_visibility(False)
