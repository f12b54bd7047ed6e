"""`daozhen ratings`: what patients think of visits, deliveries and the help of people."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.cases import First, Last, days, percent
from bot.commands.staff import runner, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.hospital import satisfaction

app = typer.Typer(help="What patients think of us.", no_args_is_help=True)
_run = runner({})


@app.callback()
def _group() -> None:
    """One command so far, called by its name."""


@app.command()
def report(
    first: First = "",
    last: Last = "",
    words: Annotated[bool, typer.Option("--words", help="Also what was written, with --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why you need to read it; kept in the audit log.")] = "",
    var: Var = VAR,
) -> None:
    """Average stars of what was asked in some days, by kind and by doctor."""
    known = why(reason) if words else ""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        begin, end = days(first, last)
        typer.echo(f"{begin} to {end}")
        for one in await satisfaction.averages(session, begin, end):
            stars = f"{one.stars:.2f}" if one.stars is not None else "-"
            typer.echo(
                f"  {one.subject_kind:<13} asked {one.asked:>5}  rated {one.rated:>5}  stars {stars:>4}"
                f"  satisfied {percent(one.satisfaction):>6}  two stars or fewer {one.unhappy}"
            )
        for name, rated, average in await satisfaction.by_practitioner(session, begin, end):
            typer.echo(f"  {name:<8} rated {rated:>5}  stars {average:.2f}")
        if words:
            written = await satisfaction.words(session, crypto, begin, end, actor=staff(), reason=known)
            for kind, stars_given, said in written:
                typer.echo(f"  {kind:<13} {stars_given}  {said}")

    _run(var, work)
