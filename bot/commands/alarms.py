"""`daozhen alarms`: what staff are paged about, and its acknowledgement."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot import paging
from bot.commands.staff import Reason, runner, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow

app = typer.Typer(help="Pages: who waits for a person, and who looks after it.", no_args_is_help=True)
_run = runner({LookupError: "No such alarm, or somebody has acknowledged it already."})
Number = Annotated[int, typer.Argument(help="As `alarms list` and the page name it.")]


@app.command("list")
def show_list(
    every: Annotated[
        bool, typer.Option("--all", help="Also those that are settled or called nobody.")
    ] = False,
    var: Var = VAR,
) -> None:
    """What waits, the latest first. No names and no words stand here."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await paging.listed(session, every=every):
            waits = round((utcnow() - one.raised_at).total_seconds() / 60)
            told = "office told" if one.office_at else "paged" if one.paged_at else "not paged"
            said = f"  answered {one.answer}" if one.answer else ""
            typer.echo(
                f"{one.number}  {one.outcome:<9} {one.rule:<24} {one.channel:<8} {waits} min ago  x{one.times}"
                f"  {told}, {one.reached} phones reached{said}"
            )
        for one in await paging.alerts_listed(session):
            waits = round((utcnow() - one.told_at).total_seconds() / 60)
            told = "office told" if one.office_at else "paged"
            typer.echo(
                f"{one.number}  follow-up {one.duty:<24} {waits} min ago  {told}, {one.reached} phones reached"
                "  (see `follow-up alerts`)"
            )

    _run(var, work)


@app.command()
def show(
    number: Number,
    reason: Reason,
    var: Var = VAR,
) -> None:
    """Show what the patient wrote around a red flag. The audit log keeps who read it and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        for one in await paging.read(session, crypto, number, actor=staff(), reason=known):
            typer.echo(f"{one.at:%H:%M:%S} UTC  {one.words}")

    _run(var, work)


@app.command("ack")
def acknowledge(number: Number, var: Var = VAR) -> None:
    """Say that you look after it. From then on nobody else is paged."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        took = await paging.look_after(session, number, actor=staff(), now=utcnow())
        typer.echo(f"Acknowledged, {round(took.total_seconds())} seconds after it was raised.")

    _run(var, work)


@app.command()
def report(days: Annotated[int, typer.Option(min=1, help="So many days back.")] = 30, var: Var = VAR) -> None:
    """How many alarms called for a person, and how soon one came."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        found = await paging.times(session, utcnow() - timedelta(days=days))
        typer.echo(
            f"{found.alarms} alarms, {found.acknowledged} acknowledged, {found.late} went to the duty office"
        )
        if found.median is not None:
            typer.echo(f"acknowledged after {found.median:.0f} s (median), {found.longest:.0f} s at most")

    _run(var, work)
