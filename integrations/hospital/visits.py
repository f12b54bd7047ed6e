"""Who came to their visit (签到), and who did not (爽约)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit, events
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.models import Appointment, AppointmentStatus, Order, OrderStatus, Slot


class UnknownVisit(LookupError):
    """No visit has this number, or its status does not allow it; in words for staff."""


async def find(session: AsyncSession, code: str) -> Appointment:
    """By what the code at check-in holds: the order's number, or the appointment's id where there was no fee. Its row
    is held. Raises UnknownVisit."""
    wanted = select(Appointment).with_for_update(of=Appointment, key_share=True)
    try:
        found = await session.scalar(wanted.where(Appointment.id == UUID(code.strip())))
    except ValueError:
        order_no = code.strip().upper()
        ordered = wanted.join(Order, Order.appointment_id == Appointment.id)
        found = await session.scalar(
            ordered.where(Order.order_no == order_no, Order.status != OrderStatus.CLOSED)
        )
    if found is None:
        raise UnknownVisit("no visit has this number")
    return found


async def arrived(session: AsyncSession, code: str, *, actor: str, now: datetime) -> Appointment:
    """Checks a patient in, on the day of the visit; afterwards it also takes back that they did not come. Raises
    UnknownVisit."""
    visit = await find(session, code)
    day = await _day(session, visit)
    if visit.status is AppointmentStatus.NOSHOW:
        visit.status = AppointmentStatus.FULFILLED
    elif visit.status not in (AppointmentStatus.BOOKED, AppointmentStatus.FULFILLED):
        raise UnknownVisit(f"this visit is {visit.status}")
    elif day.date > local_date(now):
        raise UnknownVisit(f"this visit is on {day.date}")
    visit.arrived_at = visit.arrived_at or now
    await _record(session, "visit_arrived", visit, actor)
    return visit


async def missed(session: AsyncSession, code: str, *, actor: str, now: datetime) -> Appointment:
    """Nobody came to the visit: it counts for the rules, and the patient is told once. Raises UnknownVisit."""
    visit = await find(session, code)
    slot = await _day(session, visit)
    if visit.status is AppointmentStatus.NOSHOW:
        return visit
    if visit.status is not AppointmentStatus.BOOKED or visit.arrived_at is not None:
        raise UnknownVisit(f"this visit is {'checked in' if visit.arrived_at else visit.status}")
    if slot.starts_at > now:
        raise UnknownVisit("the time of this visit has not come")
    visit.status = AppointmentStatus.NOSHOW
    await _record(session, "visit_missed", visit, actor)
    await events.emit(
        session,
        EventKind.VISIT_MISSED,
        account_id=visit.account_id,
        contact_id=visit.contact_id,
        payload={"appointment_id": str(visit.id)},
    )
    return visit


_PAST = text("""
    WITH over AS MATERIALIZED (
        SELECT a.id, a.arrived_at FROM appointments a JOIN schedules s ON s.id = a.schedule_id
        WHERE a.status = 'booked' AND (s.status = 'open' OR a.disturbed_at IS NULL) AND s.date < :today
        ORDER BY a.id LIMIT :limit FOR NO KEY UPDATE OF a SKIP LOCKED
    ), ended AS (
        UPDATE appointments a
        SET status = CASE WHEN over.arrived_at IS NULL AND :count_noshows THEN 'noshow' ELSE 'fulfilled' END
        FROM over WHERE a.id = over.id RETURNING a.id, a.status, a.account_id, a.contact_id
    ), told AS (
        INSERT INTO hospital_events (kind, account_id, contact_id, payload)
        SELECT 'visit_missed', account_id, contact_id, jsonb_build_object('appointment_id', id)
        FROM ended WHERE status = 'noshow'
    )
    SELECT count(*) FROM ended
""")


async def settle_past(session: AsyncSession, now: datetime, *, count_noshows: bool, limit: int = 1000) -> int:
    """Ends the visits of past days: those checked in took place. What nobody checked in was missed where the hospital
    checks in everybody (`count_noshows`), and is taken for kept elsewhere. Gives how many."""
    values = {"today": local_date(now), "count_noshows": count_noshows, "limit": limit}
    return int(await session.scalar(_PAST, values) or 0)


async def _day(session: AsyncSession, visit: Appointment) -> Slot:
    return await session.get_one(Slot, visit.slot_id)


async def _record(session: AsyncSession, action: str, visit: Appointment, actor: str) -> None:
    await session.flush()
    await audit.record(session, actor=actor, action=action, subject=f"appointment:{visit.id}")
