"""Cases that end by themselves: what staff answered and the patient left so, parcels that came after all, and money
that went back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.cases.telling import tell
from integrations.hospital.events import EventKind
from integrations.hospital.models import Case, CaseKind, CaseNote, CaseStatus, NoteKind
from integrations.hospital.models.cases import WAITING


async def close_answered(session: AsyncSession, now: datetime, days: int, limit: int) -> list[str]:
    """Closes what was answered so many days ago, counted from staff's last word; a patient who says more takes the
    case out of it (`following.add_words`). The last word stays what was said. Gives the numbers. Several callers at
    once get different cases."""
    answered = (
        select(CaseNote.id)
        .where(
            CaseNote.case_id == Case.id,
            CaseNote.kind == NoteKind.ANSWER,
            CaseNote.created_at > now - timedelta(days=days),
        )
        .exists()
    )
    silent = (
        select(Case)
        .where(Case.status == CaseStatus.ANSWERED, ~answered)
        .order_by(Case.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = []
    for case in await session.scalars(silent.execution_options(populate_existing=True)):
        case.status = CaseStatus.CLOSED
        case.closed_at, case.satisfied, case.closing = now, None, None
        await tell(session, EventKind.CASE_CLOSED, case, after_days=days)
        await audit.record(
            session,
            actor="system",
            action="case_closed",
            subject=f"case:{case.number}",
            detail={"after_days": days},
        )
        found.append(case.number)
    await session.flush()
    return found


async def close_arrived(session: AsyncSession, prescription_id: UUID, now: datetime) -> None:
    """The prescription's parcel had a problem, and is in the patient's hands now. Nobody is told: that it came is
    known."""
    standing = (
        select(Case)
        .where(
            Case.prescription_id == prescription_id,
            Case.kind == CaseKind.PARCEL_PROBLEM,
            Case.status.in_(WAITING),
            Case.answered_at.is_(None),
        )
        .with_for_update()
    )
    for case in await session.scalars(standing.execution_options(populate_existing=True)):
        await _settled(session, case, now, parcel="arrived")


async def close_paid_back(session: AsyncSession, case_id: UUID, now: datetime) -> None:
    """The money is with its payer, who hears of that anyway."""
    await _close(session, case_id, now, refund="paid back")


async def close_settled(session: AsyncSession, case_id: UUID, now: datetime) -> None:
    """Staff know what a difference about money was."""
    await _close(session, case_id, now, difference="settled")


async def _close(session: AsyncSession, case_id: UUID, now: datetime, **how: str) -> None:
    standing = (
        select(Case)
        .where(Case.id == case_id, Case.status.in_(WAITING), Case.answered_at.is_(None))
        .with_for_update()
    )
    if case := await session.scalar(standing.execution_options(populate_existing=True)):
        await _settled(session, case, now, **how)


async def _settled(session: AsyncSession, case: Case, now: datetime, **how: str) -> None:
    case.status, case.closed_at = CaseStatus.CLOSED, now
    await audit.record(
        session, actor="system", action="case_closed", subject=f"case:{case.number}", detail=how
    )
    await session.flush()
