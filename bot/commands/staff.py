"""Who is at the command line, and one transaction of theirs with its refusals in plain words."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.opening import Work, run_once
from integrations.crypto import Crypto
from integrations.hospital.revealing import NoReason, checked
from integrations.hospital.staff import accounts
from integrations.hospital.staff.accounts import UnknownStaff
from integrations.hospital.staff.permissions import NotPermitted, Right, require

Reason = Annotated[str, typer.Option(prompt="Why do you need to see it", help="Kept in the audit log.")]


By = Annotated[
    str,
    typer.Option(
        prompt="Your login at the desk",
        envvar="DAOZHEN_STAFF",
        help="Whose account does it: its role must allow that, as at the desk.",
    ),
]


def staff() -> str:
    return f"staff:{getpass.getuser()}"


async def acting(session: AsyncSession, login: str, right: Right) -> str:
    """The actor in whose name it is done, where it is no operator's to do. Raises UnknownStaff, NotPermitted."""
    member = await accounts.find(session, login)
    require(member, right)
    return member.actor


def _from_here() -> str:
    """From where, as the audit log keeps it: the shell's account and its machine."""
    return f"shell:{getpass.getuser()}@{socket.gethostname()}"


def said(words: str, wanted: str = "say why") -> str:
    """Raises typer.BadParameter where nothing is said."""
    if not words.strip():
        raise typer.BadParameter(wanted)
    return words.strip()


def why(reason: str) -> str:
    """As the audit log keeps it. Raises typer.BadParameter where nothing is said."""
    try:
        return checked(reason)
    except NoReason:
        raise typer.BadParameter("say why") from None


def refuse(words: str) -> NoReturn:
    """Nothing is changed: to the operator, and to the shell."""
    typer.echo(words, err=True)
    raise typer.Exit(1) from None


def runner(refusals: Mapping[type[Exception], str]) -> Callable[[Path, Work], None]:
    """Runs one transaction of a group of commands, and stops with these words where it raises one of these errors;
    the first that fits counts. `{error}` in them is what the error says."""

    async def from_here(work: Work, session: AsyncSession, crypto: Crypto) -> None:
        session.info["address"] = _from_here()
        await work(session, crypto)

    known: dict[type[Exception], str] = {
        UnknownStaff: "No such login: {error}.",
        NotPermitted: "The role of this account does not allow that.",
        **refusals,
    }

    def run(var: Path, work: Work) -> None:
        try:
            run_once(var, partial(from_here, work))
        except tuple(known) as error:
            words = next(words for kind, words in known.items() if isinstance(error, kind))
            refuse(words.format(error=str(error) or (type(error).__doc__ or type(error).__name__)))

    return run
