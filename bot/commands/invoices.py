"""`daozhen money invoices`: electronic invoices (电子票据) that patients asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.opening import Work, run_once
from integrations.crypto import Crypto
from integrations.hospital.billing.invoices import (
    NotAsked,
    NotInvoiceable,
    invoice_tasks,
    issue_invoice,
    void_invoice,
)
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.models import InvoiceStatus
from integrations.money import yuan
from integrations.settings import ROOT

app = typer.Typer(help="Electronic invoices that patients asked for.", no_args_is_help=True)

Var = Annotated[Path, typer.Option("--var", envvar="VAR_DIR", help="Data, logs and secrets stand here.")]
VAR = ROOT / "var"
OrderNo = Annotated[str, typer.Argument(help="The order's number, as `invoices list` shows it.")]


@app.command("list")
def show_waiting(var: Var = VAR) -> None:
    """What is to be issued, and what is to be voided because the money went back."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        tasks = await invoice_tasks(session)
        for one in tasks:
            todo = "issue" if one.status is InvoiceStatus.ASKED else f"void {one.number}"
            typer.echo(
                f"{one.order_no}  {yuan(one.amount_fen):>9}  asked {one.asked_at:%Y-%m-%d %H:%M} UTC  {todo}"
            )
        if not tasks:
            typer.echo("No invoice is waiting.")

    run_once(var, work)


@app.command()
def issue(
    order_no: OrderNo,
    number: Annotated[str, typer.Argument(help="The number that the invoice platform gave.")],
    var: Var = VAR,
) -> None:
    """Notes that the invoice of an order is issued; the patient is told."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await issue_invoice(session, order_no, number, datetime.now(UTC))

    _run(var, work)
    typer.echo("Issued; the patient is told.")


@app.command()
def void(order_no: OrderNo, var: Var = VAR) -> None:
    """Notes that the invoice is voided: its money went back."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await void_invoice(session, order_no)

    _run(var, work)
    typer.echo("Voided.")


def _run(var: Path, work: Work) -> None:
    try:
        run_once(var, work)
    except UnknownOrder:
        _refuse("There is no such order.")
    except NotAsked:
        _refuse("No invoice of this order is waiting.")
    except NotInvoiceable:
        _refuse("Nothing is paid on this order, or it went back.")
    except IntegrityError:
        _refuse("Another order has this number.")


def _refuse(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1) from None
