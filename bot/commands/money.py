"""`daozhen money`: bills, refunds that need somebody, and what platforms and we do not agree on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import invoices
from bot.commands.staff import By, acting, refuse, runner, said, staff
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital.billing import desk, differences, reconciling
from integrations.hospital.billing.desk import NobodyToTell, NotToGiveBack
from integrations.hospital.billing.orders import Item, UnknownOrder
from integrations.hospital.billing.refunds import UnknownRefund
from integrations.hospital.clock import local_date
from integrations.hospital.models import OrderKind, Reconciliation
from integrations.hospital.reading import InvalidPhone
from integrations.hospital.staff.permissions import Right
from integrations.money import Platform, yuan
from integrations.payment import amounts

app = typer.Typer(help="Bills, orders, refunds, and reconciliation with the platforms.", no_args_is_help=True)
bills_app = typer.Typer(help="What a patient has to pay.", no_args_is_help=True)
orders_app = typer.Typer(help="Orders of any kind.", no_args_is_help=True)
refunds_app = typer.Typer(help="Money on its way back.", no_args_is_help=True)
differences_app = typer.Typer(help="Where a platform's word and ours differ.", no_args_is_help=True)
for _name, _part in (
    ("bills", bills_app),
    ("orders", orders_app),
    ("refunds", refunds_app),
    ("differences", differences_app),
    ("invoices", invoices.app),
):
    app.add_typer(_part, name=_name)

_run = runner(
    {
        UnknownOrder: "There is no such order.",
        UnknownRefund: "No refund with this number waits for that.",
        NotToGiveBack: "Not done: {error}",
        NobodyToTell: "No account acts for this patient: nobody could pay it.",
        InvalidPhone: "This is not a mobile number.",
        LookupError: "No open difference with this id.",
    }
)

Note = Annotated[
    str, typer.Option(prompt="What was found, or done", help="Kept in the audit log: no names, no numbers.")
]


@bills_app.command("add")
def add_bill(
    item: Annotated[list[str], typer.Option(help="NAME=YUAN, once for each line: 血常规=25.00")],
    phone: Annotated[
        str, typer.Option(prompt="The patient's mobile number", help="Asked for: no shell remembers it.")
    ],
    patient: Annotated[UUID | None, typer.Option(help="Where several patients have that number.")] = None,
    kind: Annotated[OrderKind, typer.Option()] = OrderKind.TEST,
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it can be paid.")] = 7,
    var: Var = VAR,
) -> None:
    """A bill for whoever acts for the patient; they are told. Registration fees come with their appointment."""

    if kind is OrderKind.REGISTRATION:
        raise typer.BadParameter("registration fees come with their appointment")
    items = [_item(line) for line in item]

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        found = await desk.patients_by_phone(session, crypto, phone)
        chosen = [one for one, _ in found if patient in (None, one)]
        if len(chosen) != 1:
            for one, name in found:
                typer.echo(f"{one}  {name}")
            refuse("Say which patient (--patient)." if found else "No patient has this number on file.")
        now = utcnow()
        until = now + timedelta(days=days)
        number = await desk.add_bill(
            session, kind, items, patient_id=chosen[0], expires_at=until, actor=staff(), now=now
        )
        typer.echo(f"{number}  {yuan(sum(one.amount_fen for one in items))}")

    _run(var, work)


@orders_app.command("show")
def show_order(order_no: str, var: Var = VAR) -> None:
    """An order, its payments and refunds, and every step that was taken."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        order, story, steps = await desk.story(session, order_no)
        typer.echo(
            f"{order.order_no}  {order.kind}  {order.status}  {yuan(order.amount_fen)}  {order.patient}"
        )
        for item in order.items:
            typer.echo(f"  {item.name} x{item.quantity}  {yuan(item.amount_fen)}")
        for one in story:
            typer.echo(
                f"  {one.number}  {one.what}  {one.status}  {yuan(one.amount_fen)}"
                f"  {one.theirs or '-'}  {one.error or ''}".rstrip()
            )
        for step in steps:
            typer.echo(f"  {step.at:%Y-%m-%d %H:%M:%S} UTC  {step.what}: {step.before} > {step.after}")

    _run(var, work)


