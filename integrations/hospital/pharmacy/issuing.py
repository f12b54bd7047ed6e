"""A doctor's prescription comes into being, and waits for a pharmacist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.models import (
    AccountPatient,
    Contact,
    Medicine,
    Practitioner,
    Prescription,
    PrescriptionLine,
    PrescriptionStatus,
    Review,
)
from integrations.hospital.pharmacy import medicines
from integrations.hospital.pharmacy.terms import (
    LONGEST_SUPPLY,
    LONGEST_WORDS,
    MOST_DAYS,
    MOST_LINES,
    BadPrescription,
    Terms,
    end_of_day,
)


@dataclass(frozen=True, slots=True)
class Prescribed:
    """One medicine by its code; `dose` and `frequency` in plain words, `quantity` in packs."""

    code: str
    dose: str
    frequency: str
    days: int
    quantity: int


async def issue(
    session: AsyncSession,
    lines: Sequence[Prescribed],
    *,
    patient_id: UUID,
    staff_no: str,
    terms: Terms,
    actor: str,
    now: datetime,
    online: bool = False,
    days: int | None = None,
) -> UUID:
    """Writes a prescription of the doctor with this number; a pharmacist has `terms.review` to look at it. Who is
    told is the patient's own account, or else one that acts for them. Raises BadPrescription, UnknownMedicine."""
    days = terms.days if days is None else days
    if not 1 <= days <= MOST_DAYS:
        raise BadPrescription(f"it may be valid for 1 to {MOST_DAYS} days")
    practitioner = await session.scalar(
        select(Practitioner).where(Practitioner.staff_no == staff_no, Practitioner.active)
    )
    if practitioner is None:
        raise BadPrescription(f"no doctor has the number {staff_no}")
    found = [await medicines.by_code(session, line.code) for line in lines]
    _check(lines, found, online=online)
    contact = await _hearer(session, patient_id)
    made = Prescription(
        patient_id=patient_id,
        account_id=contact.account_id,
        contact_id=contact.id,
        practitioner_id=practitioner.id,
        department_id=practitioner.department_id,
        online=online,
        status=PrescriptionStatus.ISSUED,
        issued_at=now,
        valid_until=end_of_day(now, days),
    )
    session.add(made)
    await session.flush()
    session.add(Review(prescription_id=made.id, due_at=now + terms.review))
    _add_lines(session, made, lines, found)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="prescription_issued",
        subject=f"prescription:{made.id}",
        detail={"practitioner": staff_no},
    )
    return made.id


def _add_lines(
    session: AsyncSession, made: Prescription, lines: Sequence[Prescribed], found: Sequence[Medicine]
) -> None:
    for position, (line, medicine) in enumerate(zip(lines, found, strict=True), 1):
        session.add(
            PrescriptionLine(
                prescription_id=made.id,
                position=position,
                medicine_id=medicine.id,
                dose=line.dose,
                frequency=line.frequency,
                days=line.days,
                quantity=line.quantity,
                price_fen=medicine.price_fen,
            )
        )


def _check(lines: Sequence[Prescribed], found: Sequence[Medicine], *, online: bool) -> None:
    if not lines:
        raise BadPrescription("there is no medicine on it")
    if len(lines) > MOST_LINES:
        raise BadPrescription(f"at most {MOST_LINES} medicines stand on one prescription")
    if len({one.id for one in found}) < len(found):
        raise BadPrescription("a medicine stands on it twice")
    for line, medicine in zip(lines, found, strict=True):
        if line.days < 1 or line.quantity < 1:
            raise BadPrescription(f"{line.code}: days and packs are at least 1")
        if line.days > LONGEST_SUPPLY:
            raise BadPrescription(f"{line.code}: at most {LONGEST_SUPPLY} days")
        if not (line.dose.strip() and line.frequency.strip()):
            raise BadPrescription(f"{line.code}: say how much and how often")
        if max(len(line.dose), len(line.frequency)) > LONGEST_WORDS:
            raise BadPrescription(f"{line.code}: how much and how often in {LONGEST_WORDS} characters each")
        if online and not medicines.may_be_prescribed_online(medicine.kind):
            raise BadPrescription(f"{line.code}: {medicine.kind} medicines may not be prescribed online")


async def _hearer(session: AsyncSession, patient_id: UUID) -> Contact:
    acting = (
        select(Contact)
        .join(AccountPatient, AccountPatient.account_id == Contact.account_id)
        .where(AccountPatient.patient_id == patient_id)
        .order_by(AccountPatient.relation != "self", Contact.id.desc())
    )
    contact = await session.scalar(acting.limit(1))
    if contact is None:
        raise BadPrescription("nobody chats for this patient")
    return contact
