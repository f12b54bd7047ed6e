"""What staff see and do about money: bills, orders with all that belongs to them, refunds that
need somebody. All that they do is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events
from integrations.hospital.billing import differences, orders, refunds, undoing
from integrations.hospital.billing.orders import Item, OrderView
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import fulfilment as consulting
from integrations.hospital.models import (
    STANDING_CONSULTATIONS,
    Appointment,
    AppointmentStatus,
    OrderKind,
    OrderStatus,
    Patient,
    RefundReason,
    RefundStatus,
)
from integrations.hospital.reading import read_phone
from integrations.money import Platform
from integrations.part import Part, counted

SLOW_REFUND = timedelta(days=1)  # a platform pays back within minutes, a bank card within a day


class NobodyToTell(LookupError):
    """No account acts for this patient."""


class NotToGiveBack(Exception):
    """Not this way, or not any more; the message says to staff why."""


class ForPrescription(NotToGiveBack):
    """The bill is a prescription's, which has refunds of its own."""


class VisitStands(NotToGiveBack):
    """The bill's appointment is not cancelled."""


class ConsultationStands(NotToGiveBack):
    """The bill's consultation goes on."""


class NothingPaid(NotToGiveBack):
    """The bill is closed, or its money is back or on its way."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an order, its payments or its refunds: which, and from what to what."""

    at: datetime
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Payable:
    """A payment or a refund of an order, as a line of its story."""

    number: str
    what: str  # the platform and way of a payment; the reason of a refund
    status: str
    amount_fen: int
    theirs: str | None  # the platform's number of it
    error: str | None


@dataclass(frozen=True, slots=True)
class RefundCase:
    """A refund that is not done. `error` is the platform's last word; `stuck`: it goes no further by itself, or has
    been on its way for longer than it should."""

    out_refund_no: str
    order_no: str
    platform: Platform
    status: RefundStatus
    amount_fen: int
    reason: str
    error: str | None
    attempts: int
    created_at: datetime
    stuck: bool
    case_number: str | None  # once it does not go by itself
    owner: str | None  # of the case
    deadline: date | None


async def patients_by_phone(session: AsyncSession, crypto: Crypto, phone: str) -> list[tuple[UUID, str]]:
    """Id and masked name of everybody with this number on file. Raises InvalidPhone."""
    indexes = crypto.blinds(read_phone(phone), "patients.phone")
    found = (
        select(Patient.id, Patient.masked_name).where(Patient.phone_index.in_(indexes)).order_by(Patient.id)
    )
    return [(row.id, row.masked_name) for row in await session.execute(found)]


_ACTING = text("""
    SELECT ap.account_id, c.id AS contact_id FROM account_patients ap JOIN contacts c ON c.account_id = ap.account_id
    WHERE ap.patient_id = :patient_id ORDER BY ap.relation <> 'self', ap.created_at, c.id DESC LIMIT 1
""")


async def add_bill(
    session: AsyncSession,
    kind: OrderKind,
    items: Sequence[Item],
    *,
    patient_id: UUID,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
) -> str:
    """A bill for whoever acts for the patient, who is told of it; gives its number. Raises NobodyToTell."""
    acting = (await session.execute(_ACTING, {"patient_id": patient_id})).one_or_none()
    if acting is None:
        raise NobodyToTell
    ids = {"account_id": acting.account_id, "contact_id": acting.contact_id}
    order_id = await orders.open_order(
        session, kind, items, patient_id=patient_id, expires_at=expires_at, now=now, **ids
    )
    order_no = orders.number(kind, order_id, now)
    payload = {"order_no": order_no, "amount_fen": sum(item.amount_fen for item in items)}
    await events.emit(session, events.EventKind.BILL_OPENED, payload=payload, **ids)
    await audit.record(session, actor=actor, action="bill_added", subject=f"order:{order_no}", detail=payload)
    return order_no


async def give_back(session: AsyncSession, order_no: str, *, note: str, actor: str, now: datetime) -> int:
    """A bill that is not to be: unpaid it is closed; paid, the whole goes back to who paid, who need not be its owner.
    Gives how much, in fen. Raises UnknownOrder, NotToGiveBack."""
    known = await orders.order(session, order_no)
    if known.prescription_id is not None:
        raise ForPrescription("it is for a prescription: prescriptions refund")
    if known.appointment_id is not None and await _stands(session, known.appointment_id):
        raise VisitStands("its appointment stands: that is cancelled first")
    if known.kind is OrderKind.CONSULTATION and await _consulting(session, order_no):
        raise ConsultationStands(
            "it is for a consultation: its doctor gives it back, or its patient cancels it"
        )
    order = await orders.hold_order(session, order_no)
    payments = 0
    if order.status is OrderStatus.UNPAID:
        await undoing.close(session, order, now)
    elif order.status is OrderStatus.PAID:
        payments = await undoing.pay_back(session, order, RefundReason.STAFF, now)
    else:
        raise NothingPaid(f"it is {order.status}")
    await _audited(session, actor, "order_given_back", f"order:{order_no}", {"note": note[:200]})
    return order.amount_fen if payments else 0


async def _stands(session: AsyncSession, appointment_id: UUID) -> bool:
    """Its row is held before its order's."""
    visit = select(Appointment.status).where(Appointment.id == appointment_id).with_for_update(key_share=True)
    return await session.scalar(visit) in (AppointmentStatus.HELD, AppointmentStatus.BOOKED)


