"""What the pharmacist sent back: its doctor amends it by a new one while it is valid, also when the consultation is
over. What they leave lying is told to the patient and shown to supervisors."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    Prescription,
    PrescriptionStatus,
    Review,
)
from integrations.hospital.pharmacy.rows import locked, tell
from integrations.hospital.pharmacy.terms import (
    BadPrescription,
    NotNow,
    Terms,
    TooLate,
    UnknownPrescription,
)

# In these its prescriptions may be amended: not where the fee went back.
HELD = (ConsultationStatus.ACTIVE, ConsultationStatus.FINISHED)
_LATE = text("""
    SELECT p.id FROM prescriptions p JOIN prescription_reviews r ON r.prescription_id = p.id
    JOIN consultations c ON c.id = p.consultation_id
    WHERE p.status = 'rejected' AND r.amend_by <= :now
      AND (r.overdue_at IS NULL OR p.valid_until <= :now) AND c.status IN ('active', 'finished')
      AND NOT EXISTS (SELECT FROM prescriptions later WHERE later.amends_id = p.id)
    ORDER BY r.amend_by LIMIT :limit FOR NO KEY UPDATE OF p SKIP LOCKED
""")


async def ask(session: AsyncSession, one: Prescription, terms: Terms, now: datetime) -> None:
    """It was sent back just now. Only what was written in a consultation has a doctor at the desk to amend it."""
    if one.consultation_id is None:
        return
    held = select(Consultation.status).where(Consultation.id == one.consultation_id)
    if await session.scalar(held) in HELD:
        review = await session.get_one(Review, one.id)
        review.amend_by = min(now + terms.amend, one.valid_until)
        await session.flush()


async def hold(
    session: AsyncSession, prescription_id: UUID, consultation_id: UUID, now: datetime
) -> Prescription:
    """What is about to be amended: sent back, of this consultation, once, and while it is valid. Raises
    UnknownPrescription, BadPrescription, TooLate."""
    one = await locked(session, prescription_id)
    if one.consultation_id != consultation_id:
        raise UnknownPrescription
    if one.status is PrescriptionStatus.EXPIRED:
        raise TooLate
    if one.status is not PrescriptionStatus.REJECTED or await _is_amended(session, one.id):
        raise BadPrescription("it was not sent back, or is amended already")
    if now >= one.valid_until:
        raise TooLate
    return one


async def bring_up(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """What no doctor amended in time: the patient is told and supervisors see it; what is not valid any more ends.
    Gives how many."""
    found = list(await session.scalars(_LATE, {"now": now, "limit": limit}))
    for prescription_id in found:
        one = await locked(session, prescription_id)
        if await _is_amended(session, one.id):  # while the row was waited for
            continue
        review = await session.get_one(Review, one.id, populate_existing=True)
        review.overdue_at = review.overdue_at or now
        ended = now >= one.valid_until
        if ended:
            one.status = PrescriptionStatus.EXPIRED
        await session.flush()
        kind = EventKind.PRESCRIPTION_EXPIRED if ended else EventKind.PRESCRIPTION_NOT_AMENDED
        await tell(session, one, kind)
    return len(found)


async def settle(
    session: AsyncSession, prescription_id: UUID, *, actor: str, reason: str, now: datetime
) -> None:
    """A supervisor has seen to what its doctor left. Raises UnknownPrescription, NotNow."""
    one = await locked(session, prescription_id)
    review = await session.get_one(Review, one.id, populate_existing=True)
    if review.overdue_at is None or review.settled_at or await _is_amended(session, one.id):
        raise NotNow(one.status)
    review.settled_at, review.settled_by = now, actor
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="amendment_settled",
        subject=f"prescription:{one.id}",
        detail={"reason": reason},
    )


async def _is_amended(session: AsyncSession, prescription_id: UUID) -> bool:
    later = select(Prescription.id).where(Prescription.amends_id == prescription_id)
    return await session.scalar(later) is not None
