"""`daozhen intakes`: what patients told before a visit."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import Reason, runner, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.hospital.intake import keeping

app = typer.Typer(help="What patients told before a visit (问诊).", no_args_is_help=True)
_run = runner({keeping.UnknownIntake: "No intake with this id."})


@app.command("list")
def show_list(
    day: Annotated[str, typer.Option(help="Only those for visits on this day, 2026-11-25.")] = "",
    var: Var = VAR,
) -> None:
    """The newest first, with the visit they are for; names are masked."""
    visit = _day(day)

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await keeping.listed(session, visit=visit):
            visited = f"{one.visit}  {one.department} {one.practitioner}" if one.visit else "no visit yet"
            typer.echo(f"{one.id}  {one.confirmed_at:%Y-%m-%d %H:%M} UTC  {one.patient}  {visited}")

    _run(var, work)


@app.command()
def show(
    intake: Annotated[UUID, typer.Argument(help="As `intakes list` shows it.")],
    reason: Reason,
    fhir: Annotated[bool, typer.Option(help="As FHIR resources instead of words.")] = False,
    var: Var = VAR,
) -> None:
    """Show what the patient told. The audit log keeps who read it and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        told = await keeping.reveal(session, crypto, intake, actor=staff(), reason=known)
        if fhir:
            typer.echo(json.dumps(told.content, ensure_ascii=False, indent=2))
            return
        typer.echo(told.summary)
        for medium, status in told.media:
            typer.echo(f"picture or file {medium}: {status}")

    _run(var, work)


def _day(written: str) -> date | None:
    """Raises typer.BadParameter."""
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise typer.BadParameter("a day looks like 2026-11-22") from None
