"""Appointments as their owners see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import AppointmentStatus, Period, Relation, Sex
from integrations.hospital.refusals import NotYours
from integrations.hospital.rules import BookingRules, standing_rules
from integrations.hospital.views import AppointmentView

ACTIVE = (AppointmentStatus.HELD, AppointmentStatus.BOOKED)

_VIEWS = """
    SELECT a.id, a.status, a.schedule_id, a.slot_id, a.patient_id, pt.masked_name AS patient, pt.sex,
           ap.relation, a.account_id,
           a.contact_id, s.practitioner_id, p.name AS practitioner, p.title, s.department_id, d.name AS department,
           d.campus, s.location, sl.date, s.period, sl.time, sl.number, sl.starts_at, a.fee_fen, a.hold_expires_at,
           o.order_no, a.rescheduled_from, a.reschedules, s.status = 'stopped' AS stopped,
           a.disturbed_at IS NOT NULL AS disturbed
    FROM appointments a
    JOIN slots sl ON sl.id = a.slot_id
    JOIN schedules s ON s.id = a.schedule_id
    JOIN practitioners p ON p.id = s.practitioner_id
    JOIN departments d ON d.id = s.department_id
    JOIN patients pt ON pt.id = a.patient_id
    LEFT JOIN account_patients ap ON ap.account_id = a.account_id AND ap.patient_id = a.patient_id
    LEFT JOIN orders o ON o.appointment_id = a.id AND o.status <> 'closed'
"""
_ONE = text(_VIEWS + "WHERE a.id = :id")
_UPCOMING = text(
    _VIEWS
    + """
    WHERE a.account_id = :account_id AND a.status IN ('held', 'booked') AND sl.starts_at > :now
      AND EXISTS (SELECT FROM account_patients ap
                  WHERE ap.account_id = a.account_id AND ap.patient_id = a.patient_id)
    ORDER BY sl.starts_at, a.id
    """
)
_OF_PATIENT = text(
    _VIEWS
    + """
    WHERE a.patient_id = :patient_id AND a.status IN ('held', 'booked') AND sl.starts_at > :now
    ORDER BY sl.starts_at, a.id
    """
)


async def appointment(session: AsyncSession, appointment_id: UUID) -> AppointmentView:
    """Raises NotYours when there is none."""
    row = (await session.execute(_ONE, {"id": appointment_id})).one_or_none()
    if row is None:
        raise NotYours
    return _view(row, await standing_rules(session, row.department_id))


async def upcoming(session: AsyncSession, account_id: UUID, now: datetime) -> list[AppointmentView]:
    """Held and booked appointments of the account that are still to come, the next one first; without those of
    patients whom it let go of."""
    return await _all(session, _UPCOMING, {"account_id": account_id, "now": now})


async def of_patient(session: AsyncSession, patient_id: UUID, now: datetime) -> list[AppointmentView]:
    """For staff: held and booked appointments of a patient that are still to come, whichever account has them."""
    return await _all(session, _OF_PATIENT, {"patient_id": patient_id, "now": now})


async def _all(session: AsyncSession, which: TextClause, values: dict[str, Any]) -> list[AppointmentView]:
    rows = (await session.execute(which, values)).all()
    rules = {found: await standing_rules(session, found) for found in {row.department_id for row in rows}}
    return [_view(row, rules[row.department_id]) for row in rows]


def _view(row: Row[*tuple[Any, ...]], rules: BookingRules) -> AppointmentView:
    words = {
        "status": AppointmentStatus(row.status),
        "period": Period(row.period),
        "sex": Sex(row.sex),
        "relation": Relation(row.relation) if row.relation else None,
        "cancel_until": rules.cancel_until(row.date, row.starts_at),
        "late_cancel": rules.late_cancel,
    }
    return AppointmentView(**{**row._mapping, **words})  # noqa: SLF001 (documented in spite of its name)
