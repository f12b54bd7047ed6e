"""A pharmacist looks at every prescription before anybody can pay it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.events import EventKind
from integrations.hospital.models import Prescription, PrescriptionStatus, Review
from integrations.hospital.pharmacy import amending, signing
from integrations.hospital.pharmacy.rows import close_question, locked, tell
from integrations.hospital.pharmacy.terms import BadPrescription, NotNow, Terms, end_of_day

# A review that somebody began and did not end: a colleague may take it over.
ABANDONED = timedelta(minutes=10)


class WithColleague(NotNow):
    """Another pharmacist is looking at it. `pharmacist`: who."""

    def __init__(self, pharmacist: str) -> None:
        super().__init__(PrescriptionStatus.IN_REVIEW)
        self.pharmacist = pharmacist


async def take(session: AsyncSession, prescription_id: UUID, *, pharmacist: str, now: datetime) -> None:
    """The pharmacist looks at it now; what a colleague has begun and left for ABANDONED may be taken over. Raises
    UnknownPrescription, NotNow, WithColleague."""
    one = await locked(session, prescription_id)
    if one.status not in (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW):
        raise NotNow(one.status)
    if one.status is PrescriptionStatus.IN_REVIEW:
        await _check_free(session, one, pharmacist, now)
    await _start(session, one, pharmacist, now)


async def approve(session: AsyncSession, prescription_id: UUID, *, pharmacist: str, now: datetime) -> None:
    """It may be paid now, and the patient is told. Raises UnknownPrescription, NotNow, WithColleague, SignatureVoid."""
    one = await _decide(session, prescription_id, pharmacist, now, approved=True)
    await tell(session, one, EventKind.PRESCRIPTION_APPROVED)


async def reject(
    session: AsyncSession,
    prescription_id: UUID,
    *,
    pharmacist: str,
    reason: str,
    terms: Terms,
    now: datetime,
) -> None:
    """Nobody can pay it; the patient is told, and the doctor finds it with the reason in their list. Raises
    UnknownPrescription, NotNow, WithColleague, BadPrescription without a reason."""
    if not reason.strip():
        raise BadPrescription("say why")
    one = await _decide(session, prescription_id, pharmacist, now, approved=False, reason=reason.strip())
    await amending.ask(session, one, terms, now)
    await close_question(session, one, now)
    await tell(session, one, EventKind.PRESCRIPTION_REJECTED)


@dataclass(frozen=True, slots=True)
class Numbers:
    """How reviews go. `over_time` of those that wait; `late` of those that were decided since the last midnight."""

    waiting: int
    over_time: int
    decided: int
    late: int


_NUMBERS = text("""
    SELECT count(*) FILTER (WHERE r.decided_at IS NULL) AS waiting,
           count(*) FILTER (WHERE r.decided_at IS NULL AND r.due_at < :now) AS over_time,
           count(*) FILTER (WHERE r.decided_at >= :since) AS decided,
           count(*) FILTER (WHERE r.decided_at >= :since AND r.decided_at > r.due_at) AS late
    FROM prescription_reviews r JOIN prescriptions p ON p.id = r.prescription_id
    WHERE p.status IN ('issued', 'in_review') OR r.decided_at >= :since
""")


async def numbers(session: AsyncSession, now: datetime) -> Numbers:
    values = {"now": now, "since": end_of_day(now, 0)}
    return Numbers(**(await session.execute(_NUMBERS, values)).one()._mapping)  # noqa: SLF001


async def _check_free(session: AsyncSession, one: Prescription, pharmacist: str, now: datetime) -> None:
    """Raises WithColleague."""
    review = await session.get_one(Review, one.id, populate_existing=True)
    theirs = review.pharmacist not in (None, pharmacist)
    if theirs and review.started_at and now - review.started_at < ABANDONED:
        raise WithColleague(str(review.pharmacist))


async def _start(session: AsyncSession, one: Prescription, pharmacist: str, now: datetime) -> Review:
    review = await session.get_one(Review, one.id)
    one.status, review.pharmacist, review.started_at = PrescriptionStatus.IN_REVIEW, pharmacist, now
    await session.flush()
    return review


async def _decide(
    session: AsyncSession,
    prescription_id: UUID,
    pharmacist: str,
    now: datetime,
    *,
    approved: bool,
    reason: str | None = None,
) -> Prescription:
    one = await locked(session, prescription_id)
    if one.status not in (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW) or now >= one.valid_until:
        raise NotNow(one.status if now < one.valid_until else PrescriptionStatus.EXPIRED)
    if approved:
        await signing.check(session, one)
    if one.status is PrescriptionStatus.IN_REVIEW:
        await _check_free(session, one, pharmacist, now)
    else:
        await _start(session, one, pharmacist, now)
    review = await session.get_one(Review, one.id, populate_existing=True)
    review.pharmacist, review.decided_at = pharmacist, now
    review.approved, review.reason = approved, reason
    one.status = PrescriptionStatus.APPROVED if approved else PrescriptionStatus.REJECTED
    await session.flush()
    await audit.record(
        session,
        actor=pharmacist,
        action="prescription_reviewed",
        subject=f"prescription:{one.id}",
        detail={"approved": approved},
    )
    return one
