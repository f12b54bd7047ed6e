"""Small pieces that all screens of the phone are made of."""

from __future__ import annotations

import re
from collections.abc import Callable

from nicegui import ui

LINK = re.compile(r"https?://[^\s，。；！？、）)】」》>\"'<]+")
COLORS = ["#e57373", "#64b5f6", "#81c784", "#ffb74d", "#9575cd", "#4db6ac", "#f06292", "#7986cb"]

Open = Callable[[str], None]


def box(classes: str = "", testid: str = "", tag: str = "div") -> ui.element:
    element = ui.element(tag).classes(classes)
    return mark(element, testid)


def mark[T: ui.element](element: T, testid: str, **data: object) -> T:
    """Gives an element its stable name for browser tests."""
    if testid:
        element.props(f'data-testid="{testid}"')
    for name, value in data.items():
        element.props(f'data-{name}="{value}"')
    return element


def words(text: str, classes: str = "", testid: str = "") -> ui.label:
    return mark(ui.label(text).classes(classes), testid)


def rich_text(text: str, open_link: Open) -> None:
    """Text as it is, with its web addresses to tap on."""
    end = 0
    for match in LINK.finditer(text):
        if match.start() > end:
            words(text[end : match.start()], "run")
        link = mark(ui.label(match[0]).classes("run link"), "link")
        link.on("click", lambda url=match[0]: open_link(url))
        end = match.end()
    if end < len(text) or not text:
        words(text[end:], "run")


def avatar(name: str, size: int, *, icon: str = "", color: str = "", round_: bool = False) -> ui.element:
    shade = color or COLORS[sum(name.encode()) % len(COLORS)]
    made = box(f"avatar {'round' if round_ else ''}").style(
        f"width:{size}px;height:{size}px;background:{shade};font-size:{size * 0.45:.0f}px"
    )
    with made:
        if icon:
            ui.icon(icon)
        else:
            words(name[:1])
    return made


def icon_button(icon: str, testid: str, title: str, action: Callable[[], object]) -> ui.element:
    button = mark(box("icon-button", tag="button").props(f'type=button aria-label="{title}"'), testid)
    with button:
        ui.icon(icon)
    button.on("click", lambda: action())
    return button


def tile(icon: str, title: str, testid: str, action: Callable[[], object]) -> None:
    """One entry of the panel behind the plus sign."""
    made = mark(box("tile", tag="button").props("type=button"), testid)
    with made:
        with box("tile-icon"):
            ui.icon(icon)
        words(title)
    made.on("click", lambda: action())
