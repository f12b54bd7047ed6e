"""`daozhen agreements`: a relative who agreed by a text message calls, and takes it back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import By, Reason, acting, refuse, runner, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import agreements
from integrations.hospital.reading import InvalidPhone
from integrations.hospital.staff.permissions import Right

app = typer.Typer(
    help="Who acts for a person who agreed by a text message; ended when that person calls the hospital.",
    no_args_is_help=True,
)
_run = runner({InvalidPhone: "This is not a mobile number."})

Phone = Annotated[
    str, typer.Option(prompt="The caller's mobile number", help="Asked for, so that no shell remembers it.")
]


@app.command("list")
def show_standing(phone: Phone, reason: Reason, by: By = "", var: Var = VAR) -> None:
    """Who acts for the people with this number on file; names are masked. The audit log keeps who looked and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        found = await agreements.find(
            session, crypto, phone, actor=await acting(session, by, Right.IDENTITIES_REVIEW), reason=known
        )
        for one in found:
            typer.echo(
                f"{one.patient_id}  {one.patient:<8} is the {one.relation} of {one.owner:<8}"
                f" who acts by account {one.account_id} since {one.since:%Y-%m-%d}"
            )
        if not found:
            typer.echo("Nobody acts for a patient with this number.")

    _run(var, work)


@app.command()
def end(
    patient: Annotated[UUID, typer.Argument(help="As `agreements list` shows it.")],
    account: Annotated[UUID, typer.Argument(help="The account that is to act no more.")],
    called_back: Annotated[
        bool,
        typer.Option(
            "--called-back",
            prompt="Did you call back the number on file, and did the patient answer",
            help="Whoever answers there gave the agreement; whoever calls may be anybody.",
        ),
    ],
    by: By = "",
    var: Var = VAR,
) -> None:
    """The patient takes the agreement back: the account is told, appointments stay."""

    if not called_back:
        refuse("Call the number on file first: nothing is changed.")

    async def work(session: AsyncSession, _: Crypto) -> None:
        ended = await agreements.end(
            session,
            patient_id=patient,
            account_id=account,
            actor=await acting(session, by, Right.IDENTITIES_REVIEW),
            key=None,
            now=utcnow(),
        )
        if not ended:
            refuse("This account does not act for the patient on an agreement of theirs.")

    _run(var, work)
    typer.echo("Ended; the account is told.")
