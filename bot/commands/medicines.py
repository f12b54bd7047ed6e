"""`daozhen medicines`: what the pharmacy has."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import runner, staff
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.pharmacy import medicines
from integrations.hospital.pharmacy.terms import PharmacyError
from integrations.money import yuan

app = typer.Typer(help="The pharmacy's shelf.", no_args_is_help=True)
_run = runner({PharmacyError: "Not done: {error}"})


@app.command("list")
def show(var: Var = VAR) -> None:
    """Codes, prices and what can still be promised."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await medicines.all_medicines(session):
            marks = [
                *(["cold"] if one.cold_chain else []),
                *([] if medicines.may_be_sent(one.kind, one.form) else ["pick-up only"]),
            ]
            typer.echo(
                f"{one.code:<8} {one.name} {one.strength}  {yuan(one.price_fen)}/{one.unit}  "
                f"stock {one.stock}  {' '.join(marks)}".rstrip()
            )

    _run(var, work)


@app.command()
def restock(
    code: str,
    packs: Annotated[int, typer.Argument(help="How many more; fewer with a minus sign, after --.")],
    var: Var = VAR,
) -> None:
    """Packs came in, or were found broken."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        stock = await medicines.restock(session, code, packs)
        detail = {"packs": packs}
        await audit.record(
            session, actor=staff(), action="restocked", subject=f"medicine:{code}", detail=detail
        )
        typer.echo(f"{code}: {stock}")

    _run(var, work)
