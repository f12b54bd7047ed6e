"""A consultation ends with a summary for the patient; a rating is asked, and a follow-up plan may begin."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.consultations import rows
from integrations.hospital.consultations.terms import NotNow, SayWhy
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import Plan
from integrations.hospital.models import ConsultationStatus, EndedBy
from integrations.settings import Settings

_LONGEST = 2000  # characters


async def finish(
    session: AsyncSession,
    crypto: Crypto,
    settings: Settings,
    consultation_id: UUID,
    summary: str,
    *,
    plan: Plan | None = None,
    practitioner_id: UUID,
    actor: str,
    now: datetime,
) -> bool:
    """Ends it, or adds the summary to one whose time had run out. Whether the plan began (False also when the patient
    was on it). Raises UnknownConsultation, NotNow, SayWhy without a summary; of follow-up Refused, NobodyToAsk."""
    summary = summary.strip()[:_LONGEST]
    if not summary:
        raise SayWhy
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    late = one.status is ConsultationStatus.FINISHED and one.summary is None
    if one.status is not ConsultationStatus.ACTIVE and not late:
        raise NotNow(one.status)
    one.summary, one.summed_up_at = crypto.encrypt(summary, "consultations.summary"), now
    if not late:
        await rows.end(session, one, ConsultationStatus.FINISHED, EndedBy.DOCTOR, now)
    await session.flush()
    kind = EventKind.CONSULTATION_SUMMED_UP if late else EventKind.CONSULTATION_FINISHED
    await rows.tell(session, one, kind)
    await rows.ask_rating(session, one, now)
    await rows.record(session, one, "consultation_finished", actor, plan=plan.id if plan else None)
    if plan is None:
        return False
    started = await enrolment.start_by_staff(
        session, settings, plan, one.patient_id, actor=actor, now=now, department_id=one.department_id
    )
    return started is not None
