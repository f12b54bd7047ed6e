"""Addresses of pages that are sent into the chat: each is made for the contact who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn import Turn
from integrations.hospital import page_subjects
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.views import AppointmentView

Make = Callable[[AsyncSession], Awaitable[str]]


async def pay_page(turn: Turn, one: OrderView) -> str:
    return await order_page(turn, one.order_no, one.expires_at)


async def order_page(turn: Turn, order_no: str, deadline: datetime | None) -> str:
    """The page on which the order is paid."""
    return await _address(
        turn,
        lambda session: page_subjects.pay_link(session, turn.contact_id, order_no, deadline, turn.now),
    )


async def pay_for_page(turn: Turn, one: OrderView) -> str:
    return await _address(
        turn,
        lambda session: page_subjects.pay_for_link(
            session, turn.contact_id, one.order_no, one.expires_at, turn.now
        ),
    )


async def receipt_page(turn: Turn, one: OrderView) -> str:
    return await _address(
        turn, lambda session: page_subjects.receipt_link(session, turn.contact_id, one.order_no, turn.now)
    )


async def bills_page(turn: Turn) -> str:
    return await _address(turn, lambda session: page_subjects.bills_link(session, turn.contact_id, turn.now))


async def card_page(turn: Turn, one: AppointmentView) -> str:
    return await _address(
        turn,
        lambda session: page_subjects.card_link(session, turn.contact_id, one.id, one.starts_at, turn.now),
    )


async def prescription_page(turn: Turn, prescription_id: UUID) -> str:
    return await _address(
        turn,
        lambda session: page_subjects.prescription_link(session, turn.contact_id, prescription_id, turn.now),
    )


async def parcel_page(turn: Turn, delivery_id: UUID) -> str:
    return await _address(
        turn, lambda session: page_subjects.parcel_link(session, turn.contact_id, delivery_id, turn.now)
    )


async def address_page(turn: Turn, prescription_id: UUID | None = None) -> str:
    """The page that takes one address; the chat hears of it as address_saved."""
    minutes = turn.runtime.settings.link_minutes
    return await _address(
        turn,
        lambda session: page_subjects.address_link(
            session, turn.contact_id, turn.now, minutes, prescription_id
        ),
    )


async def follow_up_page(turn: Turn, task_id: UUID) -> str:
    """The page on which all questions of an asking are answered."""
    return await _address(
        turn, lambda session: page_subjects.follow_up_link(session, turn.contact_id, task_id, turn.now)
    )


async def _address(turn: Turn, make: Make) -> str:
    async with turn.runtime.database.begin() as session:
        path = await make(session)
    return turn.runtime.settings.public_url.rstrip("/") + path
