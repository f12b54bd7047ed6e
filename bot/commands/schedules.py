"""`daozhen schedules`: a doctor does not come (停诊), another one does (替诊), or takes more patients (加号)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import doctors
from bot.commands.staff import By, acting, runner, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import stops
from integrations.hospital.models import Period, Schedule
from integrations.hospital.staff.permissions import Right
from integrations.hospital.stops import StopError

app = typer.Typer(help="Stopped half days, another doctor, more numbers.", no_args_is_help=True)
_run = runner({StopError: "{error}.", doctors.UnknownDoctor: "{error}."})

Doctor = Annotated[str, typer.Argument(help=doctors.HELP)]
Day = Annotated[str, typer.Argument(help="As 2026-11-25.")]
HalfDay = Annotated[Period | None, typer.Argument(help="The whole day without it.")]
Reason = Annotated[
    str, typer.Option("--reason", prompt="Why", help="Kept in the audit log; patients do not see it.")
]
Visit = Annotated[UUID, typer.Argument(help="As `schedules affected` shows it.")]


@app.command()
def stop(
    doctor: Doctor, day: Day, period: HalfDay = None, reason: Reason = "", by: By = "", var: Var = VAR
) -> None:
    """Stop a doctor's half day or day: patients are told, and move their visit or get everything back."""

    async def one(session: AsyncSession, schedule: Schedule) -> str:
        count = await stops.stop(
            session,
            schedule,
            reason=why(reason),
            actor=await acting(session, by, Right.SCHEDULES_CHANGE),
            now=utcnow(),
        )
        return f"stopped, {count} visits affected"

    _each(var, doctor, day, period, one)


@app.command()
def substitute(
    doctor: Doctor,
    day: Day,
    instead: Annotated[str, typer.Option("--instead", help="Who comes instead, named likewise.")],
    period: HalfDay = None,
    reason: Reason = "",
    by: By = "",
    var: Var = VAR,
) -> None:
    """Let another doctor of the department take a half day or day, with its visits; patients are told."""

    async def one(session: AsyncSession, schedule: Schedule) -> str:
        other = await doctors.staff_no(session, instead)
        count = await stops.substitute(
            session,
            schedule,
            other,
            reason=why(reason),
            actor=await acting(session, by, Right.SCHEDULES_CHANGE),
            now=utcnow(),
        )
        return f"now with {instead}, {count} visits move along"

    _each(var, doctor, day, period, one)


@app.command("add-slots")
def add_slots(
    doctor: Doctor,
    day: Day,
    period: Annotated[Period, typer.Argument()],
    count: Annotated[int, typer.Argument(min=1, max=50)],
    by: By = "",
    var: Var = VAR,
) -> None:
    """Add numbers at the end of a half day; who waits is asked first."""

    async def one(session: AsyncSession, schedule: Schedule) -> str:
        actor = await acting(session, by, Right.SCHEDULES_CHANGE)
        return f"{await stops.add_slots(session, schedule, count, actor=actor)} numbers now"

    _each(var, doctor, day, period, one)


@app.command()
def affected(var: Var = VAR) -> None:
    """Whom the news of a stopped or changed visit has not reached: to be called. Names are masked."""
    from bot.affected import affected as find

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await find(session, utcnow()):
            typer.echo(
                f"{one.appointment_id}  {one.date} {one.time:%H:%M}  {one.practitioner:<6} {one.patient:<8} {one.what}"
                f"  message: {one.told}"
            )

    _run(var, work)


@app.command()
def phone(visit: Visit, reason: Reason = "", by: By = "", var: Var = VAR) -> None:
    """Show name and phone of whom to call. The audit log keeps who looked and why."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        found = await stops.reveal(
            session,
            crypto,
            visit,
            actor=await acting(session, by, Right.SCHEDULES_CHANGE),
            reason=why(reason),
        )
        typer.echo(f"{found.name}  {found.phone}")

    _run(var, work)


@app.command()
def reached(visit: Visit, by: By = "", var: Var = VAR) -> None:
    """The patient was told by phone: off the list."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await stops.reached(
            session, visit, actor=await acting(session, by, Right.SCHEDULES_CHANGE), now=utcnow()
        )

    _run(var, work)
    typer.echo("Noted.")


def _each(
    var: Path,
    doctor: str,
    day: str,
    period: Period | None,
    one: Callable[[AsyncSession, Schedule], Awaitable[str]],
) -> None:
    """All half days in one transaction: all or none."""
    on = _date(day)

    async def work(session: AsyncSession, _: Crypto) -> None:
        number = await doctors.staff_no(session, doctor)
        for schedule in await stops.half_days(session, number, on, period):
            typer.echo(f"{schedule.date} {schedule.period}: {await one(session, schedule)}")

    _run(var, work)


def _date(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise typer.BadParameter(f"{day} is no day; write it as 2026-11-25") from None
