"""Orders and money."""

from __future__ import annotations

from bot.announcements.telling import News, Telling, Words
from integrations.hospital import page_subjects
from integrations.hospital.billing import orders
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.events import EventKind
from integrations.hospital.models import OrderStatus
from integrations.money import yuan


async def _refund_due(telling: Telling) -> str:
    payload = telling.event.payload
    key = "bot_refund_due" if payload.get("appointment_id") else "bot_refund_due_bill"
    return telling.say(key, order_no=payload["order_no"])


async def _bill_opened(telling: Telling) -> News | None:
    """With the page that pays it, behind the platform's notice too. None when it is paid, or over, before it was
    told."""
    payload = telling.event.payload
    try:
        bill = await orders.order(telling.session, payload["order_no"])
    except UnknownOrder:
        return None
    if bill.status is not OrderStatus.UNPAID:
        return None
    path = await page_subjects.pay_link(
        telling.session, telling.hearer, bill.order_no, bill.expires_at, telling.rt.now()
    )
    words = telling.say(
        "bot_bill_opened",
        order_no=bill.order_no,
        amount=yuan(bill.amount_fen),
        link=telling.address(path),
    )
    return News(words, page=path)


async def _of_order(telling: Telling) -> str:
    return telling.say(f"bot_{telling.event.kind}", order_no=telling.event.payload["order_no"])


async def _with_receipt(telling: Telling) -> News:
    order_no = telling.event.payload["order_no"]
    path = await telling.receipt(order_no)
    words = telling.say(f"bot_{telling.event.kind}", order_no=order_no, receipt=telling.address(path))
    return News(words, page=path)


async def _refunded(telling: Telling) -> News:
    payload = telling.event.payload
    key = "bot_refunded_twice" if payload["reason"] == "twice" else "bot_refunded"
    if payload.get("by_hand"):
        key = "bot_refunded_by_hand"
    words = telling.say(key, order_no=payload["order_no"], amount=yuan(payload["amount_fen"]))
    return News(words, page=await telling.receipt(payload["order_no"]))


async def _refund_stuck(telling: Telling) -> str:
    payload = telling.event.payload
    return telling.say("bot_refund_stuck", order_no=payload["order_no"], amount=yuan(payload["amount_fen"]))


WORDS: dict[str, Words] = {
    EventKind.REFUND_DUE: _refund_due,
    EventKind.BILL_OPENED: _bill_opened,
    EventKind.ORDER_PAID: _with_receipt,
    EventKind.INVOICE_ISSUED: _with_receipt,
    EventKind.ORDER_EXPIRED: _of_order,
    EventKind.REFUNDED: _refunded,
    EventKind.REFUND_STUCK: _refund_stuck,
}
