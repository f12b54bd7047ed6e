"""Links to pages about one order, appointment, prescription, parcel or asking, and how long each of them opens."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.links import issue_link

PAY = "pay"  # subject: the order's number
PAY_FOR = "payfor"  # the same order, for whoever else pays it
RECEIPT = "receipt"  # subject: the order's number
BILLS = "bills"  # of the contact's account
CARD = "card"  # subject: the appointment's id
VISIT = "visit"  # that the hospital cannot keep; subject: the appointment's id
OFFER = "offer"  # of a number to who waits; subject: the waitlist entry's id
CASE = "case"  # subject: its id
RATING = "rating"  # subject: its id
PRESCRIPTION = "prescription"  # subject: its id
DOCUMENT = (
    "document"  # in the path of the same page where it stands in news: on a locked screen it says nothing
)
PARCEL = "parcel"  # subject: the delivery's id
ADDRESS = (
    "address"  # one more for the address book; subject: the prescription that is to be sent there, or none
)
FOLLOW_UP = "followup"  # subject: the task's id

# An order's pages open until its deadline and this much longer, so that who pays at the last moment sees the receipt.
AFTER_DEADLINE = timedelta(days=2)
WITHOUT_DEADLINE = timedelta(days=30)
RECEIPT_OPENS = timedelta(days=30)
BILLS_OPEN = timedelta(days=1)
AFTER_VISIT = timedelta(days=1)
AFTER_OFFER = timedelta(days=1)  # it says then that it is over
CASE_OPENS = timedelta(days=30)  # it may be taken up again for fifteen of them
RATING_OPENS = timedelta(days=21)  # two weeks to answer, one to change it
MEDICINE_OPENS = timedelta(days=14)  # a parcel may be long on its way
FOLLOW_UP_OPENS = timedelta(days=3)  # the asking, its reminder, and a day more


async def pay_link(
    session: AsyncSession, contact_id: UUID, order_no: str, deadline: datetime | None, now: datetime
) -> str:
    """The path of the page on which this contact pays the order."""
    return await _path(session, PAY, contact_id, order_no, now, _after(deadline, now))


async def pay_for_link(
    session: AsyncSession, contact_id: UUID, order_no: str, deadline: datetime | None, now: datetime
) -> str:
    """The path of the page on which somebody else pays it (代付)."""
    return await _path(session, PAY_FOR, contact_id, order_no, now, _after(deadline, now))


async def receipt_link(session: AsyncSession, contact_id: UUID, order_no: str, now: datetime) -> str:
    return await _path(session, RECEIPT, contact_id, order_no, now, now + RECEIPT_OPENS)


async def bills_link(session: AsyncSession, contact_id: UUID, now: datetime) -> str:
    return await _path(session, BILLS, contact_id, None, now, now + BILLS_OPEN)


async def card_link(
    session: AsyncSession, contact_id: UUID, appointment_id: UUID, starts_at: datetime, now: datetime
) -> str:
    """The path of the card that is shown at the hospital."""
    return await _path(session, CARD, contact_id, appointment_id.hex, now, max(starts_at, now) + AFTER_VISIT)


async def visit_link(
    session: AsyncSession, contact_id: UUID, appointment_id: UUID, starts_at: datetime, now: datetime
) -> str:
    """The path of the page on which a stopped visit is moved or given back."""
    return await _path(session, VISIT, contact_id, appointment_id.hex, now, max(starts_at, now) + AFTER_VISIT)


async def offer_link(
    session: AsyncSession, contact_id: UUID, entry_id: UUID, offered_until: datetime, now: datetime
) -> str:
    """The path of the page on which a number that is offered is taken or left."""
    return await _path(session, OFFER, contact_id, entry_id.hex, now, offered_until + AFTER_OFFER)


async def case_link(session: AsyncSession, contact_id: UUID, case_id: UUID, now: datetime) -> str:
    """The path of the page on which a case's answer is read and judged."""
    return await _path(session, CASE, contact_id, case_id.hex, now, now + CASE_OPENS)


async def rating_link(session: AsyncSession, contact_id: UUID, rating_id: UUID, now: datetime) -> str:
    """The path of the page on which a rating that is asked for is given."""
    return await _path(session, RATING, contact_id, rating_id.hex, now, now + RATING_OPENS)


async def prescription_link(
    session: AsyncSession, contact_id: UUID, prescription_id: UUID, now: datetime, *, told: bool = False
) -> str:
    """`told`: it goes into news, which others may read."""
    until = now + MEDICINE_OPENS
    path = await _path(session, PRESCRIPTION, contact_id, prescription_id.hex, now, until)
    return path.replace(f"/{PRESCRIPTION}/", f"/{DOCUMENT}/", 1) if told else path


async def parcel_link(session: AsyncSession, contact_id: UUID, delivery_id: UUID, now: datetime) -> str:
    return await _path(session, PARCEL, contact_id, delivery_id.hex, now, now + MEDICINE_OPENS)


async def address_link(
    session: AsyncSession,
    contact_id: UUID,
    now: datetime,
    minutes: float,
    prescription_id: UUID | None = None,
) -> str:
    """The path of the page that takes one address, once. The chat hears of it by PAGE_COMPLETED with the purpose
    "address", the address's id, and the prescription's where one is given."""
    subject = prescription_id.hex if prescription_id else None
    return await _path(session, ADDRESS, contact_id, subject, now, now + timedelta(minutes=minutes))


async def follow_up_link(session: AsyncSession, contact_id: UUID, task_id: UUID, now: datetime) -> str:
    """The path of the page on which a follow-up's questions are answered, once."""
    return await _path(session, FOLLOW_UP, contact_id, task_id.hex, now, now + FOLLOW_UP_OPENS)


def _after(deadline: datetime | None, now: datetime) -> datetime:
    return max(deadline, now) + AFTER_DEADLINE if deadline else now + WITHOUT_DEADLINE


async def _path(
    session: AsyncSession,
    purpose: str,
    contact_id: UUID,
    subject: str | None,
    now: datetime,
    until: datetime,
) -> str:
    token = await issue_link(
        session,
        contact_id=contact_id,
        purpose=purpose,
        now=now,
        minutes=(until - now) / timedelta(minutes=1),
        subject=subject,
    )
    return f"/p/{purpose}/{token}"
