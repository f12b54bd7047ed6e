"""Whether a member of staff is given talks: in the bar what they say of themselves, and under it, while they are
offline, a line that says what follows from that."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import button, named
from bot.handoff.talking import SKILLS
from integrations.hospital.models import PresenceState, StaffMember
from integrations.hospital.staff import presence
from integrations.hospital.staff.permissions import Right


def is_given_talks(member: StaffMember) -> bool:
    """Whether it matters for this role."""
    return bool(SKILLS.get(member.role))


class Presence:
    """`in_bar` and `below` draw it; the state is read once the page stands."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = {state.value: desk.words(f"shell.state_{state}") for state in PresenceState}

    def in_bar(self) -> None:
        hint = self._desk.words("shell.state_hint")
        with ui.element("div").classes("desk-presence").props(f'title="{hint}"'):
            self._dot = ui.element("span").classes("desk-dot")
            self._button = ui.button("").props("flat dense no-caps icon-right=expand_more")
            named(self._button, "presence")
            with self._button, ui.menu():
                for state, name in self._names.items():
                    named(ui.menu_item(name, partial(self._change, state)), f"state-{state}")

    def below(self) -> None:
        words = self._desk.words
        with ui.element("div").classes("desk-offline").props("role=status") as self._line:
            ui.icon("cloud_off")
            ui.label(words("shell.offline_hint")).classes("desk-offline-hint")
            button(
                words("shell.go_online"),
                partial(self._change, PresenceState.ONLINE.value),
                kind="main",
                name="go-online",
            )
        self._line.set_visibility(False)
        ui.timer(0, self._read, once=True)

    async def _read(self) -> None:
        async with self._desk.reading(by_itself=True) as session:
            state = await presence.state_of(session, self._desk.member.id)
        self._show(state.value)

    async def _change(self, state: str) -> None:
        desk = self._desk
        async with desk.acting(Right.TALKS_ANSWER) as session:
            await presence.set_state(session, desk.member.id, PresenceState(state), desk.now())
        self._show(state)

    def _show(self, state: str) -> None:
        self._button.set_text(self._names[state])
        self._dot.classes(replace=f"desk-dot {state}")
        self._line.set_visibility(state == PresenceState.OFFLINE)
