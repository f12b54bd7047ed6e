"""`daozhen audit`: who saw or did what, and whether the log of it is whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.staff import By, acting, refuse, runner
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import audit, audit_reading
from integrations.hospital.audit_reading import Head, Report
from integrations.hospital.clock import hospital_zone
from integrations.hospital.staff.permissions import Right

app = typer.Typer(help="The audit log.", no_args_is_help=True)
_run = runner({})


@app.command()
def verify(
    head: Annotated[
        str, typer.Option(help="A head that was kept elsewhere: SEQ:HASH as this command said it.")
    ] = "",
    var: Var = VAR,
) -> None:
    """Reckon the chain anew. Ends with 1 when something was changed, removed or slipped in."""
    kept = _head(head) if head else None
    reports: list[Report] = []

    async def work(session: AsyncSession, _: Crypto) -> None:
        await audit_reading.seal(session)
        reports.append(await audit_reading.verify(session, utcnow(), kept=kept))

    _run(var, work)
    [report] = reports
    for fault in report.faults:
        typer.echo(fault, err=True)
    if report.faults:
        refuse(f"The audit log is NOT whole: {len(report.faults)} faults in {report.links} links.")
    typer.echo(
        f"The audit log is whole: {report.links} links. Keep elsewhere: {report.head.seq}:{report.head.hash}"
    )


@app.command()
def search(
    actor: Annotated[str, typer.Option(help="Begins so, such as staff:li.na")] = "",
    action: str = "",
    subject: Annotated[str, typer.Option(help="Begins so, such as patient:")] = "",
    days: Annotated[int, typer.Option(min=1, help="So many days back.")] = 7,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    by: By = "",
    var: Var = VAR,
) -> None:
    """Who saw or did what, the latest first. That somebody looked is kept too."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        reader = await acting(session, by, Right.AUDIT_READ)
        looked = {"actor": actor, "action": action, "subject": subject, "days": days}
        found = await audit_reading.search(
            session,
            actor=actor,
            action=action,
            subject=subject,
            since=utcnow() - timedelta(days=days),
            limit=limit,
        )
        await audit.record(session, actor=reader, action="audit_searched", subject="audit", detail=looked)
        for one in found:
            at = one.at.astimezone(hospital_zone())
            said = " ".join(f"{key}={value}" for key, value in one.detail.items())
            typer.echo(
                f"{at:%m-%d %H:%M:%S}  {one.actor:<20} {one.action:<24} {one.subject}  {said}".rstrip()
            )

    _run(var, work)


def _head(given: str) -> Head:
    seq, _, known = given.partition(":")
    if not seq.isdecimal() or len(known) != 64:
        raise typer.BadParameter("a head is SEQ:HASH")
    return Head(int(seq), known)
