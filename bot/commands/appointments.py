"""`daozhen appointments`: who came to their visit, and who did not."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.opening import Work, run_once
from integrations.crypto import Crypto
from integrations.hospital import visits
from integrations.hospital.visits import UnknownVisit
from integrations.settings import ROOT

app = typer.Typer(help="Check-in, and visits that were missed.", no_args_is_help=True)

Var = Annotated[Path, typer.Option("--var", envvar="VAR_DIR", help="Data, logs and secrets stand here.")]
VAR = ROOT / "var"
Code = Annotated[
    str, typer.Argument(help="What the patient's code holds: the order's number, or the visit's.")
]


@app.command()
def arrived(code: Code, var: Var = VAR) -> None:
    """Check a patient in. After the day it also takes back a visit that was noted as missed."""
    from integrations.database import utcnow

    async def work(session: AsyncSession, _: Crypto) -> None:
        await visits.arrived(session, code, actor=_staff(), now=utcnow())

    _run(var, work)
    typer.echo("Checked in.")


@app.command()
def noshow(code: Code, var: Var = VAR) -> None:
    """The patient did not come: it counts for the booking rules, and they are told how to object."""
    from integrations.database import utcnow

    async def work(session: AsyncSession, _: Crypto) -> None:
        await visits.missed(session, code, actor=_staff(), now=utcnow())

    _run(var, work)
    typer.echo("Noted as missed; the patient is told.")


def _staff() -> str:
    return f"staff:{getpass.getuser()}"


def _run(var: Path, work: Work) -> None:
    try:
        run_once(var, work)
    except UnknownVisit as error:
        typer.echo(f"{error}.", err=True)
        raise typer.Exit(1) from None
