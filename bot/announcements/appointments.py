"""Holds and appointments."""

from __future__ import annotations

from bot.announcements.telling import Telling, Words
from integrations.hospital.events import EventKind


async def _with_order(telling: Telling) -> str:
    order_no = telling.event.payload["order_no"]
    key = f"bot_{telling.event.kind}" if order_no else f"bot_{telling.event.kind}_free"
    return telling.say(key, order_no=order_no)


WORDS: dict[str, Words] = {
    EventKind.HOLD_EXPIRED: _with_order,
    EventKind.APPOINTMENT_BOOKED: _with_order,
}
