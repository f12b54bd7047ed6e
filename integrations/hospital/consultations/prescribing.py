"""A doctor writes a prescription in a consultation that is going on, sees the warnings, and signs it. Nothing on it is
ever proposed by the program (监管细则 21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import limits, rows
from integrations.hospital.consultations.terms import SMALL_CHILD, ConsultationError, NotNow
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    Patient,
    Practitioner,
    Prescription,
    PrescriptionWarning,
)
from integrations.hospital.pharmacy import amending, checking, issuing, medicines, signing
from integrations.hospital.pharmacy import rows as pharmacy_rows
from integrations.hospital.pharmacy.allergies import Warned
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import Terms
from integrations.hospital.reading import age_on


class NotConfirmed(ConsultationError):
    """The doctor has not said yet that what the patient showed is a diagnosis."""


class Accompanied(ConsultationError):
    """For a child under six the doctor says that guardian and specialist are there (互联网诊疗管理办法 19)."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the doctor puts their name to. `reasons`: by line, why it is prescribed in spite of the warning;
    `accompanied`: guardian and specialist are with the small child; `amends`: the rejected one that it replaces."""

    lines: Sequence[Prescribed]
    reasons: Mapping[int, str]
    accompanied: bool = False
    amends: UUID | None = None


async def warnings(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, lines: Sequence[Prescribed], now: datetime
) -> list[Warned]:
    """Of allergies, and of what is taken together; a line may have several. Raises UnknownMedicine."""
    packs = [await medicines.by_code(session, line.code) for line in lines]
    return await checking.warnings(session, crypto, patient_id, packs, now)


async def write(
    session: AsyncSession,
    crypto: Crypto,
    consultation_id: UUID,
    signed: Signed,
    *,
    practitioner_id: UUID,
    actor: str,
    terms: Terms,
    now: datetime,
) -> UUID:
    """Signed and sent to the pharmacist: while the consultation goes on, or afterwards in the place of one that was
    sent back. Raises UnknownConsultation, NotNow, NotConfirmed, Accompanied, Unacknowledged, BadPrescription,
    UnknownMedicine, UnknownPrescription, TooLate."""
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    goes_on = one.status is ConsultationStatus.ACTIVE and (one.ends_at is None or now < one.ends_at)
    before = await _before(session, one, signed, now)
    if not (goes_on or (before and one.status in amending.HELD)):
        raise NotNow(one.status)
    if one.evidence_confirmed_at is None:
        raise NotConfirmed
    person = await session.get_one(Patient, one.patient_id)
    small_child = age_on(person.birth_date, local_date(now)) < SMALL_CHILD
    if small_child and not signed.accompanied:
        raise Accompanied
    warned = await warnings(session, crypto, one.patient_id, signed.lines, now)
    if open_ones := [this for this in warned if not signed.reasons.get(this.position, "").strip()]:
        raise Unacknowledged(open_ones, warned)
    doctor = await session.get_one(Practitioner, practitioner_id)
    made = await issuing.issue(
        session,
        signed.lines,
        patient_id=one.patient_id,
        staff_no=doctor.staff_no,
        terms=terms,
        actor=actor,
        now=now,
        online=True,
    )
    prescription = await session.get_one(Prescription, made)
    with session.no_autoflush:
        prescription.consultation_id, prescription.amends_id = one.id, signed.amends
        prescription.account_id, prescription.contact_id = one.account_id, one.contact_id
        if before and not goes_on:  # it is put right, not prescribed anew
            prescription.valid_until = min(prescription.valid_until, before.valid_until)
        await signing.sign(session, prescription, signed_by=actor, now=now)
    _keep(session, crypto, made, warned, signed, actor, now)
    await session.flush()
    said = {"accompanied": True} if small_child else {}
    what = {"prescription": str(made), "hash": prescription.signed_hash}
    await rows.record(session, one, "prescription_signed", actor, **what, **said)
    await limits.doctor_said(session, one.id, now)
    if before:
        await pharmacy_rows.tell(session, prescription, EventKind.PRESCRIPTION_AMENDED)
    return made


async def _before(
    session: AsyncSession, one: Consultation, signed: Signed, now: datetime
) -> Prescription | None:
    """What it amends, held."""
    return await amending.hold(session, signed.amends, one.id, now) if signed.amends else None


def _keep(
    session: AsyncSession,
    crypto: Crypto,
    made: UUID,
    warned: Sequence[Warned],
    signed: Signed,
    actor: str,
    now: datetime,
) -> None:
    """One row a line, of the gravest kind, with all that the doctor was warned of."""
    for position, these in groupby(
        sorted(warned, key=lambda this: this.position), lambda this: this.position
    ):
        kind, about = checking.in_short(list(these))
        session.add(
            PrescriptionWarning(
                prescription_id=made,
                position=position,
                kind=kind.value,
                allergy=crypto.encrypt(about, "prescription_warnings.allergy"),
                reason=crypto.encrypt(signed.reasons[position].strip(), "prescription_warnings.reason"),
                acknowledged_by=actor,
                acknowledged_at=now,
            )
        )


async def of_consultation(session: AsyncSession, consultation_id: UUID) -> list[UUID]:
    """Prescriptions written in it, in their order."""
    wanted = select(Prescription.id).where(Prescription.consultation_id == consultation_id)
    return list(await session.scalars(wanted.order_by(Prescription.id)))


_SENT_BACK = text("""
    SELECT DISTINCT ON (p.consultation_id) p.consultation_id, p.id, r.reason, r.amend_by
    FROM prescriptions p JOIN consultations c ON c.id = p.consultation_id
    JOIN prescription_reviews r ON r.prescription_id = p.id
    WHERE c.practitioner_id = :practitioner AND c.status IN ('active', 'finished') AND p.status = 'rejected'
      AND r.amend_by IS NOT NULL AND p.valid_until > :now
      AND NOT EXISTS (SELECT FROM prescriptions later WHERE later.amends_id = p.id)
    ORDER BY p.consultation_id, p.id
""")


@dataclass(frozen=True, slots=True)
class SentBack:
    """A prescription that waits for its doctor, and why the pharmacist did not let it pass."""

    id: UUID
    reason: str
    amend_by: datetime


async def sent_back(session: AsyncSession, practitioner_id: UUID, now: datetime) -> dict[UUID, SentBack]:
    """Of the doctor's consultations, also those that are over: the first prescription that the pharmacist sent back,
    that nobody amended, and that is still valid."""
    found = await session.execute(_SENT_BACK, {"practitioner": practitioner_id, "now": now})
    return {row.consultation_id: SentBack(row.id, row.reason, row.amend_by) for row in found}
