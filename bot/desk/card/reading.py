"""What a patient card shows, read-only. Names, numbers and phones leave here masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import profiles
from integrations.hospital.follow_up import measuring
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.models import Patient
from integrations.hospital.profiles import PatientView
from integrations.hospital.reading import mask_id_number, mask_phone
from integrations.language.measurements import MeasurementKind

_MEASURED = timedelta(days=90)
_MOST = 8

_APPOINTMENTS = text("""
    SELECT a.id, a.status, sl.date, sl.time, s.period, d.name AS department, p.name AS practitioner, a.fee_fen,
           s.status = 'stopped' AS stopped
    FROM appointments a JOIN slots sl ON sl.id = a.slot_id JOIN schedules s ON s.id = a.schedule_id
    JOIN practitioners p ON p.id = s.practitioner_id JOIN departments d ON d.id = s.department_id
    WHERE a.patient_id = :patient AND a.account_id = :account ORDER BY sl.starts_at DESC LIMIT :most
""")
_ORDERS = text("""
    SELECT order_no, kind, status, amount_fen, created_at FROM orders
    WHERE patient_id = :patient AND account_id = :account ORDER BY id DESC LIMIT :most
""")
_PRESCRIPTIONS = text("""
    SELECT p.id, p.status, p.issued_at, d.name AS practitioner, p.online,
           (SELECT array_agg(ARRAY[m.name, m.name_en, m.strength] ORDER BY l.id) FROM prescription_lines l
            JOIN medicines m ON m.id = l.medicine_id WHERE l.prescription_id = p.id) AS medicines
    FROM prescriptions p JOIN practitioners d ON d.id = p.practitioner_id
    WHERE p.patient_id = :patient ORDER BY p.id DESC LIMIT :most
""")
_INTAKES = text("""
    SELECT i.id, i.confirmed_at, d.name AS department FROM intakes i
    LEFT JOIN appointments a ON a.id = i.appointment_id LEFT JOIN schedules s ON s.id = a.schedule_id
    LEFT JOIN departments d ON d.id = s.department_id
    WHERE i.patient_id = :patient ORDER BY i.id DESC LIMIT 3
""")
_CASES = text("""
    SELECT number, kind, category, status, deadline FROM cases
    WHERE account_id = :account ORDER BY id DESC LIMIT :most
""")
_ALARMS = text("""
    SELECT number, outcome, raised_at, acknowledged_at, acknowledged_by FROM alarms
    WHERE conversation_id IN (SELECT id FROM contacts WHERE account_id = :account)
    ORDER BY raised_at DESC LIMIT :most
""")
_TALKS = text("""
    SELECT talks.id, talks.skill, talks.reason, talks.status, talks.requested_at, talks.ended_at, staff.name AS agent,
           (SELECT count(*) FROM talk_notes WHERE talk_notes.talk_id = talks.id) AS notes
    FROM talks LEFT JOIN staff ON staff.id = talks.staff_id
    WHERE talks.conversation_id IN (SELECT id FROM contacts WHERE account_id = :account) AND talks.ended_at IS NOT NULL
    ORDER BY talks.requested_at DESC LIMIT :most
""")
_ACCOUNT = text("SELECT account_id FROM contacts WHERE id = :id")
_ASKED_ABOUT = text("SELECT patient_id FROM consultations WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Trend:
    kind: MeasurementKind
    taken: Sequence[Taken] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Card:
    """`rows` by section, as they stand in the database; `trends` and what belongs to them only for those who treat
    patients. `patient` is None before the contact registered."""

    people: Sequence[PatientView]
    patient: PatientView | None
    phone: str = ""
    id_number: str = ""
    rows: dict[str, Sequence[Any]] = field(default_factory=dict)
    trends: Sequence[Trend] = ()

    def age(self, today: date) -> int | None:
        return self.patient.age(today) if self.patient else None


async def account_of(session: AsyncSession, conversation_id: UUID) -> UUID:
    found: UUID = (await session.execute(_ACCOUNT, {"id": conversation_id})).scalar_one()
    return found


async def patient_asked_about(session: AsyncSession, consultation_id: UUID | None) -> UUID | None:
    """Whom a consultation is about, for they need not be the one who writes."""
    if consultation_id is None:
        return None
    found: UUID | None = await session.scalar(_ASKED_ABOUT, {"id": consultation_id})
    return found


async def card(
    session: AsyncSession,
    crypto: Crypto,
    account_id: UUID,
    *,
    patient_id: UUID | None,
    treats: bool,
    now: datetime,
) -> Card:
    """The card of one of those whom the account acts for: its owner, unless another is asked for."""
    people = await profiles.acting_for(session, account_id)
    shown = next((one for one in people if one.id == patient_id), people[0] if people else None)
    about = {"account": account_id, "patient": shown.id if shown else None, "most": _MOST}
    sections = {"alarms": _ALARMS, "talks": _TALKS, "cases": _CASES}
    if shown:
        sections |= {"appointments": _APPOINTMENTS, "orders": _ORDERS, "prescriptions": _PRESCRIPTIONS}
        if treats:
            sections |= {"intakes": _INTAKES}
    rows = {name: (await session.execute(statement, about)).all() for name, statement in sections.items()}
    if shown is None:
        return Card(people, None, rows=rows)
    sealed = (
        await session.execute(select(Patient.phone, Patient.id_number).where(Patient.id == shown.id))
    ).one()
    return Card(
        people,
        shown,
        mask_phone(crypto.decrypt(sealed.phone, "patients.phone")),
        mask_id_number(crypto.decrypt(sealed.id_number, "patients.id_number")),
        rows,
        await _trends(session, crypto, shown.id, now) if treats else (),
    )


async def _trends(session: AsyncSession, crypto: Crypto, patient_id: UUID, now: datetime) -> list[Trend]:
    found = []
    for kind in await measuring.kinds_of(session, patient_id):
        taken = await measuring.series(session, crypto, patient_id, kind, now - _MEASURED)
        if taken:
            found.append(Trend(kind, taken))
    return found
