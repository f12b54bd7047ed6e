"""`daozhen appointments`: who came to their visit, and who did not."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import runner, staff
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import visits
from integrations.hospital.visits import UnknownVisit

app = typer.Typer(help="Check-in, and visits that were missed.", no_args_is_help=True)
_run = runner({UnknownVisit: "{error}."})

Code = Annotated[
    str, typer.Argument(help="What the patient's code holds: the order's number, or the visit's.")
]


@app.command()
def arrived(code: Code, var: Var = VAR) -> None:
    """Check a patient in. After the day it also takes back a visit that was noted as missed."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await visits.arrived(session, code, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Checked in.")


@app.command()
def noshow(code: Code, var: Var = VAR) -> None:
    """The patient did not come: it counts for the booking rules, and they are told how to object."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await visits.missed(session, code, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Noted as missed; the patient is told.")
