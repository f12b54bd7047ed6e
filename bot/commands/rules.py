"""`daozhen rules`: the booking rules as the operator reads and sets them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import structlog
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.var import VAR, Var
from bot.launching.opening import in_transaction, open_live_database
from bot.launching.starting import StartError
from integrations.hospital import rules
from integrations.hospital.rules import HOSPITAL, BadRule, BookingRules
from integrations.runtime import Runtime

log = structlog.get_logger()
app = typer.Typer(help="The rules by which appointments are booked.", no_args_is_help=True)


@app.command("show")
def show_rules(
    department: Annotated[str, typer.Argument(help="Only this one, and the whole hospital.")] = "",
    var: Var = VAR,
) -> None:
    """Say what is set, and what can be set. A department inherits from the hospital what it does not say itself."""
    with open_live_database(var.resolve()) as (url, _):
        typer.echo(show(url, department))
    typer.echo(f"\nKeys:\n{explain()}")


@app.command("set")
def set_rule(
    department: Annotated[str, typer.Argument(help="A department's name, or: hospital")],
    key: str,
    value: Annotated[str, typer.Argument(help="Nothing, as '', inherits again.")],
    var: Var = VAR,
) -> None:
    """Set one rule. It holds from the next booking on."""
    with open_live_database(var.resolve()) as (url, _):
        change(url, department, key, value)
    typer.echo(f"{department}: {key} = {value or 'inherited'}")


def explain() -> str:
    """Every key with what it means."""
    fields = BookingRules.model_fields.items()
    return "\n".join(f"  {key:<20} {field.description}" for key, field in fields)


def show(url: str, department: str) -> str:
    """What the rows say, of one department or of all, and which of it cannot be."""

    async def read(session: AsyncSession) -> str:
        found, faults = await rules.written(session), await rules.faults(session)
        names = [name for name in {**found, **faults} if not department or name in (department, HOSPITAL)]
        return "\n".join(
            line for name in names for line in _lines(name, found.get(name, {}), faults.get(name, ""))
        )

    return _run(url, read)


def _lines(name: str, said: Mapping[str, str], fault: str) -> list[str]:
    marked = [f"  !! {fault}", "  !! Nobody can book here until this is mended."] if fault else []
    return [name, *(f"  {key:<20} {value}" for key, value in said.items()), *marked]


async def tell_operator(rt: Runtime) -> None:
    """Names in the log the departments that take no bookings because of their rules."""
    async with rt.database.begin() as session:
        for department, fault in (await rules.faults(session)).items():
            log.error("booking rules that cannot be: no bookings", department=department, fault=fault)


def change(url: str, department: str, key: str, value: str) -> None:
    """Sets one rule. Raises StartError in words when it cannot be."""
    _run(url, lambda session: rules.set_rule(session, department, key, value))


def _run[T](url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    try:
        return in_transaction(url, work)
    except BadRule as error:
        raise StartError(str(error)) from None
