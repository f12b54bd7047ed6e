"""The dialog before an action: what it will do, and what it must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import Written
from bot.desk.queue.kinds import Action, Ask
from bot.desk.words import catalogue

LONGEST = 2000


class Asking:
    """Opened anew for each action; `answered()` gives what was filled in, or None."""

    def __init__(self, desk: Desk, page: str, action: Action, asks: Sequence[Ask], *, last: bool) -> None:
        self._desk, self._asks = desk, asks
        self._fields: dict[str, Any] = {}
        words = desk.words
        with ui.dialog().props("no-refocus") as self._dialog, ui.card().classes("queue-asking"):
            Written("h2", words(f"{page}.do_{action.name}")).classes("queue-asking-title")
            sure = f"{page}.sure_{action.name}"
            if sure in catalogue():
                ui.label(words(sure)).classes("queue-asking-sure")
            for ask in asks:
                self._fields[ask.name] = self._field(ask)
            self._fault = ui.label("").classes("queue-asking-fault").props("role=alert")
            with ui.row().classes("queue-asking-buttons"):
                ui.button(words("queue.cancel"), on_click=lambda: self._dialog.submit(False)).props(
                    "flat no-caps"
                )
                colour = "negative" if action.danger and last else "primary"
                yes = words(f"{page}.do_{action.name}" if last else "queue.next")
                ui.button(yes, on_click=self._submit).props(f"unelevated no-caps color={colour}").mark(
                    "queue-confirm"
                )

    async def answered(self) -> dict[str, Any] | None:
        done = await self._dialog
        values = {name: field.value for name, field in self._fields.items()}
        if not self._dialog.is_deleted:  # the whole page is gone
            self._dialog.delete()
        return values if done else None

    def _field(self, ask: Ask) -> Any:
        if ask.above:
            ui.label(ask.above).classes("queue-asking-above")
        made = _made(ask, self._title(ask) or ask.above)
        made.classes("queue-asking-field").mark(f"ask-{ask.name}")
        if ask.above and not self._title(ask):  # its label is for those who hear the page
            made.classes("queue-asking-unlabelled")
        if not self._fields:
            made.props("autofocus")
        if ask.kind in ("line", "number", "date"):
            made.on("keydown.enter", self._submit)
        if ask.hint:
            ui.label(self._desk.words(ask.hint)).classes("queue-asking-hint")
        return made

    def _title(self, ask: Ask) -> str:
        return ask.title if ask.literal else self._desk.words(ask.title)

    def _submit(self) -> None:
        """Nothing closes while something is missing: no word is typed twice."""
        missing = [ask for ask in self._asks if ask.required and not self._said(ask)]
        if missing:
            self._fault.set_text(self._desk.words("queue.missing", field=self._title(missing[0])))
            return
        self._dialog.submit(True)

    def _said(self, ask: Ask) -> bool:
        value = self._fields[ask.name].value
        return bool(value.strip()) if isinstance(value, str) else value not in (None, False)


def _made(ask: Ask, title: str) -> Any:
    match ask.kind:
        case "words":
            return ui.textarea(title, value=ask.value or "").props(f"outlined autogrow maxlength={LONGEST}")
        case "choice":
            return ui.select(dict(ask.options), label=title, value=ask.value).props("outlined")
        case "check":
            return ui.checkbox(title, value=bool(ask.value))
        case "number":
            return ui.number(title, value=ask.value, min=1, precision=0).props("outlined")
        case "date":
            return ui.input(title, value=ask.value or "").props("outlined type=date stack-label")
    return ui.input(title, value=ask.value or "").props(f"outlined maxlength={LONGEST}")
