"""Which doctors consult online, for how much, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.clock import hospital_zone
from integrations.hospital.models import ConsultationOffer

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class OnlineDoctor:
    """`opens_at` (UTC): when their hours begin next, `now` while they last; `left`: how many more may ask."""

    practitioner_id: UUID
    name: str
    title: str
    speciality: str
    department_id: UUID
    department: str
    fee_fen: int
    opens: time
    closes: time
    open_now: bool
    opens_at: datetime
    left: int
    children: bool

    @property
    def free(self) -> bool:
        return self.open_now and self.left > 0


_DOCTORS = """
    SELECT o.*, pr.name, pr.title, pr.speciality, pr.department_id, d.name AS department,
           o.places - (SELECT count(*) FROM consultations c WHERE c.practitioner_id = o.practitioner_id
                         AND c.status IN ('unpaid', 'waiting', 'active')) AS left
    FROM consultation_offers o JOIN practitioners pr ON pr.id = o.practitioner_id
    JOIN departments d ON d.id = pr.department_id
    WHERE o.active AND pr.active AND d.active
"""
_ALL = text(
    _DOCTORS
    + """
    AND (CAST(:department AS uuid) IS NULL OR pr.department_id = :department) AND (o.children OR NOT :small_child)
    ORDER BY d.position, pr.rank, pr.staff_no
    """
)
_ONE = text(_DOCTORS + "AND o.practitioner_id = :practitioner")
_HOLD = text("SELECT FROM consultation_offers WHERE practitioner_id = :practitioner FOR UPDATE")


async def doctors(
    session: AsyncSession, now: datetime, *, department_id: UUID | None = None, small_child: bool = False
) -> list[OnlineDoctor]:
    """Those who can be asked right now first, then by when their hours begin. `small_child`: only who sees them."""
    rows = await session.execute(_ALL, {"department": department_id, "small_child": small_child})
    found = [_view(row, now) for row in rows]
    return sorted(found, key=lambda one: (not one.free, not one.open_now, one.opens_at))


async def doctor(
    session: AsyncSession, practitioner_id: UUID, now: datetime, *, lock: bool = False
) -> OnlineDoctor | None:
    """None: they do not consult online. `lock`: until the transaction ends nobody else takes a place."""
    if lock:
        await session.execute(_HOLD, {"practitioner": practitioner_id})
    row = (await session.execute(_ONE, {"practitioner": practitioner_id})).one_or_none()
    return _view(row, now) if row else None


async def offer(
    session: AsyncSession,
    practitioner_id: UUID,
    *,
    fee_fen: int,
    opens: time,
    closes: time,
    places: int,
    weekdays: Sequence[int] = EVERY_DAY,
    children: bool = False,
    actor: str,
) -> None:
    """The doctor consults online from now on, or on other terms than before."""
    values = {
        "fee_fen": fee_fen,
        "opens": opens,
        "closes": closes,
        "places": places,
        "weekdays": sorted(set(weekdays)),
        "children": children,
        "active": True,
    }
    row = insert(ConsultationOffer).values(practitioner_id=practitioner_id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["practitioner_id"], set_=values))
    await audit.record(
        session,
        actor=actor,
        action="consultation_offered",
        subject=f"practitioner:{practitioner_id}",
        detail={"fee_fen": fee_fen, "places": places},
    )


async def close(session: AsyncSession, practitioner_id: UUID, *, actor: str) -> None:
    """Nobody can ask this doctor any more; what stands goes on."""
    found = await session.get_one(ConsultationOffer, practitioner_id)
    found.active = False
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="consultation_closed",
        subject=f"practitioner:{practitioner_id}",
        detail={},
    )


def _view(row: Row[Any], now: datetime) -> OnlineDoctor:
    opens_at = _opens_at(row.weekdays, row.opens, row.closes, now)
    return OnlineDoctor(
        row.practitioner_id,
        row.name,
        row.title,
        row.speciality,
        row.department_id,
        row.department,
        row.fee_fen,
        row.opens,
        row.closes,
        opens_at <= now,
        opens_at,
        max(row.left, 0),
        row.children,
    )


def _opens_at(weekdays: Sequence[int], opens: time, closes: time, now: datetime) -> datetime:
    """`now` within the hours; else when they begin next."""
    zone = hospital_zone()
    local = now.astimezone(zone)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        if day.isoweekday() not in weekdays:
            continue
        begin, end = datetime.combine(day, opens, zone), datetime.combine(day, closes, zone)
        if now < begin:
            return begin.astimezone(now.tzinfo)
        if now < end:
            return now
    return datetime.combine(local.date() + timedelta(days=7), opens, zone).astimezone(now.tzinfo)
