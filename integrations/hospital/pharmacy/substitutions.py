"""Another medicine for one that is not to be had, once the prescription has passed its review.

Nobody at the pharmacy may change of their own accord what a doctor has prescribed (药品管理法 73). Before the review
it is the doctor's to put right: the pharmacist sends it back, and the doctor signs another (`reviews.reject`,
`amending`), for what is reviewed has to be what was signed. Afterwards the prescription is one that was signed and
reviewed; another medicine takes a place on it by a record of its own (`Substitution`), which needs three: the
pharmacist, who is held to what a doctor is held to (the warnings, and what may not be prescribed at a distance), the
prescribing doctor, who has agreed, and the patient, who says yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Medicine,
    Prescription,
    PrescriptionLine,
    PrescriptionStatus,
    Substitution,
    SubstitutionStatus,
    SubstitutionWarning,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.pharmacy import checking, medicines
from integrations.hospital.pharmacy.allergies import Warned
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.rows import close_bill, locked, tell
from integrations.hospital.pharmacy.terms import (
    LONGEST_WORDS,
    BadPrescription,
    NotNow,
    PharmacyError,
    UnknownPrescription,
)
from integrations.hospital.pharmacy.views import prescription_of

_BEFORE_REVIEW = (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW)


class SendBack(PharmacyError):
    """It is not approved yet: sent back, its doctor writes the other medicine and signs it."""


@dataclass(frozen=True, slots=True)
class SubstitutionView:
    """`difference_fen`: what the patient pays more (or, below zero, less)."""

    id: UUID
    prescription_id: UUID
    account_id: UUID
    patient_id: UUID
    status: SubstitutionStatus
    old_name: str
    old_name_en: str
    old_strength: str
    name: str
    name_en: str
    strength: str
    unit: str
    quantity: int
    dose: str
    difference_fen: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the patient is asked, and what it was warned of."""

    id: UUID
    warned: Sequence[Warned]


async def warnings(
    session: AsyncSession, crypto: Crypto, prescription_id: UUID, *, old_code: str, code: str, now: datetime
) -> list[Warned]:
    """What a doctor would be warned of who prescribed the new medicine in the place of the old one: of allergies, of
    what else stands on it, and of what the patient takes. Raises UnknownPrescription, UnknownMedicine, SendBack,
    NotNow, BadPrescription."""
    one = await _open(session, prescription_id, now)
    old, new = await medicines.by_code(session, old_code), await medicines.by_code(session, code)
    line = await _line_of(session, one, old, new)
    return await _warnings(session, crypto, one, line, new, now)


async def propose(
    session: AsyncSession,
    crypto: Crypto,
    prescription_id: UUID,
    *,
    old_code: str,
    code: str,
    quantity: int,
    dose: str,
    pharmacist: str,
    agreed_by: str,
    reason: str = "",
    now: datetime,
) -> Proposed:
    """Asks the patient. `agreed_by`: the number of the prescribing doctor, who agreed; nobody else may. `reason`: why,
    in spite of the warnings. An open bill is closed, for its sum may change. Raises UnknownPrescription,
    UnknownMedicine, SendBack, NotNow, BadPrescription, Unacknowledged."""
    one = await _open(session, prescription_id, now)
    await _agreed(session, one, agreed_by)
    old, new = await medicines.by_code(session, old_code), await medicines.by_code(session, code)
    if quantity < 1 or not 1 <= len(dose.strip()) <= LONGEST_WORDS:
        raise BadPrescription("say how many packs and how much to take")
    line = await _line_of(session, one, old, new)
    warned = await _warnings(session, crypto, one, line, new, now)
    if warned and not reason.strip():
        raise Unacknowledged(warned, warned)
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
    _keep_warnings(session, crypto, made.id, warned, reason)
    detail = {"agreed_by": agreed_by, "warned": [this.kind.value for this in warned]}
    await _keep(session, pharmacist, "substitution_asked", made.id, detail)
    await tell(session, one, EventKind.SUBSTITUTION_ASKED, substitution_id=str(made.id))
    return Proposed(made.id, warned)


async def _open(session: AsyncSession, prescription_id: UUID, now: datetime) -> Prescription:
    """Held. Raises UnknownPrescription, SendBack, NotNow."""
    one = await locked(session, prescription_id)
    if one.status in _BEFORE_REVIEW and now < one.valid_until:
        raise SendBack
    if one.status is not PrescriptionStatus.APPROVED or now >= one.valid_until:
        raise NotNow(one.status)
    return one


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
    if not medicines.may_be_prescribed_online(
        new.kind
    ):  # a prescription of their own, by a doctor who is there
        raise BadPrescription(f"{new.kind} medicines take no other's place")
    if await session.scalar(_asked(one).where(Substitution.line_id == line.id)):
        raise BadPrescription("the patient is being asked about this medicine already")
    if await session.scalar(_asked(one).where(Substitution.medicine_id == new.id)):
        raise BadPrescription(f"the patient is being asked about {new.code} already")
    return line


async def _warnings(
    session: AsyncSession,
    crypto: Crypto,
    one: Prescription,
    line: PrescriptionLine,
    new: Medicine,
    now: datetime,
) -> list[Warned]:
    """Of the new medicine alone, beside what stands on the other lines and what the patient is asked to take there;
    their position is the line's. Of two that do not go together the later one is warned of, so the new one stands
    last."""
    others = select(Medicine).join(PrescriptionLine, PrescriptionLine.medicine_id == Medicine.id)
    others = others.where(PrescriptionLine.prescription_id == one.id, PrescriptionLine.id != line.id)
    asked = select(Medicine).join(Substitution, Substitution.medicine_id == Medicine.id)
    asked = asked.where(Substitution.id.in_(_asked(one).order_by(None)), Substitution.line_id != line.id)
    beside = [
        *await session.scalars(others.order_by(PrescriptionLine.position)),
        *await session.scalars(asked.order_by(Substitution.id)),
    ]
    every = await checking.warnings(session, crypto, one.patient_id, [*beside, new], now, besides=one.id)
    return [replace(this, position=line.position) for this in every if this.position > len(beside)]


def _keep_warnings(
    session: AsyncSession, crypto: Crypto, substitution_id: UUID, warned: Sequence[Warned], reason: str
) -> None:
    if not warned:
        return
    kind, about = checking.in_short(warned)
    session.add(
        SubstitutionWarning(
            substitution_id=substitution_id,
            kind=kind.value,
            allergy=crypto.encrypt(about, "substitution_warnings.allergy"),
            reason=crypto.encrypt(reason.strip(), "substitution_warnings.reason"),
        )
    )


async def reasons(session: AsyncSession, crypto: Crypto, prescription_id: UUID) -> list[str]:
    """Why pharmacists proposed another medicine in spite of a warning, the first first."""
    kept = (
        select(SubstitutionWarning.reason)
        .join(Substitution, Substitution.id == SubstitutionWarning.substitution_id)
        .where(Substitution.prescription_id == prescription_id)
        .order_by(Substitution.id)
    )
    return [crypto.decrypt(reason, "substitution_warnings.reason") for reason in await session.scalars(kept)]


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
    if one.status is not PrescriptionStatus.APPROVED:
        raise NotNow(one.status)
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
           o.name_en AS old_name_en, o.strength AS old_strength, m.name, m.name_en, m.strength, m.unit, s.quantity,
           s.dose,
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
    session: AsyncSession, actor: str, action: str, substitution_id: UUID, detail: dict[str, Any]
) -> None:
    await audit.record(
        session, actor=actor, action=action, subject=f"substitution:{substitution_id}", detail=detail
    )
