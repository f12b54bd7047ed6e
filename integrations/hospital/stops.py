"""The doctor does not come (停诊), another one does (替诊), or takes more patients (加号).

Of a stopped half day the appointments stand until their patients have moved them or given them back; who says nothing
until the day of the visit gets everything back by itself. What is not settled is released at once.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events, waitlist_offers
from integrations.hospital.billing.orders import release
from integrations.hospital.clock import hospital_zone, local_date
from integrations.hospital.ending import end, free
from integrations.hospital.events import EventKind
from integrations.hospital.keeping import LET_GO
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Period,
    Practitioner,
    RefundReason,
    Schedule,
    ScheduleStatus,
    Slot,
)
from integrations.hospital.revealing import Callee, callee
from integrations.quiet_hours import still_awake

_TO_BE_TOLD = or_(Appointment.disturbed_at.is_not(None), Appointment.added_at.is_not(None))
ANSWER = timedelta(hours=2)  # at least so long a patient has to say what they want


class StopError(Exception):
    """It cannot be done; the message says to staff why."""


class NoHalfDay(StopError):
    """The doctor does not work then."""


class HalfDayStopped(StopError):
    """This half day is stopped."""


class NotInDepartment(StopError):
    """No doctor of the same department."""


class HasOwnPatients(StopError):
    """The other doctor works in that half day."""


class DayFull(StopError):
    """No more numbers fit into this day."""


class NotDisturbed(StopError):
    """No such visit was stopped, changed or added."""


async def half_days(
    session: AsyncSession, staff_no: str, day: date, period: Period | None = None
) -> list[Schedule]:
    """The doctor's half days on that day. Raises NoHalfDay when there are none."""
    wanted = (
        select(Schedule)
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .where(Practitioner.staff_no == staff_no, Schedule.date == day)
        .order_by(Schedule.id)
        .with_for_update(of=Schedule, key_share=True)
    )
    if period is not None:
        wanted = wanted.where(Schedule.period == period)
    found = list(await session.scalars(wanted.execution_options(populate_existing=True)))
    if not found:
        raise NoHalfDay(f"{staff_no} has no half day on {day}{f' ({period})' if period else ''}")
    return found


async def stop(session: AsyncSession, schedule: Schedule, *, reason: str, actor: str, now: datetime) -> int:
    """Closes a half day and tells its patients. Gives how many are affected; stopped again it changes nothing."""
    if schedule.status is ScheduleStatus.STOPPED:
        return 0
    schedule.status = ScheduleStatus.STOPPED
    await session.flush()
    await waitlist_offers.withdraw(session)
    count = await _stop_visits(session, schedule.id, now)
    await _record(session, "schedule_stopped", schedule, actor, {"reason": reason, "visits": count})
    return count


async def substitute(
    session: AsyncSession, schedule: Schedule, staff_no: str, *, reason: str, actor: str, now: datetime
) -> int:
    """Another doctor takes the half day, with its appointments; their patients are told, and may give them back
    freely. Gives how many. Raises StopError."""
    other = await session.scalar(select(Practitioner).where(Practitioner.staff_no == staff_no))
    if other is None or not other.active or other.department_id != schedule.department_id:
        raise NotInDepartment(f"{staff_no} is no doctor of the same department")
    if schedule.status is ScheduleStatus.STOPPED:
        raise HalfDayStopped("this half day is stopped")
    same_time = select(Schedule.id).where(
        Schedule.practitioner_id == other.id,
        Schedule.date == schedule.date,
        Schedule.period == schedule.period,
    )
    if await session.scalar(same_time) is not None:
        raise HasOwnPatients(f"{staff_no} has patients of their own then")
    before, schedule.practitioner_id = schedule.practitioner_id, other.id
    await session.flush()
    await waitlist_offers.withdraw(session)
    visits = await _disturb(session, schedule.id, now)
    for visit in visits:
        await _tell(session, EventKind.VISIT_CHANGED, visit)
    detail = {"reason": reason, "before": str(before), "visits": len(visits)}
    await _record(session, "schedule_substituted", schedule, actor, detail)
    return len(visits)


async def add_slots(session: AsyncSession, schedule: Schedule, count: int, *, actor: str) -> int:
    """So many more numbers at the end of the half day, as far apart as its last two; who waits is asked first. Gives
    the new capacity. Raises StopError."""
    if schedule.status is ScheduleStatus.STOPPED:
        raise HalfDayStopped("this half day is stopped")
    made = await _more(session, schedule, count)
    await session.execute(_FOR_THE_NEXT, {"ids": made})
    await _record(session, "slots_added", schedule, actor, {"count": len(made)})
    return schedule.capacity


async def add_slot(session: AsyncSession, schedule: Schedule, *, actor: str) -> UUID:
    """One more number at the end of the half day, for somebody who is booked into it in this transaction: nobody else
    sees it. Raises StopError."""
    if schedule.status is ScheduleStatus.STOPPED:
        raise HalfDayStopped("this half day is stopped")
    [made] = await _more(session, schedule, 1)
    await _record(session, "slot_added_for_patient", schedule, actor, {"slot": str(made)})
    return made


async def _more(session: AsyncSession, schedule: Schedule, count: int) -> list[UUID]:
    made = list(await session.scalars(_MORE, {"schedule_id": schedule.id, "count": count}))
    if not made:
        raise DayFull("no more numbers fit into this day")
    schedule.capacity += len(made)
    await session.flush()
    return made


