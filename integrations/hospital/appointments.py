"""Appointments as their owners see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Department,
    Order,
    OrderStatus,
    Patient,
    Practitioner,
    Schedule,
    Slot,
)
from integrations.hospital.refusals import NotYours
from integrations.hospital.views import AppointmentView

ACTIVE = (AppointmentStatus.HELD, AppointmentStatus.BOOKED)


async def appointment(session: AsyncSession, appointment_id: UUID) -> AppointmentView:
    """Raises NotYours when there is none."""
    row = (await session.execute(_views().where(Appointment.id == appointment_id))).one_or_none()
    if row is None:
        raise NotYours
    return AppointmentView(*row)


async def upcoming(session: AsyncSession, account_id: UUID, now: datetime) -> list[AppointmentView]:
    """Held and booked appointments of the account that are still to come, the next one first."""
    rows = await session.execute(
        _views()
        .where(Appointment.account_id == account_id, Appointment.status.in_(ACTIVE), Slot.starts_at > now)
        .order_by(Slot.starts_at, Appointment.id)
    )
    return [AppointmentView(*row) for row in rows]


def _views() -> Select[*tuple[Any, ...]]:
    """Rows in the order of AppointmentView's fields."""
    return (
        select(
            Appointment.id,
            Appointment.status,
            Appointment.schedule_id,
            Appointment.patient_id,
            Patient.masked_name,
            Appointment.account_id,
            Appointment.contact_id,
            Practitioner.name,
            Practitioner.title,
            Department.name,
            Department.campus,
            Schedule.location,
            Slot.date,
            Schedule.period,
            Slot.time,
            Slot.number,
            Slot.starts_at,
            Appointment.fee_fen,
            Appointment.hold_expires_at,
            Order.order_no,
        )
        .join(Slot, Slot.id == Appointment.slot_id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .join(Department, Department.id == Schedule.department_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(Order, and_(Order.appointment_id == Appointment.id, Order.status != OrderStatus.CLOSED))
    )
