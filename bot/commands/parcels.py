"""`daozhen parcels`: what leaves the house, and what goes wrong on the way."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import Reason, runner, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital.delivery import parcels, shipping, views
from integrations.hospital.delivery.views import ParcelFault
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.pharmacy.terms import PharmacyError

app = typer.Typer(help="Parcels: whereto, on their way, problems.", no_args_is_help=True)
_run = runner({PharmacyError: "Not done: {error}", ParcelFault: "Not done: {error}"})

Id = Annotated[UUID, typer.Argument(help="The prescription, as `prescriptions list` shows it.")]


@app.command()
def address(
    prescription: Id,
    reason: Reason,
    var: Var = VAR,
) -> None:
    """Whom and where to, for the label."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        one = await prescriptions.prescription(session, prescription)
        if one.delivery_id is None:
            raise views.UnknownParcel("it is picked up")
        to = await parcels.reveal(session, crypto, one.delivery_id, actor=staff(), reason=known)
        typer.echo(f"{to.recipient}  {to.phone.removeprefix('+86')}\n{to.area}{to.street}")

    _run(var, work)


@app.command()
def ship(
    prescription: Id,
    carrier: Annotated[str, typer.Argument(help="By Kuaidi100's code: shunfeng, zhongtong, ems, jd …")],
    waybill: Annotated[str, typer.Argument(help="The number on the parcel.")],
    again: Annotated[bool, typer.Option("--again", help="It came back, and leaves once more.")] = False,
    var: Var = VAR,
) -> None:
    """The carrier has it: the patient is told, and its way is followed."""
    send = shipping.ship_again if again else shipping.ship

    async def work(session: AsyncSession, _: Crypto) -> None:
        await send(session, prescription, carrier, waybill, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Shipped; the patient is told.")


@app.command()
def problems(var: Var = VAR) -> None:
    """What staff have to look into, the oldest first."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await views.problems(session):
            since = f"{one.state_at:%Y-%m-%d %H:%M} UTC" if one.state_at else "-"
            typer.echo(
                f"{one.prescription_id}  {one.patient:<6} {one.carrier} {one.waybill}  "
                f"{'lost track' if one.lost else one.state}  since {since}"
            )

    _run(var, work)
