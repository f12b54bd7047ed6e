"""What a payment brings about: the doctor has to accept it. Called by billing.paying, in its transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.events import EventKind
from integrations.hospital.models import Consultation, ConsultationStatus, Order


async def hold(session: AsyncSession, order_no: str) -> Consultation | None:
    """Locks the consultation of an order, before the order itself. None for a bill of something else."""
    return await session.scalar(
        select(Consultation)
        .join(Order, Order.id == Consultation.order_id)
        .where(Order.order_no == order_no)
        .with_for_update(of=Consultation, key_share=True)
        .execution_options(populate_existing=True)
    )


async def paid(session: AsyncSession, one: Consultation, now: datetime) -> None:
    """It is paid just now, or costs nothing: its doctor's time to accept it begins."""
    one.status = ConsultationStatus.WAITING
    one.accept_by = now + timedelta(minutes=one.accept_minutes)
    await session.flush()
    await events.emit(
        session,
        EventKind.CONSULTATION_PAID,
        account_id=one.account_id,
        contact_id=one.contact_id,
        payload={"consultation_id": str(one.id)},
    )
