"""`daozhen follow-up`: who is on which plan, what alarmed, and whom to call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession

from bot import paging, texts
from bot.commands.staff import By, Reason, acting, refuse, runner, staff, why
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import callers, deceased
from integrations.hospital.callers import Unreadable
from integrations.hospital.follow_up import alerts, calls, enrolment, listing, report, wording
from integrations.hospital.follow_up.alerts import NothingSaid, UnknownAlert
from integrations.hospital.follow_up.calls import UnknownCall
from integrations.hospital.follow_up.enrolment import NobodyToAsk, Refused
from integrations.hospital.follow_up.plans import Plan, Plans, plans
from integrations.hospital.models import CallOutcome, StopReason
from integrations.hospital.revealing import NoReason
from integrations.hospital.staff.permissions import Right
from integrations.settings import Settings

app = typer.Typer(help="Patients' follow-up: plans, alerts, the call list.", no_args_is_help=True)
_run = runner(
    {
        Refused: "The patient is not to be asked ({error}); --again where they want it again.",
        NobodyToAsk: "Nobody who acts for the patient here has agreed that health data are handled.",
        UnknownAlert: "No alert with this id waits for this.",
        NothingSaid: "Say what was done: --done.",
        NoReason: "Say why you need to see it: --reason.",
        UnknownCall: "Nobody is to be called about this id.",
        Unreadable: "This is neither a mobile number nor a document's number.",
        NoResultFound: "No patient with this id.",
    }
)

Patient = Annotated[UUID, typer.Argument(help="The patient's id.")]
# What staff may give as the reason; the others come about by themselves.
_REASONS = {"asked": StopReason.OPTED_OUT, "died": StopReason.DIED, "other": StopReason.STAFF}


@app.command()
def check() -> None:
    """Read the plans' files, and say what is wrong in them."""
    known = plans(Settings())
    for plan in known.by_id.values():
        typer.echo(f"{plan.id:<20} {plan.names.zh}: {len(plan.questions)} questions")
    for fault in known.faults:
        typer.echo(f"!! {fault}", err=True)
    raise typer.Exit(1 if known.faults else 0)


@app.command()
def find(
    phone: Annotated[
        str,
        typer.Option(
            prompt="The patient's mobile number, or their document's",
            help="Asked for, so that no shell remembers it.",
        ),
    ],
    reason: Reason,
    var: Var = VAR,
) -> None:
    """The ids of the patients with this number on file; names are masked. The audit log keeps who looked and why."""
    known = why(reason)

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        found = await callers.find(session, crypto, phone, actor=staff(), reason=known, now=utcnow())
        for one in found:
            typer.echo(f"{one.id}  {one.name:<8} born {one.birth_date}")
        if not found:
            typer.echo("Nobody has this number on file.")

    _run(var, work)


