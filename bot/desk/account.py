"""The own account: what is known of oneself, the language, another password."""

from __future__ import annotations

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import button, card, facts, named
from bot.desk.registry import desk_page, refusals
from bot.desk.words import LANGUAGES
from integrations.hospital.staff import accounts
from integrations.hospital.staff.passwords import BadPassword

refusals({BadPassword: "account.bad_password"})


@desk_page("/account", title="account", icon="person", group="account")
async def account(desk: Desk) -> None:
    words, member = desk.words, desk.member
    with ui.element("div").classes("desk-column"):
        if member.must_change_password:
            ui.label(words("account.must_change")).classes("desk-warning")
        with card(words("account.yourself")):
            facts(
                (
                    (words("account.name"), member.name),
                    (words("shell.login"), member.login),
                    (words("account.role"), words(f"shell.role_{member.role}")),
                )
            )
            _language(desk)
        _password(desk)


def _language(desk: Desk) -> None:
    async def change(language: str) -> None:
        async with desk.acting() as session:
            await accounts.change_language(session, desk.member, language)
        ui.navigate.reload()

    names = {one: desk.words(f"account.language_{one}") for one in LANGUAGES}
    toggle = ui.toggle(names, value=desk.language, on_change=lambda event: change(event.value))
    named(toggle, "language-toggle").props("no-caps unelevated toggle-color=primary")


def _password(desk: Desk) -> None:
    words = desk.words

    def field(key: str, autocomplete: str) -> ui.input:
        made = ui.input(words(key), password=True).props(
            f"outlined dense autocomplete={autocomplete} maxlength=200"
        )
        return named(made.classes("full-width"), key.partition(".")[2])

    async def change() -> None:
        if new.value != again.value:
            desk.notice("account.not_the_same", kind="warning")
            return
        async with desk.acting() as session:
            right = await accounts.change_own_password(
                session, desk.member, old.value, new.value, desk.now(), token=desk.token
            )
        if not right:
            desk.notice("account.wrong_password", kind="warning")
            return
        for one in (old, new, again):
            one.set_value("")
        desk.notice("account.password_changed")

    with card(words("account.password")):
        ui.label(words("account.password_hint")).classes("desk-hint")
        old = field("account.old_password", "current-password")
        new = field("account.new_password", "new-password")
        again = field("account.again", "new-password").on("keydown.enter", change)
        button(words("account.change"), change, kind="main", name="change-password")
