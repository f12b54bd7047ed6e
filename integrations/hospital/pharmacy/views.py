"""Prescriptions as patients and staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    DeliveryStatus,
    Handing,
    MedicineClass,
    MedicineForm,
    OrderStatus,
    PrescriptionStatus,
)
from integrations.hospital.pharmacy.medicines import may_be_sent
from integrations.hospital.pharmacy.terms import UnknownPrescription
from integrations.part import Part


@dataclass(frozen=True, slots=True)
class LineView:
    id: UUID
    medicine_id: UUID
    code: str
    name: str
    name_en: str
    form: MedicineForm
    kind: MedicineClass
    strength: str
    unit: str
    cold_chain: bool
    stock: int
    dose: str
    frequency: str
    days: int
    quantity: int
    price_fen: int

    @property
    def amount_fen(self) -> int:
        return self.price_fen * self.quantity

    @property
    def may_be_sent(self) -> bool:
        return may_be_sent(self.kind, self.form)


@dataclass(frozen=True, slots=True)
class PrescriptionView:
    """`patient` is masked. `pharmacist` is as the audit log names them, `pharmacist_name` what a member of staff is
    called. `order_no` is there while there is a bill that is not closed. `asked`: a substitution waits for the
    patient. `rejection`: why the pharmacist did not let it pass. `amend_by`: its doctor should have amended it by
    then; `overdue_at`: they had not; `amended_by`: the new one. `amends_because`: why the one that it amends was
    sent back."""

    id: UUID
    status: PrescriptionStatus
    patient_id: UUID
    patient: str
    account_id: UUID
    contact_id: UUID
    practitioner: str
    staff_no: str
    title: str
    department: str
    online: bool
    issued_at: datetime
    valid_until: datetime
    due_at: datetime
    started_at: datetime | None
    decided_at: datetime | None
    pharmacist: str | None
    pharmacist_name: str | None
    rejection: str | None
    handing: Handing | None
    pickup_code: str | None
    order_no: str | None
    order_status: OrderStatus | None
    amount_fen: int | None
    pay_until: datetime | None
    delivery_id: UUID | None
    delivery_status: DeliveryStatus | None
    delivery_fen: int | None
    asked: UUID | None
    amend_by: datetime | None
    overdue_at: datetime | None
    amended_by: UUID | None
    amends_because: str | None
    lines: tuple[LineView, ...]

    @property
    def number(self) -> str:
        """For people who read it out: its day, and the end of its id, by which staff find it in their list."""
        return f"CF{local_date(self.issued_at):%Y%m%d}{self.id.hex[-8:].upper()}"

    @property
    def medicine_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def may_be_sent(self) -> bool:
        return all(line.may_be_sent for line in self.lines)

    @property
    def cold_chain(self) -> bool:
        return any(line.cold_chain for line in self.lines)

    def payable(self, now: datetime) -> bool:
        return self.status is PrescriptionStatus.APPROVED and now < self.valid_until

    def awaits_doctor(self, now: datetime) -> bool:
        """Whether it was sent back, and its doctor can still amend it."""
        rejected = self.status is PrescriptionStatus.REJECTED and self.amended_by is None
        return rejected and self.amend_by is not None and now < self.valid_until


_VIEWS = """
    SELECT p.id, p.status, p.patient_id, pt.masked_name AS patient, p.account_id, p.contact_id,
           d.name AS practitioner, d.staff_no, d.title, w.name AS department, p.online, p.issued_at, p.valid_until,
           r.due_at, r.started_at, r.decided_at, r.pharmacist,
           (SELECT staff.name FROM staff WHERE staff.login = substr(r.pharmacist, 7)) AS pharmacist_name,
           CASE WHEN r.approved IS FALSE THEN r.reason END AS rejection,
           p.handing, p.pickup_code, o.order_no, o.status AS order_status, o.amount_fen, o.expires_at AS pay_until,
           dl.id AS delivery_id, dl.status AS delivery_status, dl.fee_fen AS delivery_fen,
           (SELECT s.id FROM substitutions s WHERE s.prescription_id = p.id AND s.status = 'asked'
            ORDER BY s.id LIMIT 1) AS asked,
           CASE WHEN c.status IN ('active', 'finished') THEN r.amend_by END AS amend_by, r.overdue_at,
           later.id AS amended_by,
           (SELECT before.reason FROM prescription_reviews before WHERE before.prescription_id = p.amends_id)
           AS amends_because
    FROM prescriptions p
    JOIN patients pt ON pt.id = p.patient_id
    JOIN practitioners d ON d.id = p.practitioner_id
    JOIN departments w ON w.id = p.department_id
    JOIN prescription_reviews r ON r.prescription_id = p.id
    LEFT JOIN LATERAL (SELECT * FROM orders WHERE prescription_id = p.id AND status <> 'closed'
                       ORDER BY (status IN ('unpaid', 'paid')) DESC, id DESC LIMIT 1) o ON true
    LEFT JOIN deliveries dl ON dl.prescription_id = p.id AND dl.status <> 'cancelled'
    LEFT JOIN consultations c ON c.id = p.consultation_id
    LEFT JOIN prescriptions later ON later.amends_id = p.id
