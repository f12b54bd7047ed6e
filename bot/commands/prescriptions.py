"""`daozhen prescriptions`: what doctors, pharmacists and the counter do until they have a desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import doctors
from bot.commands.staff import runner, staff
from bot.commands.var import VAR, Var
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital.models import Patient, PrescriptionStatus
from integrations.hospital.patients import InvalidPhone, read_phone
from integrations.hospital.pharmacy import checkout, counter, issuing, reviews, substitutions, views
from integrations.hospital.pharmacy.allergies import Warned, WarningKind
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.substitutions import SubstitutionView
from integrations.hospital.pharmacy.terms import BadPrescription, PharmacyError, Terms
from integrations.hospital.pharmacy.views import PrescriptionView
from integrations.money import yuan
from integrations.settings import Settings

app = typer.Typer(help="Prescriptions: issue, review, substitute, hand over.", no_args_is_help=True)
_run = runner({PharmacyError: "Not done: {error}", doctors.UnknownDoctor: "Not done: {error}"})

Id = Annotated[UUID, typer.Argument(help="As `prescriptions list` shows it.")]
Doctor = Annotated[str, typer.Option(help=doctors.HELP)]


@app.command()
def issue(
    patient: Annotated[str, typer.Argument(help="The patient's id, or the phone on their file.")],
    doctor: Doctor,
    line: Annotated[
        list[str], typer.Option(help="CODE:how much:how often:days:packs, such as AML5:每次1片:每天1次:28:1")
    ],
    days: Annotated[int | None, typer.Option(help="Valid for so many days, 1 to 3.")] = None,
    online: Annotated[bool, typer.Option(help="Written in an online consultation.")] = False,
    var: Var = VAR,
) -> None:
    """Write a doctor's prescription; it then waits for a pharmacist. `medicines list` shows the codes."""
    lines = [_line(one) for one in line]

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        made = await issuing.issue(
            session,
            lines,
            patient_id=await _patient(session, crypto, patient),
            staff_no=await doctors.staff_no(session, doctor),
            terms=Terms.of(Settings()),
            actor=staff(),
            now=utcnow(),
            online=online,
            days=days,
        )
        typer.echo(f"{made}\nIssued; it waits for a pharmacist (prescriptions approve {made}).")

    _run(var, work)


@app.command("list")
def show_list(
    doctor: Annotated[
        str, typer.Option(help="Only of this doctor: what was rejected stands with its reason.")
    ] = "",
    status: Annotated[PrescriptionStatus | None, typer.Option(help="Only these.")] = None,
    var: Var = VAR,
) -> None:
    """The newest first; names of patients are masked."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        number = await doctors.staff_no(session, doctor) if doctor else None
        for one in await views.for_staff(session, staff_no=number, status=status):
            typer.echo(_in_short(one))
            if one.rejection:
                typer.echo(f"{'':36}  rejected: {one.rejection}")

    _run(var, work)


@app.command()
def queue(var: Var = VAR) -> None:
    """What pharmacists have to look at; what is over its five minutes stands first, marked !!"""

    async def work(session: AsyncSession, _: Crypto) -> None:
        now = utcnow()
        for one in await views.review_queue(session):
            left = round((one.due_at - now).total_seconds())
            mark = f"!! {-left} s late" if left < 0 else f"{left} s left"
            typer.echo(f"{_in_short(one)}  {mark}")

    _run(var, work)


@app.command()
def show(prescription: Id, var: Var = VAR) -> None:
    """All of it."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        one = await views.prescription(session, prescription)
        typer.echo(_in_short(one))
        typer.echo(
            f"  {one.department}, {one.practitioner} ({one.staff_no}), pharmacist {one.pharmacist or '-'}"
        )
        for line in one.lines:
            marks = [*(["cold"] if line.cold_chain else []), *([] if line.may_be_sent else ["pick-up only"])]
            typer.echo(
                f"  {line.code:<8} {line.name} {line.strength} × {line.quantity}{line.unit}  {line.dose}，"
                f"{line.frequency}，{line.days} days  {yuan(line.amount_fen)}  {' '.join(marks)}".rstrip()
            )
        if one.asked:
            typer.echo(f"  asked: {_replacing(await substitutions.substitution(session, one.asked))}")
        typer.echo(
            f"  order {one.order_no or '-'} {one.order_status or ''}, {one.handing or 'nothing chosen yet'}"
        )

    _run(var, work)


@app.command()
def take(prescription: Id, var: Var = VAR) -> None:
    """Begin to look at it, as its pharmacist."""
    _change(var, lambda session: reviews.take(session, prescription, pharmacist=staff(), now=utcnow()))
    typer.echo("Yours.")


@app.command()
def approve(prescription: Id, var: Var = VAR) -> None:
    """It is right: the patient is told and may pay."""
    _change(var, lambda session: reviews.approve(session, prescription, pharmacist=staff(), now=utcnow()))
    typer.echo("Approved; the patient is told.")


@app.command()
def reject(
    prescription: Id,
    reason: Annotated[str, typer.Option(prompt="Why", help="The patient and the doctor read it.")],
    var: Var = VAR,
) -> None:
    """It may not be dispensed so: the patient is told, and the doctor finds it in `list --doctor`."""
    _change(
        var,
        lambda session: reviews.reject(
            session,
            prescription,
            pharmacist=staff(),
            reason=reason,
            terms=Terms.of(Settings()),
            now=utcnow(),
        ),
    )
    typer.echo("Rejected; the patient is told.")


