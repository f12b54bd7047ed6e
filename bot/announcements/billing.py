"""Orders and money."""

from __future__ import annotations

from bot.announcements.telling import Telling, Words
from integrations.hospital.events import EventKind
from integrations.money import yuan


async def _refund_due(telling: Telling) -> str:
    return telling.say("bot_refund_due", order_no=telling.event.payload["order_no"])


async def _of_order(telling: Telling) -> str:
    return telling.say(f"bot_{telling.event.kind}", order_no=telling.event.payload["order_no"])


async def _refunded(telling: Telling) -> str:
    payload = telling.event.payload
    key = "bot_refunded_twice" if payload["reason"] == "twice" else "bot_refunded"
    return telling.say(key, order_no=payload["order_no"], amount=yuan(payload["amount_fen"]))


WORDS: dict[str, Words] = {
    EventKind.REFUND_DUE: _refund_due,
    EventKind.ORDER_PAID: _of_order,
    EventKind.ORDER_EXPIRED: _of_order,
    EventKind.REFUNDED: _refunded,
}
