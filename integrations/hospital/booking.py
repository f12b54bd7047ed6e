"""Booking an appointment, seeing one's own, cancelling. Moving one to another time stands in reschedule.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.admission import Admission, admit
from integrations.hospital.appointments import appointment, upcoming
from integrations.hospital.availability import free_slots, sessions
from integrations.hospital.billing.orders import UnknownOrder, release
from integrations.hospital.ending import end, free, locked
from integrations.hospital.holds import Fulfilment, confirm_paid, expire_holds
from integrations.hospital.merging import hold_account
from integrations.hospital.models import AppointmentStatus, LateCancel, RefundReason
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.refusals import (
    AgeOutside,
    AlreadyBooked,
    AlreadyOver,
    Blocked,
    BookingError,
    CancelTooLate,
    DayLimit,
    DepartmentDayLimit,
    FeeDiffers,
    HoldDayLimit,
    HoldLimit,
    LimitReached,
    NotBookable,
    NotYours,
    OpenLimit,
    OtherSex,
    OutsideHorizon,
    RescheduleLimit,
    RuleRefusal,
    RulesUnclear,
    SessionFull,
    SlotPast,
    SlotTaken,
)
from integrations.hospital.reschedule import admit_move, may_move, reschedule
from integrations.hospital.taking import Taking, check_hope, take
from integrations.hospital.views import AppointmentView, SessionView, SlotView

__all__ = [
    "Admission",
    "AgeOutside",
    "AlreadyBooked",
    "AlreadyOver",
    "AppointmentView",
    "Blocked",
    "BookingError",
    "CancelTooLate",
    "DayLimit",
    "DepartmentDayLimit",
    "FeeDiffers",
    "Fulfilment",
    "HoldDayLimit",
    "HoldLimit",
    "LimitReached",
    "NotBookable",
    "NotYours",
    "OpenLimit",
    "OtherSex",
    "OutsideHorizon",
    "RescheduleLimit",
    "RuleRefusal",
    "RulesUnclear",
    "SessionFull",
    "SessionView",
    "SlotPast",
    "SlotTaken",
    "SlotView",
    "UnknownOrder",
    "admit",
    "admit_move",
    "appointment",
    "book",
    "cancel",
    "confirm_paid",
    "expire_holds",
    "free_slots",
    "may_move",
    "reschedule",
    "sessions",
    "upcoming",
]


async def book(
    session: AsyncSession,
    *,
    schedule_id: UUID,
    slot_id: UUID | None,
    patient_id: UUID,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
    hold: timedelta,
) -> AppointmentView:
    """Books a slot, or with None the earliest free one of the half day that starts in LEAD or later, for the account
    that the contact belongs to when it is written.

    A fee of 0 is booked at once, with the event appointment_booked; otherwise the appointment is held until
    now + `hold` with an unpaid order.
    Raises what `admit` raises, SlotTaken, SessionFull, SlotPast; then nothing is written, whether or not the caller
    commits.
    """

    async def effect() -> Result:
        if slot_id is None:
            await check_hope(session, schedule_id, patient_id, now)
        account_id = await hold_account(session, contact_id)
        admitted = await admit(
            session,
            schedule_id=schedule_id,
            patient_id=patient_id,
            account_id=account_id,
            now=now,
            lock=True,
        )
        fee_fen = admitted.fee_fen
        wanted = Taking(
            schedule_id=schedule_id,
            slot_id=slot_id,
            patient_id=patient_id,
            account_id=account_id,
            contact_id=contact_id,
            fee_fen=fee_fen,
            status=AppointmentStatus.HELD if fee_fen else AppointmentStatus.BOOKED,
            hold_expires_at=now + hold if fee_fen else None,
        )
        made = await take(session, wanted, now)
        if not fee_fen:
            await events.tell_booked(session, made, account_id, contact_id)
        return {"appointment_id": str(made)}

    result = await once(session, key, effect)
    return await appointment(session, UUID(result["appointment_id"]))


async def cancel(
    session: AsyncSession,
    appointment_id: UUID,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
    *,
    by: str = "patient",
    free_of_charge: bool = False,
) -> AppointmentView:
    """Cancels an appointment of the contact's account before the visit's time and frees the slot; an unpaid order is
    closed, a paid one marked for its refund when it is in time, or whenever staff say so (`free_of_charge`). Writes an
    event, which says `by` whom: "patient" or "staff".

    Raises NotYours, AlreadyOver, CancelTooLate."""

    async def effect() -> Result:
        found = await locked(session, appointment_id, contact_id, now)
        shown = await appointment(session, appointment_id)
        in_time = free_of_charge or shown.cancels_freely(now)
        if not in_time and shown.late_cancel is LateCancel.REFUSED:
            raise CancelTooLate(shown.cancel_until)
        await end(session, found, now)
        await free(session, found.slot_id)
        reason = RefundReason.STOPPED if shown.stopped else RefundReason.CANCELLED
        await release(session, appointment_id, now, reason if in_time else None)
        await events.emit(
            session,
            events.EventKind.APPOINTMENT_CANCELLED,
            account_id=found.account_id,
            contact_id=found.contact_id,
            payload={"appointment_id": str(appointment_id), "by": by, "refunded": in_time},
        )
        return {}

    await once(session, key, effect)
    return await appointment(session, appointment_id)
