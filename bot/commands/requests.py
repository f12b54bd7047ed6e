"""`daozhen links`: what patients asked for about their identity and staff decide on (待人工核验)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import By, acting, runner
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import requests
from integrations.hospital.linking import SelfExists
from integrations.hospital.requests import UnknownRequest
from integrations.hospital.restoring import AgreementNeeded, NothingKept, OtherOwner
from integrations.hospital.staff.permissions import Right

app = typer.Typer(
    help="Files that somebody claims, new phones, corrected names, cut links: staff decide.",
    no_args_is_help=True,
)
_run = runner(
    {
        UnknownRequest: "No open request with this id.",
        SelfExists: (
            "This account belongs to somebody else by now. Reject the request: the patient asks again from an account"
            " of their own."
        ),
        NothingKept: (
            "It is not known any more how this account acted for the patient, or the identity was rejected since."
            " Reject the request: whoever has a right to the file asks for it again."
        ),
        OtherOwner: (
            "This account has another owner than when the link stood. Reject the request: the relative is added"
            " again, with the agreement that it takes."
        ),
        AgreementNeeded: (
            "No agreement stands behind this link any more: an adult has to agree by their own phone, a minor's"
            " guardian has to be verified. Reject the request: the relative is then added again."
        ),
    }
)

RequestId = Annotated[UUID, typer.Argument(help="As `links list` shows it.")]


@app.command("list")
def show_open(var: Var = VAR) -> None:
    """What waits, the longest waiting first; names are masked."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await requests.open_requests(session):
            typer.echo(
                f"{one.id}  {one.kind:<8} {one.patient:<8}{_held(one)} born {one.birth_date}  by {one.channel:<9}"
                f" identity check: {one.outcome or '-':<12} since {one.created_at:%Y-%m-%d %H:%M} UTC"
            )

    _run(var, work)


@app.command()
def approve(request: RequestId, by: By = "", var: Var = VAR) -> None:
    """The document was seen and is right: what was asked for is done, and the patient told. A relative's link that
    was cut stands again by the agreement that stood: only when the patient (or a minor's guardian) says so."""
    _decide(var, request, by, approve=True)
    typer.echo("Approved; the patient is told.")


@app.command()
def reject(request: RequestId, by: By = "", var: Var = VAR) -> None:
    """Nothing is changed, and the patient told."""
    _decide(var, request, by, approve=False)
    typer.echo("Rejected; the patient is told.")


def _held(one: requests.RequestView) -> str:
    """Of a link that was cut: what the patient was to whoever had it."""
    return f" as {one.relation}" if one.relation else ""


def _decide(var: Path, request: UUID, by: str, *, approve: bool) -> None:

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        actor = await acting(session, by, Right.IDENTITIES_REVIEW)
        await requests.decide(session, crypto, request, approve=approve, staff=actor, now=utcnow())

    _run(var, work)
