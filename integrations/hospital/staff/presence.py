"""Who is there to be given work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import PresenceState, StaffMember, StaffPresence

SEEN_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Present:
    member: StaffMember
    capacity: int  # talks at once
    seen_at: datetime


async def set_state(
    session: AsyncSession, staff_id: UUID, state: PresenceState, now: datetime, *, capacity: int | None = None
) -> None:
    """What they say of themselves; `capacity` stays where none is given."""
    values = {"state": state, "seen_at": now} | ({"capacity": capacity} if capacity else {})
    row = insert(StaffPresence).values(staff_id=staff_id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["staff_id"], set_=values).inline())


async def seen(session: AsyncSession, staff_id: UUID, now: datetime) -> None:
    """Their browser is there; whoever has not said anything yet stays offline."""
    await session.execute(update(StaffPresence).where(StaffPresence.staff_id == staff_id).values(seen_at=now))


async def state_of(session: AsyncSession, staff_id: UUID) -> PresenceState:
    found = await session.scalar(select(StaffPresence.state).where(StaffPresence.staff_id == staff_id))
    return found or PresenceState.OFFLINE


async def present(session: AsyncSession, now: datetime) -> Sequence[Present]:
    """All who are online and were heard of within a minute, whoever was heard of last first."""
    rows = await session.execute(
        select(StaffMember, StaffPresence)
        .join(StaffPresence, StaffPresence.staff_id == StaffMember.id)
        .where(
            StaffMember.active,
            StaffPresence.state == PresenceState.ONLINE,
            StaffPresence.seen_at > now - SEEN_WITHIN,
        )
        .order_by(StaffPresence.seen_at.desc(), StaffMember.id)
        .execution_options(populate_existing=True)
    )
    return [Present(member, there.capacity, there.seen_at) for member, there in rows]
