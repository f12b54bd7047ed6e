"""`daozhen links`: what patients asked for about their identity and staff decide on (待人工核验)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import VAR, Var, runner, staff
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import requests
from integrations.hospital.linking import SelfExists
from integrations.hospital.requests import UnknownRequest

app = typer.Typer(
    help="Files that somebody claims, new phones, corrected names, cut links: staff decide.",
    no_args_is_help=True,
)
_run = runner(
    {
        UnknownRequest: "No open request with this id.",
        SelfExists: "This account has registered somebody else meanwhile; it has to unbind first.",
    }
)

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

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await requests.decide(session, crypto, request, approve=approve, staff=staff(), now=utcnow())

    _run(var, work)
