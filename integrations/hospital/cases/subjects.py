"""What an account may complain about: its visits, bills and parcels of the last months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.cases.opening import About
from integrations.hospital.clock import hospital_zone, local_date
from integrations.hospital.models import OrderKind

_MONTHS = timedelta(days=90)
_MOST = 50  # visits and bills that are looked through
PARCELS = 5  # offered of them
# Only of patients for whom the account still acts.
_SUBJECTS = text("""
    (SELECT 'appointment' AS kind, a.id, s.date, p.name AS practitioner, p.id AS practitioner_id, a.patient_id,
            NULL AS order_kind, NULL AS prescription_id, NULL AS delivery_id, NULL AS tail, NULL AS amount_fen
     FROM appointments a JOIN schedules s ON s.id = a.schedule_id JOIN practitioners p ON p.id = s.practitioner_id
     JOIN account_patients ap ON ap.account_id = a.account_id AND ap.patient_id = a.patient_id
     WHERE a.account_id = :account AND a.status NOT IN ('cancelled', 'expired') AND s.date BETWEEN :first AND :today
     ORDER BY s.date DESC, a.id DESC LIMIT :visits)
    UNION ALL
    (SELECT 'order', o.id, CAST(o.created_at AT TIME ZONE :zone AS date), NULL, NULL, o.patient_id, o.kind,
            o.prescription_id, parcel.id, right(parcel.waybill, 4), o.amount_fen
     FROM orders o LEFT JOIN LATERAL (
         SELECT d.id, d.waybill FROM deliveries d
         WHERE d.prescription_id = o.prescription_id AND d.status <> 'cancelled' ORDER BY d.id DESC LIMIT 1
     ) AS parcel ON true
     JOIN account_patients ap ON ap.account_id = o.account_id AND ap.patient_id = o.patient_id
     WHERE o.account_id = :account AND o.kind <> 'registration' AND o.status <> 'closed' AND o.created_at > :since
     ORDER BY o.created_at DESC, o.id DESC LIMIT :orders)
""")


@dataclass(frozen=True, slots=True)
class Subject:
    """A visit (with its practitioner) or a bill that nobody closed (with its kind and amount; of medicine with the
    prescription and its parcel, and the last digits of that one's waybill)."""

    kind: str  # appointment | order
    id: UUID
    date: date
    practitioner: str | None
    practitioner_id: UUID | None
    patient_id: UUID
    order_kind: OrderKind | None
    prescription_id: UUID | None
    delivery_id: UUID | None
    tail: str | None = None
    amount_fen: int | None = None

    @property
    def name(self) -> str:
        """Tells it from the others."""
        return f"{self.kind}:{self.id}"

    @property
    def about(self) -> About:
        if self.kind == "order":
            return About(order_id=self.id, prescription_id=self.prescription_id, delivery_id=self.delivery_id)
        return About(appointment_id=self.id, practitioner_id=self.practitioner_id)


async def recent(
    session: AsyncSession, account_id: UUID, now: datetime, *, visits: int = 3, orders: int = 2
) -> list[Subject]:
    """The newest first, visits before bills. `visits`, `orders`: how many of them at most."""
    values = {
        "account": account_id,
        "today": local_date(now),
        "first": local_date(now) - _MONTHS,
        "since": now - _MONTHS,
        "zone": str(hospital_zone()),
        "visits": visits,
        "orders": orders,
    }
    return [
        Subject(**row._asdict() | {"order_kind": OrderKind(row.order_kind) if row.order_kind else None})
        for row in await session.execute(_SUBJECTS, values)
    ]


async def parcels(session: AsyncSession, account_id: UUID, now: datetime) -> list[Subject]:
    """What was sent, the newest first; where nothing was, the bills of medicine."""
    bills = await recent(session, account_id, now, visits=0, orders=_MOST)
    sent = [one for one in bills if one.delivery_id]
    return (sent or [one for one in bills if one.order_kind is OrderKind.MEDICINE])[:PARCELS]


async def named(session: AsyncSession, account_id: UUID, name: str, now: datetime) -> Subject | None:
    """The one of this name, as long as it may be complained about."""
    found = await recent(session, account_id, now, visits=_MOST, orders=_MOST)
    return next((one for one in found if one.name == name), None)
