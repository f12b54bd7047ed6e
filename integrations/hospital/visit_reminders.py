"""Reminders of visits: the evening before, and two hours before, as far as they are of use by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import reminders
from integrations.hospital.clock import hospital_zone
from integrations.hospital.events import EventKind
from integrations.hospital.merging import hold_account
from integrations.hospital.models import Account, Contact
from integrations.quiet_hours import awake

KINDS = (EventKind.VISIT_TOMORROW, EventKind.VISIT_SOON)

_EVENING = time(18, 30)  # at home, and before the hospital's phone closes
_BEFORE = timedelta(hours=2)
# What was booked so shortly before its reminder needs none.
_FRESH = {EventKind.VISIT_TOMORROW: timedelta(hours=2), EventKind.VISIT_SOON: timedelta(hours=1)}
_LATEST = timedelta(minutes=30)  # before the visit: then one is there, or too late
_STILL = timedelta(minutes=15)  # how near it may be told, when it was to be told earlier


@dataclass(frozen=True, slots=True)
class Planned:
    kind: EventKind
    due_at: datetime
    useless_at: datetime


def times(starts_at: datetime, now: datetime, quiet_hours: str) -> list[Planned]:
    """When a visit that is booked by now is reminded of."""
    zone = hospital_zone()
    soon = awake(quiet_hours, starts_at - _BEFORE, zone)
    evening = datetime.combine(starts_at.astimezone(zone).date() - timedelta(days=1), _EVENING, zone)
    tomorrow = awake(quiet_hours, evening.astimezone(starts_at.tzinfo), zone)
    # In the morning itself the later one says it; when there is none, the earlier one may still be told.
    has_soon = soon <= starts_at - _LATEST
    found = [
        Planned(EventKind.VISIT_TOMORROW, tomorrow, soon if has_soon else starts_at - _LATEST),
        Planned(EventKind.VISIT_SOON, soon, starts_at - _STILL),
    ]
    return [
        one
        for one in found
        if now + _FRESH[one.kind] <= one.due_at < one.useless_at and one.due_at <= starts_at - _LATEST
    ]


_UNPLANNED = text("""
    WITH mine AS MATERIALIZED (
        SELECT id FROM appointments WHERE status = 'booked' AND NOT reminders_planned
        ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE appointments a SET reminders_planned = true FROM mine, slots
    WHERE a.id = mine.id AND slots.id = a.slot_id
    RETURNING a.id, a.account_id, a.contact_id, slots.starts_at
""")


async def plan_missing(session: AsyncSession, now: datetime, quiet_hours: str, limit: int) -> int:
    """Plans what reminds of the appointments that were booked, paid or moved since, or before reminders were known:
    apart from the booking, which is not to wait for it. Gives how many appointments it saw to."""
    rows = (await session.execute(_UNPLANNED, {"limit": limit})).all()
    for row in rows:
        for one in times(row.starts_at, now, quiet_hours):
            await reminders.plan(
                session,
                one.kind,
                row.id,
                due_at=one.due_at,
                useless_at=one.useless_at,
                account_id=row.account_id,
                contact_id=row.contact_id,
                payload={"appointment_id": str(row.id)},
            )
    return len(rows)


async def want(session: AsyncSession, contact_id: UUID, *, wanted: bool) -> None:
    """Whether the contact's account is reminded of visits. What is planned stays; it is asked when it is told."""
    account_id = await hold_account(session, contact_id)
    changed = update(Account).where(Account.id == account_id).values(visit_reminders=wanted)
    await session.execute(changed.execution_options(synchronize_session=False))


async def wanted(session: AsyncSession, contact_id: UUID) -> bool:
    """Whether who hears at this contact wants to be reminded of visits."""
    asked = select(Account.visit_reminders).join(Contact, Contact.account_id == Account.id)
    return bool(await session.scalar(asked.where(Contact.id == contact_id)))
