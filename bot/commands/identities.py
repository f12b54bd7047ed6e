"""`daozhen identities`: patients whose document staff have to look at (待人工核验)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import By, Reason, acting, runner, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import identity_reviews
from integrations.hospital.identity_reviews import NotWaiting, RejectionReason
from integrations.hospital.staff.permissions import Right

app = typer.Typer(help="Patients whose document staff look at.", no_args_is_help=True)
_run = runner({NotWaiting: "No patient with this id waits for staff."})

PatientId = Annotated[UUID, typer.Argument(help="As `identities list` shows it.")]


@app.command("list")
def show_waiting(var: Var = VAR) -> None:
    """Who waits, the longest waiting first; names are masked."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        for one in await identity_reviews.waiting(session):
            since = f"{one.since:%Y-%m-%d %H:%M}"
            typer.echo(
                f"{one.patient_id}  {one.name:<8}  {one.document:<16}  {one.status}  since {since} UTC"
            )

    _run(var, work)


@app.command()
def show(
    patient: PatientId,
    reason: Reason,
    by: By = "",
    var: Var = VAR,
) -> None:
    """Show all that the patient told, to compare with the document. The audit log keeps who looked and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        told = await identity_reviews.reveal(
            session, crypto, patient, actor=await acting(session, by, Right.IDENTITIES_REVIEW), reason=known
        )
        for title, value in (
            ("name", told.name),
            ("document", told.document),
            ("number", told.id_number),
            ("born", told.birth_date),
            ("sex", told.sex),
            ("phone", told.phone),
        ):
            typer.echo(f"{title:<9} {value}")

    _run(var, work)


@app.command()
def verify(patient: PatientId, by: By = "", var: Var = VAR) -> None:
    """The document is right: the patient is told."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await identity_reviews.verify(
            session, patient, actor=await acting(session, by, Right.IDENTITIES_REVIEW), now=utcnow()
        )

    _run(var, work)
    typer.echo("Verified; the patient is told.")


@app.command()
def reject(
    patient: PatientId,
    reason: Annotated[RejectionReason, typer.Option(help="What the patient is told.")],
    by: By = "",
    var: Var = VAR,
) -> None:
    """The document is not right: the patient is told, and may register anew."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await identity_reviews.reject(
            session,
            patient,
            reason=reason,
            actor=await acting(session, by, Right.IDENTITIES_REVIEW),
            now=utcnow(),
        )

    _run(var, work)
    typer.echo("Rejected; the patient is told.")
