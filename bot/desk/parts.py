"""Pieces of which pages are made, so that they look alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from bot.desk.words import Words

if TYPE_CHECKING:
    from bot.desk.desk import Desk


class Written(TextElement):
    """Text in an element of this tag. Text is never read as HTML."""

    def __init__(self, tag: str, text: str) -> None:
        super().__init__(tag=tag, text=text)


def named[E: Element](element: E, name: str) -> E:
    """By what tests find it: `User` by mark, a browser by data-testid."""
    element.mark(name)
    element.props["data-testid"] = name
    return element


def in_order(place: Element, elements: Iterable[Element]) -> None:
    """What stands in `place` now stands in this order; what is in its place already is left alone."""
    for at, element in enumerate(elements):
        if place.default_slot.children[at] is not element:
            element.move(target_index=at)


@contextmanager
def card(title: str = "") -> Iterator[ui.element]:
    with ui.element("section").classes("desk-card") as made:
        if title:
            Written("h2", title)
        yield made


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values, side by side."""
    with ui.element("dl").classes("desk-facts"):
        for name, value in rows:
            Written("dt", name)
            Written("dd", value)


def empty(text: str, *, icon: str = "inbox") -> None:
    """What stands where there is nothing to show."""
    with ui.element("div").classes("desk-empty"):
        ui.icon(icon)
        ui.label(text)


def chip(text: str, kind: str = "") -> ui.label:
    """A small word on a coloured ground. `kind`: good, warn, bad, info, or nothing."""
    return ui.label(text).classes(f"desk-chip {kind}")


def button(
    text: str,
    on_click: Callable[[], Awaitable[None] | None],
    *,
    kind: str = "flat",
    icon: str | None = None,
    name: str = "",
) -> ui.button:
    """`kind`: flat, main (the one thing to do here), or danger."""
    looks = {"flat": "flat", "main": "unelevated color=primary", "danger": "flat color=negative"}[kind]
    made = ui.button(text, on_click=on_click, icon=icon).props(f"{looks} dense no-caps padding='6px 12px'")
    return named(made, name) if name else made


async def ask_whether(words: Words, title: str, text: str, *, go: str, danger: bool = False) -> bool:
    """Whether to do what cannot be undone."""
    with ui.dialog() as dialog, ui.card().classes("desk-dialog"):
        Written("h2", title)
        ui.label(text)
        with ui.element("div").classes("desk-actions"):
            button(words("shell.cancel"), lambda: dialog.submit(None))
            button(go, lambda: dialog.submit("yes"), kind="danger" if danger else "main", name="go")
    return await _answer(dialog) == "yes"


def shortcuts(desk: Desk) -> None:
    """What the keyboard does in this page."""
    with desk.client, ui.dialog(value=True) as dialog, ui.card().classes("desk-dialog desk-keys"):
        Written("h2", desk.words("shell.keys"))
        with ui.element("dl").classes("desk-keys-list"):
            for key, means in (*desk.keys, ("?", desk.words("shell.keys"))):
                with ui.element("dt"):
                    Written("kbd", key)
                Written("dd", means)
    dialog.on("hide", dialog.delete)


async def _answer(dialog: ui.dialog) -> str | None:
    answer: str | None = await dialog
    if not dialog.is_deleted:  # the whole page is gone
        dialog.delete()
    return answer
