"""Who may log in here: made, changed, disabled by administrators."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from nicegui import ui
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.parts import Written, ask_whether, button, chip, empty, named
from bot.desk.registry import desk_page, refusals
from integrations.hospital.models import Department, Practitioner, Role, StaffMember
from integrations.hospital.staff import accounts, passwords
from integrations.hospital.staff.accounts import UnknownStaff
from integrations.hospital.staff.permissions import Right

refusals(
    {
        UnknownStaff: "members.unknown",
        accounts.BadAccount: "members.bad_account",
        accounts.BadLogin: "members.bad_login",
        accounts.BadName: "members.bad_name",
        accounts.LoginTaken: "members.login_taken",
        accounts.NotADoctor: "members.not_a_doctor",
        accounts.NoPractitioner: "members.no_practitioner",
        accounts.PractitionerTaken: "members.practitioner_taken",
        accounts.LastAdministrator: "members.last_administrator",
    }
)

_MANAGE = Right.STAFF_MANAGE


@desk_page("/staff", title="members", right=_MANAGE, icon="badge", group="account")
async def members(desk: Desk) -> None:
    page = _Members(desk)
    with ui.element("div").classes("desk-toolbar"):
        button(desk.words("members.add"), page.add, kind="main", icon="person_add", name="add-member")
    page.list = ui.element("div").classes("desk-scroll")
    await page.show()


class _Members:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._words = desk.words
        self.list: ui.element

    async def show(self) -> None:
        async with self._desk.acting(_MANAGE) as session:
            found = await accounts.listed(session)
            wards = await _names(self._desk, session)
        self.list.clear()
        with self.list:
            if not found:
                empty(self._words("shell.nothing_here"))
                return
            with ui.element("table").classes("desk-table"):
                with ui.element("thead"), ui.element("tr"):
                    for key in ("login", "name", "role", "department", "state", "do"):
                        Written("th", self._words(f"members.{key}"))
                with ui.element("tbody"):
                    for one in found:
                        self._row(one, wards)

    def _row(self, one: StaffMember, wards: dict[UUID, str]) -> None:
        words, desk = self._words, self._desk
        with named(ui.element("tr"), f"member-{one.login}"):
            Written("td", one.login)
            Written("td", one.name)
            Written("td", words(f"shell.role_{one.role}"))
            Written("td", wards.get(one.department_id, "—") if one.department_id else "—")
            with ui.element("td"):
                if not one.active:
                    chip(words("members.disabled"))
                elif one.locked_until and desk.now() < one.locked_until:
                    chip(words("members.locked"), "bad")
                elif one.totp_confirmed_at is None:
                    chip(words("members.no_factor"), "warn")
                else:
                    chip(words("members.active"), "good")
            with ui.element("td"):
                for key, act in (
                    ("set_role", self._change_role),
                    ("reset_factor", self._reset_factor),
                    ("reset_password", self._reset_password),
                    ("disable" if one.active else "enable", self._switch),
                ):
                    button(words(f"members.{key}"), partial(act, one), name=f"{key}-{one.login}")

    async def add(self) -> None:
        words = self._words
        async with self._desk.acting(_MANAGE) as session:
            wards, doctors = await _names(self._desk, session), await _doctors(self._desk, session)
        with ui.dialog() as dialog, ui.card().classes("desk-dialog"):
            Written("h2", words("members.add"))
            login = named(ui.input(words("members.login")), "new-login").props("outlined dense maxlength=40")
            name = named(ui.input(words("members.name")), "new-name").props("outlined dense maxlength=40")
            role, doctor, ward = self._choices(Role.AGENT, wards, doctors)
            for field in (login, name):
                field.classes("full-width")

            async def make() -> None:
                password = passwords.generate()
                async with self._desk.acting(_MANAGE) as session:
                    await accounts.create(
                        session,
                        login=login.value,
                        name=name.value,
                        role=Role(role.value),
                        password=password,
                        by=self._desk.actor,
                        now=self._desk.now(),
                        staff_no=doctor.value if role.value == Role.DOCTOR else None,
                        department_id=ward.value,
                    )
                dialog.close()
                self._tell_password(login.value.strip().lower(), password)
                await self.show()

            self._buttons(dialog, make)
        dialog.open()

    def _choices(
        self, role: Role, wards: dict[UUID, str], doctors: dict[str, str]
    ) -> tuple[ui.select, ui.select, ui.select]:
        words = self._words
        roles = {one.value: words(f"shell.role_{one}") for one in Role}
        chosen = named(ui.select(roles, value=role.value, label=words("members.role")), "new-role")
        doctor = named(ui.select(doctors, label=words("members.doctor"), with_input=True), "new-doctor")
        ward = named(ui.select(wards, label=words("members.department"), clearable=True), "new-department")
        for field in (chosen, doctor, ward):
            field.props("outlined dense").classes("full-width")

        def fit() -> None:
            doctor.set_visibility(chosen.value == Role.DOCTOR)
            ward.set_visibility(chosen.value == Role.NURSE)

        chosen.on_value_change(fit)
        fit()
        return chosen, doctor, ward

    async def _change_role(self, one: StaffMember) -> None:
        async with self._desk.acting(_MANAGE) as session:
            wards, doctors = await _names(self._desk, session), await _doctors(self._desk, session)
        with ui.dialog() as dialog, ui.card().classes("desk-dialog"):
            Written("h2", f"{self._words('members.set_role')} · {one.login}")
            role, doctor, ward = self._choices(one.role, wards, doctors)

            async def change() -> None:
                async with self._desk.acting(_MANAGE) as session:
                    await accounts.change_role(
                        session,
                        one.login,
                        Role(role.value),
                        by=self._desk.actor,
                        staff_no=doctor.value if role.value == Role.DOCTOR else None,
                        department_id=ward.value,
                    )
                dialog.close()
                await self.show()

            self._buttons(dialog, change)
        dialog.open()

    async def _reset_factor(self, one: StaffMember) -> None:
        if await self._sure("reset_factor", one):
            async with self._desk.acting(_MANAGE) as session:
                await accounts.reset_factor(session, one.login, by=self._desk.actor)
            await self.show()

    async def _reset_password(self, one: StaffMember) -> None:
        if await self._sure("reset_password", one):
            async with self._desk.acting(_MANAGE) as session:
                now = self._desk.now()
                password = await accounts.reset_password(session, one.login, by=self._desk.actor, now=now)
            self._tell_password(one.login, password)
            await self.show()

    async def _switch(self, one: StaffMember) -> None:
        if await self._sure("disable" if one.active else "enable", one):
            async with self._desk.acting(_MANAGE) as session:
                await accounts.set_active(session, one.login, not one.active, by=self._desk.actor)
            await self.show()

    async def _sure(self, key: str, one: StaffMember) -> bool:
        words = self._words
        title = f"{words(f'members.{key}')} · {one.login}"
        return await ask_whether(
            words, title, words(f"members.{key}_means"), go=words("shell.confirm"), danger=key == "disable"
        )

    def _tell_password(self, login: str, password: str) -> None:
        with ui.dialog().props("persistent") as dialog, ui.card().classes("desk-dialog"):
            Written("h2", self._words("members.password_of", login=login))
            named(ui.label(password), "password-once").classes("desk-secret")
            ui.label(self._words("members.password_once")).classes("desk-hint")
            with ui.element("div").classes("desk-actions"):
                button(self._words("shell.close"), dialog.delete, kind="main")
        dialog.open()

    def _buttons(self, dialog: ui.dialog, go: object) -> None:
        with ui.element("div").classes("desk-actions"):
            button(self._words("shell.cancel"), dialog.close)
            button(self._words("shell.save"), go, kind="main", name="save-member")  # type: ignore[arg-type]


async def _names(desk: Desk, session: AsyncSession) -> dict[UUID, str]:
    rows = await session.execute(select(Department.id, Department.name).order_by(Department.position))
    return {row.id: desk.named(row.name) for row in rows}


async def _doctors(desk: Desk, session: AsyncSession) -> dict[str, str]:
    """Practitioners without an account, by staff number."""
    wanted = (
        select(Practitioner.staff_no, Practitioner.name, Practitioner.title)
        .where(
            Practitioner.active,
            ~select(StaffMember.id).where(StaffMember.practitioner_id == Practitioner.id).exists(),
        )
        .order_by(Practitioner.staff_no)
    )
    return {
        row.staff_no: f"{desk.named(f'{row.name} {row.title}')} {row.staff_no}"
        for row in await session.execute(wanted)
    }
