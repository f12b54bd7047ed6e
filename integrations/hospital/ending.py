"""How an appointment ends before its time: its row locked first, then its slot and its order let go."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import reminders
from integrations.hospital.appointments import ACTIVE
from integrations.hospital.keeping import LET_GO
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Contact,
    Slot,
)
from integrations.hospital.refusals import AlreadyOver, NotYours

_FREE = text(f"UPDATE slots SET status = {LET_GO} WHERE id = :id")  # noqa: S608 - pieces of our own


async def locked(session: AsyncSession, appointment_id: UUID, contact_id: UUID, now: datetime) -> Appointment:
    """The appointment, still to come, of the contact's account and of a patient it acts for; its row is held until
    the transaction ends, and so stays with that account. Raises NotYours, AlreadyOver."""
    # Once more: accounts that merged while we waited for the row had moved it to where only a new look finds it.
    found = await _held(session, appointment_id, contact_id) or await _held(
        session, appointment_id, contact_id
    )
    if found is None:
        raise NotYours
    slot = await session.get_one(Slot, found.slot_id)
    if found.status not in ACTIVE or slot.starts_at <= now:
        raise AlreadyOver
    return found


async def _held(session: AsyncSession, appointment_id: UUID, contact_id: UUID) -> Appointment | None:
    return await session.scalar(
        select(Appointment)
        .join(Contact, Contact.account_id == Appointment.account_id)
        .join(
            AccountPatient,
            (AccountPatient.account_id == Appointment.account_id)
            & (AccountPatient.patient_id == Appointment.patient_id),
        )
        .where(Appointment.id == appointment_id, Contact.id == contact_id)
        .with_for_update(of=Appointment, key_share=True)
        .execution_options(populate_existing=True)
    )


async def end(session: AsyncSession, found: Appointment, now: datetime, *, unasked: bool = False) -> None:
    """Marks it cancelled, and nothing reminds of it; slot and order are the caller's. Unless it ends `unasked`, its
    patient knows what the hospital did to it, and need not be called."""
    if found.disturbed_at and not unasked:
        found.reached_at = found.reached_at or now
    found.status, found.hold_expires_at, found.ended_at = AppointmentStatus.CANCELLED, None, now
    await session.flush()
    await reminders.drop(session, found.id)


async def free(session: AsyncSession, slot_id: UUID) -> None:
    """For the next: somebody on the waitlist, or everybody."""
    await session.execute(_FREE, {"id": slot_id})
