"""What happened at the hospital and must reach a patient: written here, turned into messages elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import HospitalEvent

MOST_TRIES = 13
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)  # between tries


class EventKind(StrEnum):
    HOLD_EXPIRED = "hold_expired"  # appointment_id, order_no
    APPOINTMENT_BOOKED = (
        "appointment_booked"  # paid, or free of charge: appointment_id, order_no (None without a fee)
    )
    APPOINTMENT_CANCELLED = "appointment_cancelled"  # appointment_id, by
    APPOINTMENT_HELD = (
        "appointment_held"  # appointment_id, order_no: staff booked it, and it waits for its payment
    )
    APPOINTMENT_RESCHEDULED = "appointment_rescheduled"  # appointment_id, from
    REFUND_DUE = (
        "refund_due"  # paid after what it was for had gone: order_no, for a number appointment_id too
    )
    IDENTITY_SETTLED = "identity_settled"  # patient_id, status
    LINK_ADDED = "link_added"  # link: somebody else came to a patient of this account
    LINK_CUT = "link_cut"  # link, patient_id: to the newcomer, whose link an earlier holder cut
    PHONE_CHANGED = "phone_changed"  # patient_id
    REQUEST_DECIDED = "request_decided"  # request, kind, approved: staff have looked
    IDENTITY_REJECTED = "identity_rejected"  # patient_id, reason: staff looked at the document
    GUARDIAN_ENDED = "guardian_ended"  # patient_id: of age now
    AGREEMENT_ENDED = "agreement_ended"  # patient_id: an adult no longer wants this account to act for them
    ORDER_PAID = "order_paid"  # order_no: of anything but an appointment
    ORDER_EXPIRED = "order_expired"  # order_no: it was not paid in time
    REFUNDED = "refunded"  # order_no, amount_fen, reason: the platform has paid it back
    FOLLOW_UP_DUE = "follow_up_due"  # task_id: its questions are to be asked
    FOLLOW_UP_UNANSWERED = "follow_up_unanswered"  # task_id: to be asked once more, or to be called
    TREND_ASKED = "trend_asked"  # patient_id, kind: the picture of what was measured, to this contact
    PRESCRIPTION_APPROVED = "prescription_approved"  # prescription_id: it can be paid now
    PRESCRIPTION_REJECTED = "prescription_rejected"  # prescription_id: the pharmacist did not let it pass
    PRESCRIPTION_AMENDED = "prescription_amended"  # prescription_id: the new one, which is checked again
    PRESCRIPTION_NOT_AMENDED = (
        "prescription_not_amended"  # prescription_id: its doctor leaves it, staff are told
    )
    PRESCRIPTION_EXPIRED = (
        "prescription_expired"  # prescription_id: not paid, or not amended, while it was valid
    )
    SUBSTITUTION_ASKED = "substitution_asked"  # prescription_id, substitution_id
    PICKUP_READY = "pickup_ready"  # prescription_id: paid, with a code to pick it up
    PARCEL_PLANNED = "parcel_planned"  # prescription_id: paid, to be sent
    PARCEL_MOVED = "parcel_moved"  # delivery_id, prescription_id, state
    PAGE_COMPLETED = "page_completed"  # purpose: what a page behind a one-time link was for is done; task_id
    CASE_ANSWERED = "case_answered"  # case_id: staff said something about it
    CASE_CLOSED = "case_closed"  # case_id; after_days of silence, where nobody closed it
    CASE_EXTENDED = "case_extended"  # case_id: it takes longer than was said
    CASE_OVERDUE = "case_overdue"  # case_id: the day has passed without an answer
    RATING_ASKED = "rating_asked"  # rating_id
    BILL_OPENED = "bill_opened"  # order_no, amount_fen: staff have made a bill
    INVOICE_ISSUED = "invoice_issued"  # order_no: staff have issued the electronic invoice
    VISIT_TOMORROW = "visit_tomorrow"  # appointment_id: the evening before
    VISIT_SOON = "visit_soon"  # appointment_id: two hours before
    VISIT_STOPPED = "visit_stopped"  # appointment_id: the hospital stopped its half day
    VISIT_CHANGED = "visit_changed"  # appointment_id: another doctor takes its half day
    VISIT_GIVEN_BACK = "visit_given_back"  # appointment_id, order_no (None without a fee): stopped, no answer
    VISIT_MISSED = "visit_missed"  # appointment_id
    WAITLIST_OFFERED = "waitlist_offered"  # waitlist_entry
    WAITLIST_LAPSED = "waitlist_lapsed"  # waitlist_entry
    WAITLIST_EXPIRED = "waitlist_expired"  # waitlist_entry
    WAITLIST_WITHDRAWN = "waitlist_withdrawn"  # waitlist_entry: what was offered was stopped
    CONSULTATION_PAID = "consultation_paid"  # consultation_id: its doctor is to accept it
    CONSULTATION_ACCEPTED = "consultation_accepted"  # consultation_id
    CONSULTATION_CANCELLED = "consultation_cancelled"  # consultation_id: by the patient, who knows
    CONSULTATION_RETURNED = (
        "consultation_returned"  # consultation_id: by its doctor, or nobody answered in it
    )
    CONSULTATION_EXPIRED = "consultation_expired"  # consultation_id: not accepted in time
    CONSULTATION_FEW_LEFT = "consultation_few_left"  # consultation_id: few messages are left
    CONSULTATION_ENDS_SOON = "consultation_ends_soon"  # consultation_id: little time is left
    CONSULTATION_EXTENDED = "consultation_extended"  # consultation_id
    CONSULTATION_FINISHED = "consultation_finished"  # consultation_id
    CONSULTATION_SUMMED_UP = "consultation_summed_up"  # consultation_id: the summary came after its end
    REFUND_STUCK = "refund_stuck"  # order_no, amount_fen, reason: the platform cannot pay it back, staff will


async def emit(
    session: AsyncSession, kind: EventKind, *, account_id: UUID, contact_id: UUID, payload: Mapping[str, Any]
) -> None:
    """Writes the event in the caller's transaction. The payload is JSON with ids, without personal values."""
    await session.execute(
        insert(HospitalEvent)
        .values(kind=kind, account_id=account_id, contact_id=contact_id, payload=dict(payload))
        .inline()
    )


