"""`daozhen money invoices`: electronic invoices (电子票据) that patients asked for."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import runner
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
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

app = typer.Typer(help="Electronic invoices that patients asked for.", no_args_is_help=True)
_run = runner(
    {
        UnknownOrder: "There is no such order.",
        NotAsked: "No invoice of this order is waiting.",
        NotInvoiceable: "Nothing is paid on this order, or it went back.",
        IntegrityError: "Another order has this number.",
    }
)

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

    _run(var, work)


@app.command()
def issue(
    order_no: OrderNo,
    number: Annotated[str, typer.Argument(help="The number that the invoice platform gave.")],
    var: Var = VAR,
) -> None:
    """Notes that the invoice of an order is issued; the patient is told."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await issue_invoice(session, order_no, number, utcnow())

    _run(var, work)
    typer.echo("Issued; the patient is told.")


@app.command()
def void(order_no: OrderNo, var: Var = VAR) -> None:
    """Notes that the invoice is voided: its money went back."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await void_invoice(session, order_no)

    _run(var, work)
    typer.echo("Voided.")
