"""`daozhen links`: what patients asked for about their identity and staff decide on (待人工核验)."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto, KeyRing
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

Work = Callable[[AsyncSession, Crypto], Awaitable[None]]


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
    """One transaction on the database, whether the program runs or not."""
    from bot.migrate import APP
    from bot.opening import open_live_database
    from integrations.database import Database

    async def run(url: str, crypto: Crypto) -> None:
        database = Database(url, role=APP)
        try:
            async with database.begin() as session:
                await work(session, crypto)
        finally:
            await database.close()

    with open_live_database(var.resolve()) as (url, settings):
        crypto = Crypto(
            data=KeyRing.parse(settings.data_keys.get_secret_value()),
            index=KeyRing.parse(settings.index_keys.get_secret_value()),
        )
        try:
            asyncio.run(run(url, crypto))
        except UnknownRequest:
            typer.echo("No open request with this id.", err=True)
            raise typer.Exit(1) from None
        except SelfExists:
            typer.echo(
                "This account has registered somebody else meanwhile; it has to unbind first.", err=True
            )
            raise typer.Exit(1) from None