async def tell_booked(
    session: AsyncSession, appointment_id: UUID, account_id: UUID, contact_id: UUID
) -> None:
    """The event of an appointment that stands without a payment."""
    payload = {"appointment_id": str(appointment_id), "order_no": None}
    await emit(
        session, EventKind.APPOINTMENT_BOOKED, account_id=account_id, contact_id=contact_id, payload=payload
    )


async def claim(session: AsyncSession, limit: int, now: datetime) -> list[HospitalEvent]:
    """The oldest open events that are due, now marked handled: whoever commits has them, after a
    rollback they are open again. Several callers at once get different events."""
    due = or_(HospitalEvent.not_before.is_(None), HospitalEvent.not_before <= now)
    still_open = select(HospitalEvent.id).where(
        HospitalEvent.handled_at.is_(None), HospitalEvent.given_up_at.is_(None), due
    )
    mine = still_open.order_by(HospitalEvent.id).limit(limit).with_for_update(skip_locked=True).cte("mine")
    taken = (
        update(HospitalEvent)
        .where(HospitalEvent.id.in_(select(mine.c.id)))
        .values(handled_at=now)
        .returning(HospitalEvent)
        .execution_options(synchronize_session=False)
    )
    return sorted(await session.scalars(taken), key=lambda found: found.id)


async def put_off(session: AsyncSession, event_id: UUID, *, tries: int, error: str, now: datetime) -> bool:
    """A claimed event that could not be turned into a message, for the so-manieth time: it is open again and claimed
    later, ever more rarely. Gives whether it is not: after MOST_TRIES, in about an hour, staff see to it."""
    given_up = tries >= MOST_TRIES
    values = {
        "handled_at": None,
        "tries": tries,
        "error": error,
        "not_before": now + min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE),
        "given_up_at": now if given_up else None,
    }
    statement = update(HospitalEvent).where(HospitalEvent.id == event_id).values(values)
    await session.execute(statement.execution_options(synchronize_session=False))
    return given_up
