"""The line above a talk: who it is, how it stands, and what may be done with it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.talks.rows import Row
from bot.desk.talks.shapes import name_of, where
from bot.handoff.models import Talk
from bot.handoff.talking import may_take
from integrations.hospital.staff.permissions import Right

_ICONS = {
    "accept": "how_to_reg",
    "take_over": "front_hand",
    "transfer": "swap_horiz",
    "hand_back": "smart_toy",
    "close": "task_alt",
    "consultation": "medical_services",
}
_KEYS = {
    "accept": "A",
    "take_over": "O",
    "transfer": "T",
    "hand_back": "B",
    "close": "E",
    "consultation": "P",
}
_FIRST = ("accept", "take_over", "consultation")


class Page(Protocol):
    def key(self, name: str) -> Awaitable[None]: ...
    def leave(self) -> Awaitable[None]: ...


class Head:
    """`offered` are the acts that the talk allows this member now."""

    def __init__(self, desk: Desk, page: Page) -> None:
        self._desk = desk
        self._page = page
        self.offered: list[str] = []
        self._place = ui.element("div").classes("dz-head-place")

    def show(self, row: Row | None, lost: str = "") -> None:
        self.offered = offered(self._desk, row) if row else []
        self._place.clear()
        with self._place:
            if row is None:
                self._welcome()
                return
            with ui.element("header").classes("dz-head"):
                self._button("arrow_back", "talks.back", self._page.leave).classes("dz-back")
                with ui.element("div").classes("dz-head-name"):
                    ui.label(name_of(row, self._desk.words)).classes("dz-head-title")
                    ui.label(" · ".join(self._about(row))).classes("dz-head-sub").mark("talk-state")
                with ui.element("div").classes("dz-acts"):
                    for name in self.offered:
                        self._act(name)
                    self._button("badge", "talks.card", lambda: self._page.key("card"))
            if lost:
                ui.label(lost).classes("dz-banner").props("role=status").mark("lost")

    def _welcome(self) -> None:
        with ui.element("div").classes("dz-welcome"):
            ui.icon("forum")
            ui.label(self._desk.words("talks.choose"))
            ui.label(self._desk.words("talks.choose_hint"))

    def _about(self, row: Row) -> list[str]:
        words = self._desk.words
        parts = [words(f"talks.channel_{row.channel}"), where(row, words), self._state(row)]
        return [part for part in parts if part]

    def _state(self, row: Row) -> str:
        words, mine = self._desk.words, row.staff_id == self._desk.member.id
        if row.talk_id is None:
            return words("talks.status_bot")
        if row.status == "active":
            return words("talks.status_me") if mine else words("talks.status_with", name=row.agent or "")
        if row.status == "waiting" and row.staff_id:
            return words("talks.status_offered_me" if mine else "talks.status_offered", name=row.agent or "")
        return words(f"talks.status_{row.status}")

    def _act(self, name: str) -> None:
        first = name in _FIRST
        look = "unelevated color=primary" if first else "outline color=primary"
        key = f"talks.{name}" if name != "close" or "hand_back" in self.offered else "talks.close_unanswered"
        button = ui.button(self._desk.words(key), icon=_ICONS[name], on_click=lambda: self._page.key(name))
        button.props(f'{look} no-caps dense padding="4px 10px" title="{_KEYS[name]}"').mark(f"act-{name}")
        button.classes("dz-wide" if not first else "dz-first")

    def _button(self, icon: str, key: str, do: object) -> ui.button:
        title = self._desk.words(key)
        button = ui.button(icon=icon, on_click=do)  # type: ignore[arg-type]
        return button.props(f'flat round dense color=grey-7 title="{title}" aria-label="{title}"')


def offered(desk: Desk, row: Row) -> list[str]:
    """In the order of the buttons. The services ask again when one is pressed."""
    mine = row.staff_id == desk.member.id
    if row.status == "active" and mine:
        return ["consultation"] if row.ends_at else ["transfer", "hand_back", "close"]
    acts = []
    if row.status in ("waiting", "unanswered") and _may_take(desk, row):
        message = row.status == "unanswered" and row.consultation_id is None
        acts = ["accept", "close"] if message else ["accept"]
    elif desk.may(Right.TALKS_TAKE_OVER) and (row.consultation_id is None or not row.open):
        acts = ["take_over"]
    return acts


def _may_take(desk: Desk, row: Row) -> bool:
    about = Talk(
        skill=row.skill,
        department_id=row.department_id,
        consultation_id=row.consultation_id,
        wanted_staff_id=row.wanted_staff_id,
    )
    return may_take(desk.member, about)