async def settle(session: AsyncSession, now: datetime, quiet_hours: str, limit: int) -> int:
    """Gives back the visits of stopped half days whose patients said nothing until the day, and finds those that were
    booked just when it was stopped. Whom the news may reach in the morning only has until then, and ANSWER. Gives how
    many were given back."""
    today = local_date(now)
    for schedule_id in list(await session.scalars(_UNTOLD, {"today": today, "now": now})):
        await _stop_visits(session, schedule_id, now, unmarked=True)
    told_before = still_awake(quiet_hours, now - ANSWER, hospital_zone())
    values = {"today": today, "told_before": told_before, "limit": limit}
    found = list(await session.scalars(_UNANSWERED, values))
    for appointment_id in found:
        visit = await session.get_one(Appointment, appointment_id, populate_existing=True)
        order_no = await session.scalar(_ORDER_NO, {"id": appointment_id})
        await _let_go(session, visit, now)
        await _tell(session, EventKind.VISIT_GIVEN_BACK, visit, order_no=order_no)
    return len(found)


async def reached(session: AsyncSession, appointment_id: UUID, *, actor: str, now: datetime) -> None:
    """The caller told the patient. Raises NotDisturbed."""
    told = update(Appointment).where(Appointment.id == appointment_id, _TO_BE_TOLD)
    done = await session.scalar(
        told.values(reached_at=now).returning(Appointment.id).execution_options(synchronize_session=False)
    )
    if done is None:
        raise NotDisturbed("no such visit was stopped or changed")
    await audit.record(session, actor=actor, action="visit_reached", subject=f"appointment:{appointment_id}")


async def reveal(
    session: AsyncSession, crypto: Crypto, appointment_id: UUID, *, actor: str, reason: str
) -> Callee:
    """Name and phone of whom to call; the audit log keeps who looked, and why. Raises NotDisturbed, NoReason."""
    disturbed = select(Appointment.patient_id).where(Appointment.id == appointment_id, _TO_BE_TOLD)
    patient_id = await session.scalar(disturbed)
    if patient_id is None:
        raise NotDisturbed("no such visit was stopped or changed")
    about = {"appointment": str(appointment_id)}
    return await callee(session, crypto, patient_id, actor=actor, reason=reason, about=about)


async def _stop_visits(
    session: AsyncSession, schedule_id: UUID, now: datetime, *, unmarked: bool = False
) -> int:
    visits = await _disturb(session, schedule_id, now, unmarked=unmarked)
    for visit in visits:
        if visit.status is AppointmentStatus.HELD:
            await _let_go(session, visit, now)
        await _tell(session, EventKind.VISIT_STOPPED, visit)
    return len(visits)


async def _disturb(
    session: AsyncSession, schedule_id: UUID, now: datetime, *, unmarked: bool = False
) -> list[Appointment]:
    """The visits of the half day that are still to come, locked and marked; or only those not marked yet."""
    found = (
        select(Appointment)
        .join(Slot, Slot.id == Appointment.slot_id)
        .where(
            Appointment.schedule_id == schedule_id,
            Appointment.status.in_((AppointmentStatus.HELD, AppointmentStatus.BOOKED)),
            Slot.starts_at > now,
        )
    )
    if unmarked:
        found = found.where(Appointment.disturbed_at.is_(None))
    visits = list(
        await session.scalars(
            found.order_by(Appointment.id)
            .with_for_update(of=Appointment, key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    for visit in visits:
        visit.disturbed_at, visit.reached_at = now, None
    await session.flush()
    return visits


async def _let_go(session: AsyncSession, visit: Appointment, now: datetime) -> None:
    await end(session, visit, now, unasked=True)
    await free(session, visit.slot_id)
    await release(session, visit.id, now, RefundReason.STOPPED)


async def _tell(session: AsyncSession, kind: EventKind, visit: Appointment, **more: Any) -> None:
    await events.emit(
        session,
        kind,
        account_id=visit.account_id,
        contact_id=visit.contact_id,
        payload={"appointment_id": str(visit.id), **more},
    )


async def _record(
    session: AsyncSession, action: str, schedule: Schedule, actor: str, detail: dict[str, Any]
) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"schedule:{schedule.id}", detail=detail)


_MORE = text("""
    WITH places AS (
        SELECT number, date, time, starts_at, starts_at - lag(starts_at) OVER (ORDER BY number) AS apart
        FROM slots WHERE schedule_id = :schedule_id
    ), last AS (
        SELECT number, date, time, starts_at, coalesce(apart, interval '10 minutes') AS apart
        FROM places ORDER BY number DESC LIMIT 1
    ), made AS (
        INSERT INTO slots (schedule_id, number, date, time, starts_at)
        SELECT :schedule_id, number + place, date, time + apart * place, starts_at + apart * place
        FROM last, generate_series(1, CAST(:count AS integer)) AS place
        WHERE CAST(date + time + apart * place AS date) = date
        RETURNING id
    )
    SELECT id FROM made
""")
_FOR_THE_NEXT = text(f"UPDATE slots SET status = {LET_GO} WHERE id = ANY(:ids)")  # noqa: S608 - pieces of our own
# Booked in the moment in which the half day was stopped.
_UNTOLD = text("""
    SELECT DISTINCT s.id FROM schedules s
    JOIN slots sl ON sl.schedule_id = s.id
    JOIN appointments a ON a.slot_id = sl.id AND a.status IN ('held', 'booked') AND a.disturbed_at IS NULL
    WHERE s.status = 'stopped' AND s.date >= :today AND sl.starts_at > :now
""")
_UNANSWERED = text("""
    SELECT a.id FROM appointments a JOIN schedules s ON s.id = a.schedule_id
    WHERE a.disturbed_at <= :told_before AND a.status = 'booked' AND s.status = 'stopped' AND s.date <= :today
    ORDER BY a.id LIMIT :limit FOR NO KEY UPDATE OF a SKIP LOCKED
""")
_ORDER_NO = text("SELECT order_no FROM orders WHERE appointment_id = :id AND status <> 'closed'")