async def _consulting(session: AsyncSession, order_no: str) -> bool:
    """Whether its consultation goes on. Its row is held before its order's."""
    one = await consulting.hold(session, order_no)
    return one is not None and one.status in STANDING_CONSULTATIONS


_STORY = text("""
    SELECT out_trade_no AS number, platform || ' ' || way AS what, status, amount_fen, transaction_id AS theirs,
           NULL AS error, payments.id
    FROM payments WHERE order_id = :id
    UNION ALL
    SELECT out_refund_no, reason, refunds.status, refunds.amount_fen, platform_refund_id, error, refunds.id
    FROM refunds JOIN payments ON payments.id = payment_id WHERE order_id = :id
    ORDER BY id
""")
_STEPS = text("""
    SELECT at, coalesce(out_trade_no, out_refund_no, 'order') AS what, before, after FROM status_changes
    LEFT JOIN payments ON payments.id = subject_id LEFT JOIN refunds ON refunds.id = subject_id
    WHERE subject_id = ANY(:ids) ORDER BY status_changes.id
""")


async def story(session: AsyncSession, order_no: str) -> tuple[OrderView, Sequence[Payable], Sequence[Step]]:
    """An order, its payments and refunds, and every step that was taken. Raises UnknownOrder."""
    order = await orders.order(session, order_no)
    rows = (await session.execute(_STORY, {"id": order.id})).all()
    steps = await session.execute(_STEPS, {"ids": [order.id, *(row.id for row in rows)]})
    return (
        order,
        [Payable(row.number, row.what, row.status, row.amount_fen, row.theirs, row.error) for row in rows],
        [Step(row.at, row.what, row.before, row.after) for row in steps],
    )


_CASES = text("""
    SELECT count(*) OVER () AS total, found.* FROM (
    SELECT out_refund_no, order_no, platform, r.status, r.amount_fen, reason, error, attempts, r.created_at,
           r.status IN ('abnormal', 'closed') OR r.created_at < :slow OR c.id IS NOT NULL AS stuck,
           c.number AS case_number, c.owner, c.deadline
    FROM refunds r JOIN payments p ON p.id = payment_id JOIN orders o ON o.id = order_id
    LEFT JOIN cases c ON c.id = case_id
    WHERE r.status IN ('due', 'processing', 'abnormal', 'closed')
    ) AS found
    WHERE CAST(:stuck AS boolean) IS NULL OR stuck = :stuck
    ORDER BY stuck DESC, created_at, out_refund_no LIMIT CAST(:limit AS int)
""")


async def refund_cases(
    session: AsyncSession, now: datetime, *, stuck: bool | None = None, limit: int | None = None
) -> Part[RefundCase]:
    """Those that need staff first, then the oldest; with the case of one that does not go by itself. `stuck`: only
    those that need staff, or only the others."""
    values = {"slow": now - SLOW_REFUND, "stuck": stuck, "limit": limit}
    return counted((await session.execute(_CASES, values)).all(), lambda row: RefundCase(*row[1:]))


async def retry_refund(session: AsyncSession, out_refund_no: str, *, actor: str, now: datetime) -> str:
    """Once more, of one that the platform refused; gives its new number. Raises UnknownRefund."""
    renewed = await refunds.try_again(session, out_refund_no, now)
    await _audited(session, actor, "refund_retried", f"refund:{out_refund_no}", {"as": renewed})
    return renewed


async def settle_refund(
    session: AsyncSession, out_refund_no: str, *, note: str, actor: str, now: datetime
) -> None:
    """The payer has got the money in another way, or by the platform's console; no bill will name it. Only of one that
    the platform could not pay back. Raises UnknownRefund."""
    found = await refunds.paid_by_hand(session, out_refund_no, now)
    found.billed_on = found.settled_at and local_date(found.settled_at)
    await session.flush()
    await _audited(session, actor, "refund_settled", f"refund:{out_refund_no}", {"note": note[:200]})


async def settle_difference(
    session: AsyncSession, difference_id: UUID, *, note: str, actor: str, now: datetime
) -> None:
    """Raises LookupError when it is not open."""
    await differences.settle_difference(session, difference_id, note, now)
    await _audited(session, actor, "difference_settled", f"difference:{difference_id}", {"note": note[:200]})


async def _audited(
    session: AsyncSession, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> None:
    await audit.record(session, actor=actor, action=action, subject=subject, detail=detail)


@dataclass(frozen=True, slots=True)
class Health:
    """What about money waits: refunds by how long the oldest due one has (seconds), those that need staff, and
    differences."""

    oldest_refund_seconds: float
    refunds_for_staff: int
    differences: int


_HEALTH = text("""
    SELECT coalesce((SELECT extract(epoch FROM :now - min(created_at)) FROM refunds
                     WHERE status IN ('due', 'processing')), 0) AS oldest,
           (SELECT count(*) FROM refunds r LEFT JOIN cases c ON c.id = case_id
            WHERE r.status IN ('abnormal', 'closed')
                  OR r.status IN ('due', 'processing') AND c.status IN ('open', 'in_progress', 'reopened')) AS stuck,
           (SELECT count(*) FROM differences WHERE settled_at IS NULL) AS differences
""")


async def health(session: AsyncSession, now: datetime) -> Health:
    row = (await session.execute(_HEALTH, {"now": now})).one()
    return Health(float(row.oldest), row.stuck, row.differences)
