"""Parcels on their way of which nobody tells us: their carrier is asked, and after too long they are staff's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.delivery.following import Asking, asking_about, lose
from integrations.hospital.delivery.rows import locked
from integrations.hospital.models import Delivery, DeliveryStatus
from integrations.hospital.pharmacy import rows as prescriptions
from integrations.settings import Settings

_PAUSE = timedelta(hours=6)  # between two questions that no patient asks
_OVERDUE = timedelta(days=1)  # after the carrier's own estimate
_FORGOTTEN = timedelta(days=60)  # a parcel that left longer ago is asked about no more

_SILENT = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM deliveries
        WHERE status IN ('shipped', 'problem') AND shipped_at > :forgotten
          AND (coalesce(asked_at, shipped_at) <= :before OR asked_at > :ahead)
          AND (subscribed_at IS NULL AND next_try_at IS NULL OR expected_at <= :overdue
               OR greatest(shipped_at, state_at) <= CASE WHEN cold_chain THEN :cold ELSE :plain END)
        ORDER BY asked_at NULLS FIRST LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE deliveries SET asked_at = :now WHERE id IN (SELECT id FROM due)
    RETURNING id, carrier, waybill, destination
""")
_LOST = text("""
    SELECT id FROM deliveries
    WHERE status = 'shipped' AND shipped_at > :forgotten AND asked_at > :before
      AND greatest(shipped_at, state_at) <= CASE WHEN cold_chain THEN :cold ELSE :plain END
    ORDER BY shipped_at LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long nothing is heard of a parcel until it counts as lost, plain and of what stays cold. From half of it on
    the tracker is asked."""

    plain: timedelta
    cold: timedelta

    @classmethod
    def read(cls, settings: Settings) -> Patience:
        return cls(timedelta(days=settings.parcel_lost_days), timedelta(days=settings.cold_parcel_lost_days))

    def of(self, one: Delivery) -> timedelta:
        return self.cold if one.cold_chain else self.plain


async def claim(
    session: AsyncSession, crypto: Crypto, patience: Patience, now: datetime, limit: int
) -> list[Asking]:
    """Parcels on their way whose news nobody pushes to us, that brought none for long, or that should have arrived. To
    be committed before they are asked about, like `may_ask`; each comes again after a pause of hours."""
    values = {
        "now": now, "before": now - _PAUSE, "ahead": now + _PAUSE, "forgotten": now - _FORGOTTEN,
        "overdue": now - _OVERDUE, "plain": now - patience.plain / 2, "cold": now - patience.cold / 2,
        "limit": limit,
    }  # fmt: skip
    return [asking_about(crypto, row) for row in await session.execute(_SILENT, values)]


async def lost(session: AsyncSession, patience: Patience, now: datetime, limit: int) -> list[UUID]:
    """Parcels of which nothing is heard for too long, though the tracker was asked just now."""
    values = {
        "before": now - _PAUSE, "forgotten": now - _FORGOTTEN, "plain": now - patience.plain,
        "cold": now - patience.cold, "limit": limit,
    }  # fmt: skip
    return list(await session.scalars(_LOST, values))


async def give_up(
    session: AsyncSession, crypto: Crypto, delivery_id: UUID, patience: Patience, now: datetime
) -> None:
    """A lost parcel is staff's, and the patient is told: once, and unless news of it came meanwhile."""
    prescription_id = select(Delivery.prescription_id).where(Delivery.id == delivery_id)
    await prescriptions.locked(session, (await session.scalars(prescription_id)).one())
    one = await locked(session, delivery_id)
    last = max(at for at in (one.shipped_at, one.state_at) if at)
    if one.status is DeliveryStatus.SHIPPED and last <= now - patience.of(one):
        await lose(session, crypto, one, f"nothing heard since {last:%Y-%m-%d %H:%M} UTC", now)
