"""`daozhen staff`: who may log in at the desk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import refuse, runner, staff
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital.models import Department, Role
from integrations.hospital.staff import accounts, passwords
from integrations.hospital.staff.accounts import BadAccount, UnknownStaff

app = typer.Typer(help="Accounts at the staff's desk.", no_args_is_help=True)
_run = runner({UnknownStaff: "No such login.", BadAccount: "That cannot be: {error}."})
Name = Annotated[str, typer.Argument(metavar="LOGIN")]
Doctor = Annotated[
    str, typer.Option("--doctor", help="The staff number of the practitioner whose account it is.")
]
Ward = Annotated[str, typer.Option("--department", help="A nurse's department, by name.")]
_ONCE = "It is shown this once, and must be changed at the first login."


@app.command("add")
def add(
    login: Name,
    name: Annotated[str, typer.Argument(help="As colleagues and patients read it.")],
    role: Annotated[Role, typer.Option()],
    doctor: Doctor = "",
    department: Ward = "",
    var: Var = VAR,
) -> None:
    """Make an account. The second factor is set up at its first login."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        password = passwords.generate()
        member = await accounts.create(
            session,
            login=login,
            name=name,
            role=role,
            password=password,
            by=staff(),
            now=utcnow(),
            staff_no=doctor or None,
            department_id=await _department(session, department),
        )
        typer.echo(f"{member.login} is {member.role}. Password: {password}\n{_ONCE}")

    _run(var, work)


@app.command("list")
def show_list(var: Var = VAR) -> None:
    """All accounts."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        now = utcnow()
        for one in await accounts.listed(session):
            notes = [
                "" if one.active else "disabled",
                "" if one.totp_confirmed_at else "no second factor yet",
                "locked" if one.locked_until and now < one.locked_until else "",
            ]
            said = ", ".join(note for note in notes if note)
            typer.echo(f"{one.login:<20} {one.role:<14} {one.name}  {said}".rstrip())

    _run(var, work)


@app.command("disable")
def disable(login: Name, var: Var = VAR) -> None:
    """End all that this person has open, and let them log in no more."""
    _switch(login, False, var)


@app.command("enable")
def enable(login: Name, var: Var = VAR) -> None:
    """Let a disabled account log in again."""
    _switch(login, True, var)


def _switch(login: str, active: bool, var: Var) -> None:
    async def work(session: AsyncSession, _: Crypto) -> None:
        await accounts.set_active(session, login, active, by=staff())
        typer.echo(f"{login} is {'enabled' if active else 'disabled'}.")

    _run(var, work)


@app.command("role")
def change_role(login: Name, role: Role, doctor: Doctor = "", department: Ward = "", var: Var = VAR) -> None:
    """Give an account another role; what it has open ends."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        where = await _department(session, department)
        await accounts.change_role(
            session, login, role, by=staff(), staff_no=doctor or None, department_id=where
        )
        typer.echo(f"{login} is {role}.")

    _run(var, work)


@app.command("telegram")
def telegram(
    login: Name,
    user_id: Annotated[int, typer.Argument(help="Their user id in Telegram; 0: none any more.")],
    var: Var = VAR,
) -> None:
    """Let somebody answer patients from the staff's Telegram group (TELEGRAM_STAFF_GROUP_ID)."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await accounts.set_telegram(session, login, user_id or None, by=staff())
        typer.echo(
            f"{login} {'may answer from the group' if user_id else 'is not known in the group any more'}."
        )

    _run(var, work)


@app.command("reset")
def reset(
    login: Name,
    factor: Annotated[
        bool, typer.Option(help="The phone is lost: set up another at the next login.")
    ] = False,
    password: Annotated[bool, typer.Option(help="A new password; also opens a locked account.")] = False,
    var: Var = VAR,
) -> None:
    """Give somebody a new password, or let them set up a new phone."""
    if not factor and not password:
        refuse("Say --password, --factor, or both.")

    async def work(session: AsyncSession, _: Crypto) -> None:
        if factor:
            await accounts.reset_factor(session, login, by=staff())
            typer.echo(f"{login} sets up the second factor at the next login.")
        if password:
            new = await accounts.reset_password(session, login, by=staff(), now=utcnow())
            typer.echo(f"Password: {new}\n{_ONCE}")

    _run(var, work)


@app.command("show-logins")
def show_logins(var: Var = VAR) -> None:
    """How to log in as the demo hospital's staff, with the code of this half minute."""
    import pyotp

    from bot.launching import demo_logins

    for one in demo_logins.known(var.resolve()):
        typer.echo(f"{one.login:<14} {one.password:<22} {pyotp.TOTP(one.totp_secret).now()}")


async def _department(session: AsyncSession, name: str) -> UUID | None:
    if not name:
        return None
    found = await session.scalar(select(Department.id).where(Department.name == name))
    if found is None:
        raise BadAccount(f"there is no department {name!r}")
    return found
