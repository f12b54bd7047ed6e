"""A consultation's own rows, held until the transaction ends, and the money that goes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit, events, ratings, reminders
from integrations.hospital.billing import undoing
from integrations.hospital.consultations.terms import UnknownConsultation
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    EndedBy,
    Order,
    OrderStatus,
    RefundReason,
    SubjectKind,
)

_RATED_AFTER = timedelta(minutes=10)  # the summary is read first


async def locked(
    session: AsyncSession,
    consultation_id: UUID,
    *,
    account_id: UUID | None = None,
    practitioner_id: UUID | None = None,
) -> Consultation:
    """The first lock of whatever changes a consultation. Raises UnknownConsultation, also for whose it is not."""
    one = await session.scalar(
        select(Consultation)
        .where(Consultation.id == consultation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    strange = one is None or (account_id or one.account_id) != one.account_id
    if one is None or strange or (practitioner_id or one.practitioner_id) != one.practitioner_id:
        raise UnknownConsultation
    return one


async def end(
    session: AsyncSession, one: Consultation, status: ConsultationStatus, by: EndedBy, now: datetime
) -> None:
    one.status, one.ended_at, one.ended_by = status, now, by
    await session.flush()
    await reminders.drop(session, one.id, EventKind.CONSULTATION_ENDS_SOON)


async def settle_money(session: AsyncSession, one: Consultation, reason: RefundReason, now: datetime) -> None:
    """It ends without having been held: an unpaid order is closed, a paid one goes back whole."""
    if one.order_id is None:
        return
    order = await session.get_one(
        Order, one.order_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if order.status is OrderStatus.UNPAID:
        await undoing.close(session, order, now)
    elif order.status is OrderStatus.PAID:
        await undoing.pay_back(session, order, reason, now)


async def tell(session: AsyncSession, one: Consultation, kind: EventKind) -> None:
    await events.emit(
        session,
        kind,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"consultation_id": str(one.id)},
    )


async def ask_rating(session: AsyncSession, one: Consultation, now: datetime) -> None:
    """Once, whoever ended the talk, and whenever it is summed up."""
    await ratings.ask(
        session,
        SubjectKind.CONSULTATION,
        one.id,
        one.account_id,
        one.contact_id,
        now,
        practitioner_id=one.practitioner_id,
        due_at=now + _RATED_AFTER,
    )


async def record(session: AsyncSession, one: Consultation, action: str, actor: str, **detail: object) -> None:
    await audit.record(
        session, actor=actor, action=action, subject=f"consultation:{one.id}", detail=dict(detail)
    )