"""
_LINES = text("""
    SELECT l.prescription_id, l.id, l.medicine_id, m.code, m.name, m.name_en, m.form, m.kind, m.strength, m.unit,
           m.cold_chain, m.stock, l.dose, l.frequency, l.days, l.quantity, l.price_fen
    FROM prescription_lines l JOIN medicines m ON m.id = l.medicine_id
    WHERE l.prescription_id = ANY(:ids) ORDER BY l.position
""")
_COUNTED = _VIEWS.replace("SELECT ", "SELECT count(*) OVER () AS total, ", 1)
_ONE = text(_VIEWS + "WHERE p.id = :id")
# Whom the account acts for no longer is nobody of theirs.
_THEIRS = """
    WHERE p.account_id = :account_id
      AND EXISTS (SELECT FROM account_patients ap
                  WHERE ap.account_id = p.account_id AND ap.patient_id = p.patient_id)
"""
_OWN = text(_VIEWS + _THEIRS + "AND p.id = :id")
# What was approved long ago is on the health record; here is what is going on. Of what was amended, the new one.
_CURRENT = text(
    _VIEWS
    + _THEIRS
    + """
      AND later.id IS NULL
      AND (p.status IN ('issued', 'in_review', 'approved', 'paid', 'dispensing', 'shipped') OR p.issued_at > :since)
    ORDER BY (p.status IN ('approved', 'paid', 'dispensing', 'shipped')) DESC, p.id DESC LIMIT :limit
    """
)
_OF_STAFF = text(
    _VIEWS
    + """
    WHERE (CAST(:staff_no AS text) IS NULL OR d.staff_no = :staff_no)
      AND (CAST(:status AS text) IS NULL OR p.status = :status)
    ORDER BY p.id DESC LIMIT :limit
    """
)
_COUNT = text("""
    SELECT count(*) FROM prescriptions p JOIN practitioners d ON d.id = p.practitioner_id
    WHERE (CAST(:staff_no AS text) IS NULL OR d.staff_no = :staff_no)
      AND (CAST(:status AS text) IS NULL OR p.status = :status)
