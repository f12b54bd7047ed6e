"""`daozhen links`: what patients asked for about their identity and staff decide on (待人工核验)."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.opening import Work, run_once
from integrations.crypto import Crypto
from integrations.hospital import requests
from integrations.hospital.linking import SelfExists
from integrations.hospital.requests import UnknownRequest
from integrations.settings import ROOT

app = typer.Typer(
    help="Files that somebody claims, new phones, corrected names, cut links: staff decide.",
    no_args_is_help=True,
)

Var = Annotated[Path, typer.Option("--var", envvar="VAR_DIR", help="Data, logs and secrets stand here.")]
VAR = ROOT / "var"
RequestId = Annotated[UUID, typer.Argument(help="As `links list` shows it.")]


@app.command("list")
def show_open(var: Var = VAR) -> None:
    """What waits, the longest waiting first; names are masked."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await requests.open_requests(session):
            typer.echo(
                f"{one.id}  {one.kind:<8} {one.patient:<8} born {one.birth_date}  by {one.channel:<9}"
                f" identity check: {one.outcome or '-':<12} since {one.created_at:%Y-%m-%d %H:%M} UTC"
            )

    _run(var, work)


@app.command()
def approve(request: RequestId, var: Var = VAR) -> None:
    """The document was seen and is right: what was asked for is done, and the patient told."""
    _decide(var, request, approve=True)
    typer.echo("Approved; the patient is told.")


@app.command()
def reject(request: RequestId, var: Var = VAR) -> None:
    """Nothing is changed, and the patient told."""
    _decide(var, request, approve=False)
    typer.echo("Rejected; the patient is told.")


def _decide(var: Path, request: UUID, *, approve: bool) -> None:
    from integrations.database import utcnow

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        staff = f"staff:{getpass.getuser()}"
        await requests.decide(session, crypto, request, approve=approve, staff=staff, now=utcnow())

    _run(var, work)


def _run(var: Path, work: Work) -> None:
    try:
        run_once(var, work)
    except UnknownRequest:
        typer.echo("No open request with this id.", err=True)
        raise typer.Exit(1) from None
    except SelfExists:
        typer.echo("This account has registered somebody else meanwhile; it has to unbind first.", err=True)
        raise typer.Exit(1) from None
