"""Holds and appointments."""

from __future__ import annotations

from uuid import UUID

from bot.announcements.telling import Telling, Words
from integrations.hospital import page_subjects
from integrations.hospital.appointments import appointment
from integrations.hospital.events import EventKind


async def _hold_expired(telling: Telling) -> str:
    return telling.say("bot_hold_expired", order_no=telling.event.payload["order_no"])


async def _booked(telling: Telling) -> str:
    order_no = telling.event.payload["order_no"]
    card = await _card(telling, UUID(telling.event.payload["appointment_id"]))
    if not order_no:
        return telling.say("bot_appointment_booked_free", card=card)
    return telling.say(
        "bot_appointment_booked", order_no=order_no, card=card, receipt=await telling.receipt(order_no)
    )


async def _card(telling: Telling, appointment_id: UUID) -> str:
    """The address of the appointment's card."""
    visit = await appointment(telling.session, appointment_id)
    return telling.address(
        await page_subjects.card_link(
            telling.session, telling.hearer, visit.id, visit.starts_at, telling.rt.now()
        )
    )


WORDS: dict[str, Words] = {
    EventKind.HOLD_EXPIRED: _hold_expired,
    EventKind.APPOINTMENT_BOOKED: _booked,
}
