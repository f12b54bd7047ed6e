"""`daozhen questions`: what patients asked about the hospital and no page of its guide says."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import refuse, runner
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.hospital import unanswered
from integrations.hospital.clock import local_date

app = typer.Typer(
    help="Questions about the hospital without an answer; the answers are Markdown in dialogs/hospital_questions.",
    no_args_is_help=True,
)
_run = runner({})


@app.command("list")
def show_list(
    most: Annotated[int, typer.Option(help="How many.")] = 50,
    var: Var = VAR,
) -> None:
    """The most frequent first: how often, when last, the words. Nobody's name stands there, and none was kept."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await unanswered.listed(session, most):
            typer.echo(f"{one.asked:>5}  {local_date(one.last_asked_at)}  {one.words}")

    _run(var, work)


@app.command()
def done(
    words: Annotated[list[str], typer.Argument(help="As `questions list` shows them.")],
    var: Var = VAR,
) -> None:
    """Take questions off the list: a page answers them now, or none shall."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in words:
            if not await unanswered.settle(session, one):
                refuse(f"No question with these words: {one}")

    _run(var, work)