@app.command()
def start(
    patient: Patient,
    plan: Annotated[str, typer.Option(help="The plan's id, as `follow-up check` shows it.")] = "",
    diagnosis: Annotated[str, typer.Option(help="A diagnosis code (ICD-10): the plans for it.")] = "",
    event: Annotated[str, typer.Option(help="surgery or discharge: the plans for it.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="The patient had enough, and wants it again.")
    ] = False,
    var: Var = VAR,
) -> None:
    """Put a patient on the plans that are meant."""
    settings = Settings()
    meant = _meant(plans(settings), plan, diagnosis, event)

    async def work(session: AsyncSession, _: Crypto) -> None:
        if again:
            await enrolment.allow_again(session, patient, actor=staff())
        for one in meant:
            made = await enrolment.start_by_staff(
                session, settings, one, patient, actor=staff(), now=utcnow()
            )
            typer.echo(f"{one.id}: {'started' if made else 'the patient is on it already'}.")

    _run(var, work)


@app.command()
def stop(
    patient: Patient,
    reason: Annotated[str, typer.Option(help="asked (by the patient), died, other.")] = "asked",
    var: Var = VAR,
) -> None:
    """Take a patient off all plans; who asked for it stays off. Of who died nothing is told any more at all: no
    reminder, no news of medicine, only what was paid."""
    if reason not in _REASONS:
        refuse(f"The reason is one of {', '.join(_REASONS)}.")

    async def work(session: AsyncSession, _: Crypto) -> None:
        ended = await enrolment.stop_all(session, patient, _REASONS[reason], actor=staff(), now=utcnow())
        typer.echo(f"{ended} ended.")

    _run(var, work)


@app.command("not-dead")
def not_dead(
    patient: Patient,
    reason: Annotated[str, typer.Option(prompt="How do you know", help="Kept in the audit log.")],
    by: By,
    var: Var = VAR,
) -> None:
    """Somebody was taken for dead by mistake: reminders and news go out again. In a supervisor's name."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        actor = await acting(session, by, Right.DEATHS_TAKE_BACK)
        if not await deceased.take_back(session, patient, actor=actor, reason=why(reason)):
            refuse("Nobody said that this patient died.")
        typer.echo(
            "Reminders and news go out again. Plans that ended stay so: `follow-up start` begins them anew."
        )

    _run(var, work)


@app.command("list")
def show(
    patient: Annotated[UUID | None, typer.Option(help="Only this patient.")] = None, var: Var = VAR
) -> None:
    """Who is on which plan, the next asking first; names are masked."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        for one in await listing.enrolled(session, patient):
            typer.echo(
                f"{one.patient_id}  {one.patient:<8} {one.plan:<16} since {one.started_on}"
                f"  answered {one.done} of {one.ended}  next {_moment(one.next_due)}"
            )

    _run(var, work)


@app.command("alerts")
def show_alerts(
    acknowledge: Annotated[UUID | None, typer.Option(help="I look after this one.")] = None,
    close: Annotated[
        UUID | None, typer.Option(help="This one is done with; --done says what was done.")
    ] = None,
    done: Annotated[str, typer.Option(help="What was done about the one that is closed; kept with it.")] = "",
    read: Annotated[UUID | None, typer.Option(help="Show what this patient told, with --reason.")] = None,
    reason: Annotated[str, typer.Option(help="Why you need to read it; kept in the audit log.")] = "",
    var: Var = VAR,
) -> None:
    """Of whom something must be looked at now, what nobody looks after first; names are masked."""
    known = plans(Settings())

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        if acknowledge:
            await paging.take_alert(session, acknowledge, actor=staff(), now=utcnow())
        if close:
            await alerts.close(session, crypto, close, done, staff=staff(), now=utcnow())
        for one in await alerts.waiting(session):
            by = f" by {one.acknowledged_by}" if one.acknowledged_by else ""
            told = ""
            if one.id == read:
                value = await alerts.read(session, crypto, one.id, actor=staff(), reason=reason)
                told = f": {wording.alarmed(texts.catalogue(), known, one.plan, one.about, value)}"
            typer.echo(
                f"{one.id}  {one.number or '-':<5} {one.status}{by}  {_moment(one.created_at)}  {one.patient:<8}"
                f" {wording.alarming(texts.catalogue(), known, one.plan, one.about)}{told}  ({one.duty})"
            )

    _run(var, work)


@app.command("calls")
def show_calls(
    reveal: Annotated[
        UUID | None, typer.Option(help="Show the whole number of this one, with --reason.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why you need to see it; kept in the audit log.")] = "",
    called: Annotated[UUID | None, typer.Option(help="This one was called.")] = None,
    outcome: Annotated[CallOutcome, typer.Option(help="What came of the call.")] = CallOutcome.REACHED,
    var: Var = VAR,
) -> None:
    """Whom to call because they did not answer in the chat; names and phones are masked."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        if reveal:
            typer.echo(await calls.reveal_phone(session, crypto, reveal, staff=staff(), reason=reason))
            return
        if called:
            await calls.called(session, called, outcome, staff=staff(), now=utcnow())
        for one in await calls.to_call(session, crypto, now=utcnow()):
            typer.echo(
                f"{one.task_id}  {one.patient:<8} {one.phone}  {one.plan:<16} due {_moment(one.due_at)}"
            )

    _run(var, work)


@app.command("report")
def show_report(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 180, var: Var = VAR
) -> None:
    """How many answered of those who were asked, by plan and month."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        now = utcnow()
        found = await report.completion(session, now - timedelta(days=days), now, Settings().timezone)
        typer.echo(
            f"{'month':<8} {'plan':<16} {'asked':>6} {'done':>6} {'missed':>6} {'open':>6} {'phone':>6}  rate"
        )
        for one in found:
            rate = (
                "-"
                if one.rate is None
                else f"{one.rate:.0%}{'' if one.rate >= report.GOAL else ' (below 90%)'}"
            )
            typer.echo(
                f"{one.month:%Y-%m}  {one.plan:<16} {one.asked:>6} {one.answered:>6} {one.missed:>6} {one.open:>6}"
                f" {one.reached:>6}  {rate}"
            )

    _run(var, work)


def _meant(known: Plans, plan: str, diagnosis: str, event: str) -> list[Plan]:
    named = known.get(plan)
    found = [named] if named else []
    found += known.for_diagnosis(diagnosis) if diagnosis else []
    found += known.for_event(event) if event else []
    if not found:
        refuse("No plan is meant by this: see `follow-up check`.")
    return found


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(Settings().zone):%Y-%m-%d %H:%M}" if moment else "-"
