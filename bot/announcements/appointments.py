"""Holds and appointments."""

from __future__ import annotations

from uuid import UUID

from bot.announcements.telling import News, Telling, Words
from integrations.hospital.appointments import appointment
from integrations.hospital.events import EventKind
from integrations.hospital.intake import keeping


async def _hold_expired(telling: Telling) -> str:
    return telling.say("bot_hold_expired", order_no=telling.event.payload["order_no"])


async def _booked(telling: Telling) -> News:
    """With its card, behind the platform's notice too, and the offer to tell the doctor beforehand."""
    order_no = telling.event.payload["order_no"]
    visit = await appointment(telling.session, UUID(telling.event.payload["appointment_id"]))
    path = await telling.card(visit)
    card = telling.address(path)
    if order_no:
        receipt = telling.address(await telling.receipt(order_no))
        words = telling.say("bot_appointment_booked", order_no=order_no, card=card, receipt=receipt)
    else:
        words = telling.say("bot_appointment_booked_free", card=card)
    if await keeping.told_for(telling.session, visit.id):
        return News(words, page=path)
    button = telling.say("intent_start_intake"), f'/start_intake{{"appointment": "{visit.id}"}}'
    return News(f"{words}\n{telling.say('bot_intake_offer')}", (button,), page=path)


WORDS: dict[str, Words] = {
    EventKind.HOLD_EXPIRED: _hold_expired,
    EventKind.APPOINTMENT_BOOKED: _booked,
}
