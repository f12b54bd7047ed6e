"""Another medicine for one that is not to be had: only with the patient's yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Medicine,
    Prescription,
    PrescriptionLine,
    PrescriptionStatus,
    Substitution,
    SubstitutionStatus,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.pharmacy import medicines
from integrations.hospital.pharmacy.rows import close_bill, locked, tell
from integrations.hospital.pharmacy.terms import BadPrescription, NotNow, UnknownPrescription
from integrations.hospital.pharmacy.views import prescription_of

_OPEN = (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW, PrescriptionStatus.APPROVED)


@dataclass(frozen=True, slots=True)
class SubstitutionView:
    """`difference_fen`: what the patient pays more (or, below zero, less)."""

    id: UUID
    prescription_id: UUID
    account_id: UUID
    patient_id: UUID
    status: SubstitutionStatus
    old_name: str
    old_strength: str
    name: str
    strength: str
    unit: str
    quantity: int
    dose: str
    difference_fen: int


async def propose(
    session: AsyncSession,
    prescription_id: UUID,
    *,
    old_code: str,
    code: str,
    quantity: int,
    dose: str,
    pharmacist: str,
    agreed_by: str,
    now: datetime,
) -> UUID:
    """Asks the patient. `agreed_by`: the number of the prescribing doctor, who agreed; nobody else may. An open bill
    is closed, for its sum may change. Raises UnknownPrescription, UnknownMedicine, NotNow, BadPrescription."""
    one = await locked(session, prescription_id)
    if one.status not in _OPEN or now >= one.valid_until:
        raise NotNow(one.status)
    await _agreed(session, one, agreed_by)
    old, new = await medicines.by_code(session, old_code), await medicines.by_code(session, code)
    if quantity < 1 or not dose.strip():
        raise BadPrescription("say how many packs and how much to take")
    line = await _line_of(session, one, old, new)
    await close_bill(session, one, now)
    made = Substitution(
        prescription_id=one.id,
        line_id=line.id,
        old_medicine_id=old.id,
        old_quantity=line.quantity,
        medicine_id=new.id,
        quantity=quantity,
        dose=dose.strip(),
        price_fen=new.price_fen,
        pharmacist=pharmacist,
        status=SubstitutionStatus.ASKED,
        asked_at=now,
    )
    session.add(made)
    await session.flush()
    await _keep(session, pharmacist, "substitution_asked", made.id, {"agreed_by": agreed_by})
    await tell(session, one, EventKind.SUBSTITUTION_ASKED, substitution_id=str(made.id))
    return made.id


async def _line_of(
    session: AsyncSession, one: Prescription, old: Medicine, new: Medicine
) -> PrescriptionLine:
    """The line whose medicine may become the new one; held. Raises BadPrescription."""
    lines = list(
        await session.scalars(
            select(PrescriptionLine).where(PrescriptionLine.prescription_id == one.id).with_for_update()
        )
    )
    line = next((line for line in lines if line.medicine_id == old.id), None)
    if line is None:
        raise BadPrescription(f"{old.code} is not on it")
    if any(line.medicine_id == new.id for line in lines):
        raise BadPrescription(f"{new.code} stands on it already")
    if one.online and not medicines.may_be_prescribed_online(new.kind):
        raise BadPrescription(f"{new.kind} medicines may not be prescribed online")
    if await session.scalar(_asked(one).where(Substitution.line_id == line.id)):
        raise BadPrescription("the patient is being asked about this medicine already")
    if await session.scalar(_asked(one).where(Substitution.medicine_id == new.id)):
        raise BadPrescription(f"the patient is being asked about {new.code} already")
    return line


async def answer(
    session: AsyncSession,
    substitution_id: UUID,
    *,
    accepted: bool,
    account_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> SubstitutionView:
    """The patient's yes changes the line, a no leaves it as it is. Raises UnknownPrescription, NotNow when it was
    answered or is over."""

    async def effect() -> Result:
        seen = await substitution(session, substitution_id)
        await prescription_of(session, seen.prescription_id, account_id)
        one = await locked(session, seen.prescription_id)
        await _settle(session, one, substitution_id, accepted=accepted, actor="patient", now=now)
        return {}

    await once(session, key, effect)
    return await substitution(session, substitution_id)


async def answer_by_phone(
    session: AsyncSession, prescription_id: UUID, *, accepted: bool, actor: str, now: datetime
) -> SubstitutionView:
    """As the patient told staff: of what was asked first. Raises UnknownPrescription, BadPrescription when nothing is
    asked, NotNow when it is over."""
    one = await locked(session, prescription_id)
    asked: UUID | None = await session.scalar(_asked(one).limit(1))
    if asked is None:
        raise BadPrescription("the patient is not asked about anything")
    await _settle(session, one, asked, accepted=accepted, actor=actor, now=now)
    return await substitution(session, asked)


def _asked(one: Prescription) -> Select[UUID]:
    return (
        select(Substitution.id)
        .where(Substitution.prescription_id == one.id, Substitution.status == SubstitutionStatus.ASKED)
        .order_by(Substitution.id)
    )


async def _settle(
    session: AsyncSession,
    one: Prescription,
    substitution_id: UUID,
    *,
    accepted: bool,
    actor: str,
    now: datetime,
) -> None:
    asked = await session.get_one(Substitution, substitution_id, with_for_update=True, populate_existing=True)
    if asked.status is not SubstitutionStatus.ASKED:
        raise NotNow(asked.status)
    if now >= one.valid_until:
        raise NotNow(PrescriptionStatus.EXPIRED)
    asked.status = SubstitutionStatus.ACCEPTED if accepted else SubstitutionStatus.DECLINED
    asked.answered_at = now
    if accepted:
        line = await session.get_one(PrescriptionLine, asked.line_id, populate_existing=True)
        line.medicine_id, line.quantity = asked.medicine_id, asked.quantity
        line.dose, line.price_fen = asked.dose, asked.price_fen
    await session.flush()
    await _keep(session, actor, f"substitution_{asked.status}", asked.id, {})


_VIEW = text("""
    SELECT s.id, s.prescription_id, p.account_id, p.patient_id, s.status, o.name AS old_name,
           o.strength AS old_strength, m.name, m.strength, m.unit, s.quantity, s.dose,
           s.price_fen * s.quantity - coalesce(l.price_fen, o.price_fen) * s.old_quantity AS difference_fen
    FROM substitutions s
    JOIN prescriptions p ON p.id = s.prescription_id
    JOIN medicines o ON o.id = s.old_medicine_id
    JOIN medicines m ON m.id = s.medicine_id
    LEFT JOIN prescription_lines l ON l.id = s.line_id AND l.medicine_id = s.old_medicine_id
    WHERE s.id = :id
""")


async def substitution(session: AsyncSession, substitution_id: UUID) -> SubstitutionView:
    """Raises UnknownPrescription."""
    row = (await session.execute(_VIEW, {"id": substitution_id})).one_or_none()
    if row is None:
        raise UnknownPrescription
    return SubstitutionView(**{**row._mapping, "status": SubstitutionStatus(row.status)})  # noqa: SLF001


_PRESCRIBER = text("SELECT staff_no FROM practitioners WHERE id = :id")


async def _agreed(session: AsyncSession, one: Prescription, staff_no: str) -> None:
    if await session.scalar(_PRESCRIBER, {"id": one.practitioner_id}) != staff_no:
        raise BadPrescription("only the doctor who prescribed it can agree to another medicine")


async def _keep(
    session: AsyncSession, actor: str, action: str, substitution_id: UUID, detail: dict[str, str]
) -> None:
    await audit.record(
        session, actor=actor, action=action, subject=f"substitution:{substitution_id}", detail=detail
    )
