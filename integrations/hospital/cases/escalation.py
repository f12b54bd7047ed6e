"""Cases whose deadline is near, and those that are late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.cases.telling import tell
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.models import Case
from integrations.hospital.models.cases import FOUND, WAITING
from integrations.hospital.working_days import working_days

_AHEAD = timedelta(days=14)  # no span without a working day is longer


@dataclass(frozen=True, slots=True)
class Escalated:
    number: str
    owner: str | None
    late: bool  # the deadline is over; otherwise it is near


async def escalate(session: AsyncSession, now: datetime, limit: int) -> list[Escalated]:
    """Notes, once each, which cases have one working day left and which have none; of the late ones the patient who
    told of it hears, with the ways outside. Several callers at once get different cases."""
    today = local_date(now)
    wanted = (
        select(Case)
        .where(
            Case.status.in_(WAITING),
            (Case.deadline < today) & Case.escalated_at.is_(None)
            | (Case.deadline <= today + _AHEAD) & (Case.deadline >= today) & Case.warned_at.is_(None),
        )
        .order_by(Case.deadline, Case.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = []
    for case in await session.scalars(wanted.execution_options(populate_existing=True)):
        if case.deadline < today:
            case.escalated_at = now
            case.warned_at = case.warned_at or now
            if case.kind not in FOUND:
                await tell(session, EventKind.CASE_OVERDUE, case)
        elif today >= working_days().before(case.deadline):
            case.warned_at = now
        else:
            continue
        found.append(Escalated(case.number, case.owner, late=case.escalated_at is not None))
    await session.flush()
    return found
