"""Moving an appointment (改约): the new slot is taken and the old one let go in one transaction, so that a patient
never stands without a number because of a change."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.admission import Admission, admit
from integrations.hospital.appointments import appointment
from integrations.hospital.billing.orders import release
from integrations.hospital.ending import end, free, locked
from integrations.hospital.models import Appointment, AppointmentStatus, Order, OrderStatus
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.refusals import (
    AlreadyOver,
    CancelTooLate,
    FeeDiffers,
    NotYours,
    RescheduleLimit,
)
from integrations.hospital.rules import standing_rules
from integrations.hospital.taking import Taking, take
from integrations.hospital.views import AppointmentView


async def reschedule(
    session: AsyncSession,
    appointment_id: UUID,
    *,
    schedule_id: UUID,
    slot_id: UUID | None,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> AppointmentView:
    """Moves an appointment of the contact's account to a slot, or with None to the earliest free one of the half day,
    of whatever doctor. Patient and deadline of the hold stay. With the same fee the order moves along; an unpaid order
    of another fee is closed and a new one written; what is settled keeps its fee (FeeDiffers). What the hospital
    itself disturbed is moved without deadline and limit.

    Gives the new appointment, whose `rescheduled_from` is the old one. Raises what `admit_move` raises, SlotTaken,
    SessionFull, SlotPast; then the old appointment stands as before.
    """

    async def effect() -> Result:
        old = await locked(session, appointment_id, contact_id, now)
        admitted = await _admit(session, old, schedule_id, now, lock=True)
        until = old.hold_expires_at if admitted.fee_fen else None
        same_fee = admitted.fee_fen == old.fee_fen
        await end(session, old, now)
        wanted = Taking(
            schedule_id=schedule_id,
            slot_id=slot_id,
            patient_id=old.patient_id,
            account_id=old.account_id,
            contact_id=contact_id,
            fee_fen=admitted.fee_fen,
            status=AppointmentStatus.HELD if until else AppointmentStatus.BOOKED,
            hold_expires_at=until,
            new_order=not same_fee,
            rescheduled_from=old.id,
            reschedules=old.reschedules + (old.disturbed_at is None),
        )
        new = await take(session, wanted, now)
        await free(session, old.slot_id)
        if same_fee:
            await _move_order(session, old.id, new)
        else:
            await release(session, old.id, now, None)
        await events.emit(
            session,
            events.EventKind.APPOINTMENT_RESCHEDULED,
            account_id=old.account_id,
            contact_id=contact_id,
            payload={"appointment_id": str(new), "from": str(old.id)},
        )
        if not admitted.fee_fen:  # the code that was sent before is of the old number
            await events.tell_booked(session, new, old.account_id, contact_id)
        return {"appointment_id": str(new)}

    result = await once(session, key, effect)
    return await appointment(session, UUID(result["appointment_id"]))


async def may_move(
    session: AsyncSession, appointment_id: UUID, account_id: UUID, now: datetime
) -> AppointmentView:
    """The appointment, when it may be moved at all. Raises NotYours, AlreadyOver, CancelTooLate, RescheduleLimit."""
    old = await _own(session, appointment_id, account_id)
    await _check_movable(session, old, now)
    return await appointment(session, appointment_id)


async def admit_move(
    session: AsyncSession, appointment_id: UUID, account_id: UUID, schedule_id: UUID, now: datetime
) -> Admission:
    """Whether the appointment may be moved into a half day, nothing locked. Raises what `admit` and `may_move`
    raise, and FeeDiffers."""
    old = await _own(session, appointment_id, account_id)
    return await _admit(session, old, schedule_id, now, lock=False)


async def _own(session: AsyncSession, appointment_id: UUID, account_id: UUID) -> Appointment:
    found = await session.get(Appointment, appointment_id, populate_existing=True)
    if found is None or found.account_id != account_id:
        raise NotYours
    return found


async def _admit(
    session: AsyncSession, old: Appointment, schedule_id: UUID, now: datetime, *, lock: bool
) -> Admission:
    await _check_movable(session, old, now)
    admitted = await admit(
        session,
        schedule_id=schedule_id,
        patient_id=old.patient_id,
        account_id=old.account_id,
        now=now,
        lock=lock,
        instead_of=old.id,
    )
    if old.status is AppointmentStatus.BOOKED and admitted.fee_fen != old.fee_fen:
        raise FeeDiffers(old.fee_fen, admitted.fee_fen)
    return admitted


async def _check_movable(session: AsyncSession, old: Appointment, now: datetime) -> None:
    shown = await appointment(session, old.id)
    over = old.hold_expires_at is not None and old.hold_expires_at <= now
    if old.status not in (AppointmentStatus.HELD, AppointmentStatus.BOOKED) or shown.starts_at <= now or over:
        raise AlreadyOver
    if not shown.cancels_freely(now):
        raise CancelTooLate(shown.cancel_until)
    most = (await standing_rules(session, shown.department_id)).reschedules
    if most is not None and old.reschedules >= most and not shown.disturbed:
        raise RescheduleLimit(most)


async def _move_order(session: AsyncSession, old: UUID, new: UUID) -> None:
    await session.execute(
        update(Order)
        .where(Order.appointment_id == old, Order.status != OrderStatus.CLOSED)
        .values(appointment_id=new)
        .execution_options(synchronize_session=False)
    )