@orders_app.command("refund")
def refund_order(order_no: str, note: Note, by: By = "", var: Var = VAR) -> None:
    """A test or consultation that is not to be: its bill is closed, or what was paid goes back whole to who paid."""
    known = said(note, "say why")

    async def work(session: AsyncSession, _: Crypto) -> None:
        back = await desk.give_back(
            session, order_no, note=known, actor=await acting(session, by, Right.MONEY_REFUND), now=utcnow()
        )
        typer.echo(
            f"{yuan(back)} goes back; the patient is told." if back else "Closed; nobody can pay it now."
        )

    _run(var, work)


@refunds_app.command("list")
def list_refunds(var: Var = VAR) -> None:
    """What is not done yet; what needs somebody comes first, with its case, whose it is and until when."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await desk.refund_cases(session, utcnow()):
            typer.echo(
                f"{one.out_refund_no}  {one.status:<10} {yuan(one.amount_fen):>10}  {one.platform:<9} {one.reason:<9}"
                f" asked {one.attempts} times since {one.created_at:%Y-%m-%d %H:%M} UTC  {one.error or ''}".rstrip()
                + (f"  {one.case_number} {one.owner or '-'} until {one.deadline}" if one.case_number else "")
            )

    _run(var, work)


@refunds_app.command("retry")
def retry_refund(out_refund_no: str, by: By = "", var: Var = VAR) -> None:
    """Ask once more, under a new number, after the cause was seen to: of a refund that is closed."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        renewed = await desk.retry_refund(
            session, out_refund_no, actor=await acting(session, by, Right.MONEY_REFUND), now=utcnow()
        )
        typer.echo(f"Asked for again as {renewed}.")

    _run(var, work)


@refunds_app.command("settle")
def settle_refund(out_refund_no: str, note: Note, by: By = "", var: Var = VAR) -> None:
    """The payer has got the money in another way: of a refund that is abnormal or closed. The patient is told."""
    known = said(note, "say what was done")

    async def work(session: AsyncSession, _: Crypto) -> None:
        await desk.settle_refund(
            session,
            out_refund_no,
            note=known,
            actor=await acting(session, by, Right.MONEY_REFUND),
            now=utcnow(),
        )
        typer.echo("Settled; the patient is told.")

    _run(var, work)


@differences_app.command("list")
def list_differences(var: Var = VAR) -> None:
    """What is open, the oldest first."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await differences.open_differences(session):
            ours, theirs = (yuan(fen) if fen is not None else "-" for fen in (one.ours_fen, one.theirs_fen))
            typer.echo(
                f"{one.id}  {one.kind:<19} {one.platform:<9} {one.number:<34} ours {ours} theirs {theirs}"
                f"  {one.transaction_id or ''}  {one.day or local_date(one.found_at)} by {one.found_by}"
            )

    _run(var, work)


@differences_app.command("settle")
def settle_difference(difference: UUID, note: Note, by: By = "", var: Var = VAR) -> None:
    """It is known what it was."""
    known = said(note, "say what was done")

    async def work(session: AsyncSession, _: Crypto) -> None:
        await desk.settle_difference(
            session, difference, note=known, actor=await acting(session, by, Right.MONEY_REFUND), now=utcnow()
        )
        typer.echo("Settled.")

    _run(var, work)


@app.command()
def reconcile(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])],
    again: Annotated[bool, typer.Option(help="Have it compared once more, within ten minutes.")] = False,
    var: Var = VAR,
) -> None:
    """What came of comparing a day's bills. The running program does it each morning, and catches up on a week."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        if again:
            for platform in Platform:
                await reconciling.ask_again(session, platform, day.date())
        known = (
            select(Reconciliation).where(Reconciliation.day == day.date()).order_by(Reconciliation.platform)
        )
        rows = list(await session.scalars(known.execution_options(populate_existing=True)))
        for one in rows:
            if one.done_at is None:
                typer.echo(f"{one.platform:<9} waits for its bill")
                continue
            typer.echo(
                f"{one.platform:<9} {one.payments} payments {yuan(one.payments_fen)}, {one.refunds} refunds"
                f" {yuan(one.refunds_fen)}; {one.learned} not heard of before, {one.differences} differences;"
                f" {one.done_at:%Y-%m-%d %H:%M} UTC"
            )
        if not rows:
            typer.echo("Not compared yet.")

    _run(var, work)


def _item(line: str) -> Item:
    name, _, price = line.rpartition("=")
    try:
        fen = amounts.fen(price)
    except ValueError:
        fen = 0
    if not name.strip() or fen <= 0:
        raise typer.BadParameter(f"{line}: say NAME=YUAN, as 血常规=25.00")
    return Item(name.strip(), fen)
