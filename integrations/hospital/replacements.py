"""What a stopped visit can be moved to in one tap, and what it was moved to."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.appointments import ACTIVE, appointment
from integrations.hospital.availability import sessions
from integrations.hospital.models import Appointment
from integrations.hospital.views import AppointmentView, SessionView

_LOOKED_AT = timedelta(days=14)


async def replacements(session: AsyncSession, one: AppointmentView, now: datetime) -> list[SessionView]:
    """The same doctor's next half day, and the same department's on the same day, for the same fee."""
    own = await sessions(
        session, practitioner_id=one.practitioner_id, first=one.date, last=one.date + _LOOKED_AT, now=now
    )
    same_day = await sessions(
        session, department_id=one.department_id, first=one.date, last=one.date, now=now
    )
    found = [[other for other in half_days if other.fee_fen == one.fee_fen] for half_days in (own, same_day)]
    first = {other.schedule_id: other for half_days in found for other in half_days[:1]}
    return list(first.values())


async def replacement_of(
    session: AsyncSession, appointment_id: UUID, account_id: UUID
) -> AppointmentView | None:
    """What the account has instead of an appointment that was moved. None: it was not, or that is over as well."""
    found = await session.scalar(
        select(Appointment.id).where(
            Appointment.rescheduled_from == appointment_id,
            Appointment.account_id == account_id,
            Appointment.status.in_(ACTIVE),
        )
    )
    return await appointment(session, found) if found else None