""")
# The longest overdue first.
_QUEUE = text(
    _COUNTED + "WHERE p.status IN ('issued', 'in_review') ORDER BY r.due_at, p.id LIMIT CAST(:limit AS int)"
)
_TO_HAND_OUT = text(
    _COUNTED + "WHERE p.status IN ('paid', 'dispensing') ORDER BY p.id LIMIT CAST(:limit AS int)"
)


# Sent back, and left by its doctor: those that wait the longest first.
_LEFT = text(
    _COUNTED
    + """
    WHERE r.overdue_at IS NOT NULL AND r.settled_at IS NULL AND p.status IN ('rejected', 'expired')
      AND c.status IN ('active', 'finished') AND later.id IS NULL
    ORDER BY r.amend_by LIMIT CAST(:limit AS int)
    """
)


async def prescription(session: AsyncSession, prescription_id: UUID) -> PrescriptionView:
    """Raises UnknownPrescription."""
    return await _one(session, _ONE, {"id": prescription_id})


async def prescription_of(session: AsyncSession, prescription_id: UUID, account_id: UUID) -> PrescriptionView:
    """As this account may see it. Raises UnknownPrescription, also where it acts for the patient no longer."""
    return await _one(session, _OWN, {"id": prescription_id, "account_id": account_id})


async def current(
    session: AsyncSession, account_id: UUID, since: datetime, limit: int = 10
) -> list[PrescriptionView]:
    """What is going on, and what was issued after `since`; what the patient can do something about first."""
    values = {"account_id": account_id, "since": since, "limit": limit}
    return await _views(session, _CURRENT, values)


async def for_staff(
    session: AsyncSession,
    *,
    staff_no: str | None = None,
    status: PrescriptionStatus | None = None,
    limit: int = 50,
) -> Part[PrescriptionView]:
    """The newest first; of one doctor, or in one status, where that is given."""
    wanted = {"staff_no": staff_no, "status": status}
    found = await _views(session, _OF_STAFF, {**wanted, "limit": limit})
    return Part(found, await session.scalar(_COUNT, wanted))


async def review_queue(session: AsyncSession, limit: int | None = None) -> Part[PrescriptionView]:
    """What pharmacists have to look at; what is over time stands first."""
    return await _part(session, _QUEUE, limit)


async def to_hand_out(session: AsyncSession, limit: int | None = None) -> Part[PrescriptionView]:
    """What is paid and still in the house, the oldest first."""
    return await _part(session, _TO_HAND_OUT, limit)


async def left_by_doctors(session: AsyncSession, limit: int | None = None) -> Part[PrescriptionView]:
    """What no doctor amended in time and no supervisor has seen to; the longest overdue first."""
    return await _part(session, _LEFT, limit)


async def _part(session: AsyncSession, statement: TextClause, limit: int | None) -> Part[PrescriptionView]:
    rows = (await session.execute(statement, {"limit": limit})).all()
    return Part(await _with_lines(session, rows), rows[0].total if rows else 0)


async def _one(session: AsyncSession, statement: TextClause, values: dict[str, Any]) -> PrescriptionView:
    found = await _views(session, statement, values)
    if not found:
        raise UnknownPrescription
    return found[0]


async def _views(
    session: AsyncSession, statement: TextClause, values: dict[str, Any]
) -> list[PrescriptionView]:
    return await _with_lines(session, (await session.execute(statement, values)).all())


async def _with_lines(session: AsyncSession, rows: Sequence[Any]) -> list[PrescriptionView]:
    lines: dict[UUID, list[LineView]] = {}
    for row in await session.execute(_LINES, {"ids": [row.id for row in rows]}):
        lines.setdefault(row.prescription_id, []).append(_line(row))
    return [_view(row, lines.get(row.id, ())) for row in rows]


def _line(row: Row[*tuple[Any, ...]]) -> LineView:
    found = {**row._mapping}  # noqa: SLF001 (documented in spite of its name)
    del found["prescription_id"]
    return LineView(**{**found, "form": MedicineForm(row.form), "kind": MedicineClass(row.kind)})


def _view(row: Row[*tuple[Any, ...]], lines: Sequence[LineView]) -> PrescriptionView:
    words = {
        "status": PrescriptionStatus(row.status),
        "handing": row.handing and Handing(row.handing),
        "order_status": row.order_status and OrderStatus(row.order_status),
        "delivery_status": row.delivery_status and DeliveryStatus(row.delivery_status),
        "lines": tuple(lines),
    }
    found = {**row._mapping}  # noqa: SLF001
    found.pop("total", None)
    return PrescriptionView(**found | words)