@app.command()
def substitute(
    prescription: Id,
    old: Annotated[str, typer.Argument(help="The code that is not to be had.")],
    new: Annotated[str, typer.Argument(help="The code in its place.")],
    packs: Annotated[int, typer.Option(help="How many.")],
    dose: Annotated[str, typer.Option(help="How much each time.")],
    agreed_by: Annotated[str, typer.Option(help="The prescribing doctor's staff number, who agreed.")],
    reason: Annotated[str, typer.Option(help="Why, in spite of what it warns of.")] = "",
    var: Var = VAR,
) -> None:
    """Ask the patient whether another medicine will do, once the prescription is approved; before, send it back."""

    async def work(session: AsyncSession, crypto: Crypto) -> None:
        try:
            proposed = await substitutions.propose(
                session, crypto, prescription, old_code=old, code=new, quantity=packs, dose=dose,
                pharmacist=staff(), agreed_by=agreed_by, reason=reason, now=utcnow(),
            )  # fmt: skip
        except Unacknowledged as error:
            _warn(error.warned)
            raise
        _warn(proposed.warned)

    _run(var, work)
    typer.echo("The patient is asked.")


@app.command()
def answered(
    prescription: Id,
    accepted: Annotated[bool, typer.Option("--yes/--no", help="Whether the patient takes it.")],
    var: Var = VAR,
) -> None:
    """The patient has called and said whether the other medicine will do."""

    async def work(session: AsyncSession, _: Crypto) -> None:
        done = await substitutions.answer_by_phone(
            session, prescription, accepted=accepted, actor=staff(), now=utcnow()
        )
        typer.echo(f"{_replacing(done)}: {done.status}.")

    _run(var, work)


@app.command()
def dispense(prescription: Id, var: Var = VAR) -> None:
    """The pharmacy begins to put it together: the patient can no longer cancel it alone."""
    _change(var, lambda session: counter.dispense(session, prescription, actor=staff()))
    typer.echo("Begun.")


@app.command("hand-over")
def hand_over(
    code: Annotated[str, typer.Argument(help="The six digits that the patient shows.")], var: Var = VAR
) -> None:
    """Somebody is here to pick it up."""
    _change(var, lambda session: counter.hand_over(session, code, actor=staff(), now=utcnow()))
    typer.echo("Handed over.")


@app.command()
def refund(prescription: Id, var: Var = VAR) -> None:
    """Pay back what is paid, also after the pharmacy began or the parcel left."""
    _change(var, lambda session: checkout.refund_by_staff(session, prescription, now=utcnow()))
    typer.echo("The money goes back to who paid.")


@app.command()
def withdraw(prescription: Id, var: Var = VAR) -> None:
    """The doctor takes it back, before anybody paid."""
    _change(var, lambda session: checkout.withdraw(session, prescription, now=utcnow()))
    typer.echo("Withdrawn.")


def _change(var: Path, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
    async def both(session: AsyncSession, _: Crypto) -> None:
        await work(session)

    _run(var, both)


def _line(written: str) -> Prescribed:
    try:
        code, dose, frequency, days, packs = written.split(":")
        return Prescribed(code.strip(), dose.strip(), frequency.strip(), int(days), int(packs))
    except ValueError:
        raise typer.BadParameter(f"not CODE:how much:how often:days:packs: {written}") from None


def _warn(found: Sequence[Warned]) -> None:
    for one in found:
        typer.echo(f"! {_warned(one)}")


def _warned(one: Warned) -> str:
    if one.kind is WarningKind.NOT_ASKED:
        return "nothing is known of allergies"
    said = {
        WarningKind.ALLERGY: "the patient told of an allergy",
        WarningKind.NEAR: "it may act like what the patient is allergic to",
        WarningKind.DUPLICATE: "the same as what is taken already, or of its kind",
        WarningKind.INTERACTION: f"does not go with what is taken already ({one.why_en})",
    }
    return f"{said[one.kind]}: {one.allergy}"


def _replacing(one: SubstitutionView) -> str:
    more = f"{'-' if one.difference_fen < 0 else '+'}{yuan(abs(one.difference_fen))}"
    return (
        f"{one.name} {one.strength} × {one.quantity}{one.unit}, {one.dose}, for {one.old_name} {one.old_strength}"
        f" ({more})"
    )


def _in_short(one: PrescriptionView) -> str:
    until = one.valid_until.astimezone(Settings().zone)
    return f"{one.id}  {one.status:<10} {one.patient:<6} {one.practitioner}  until {until:%Y-%m-%d %H:%M}"


async def _patient(session: AsyncSession, crypto: Crypto, who: str) -> UUID:
    try:
        return UUID(who)
    except ValueError:
        pass
    try:
        indexes = crypto.blinds(read_phone(who), "patients.phone")
    except InvalidPhone:
        raise BadPrescription("neither a patient's id nor a mobile number") from None
    found = list(
        await session.execute(select(Patient.id, Patient.masked_name).where(Patient.phone_index.in_(indexes)))
    )
    if len(found) != 1:
        for row in found:
            typer.echo(f"{row.id}  {row.masked_name}")
        raise BadPrescription("several patients have this number" if found else "no patient has this number")
    patient_id: UUID = found[0].id
    return patient_id
