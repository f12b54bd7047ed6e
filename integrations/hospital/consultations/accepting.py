"""What the doctor does with a consultation: accepts it, sees to what shows the diagnosis, or gives it back (退诊); and
what time does when they do nothing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import events
from integrations.hospital.consultations import limits, rows
from integrations.hospital.consultations.terms import NotNow, SayWhy, Terms
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    EndedBy,
    Order,
    RefundReason,
    ReturnReason,
)
from integrations.hospital.pharmacy import checkout


async def accept(
    session: AsyncSession,
    consultation_id: UUID,
    *,
    practitioner_id: UUID,
    actor: str,
    terms: Terms,
    now: datetime,
) -> Consultation:
    """The talk begins, and its limits of time and messages with it. Raises UnknownConsultation, NotNow."""
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    if one.status is not ConsultationStatus.WAITING or (one.accept_by and now >= one.accept_by):
        raise NotNow(ConsultationStatus.EXPIRED if one.status is ConsultationStatus.WAITING else one.status)
    one.status, one.accepted_at, one.ends_at = ConsultationStatus.ACTIVE, now, now + terms.length
    await session.flush()
    await limits.remind(session, one, now)
    await rows.tell(session, one, EventKind.CONSULTATION_ACCEPTED)
    await rows.record(session, one, "consultation_accepted", actor)
    return one


async def confirm_diagnosis(
    session: AsyncSession, consultation_id: UUID, *, practitioner_id: UUID, actor: str, now: datetime
) -> None:
    """The doctor has seen what the patient showed: it was diagnosed before. Raises UnknownConsultation, NotNow."""
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    if one.status is not ConsultationStatus.ACTIVE:
        raise NotNow(one.status)
    one.evidence_confirmed_at = one.evidence_confirmed_at or now
    await session.flush()
    await rows.record(session, one, "diagnosis_confirmed", actor)


async def give_back(
    session: AsyncSession,
    crypto: Crypto,
    consultation_id: UUID,
    reason: ReturnReason,
    words: str,
    *,
    practitioner_id: UUID,
    actor: str,
    now: datetime,
) -> None:
    """退诊, before or within the talk: the whole fee goes back, and what was prescribed and not paid is void. `words`
    are the patient's to read. Raises UnknownConsultation, NotNow, SayWhy."""
    if not words.strip():
        raise SayWhy
    one = await rows.locked(session, consultation_id, practitioner_id=practitioner_id)
    if one.status not in (ConsultationStatus.WAITING, ConsultationStatus.ACTIVE):
        raise NotNow(one.status)
    withdrawn = [str(each) for each in await checkout.withdraw_all(session, one.id, now=now)]
    one.return_words = crypto.encrypt(words.strip(), "consultations.return_words")
    await _return(session, one, reason, EndedBy.DOCTOR, now)
    why = {"reason": reason.value, "withdrawn": withdrawn}
    await rows.record(session, one, "consultation_returned", actor, **why)


async def _return(
    session: AsyncSession, one: Consultation, reason: ReturnReason, by: EndedBy, now: datetime
) -> None:
    one.return_reason = reason
    await rows.end(session, one, ConsultationStatus.RETURNED, by, now)
    await rows.settle_money(session, one, RefundReason.STOPPED, now)
    await rows.tell(session, one, EventKind.CONSULTATION_RETURNED)


_DUE = text("""
    SELECT c.id FROM consultations c LEFT JOIN orders o ON o.id = c.order_id
    WHERE (c.status = 'unpaid' AND o.status = 'unpaid' AND o.expires_at <= :now)
       OR (c.status = 'waiting' AND c.accept_by <= :now) OR (c.status = 'active' AND c.ends_at <= :now)
    ORDER BY c.id LIMIT :limit FOR NO KEY UPDATE OF c SKIP LOCKED
""")


async def expire(session: AsyncSession, now: datetime, limit: int = 200) -> int:
    """Ends what was not paid or not accepted in time, and talks whose time is over: one in which the doctor said
    nothing goes back whole. Gives how many."""
    found = list(await session.scalars(_DUE, {"now": now, "limit": limit}))
    for consultation_id in found:
        one = await rows.locked(session, consultation_id)
        match one.status:
            case ConsultationStatus.UNPAID:
                await _unpaid(session, one, now)
            case ConsultationStatus.WAITING:
                await rows.end(session, one, ConsultationStatus.EXPIRED, EndedBy.TIME, now)
                await rows.settle_money(session, one, RefundReason.STOPPED, now)
                await rows.tell(session, one, EventKind.CONSULTATION_EXPIRED)
            case ConsultationStatus.ACTIVE if one.answered_at is None:
                await _return(session, one, ReturnReason.NOT_ANSWERED, EndedBy.TIME, now)
            case ConsultationStatus.ACTIVE:
                await rows.end(session, one, ConsultationStatus.FINISHED, EndedBy.TIME, now)
                await rows.tell(session, one, EventKind.CONSULTATION_FINISHED)
                await rows.ask_rating(session, one, now)
        await rows.record(session, one, f"consultation_{one.status}", "sweep")
    return len(found)


async def _unpaid(session: AsyncSession, one: Consultation, now: datetime) -> None:
    await rows.end(session, one, ConsultationStatus.EXPIRED, EndedBy.TIME, now)
    await rows.settle_money(session, one, RefundReason.STOPPED, now)
    order = await session.get_one(Order, one.order_id)
    await events.emit(
        session,
        EventKind.ORDER_EXPIRED,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"order_no": order.order_no},
    )
