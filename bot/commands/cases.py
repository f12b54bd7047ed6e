"""`daozhen cases`: complaints and other things that staff settle by a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import Reason, runner, said, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital.cases import handling
from integrations.hospital.cases.figures import complaints
from integrations.hospital.cases.refusals import AlreadyClosed, NobodyToTell, UnknownCase
from integrations.hospital.clock import local_date
from integrations.hospital.models import Adverse
from integrations.hospital.models.cases import PROBLEMS, TOLD
from integrations.hospital.working_days import working_days

app = typer.Typer(help="Complaints, and what else staff settle by a day.", no_args_is_help=True)
_run = runner(
    {
        UnknownCase: "No case with this number.",
        AlreadyClosed: "It is closed already, or the patient withdrew it.",
        NobodyToTell: "No patient waits for it: settle it with `money differences settle`.",
    }
)

Number = Annotated[str, typer.Argument(help="Such as TS-20261122-017, as `cases list` shows it.")]
Words = Annotated[str, typer.Option("--words", prompt="Words")]
First = Annotated[str, typer.Option("--from", help="First day, 2026-11-01; without it 30 days back.")]
Last = Annotated[str, typer.Option("--to", help="Last day; without it today.")]


@app.command("list")
def show_list(
    escalated: Annotated[bool, typer.Option(help="Only those whose deadline is near or over.")] = False,
    adverse: Annotated[
        bool, typer.Option(help="Only where harm through care is suspected or confirmed; closed ones too.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Closed and withdrawn ones too.")] = False,
    found: Annotated[
        bool, typer.Option(help="Parcels and refunds that went wrong, which nobody complained of.")
    ] = False,
    var: Var = VAR,
) -> None:
    """What patients complain of and wait for, the nearest deadline first; names are masked. Differences of money stand
    in `money differences list`."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        listed = await handling.listed(
            session,
            standing=not (every or adverse),
            escalated=escalated,
            adverse=adverse,
            kinds=PROBLEMS if found else TOLD,
        )
        today = local_date(utcnow())
        for one in listed:
            late = "  LATE" if one.escalated_at else "  near" if one.warned_at else ""
            harm = f"  harm {one.adverse}" if one.adverse in (Adverse.SUSPECTED, Adverse.CONFIRMED) else ""
            typer.echo(
                f"{one.number}  {one.kind:<14} {one.category:<9} {one.status:<12} due {one.deadline}"
                f"  owner {one.owner or '-':<10} {one.patient}{late}{harm}"
            )
        _tell_unknown_years(today)

    _run(var, work)


@app.command("working-days")
def show_working_days() -> None:
    """Which years' days off are filled in, and which are missing. 1 where one is needed soon."""
    known = working_days()
    today = local_date(utcnow())
    for year in sorted(known.rest):
        typer.echo(f"{year}: {len(known.rest[year])} days off, {len(known.work[year])} weekend days worked")
    _tell_unknown_years(today)
    raise typer.Exit(1 if known.missing(today) else 0)


@app.command()
def show(
    number: Number,
    reason: Reason,
    var: Var = VAR,
) -> None:
    """Show what was said, and which pictures came. The audit log keeps who read it and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        told = await handling.reveal(session, crypto, number, actor=staff(), reason=known)
        typer.echo(told.words)
        for one in told.notes:
            typer.echo(f"\n[{one.kind}, {one.author}, {one.at:%Y-%m-%d %H:%M} UTC]\n{one.words}")
        if told.closing:
            typer.echo(f"\n[closing]\n{told.closing}")
        for medium in told.media:
            typer.echo(f"\npicture or file {medium.id}: {medium.status} {medium.mime}")

    _run(var, work)


@app.command()
def assign(
    number: Number,
    owner: Annotated[str, typer.Argument(help="Who looks after it.")],
    across: Annotated[
        bool, typer.Option(help="Several departments: ten working days; the patient is told.")
    ] = False,
    var: Var = VAR,
) -> None:
    """Give a case to a member of staff."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await handling.assign(session, number, owner, across=across, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Assigned.")


@app.command()
def note(number: Number, words: Words, var: Var = VAR) -> None:
    """Add a word among staff; the patient does not see it."""
    told = said(words, "say something")

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await handling.note(session, crypto, number, told, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Noted.")


@app.command()
def answer(number: Number, words: Words, var: Var = VAR) -> None:
    """Answer the patient, who is told and may say more."""
    told = said(words, "say something")

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await handling.answer(session, crypto, number, told, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Answered; the patient is told.")


@app.command()
def close(number: Number, words: Words, var: Var = VAR) -> None:
    """Say the last word; the patient is told, and asked whether it satisfies."""
    told = said(words, "say something")

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        await handling.close(session, crypto, number, told, actor=staff(), now=utcnow())

    _run(var, work)
    typer.echo("Closed; the patient is told.")


@app.command("mark-adverse")
def mark_adverse(
    number: Number,
    adverse: Annotated[
        Adverse, typer.Argument(help="Whether it tells of harm through care.")
    ] = Adverse.CONFIRMED,
    var: Var = VAR,
) -> None:
    """Decide whether a case tells of harm through care (不良事件)."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        await handling.mark_adverse(session, number, adverse, actor=staff())

    _run(var, work)
    typer.echo(f"Marked: {adverse}.")


@app.command()
def report(first: First = "", last: Last = "", var: Var = VAR) -> None:
    """Count the complaints of some days, and list the cases of harm."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        begin, end = days(first, last)
        found = await complaints(session, begin, end)
        typer.echo(f"{begin} to {end}: {found.opened} complaints, {found.visits} visits")
        for title, value in (
            ("complaints by visits (goal under 3 %)", found.rate),
            ("answered in time", found.answered_in_time),
            ("satisfied, of those who said so", found.satisfaction),
        ):
            typer.echo(f"  {title:<40} {percent(value)}")
        for title, number in (
            ("late", found.late),
            ("reopened", found.reopened),
            ("withdrawn", found.withdrawn),
        ):
            typer.echo(f"  {title:<40} {number}")
        for category, number in found.categories.items():
            typer.echo(f"  about {category:<34} {number}")
        typer.echo(f"  harm suspected {found.suspected}, confirmed {found.confirmed}")
        for one in await handling.listed(session, standing=False, adverse=True):
            if begin <= local_date(one.created_at) <= end:
                typer.echo(f"    {one.number}  {one.adverse:<10} {one.category:<9} {one.status}")

    _run(var, work)


def days(first: str, last: str) -> tuple[date, date]:
    """The span that was asked for. Raises typer.BadParameter."""

    try:
        end = date.fromisoformat(last) if last else local_date(utcnow())
        return (date.fromisoformat(first) if first else end - timedelta(days=30)), end
    except ValueError:
        raise typer.BadParameter("a day looks like 2026-11-22") from None


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _tell_unknown_years(today: date) -> None:
    for year in working_days().missing(today):
        typer.echo(
            f"!! The working days of {year} are not filled in (WORKING_DAYS): deadlines count Monday to Friday, without"
            " the days off that the law names."
        )
