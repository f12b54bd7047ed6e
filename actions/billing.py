"""Paying in the chat: what is to be paid, whether it is, and what comes back. The paying itself is a page's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from actions.billing_words import (
    amount_of,
    bill_line,
    deadline,
    refund_line,
    what_for,
)
from actions.page_addresses import bills_page, card_page, pay_for_page, pay_page, receipt_page
from actions.replacement import offer_give_back
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations import cashier
from integrations.hospital import booking
from integrations.hospital.billing import invoices, orders, receipts
from integrations.hospital.billing.invoices import InvoiceView
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.billing.receipts import Paid
from integrations.hospital.models import InvoiceStatus, OrderStatus

_SHOWN = 3
_LATELY = timedelta(days=1)  # so long a payment of a closed order may still come
_JUST_NOW = timedelta(minutes=15)  # so long "我付好了" means what was paid
_BOOKING = frozenset({"booking_form", "reschedule_form"})


async def answer_bills(turn: Turn, reply: Reply) -> None:
    """What is still to be paid, with the way to pay it."""
    every = await _orders(turn)
    due = await _due(turn, every)
    if not every:
        reply.say("say_bills_empty")
    elif not due:
        reply.say("say_bills_none", link=await bills_page(turn))
    elif not turn.runtime.payments:
        await _at_the_counter(turn, reply, due)
    elif len(due) == 1:
        reply.say("say_bill", **bill_line(turn, due[0]), link=await pay_page(turn, due[0]))
    else:
        total = turn.words.money(sum(one.amount_fen for one in due))
        reply.say("say_bills", count=turn.words.count(len(due)), total=total)
        for one in due[:_SHOWN]:
            reply.say("say_bill_line", **bill_line(turn, one))
        reply.say("say_bills_link", link=await bills_page(turn))


async def answer_paid(turn: Turn, reply: Reply) -> None:
    """ "我付好了": the platforms are asked, and the answer is what is true."""
    before = await _orders(turn)
    for one in _open_to_doubt(turn, before):
        await cashier.ask(turn.runtime, one.order_no)
    every = await _orders(turn)
    due = await _due(turn, every)
    news = [one for one in every if _settled_since(one, before)]
    lately = [one for one in every if one.paid_at and turn.now - one.paid_at < _JUST_NOW]
    if news or (every and not due):
        await _what_became(turn, reply, news[0] if news else max(every, key=_last_moved))
    elif lately:  # that one is meant, not what is open besides
        await _what_became(turn, reply, max(lately, key=_last_moved))
        await answer_bills(turn, reply)
    elif due:
        await _not_yet(turn, reply, due[0])
    else:
        reply.say("say_paid_nothing", phone=turn.runtime.settings.hospital_phone)


async def answer_refund(turn: Turn, reply: Reply) -> None:
    """How far each refund is, the newest first; and a visit that the hospital stopped, given back in one tap."""
    every = await _orders(turn)
    async with turn.runtime.database.begin() as session:
        paid = await receipts.payments_of(session, [one.id for one in every])
    back = [(one, payment) for one in every for payment in paid.get(one.id, []) if payment.back]
    back.sort(key=lambda found: found[1].back.since if found[1].back else turn.now, reverse=True)
    for one, payment in back[:_SHOWN]:
        refund_line(turn, reply, one, payment)
    if not await offer_give_back(turn, reply) and not back:
        reply.say("say_refund_none", phone=turn.runtime.settings.hospital_phone)


async def answer_pay_for_me(turn: Turn, reply: Reply) -> None:
    """The link that somebody else pays by."""
    due = await _due(turn, await _orders(turn))
    asked = [one for one in due if one.order_no == turn.facts.order] or due
    if not due:
        reply.say("say_pay_for_none")
    elif not turn.runtime.payments:
        await _at_the_counter(turn, reply, due)
    else:
        key = "say_pay_for_first" if len(asked) > 1 else "say_pay_for"
        reply.say(key, **bill_line(turn, asked[0]), link=await pay_for_page(turn, asked[0]))


async def answer_pay_later(turn: Turn, reply: Reply) -> None:
    """Until when: of what is to be paid the most urgent, and of a number that is being booked how long it is held."""
    due = [] if turn.form in _BOOKING else await _due(turn, await _orders(turn))
    online = bool(turn.runtime.payments)
    if not due:
        minutes = turn.runtime.settings.hold_minutes
        reply.say("say_pay_later" if online else "say_pay_later_counter", minutes=minutes)
        return
    one = due[0]
    values = bill_line(turn, one)
    if one.expires_at is None:
        reply.say("say_pay_later_open", **values)
        return
    values["until"] = turn.words.moment(one.expires_at, turn.today)
    if online:
        reply.say("say_pay_later_held", **values, link=await pay_page(turn, one))
        reply.offer(turn.words.texts.text("word_pay_for_me"), f'/pay_for_me{{"order": "{one.order_no}"}}')
    else:
        reply.say("say_pay_later_held_counter", **values, order_no=one.order_no)


async def answer_receipt(turn: Turn, reply: Reply) -> None:
    """The receipt of what was paid last, and its electronic invoice, which a button asks for."""
    paid = [one for one in await _orders(turn) if one.status is OrderStatus.PAID]
    if turn.facts.order:
        paid = [one for one in paid if one.order_no == turn.facts.order]
    if not paid:
        reply.say("say_receipt_none")
        return
    newest = max(paid, key=lambda one: one.paid_at or one.created_at)
    async with turn.runtime.database.begin() as session:
        if turn.facts.order:
            await invoices.ask_invoice(session, newest.order_no, turn.now)
        invoice = await invoices.invoice_of(session, newest.id)
    link = await receipt_page(turn, newest)
    _receipt(turn, reply, newest, invoice, link)
    if len(paid) > 1:
        reply.say("say_receipt_others", link=await bills_page(turn))


def _receipt(turn: Turn, reply: Reply, one: OrderView, invoice: InvoiceView | None, link: str) -> None:
    values = {"what": what_for(turn, one), "amount": amount_of(turn, one), "order_no": one.order_no}
    match invoice:
        case InvoiceView(status=InvoiceStatus.ISSUED):
            reply.say("say_receipt_issued", **values, number=invoice.number, link=link)
        case InvoiceView():
            reply.say("say_receipt_asked", **values, link=link)
        case None:
            reply.say("say_receipt", **values, link=link)
            reply.offer(
                turn.words.texts.text("word_ask_invoice"), f'/ask_receipt{{"order": "{one.order_no}"}}'
            )


async def _what_became(turn: Turn, reply: Reply, one: OrderView) -> None:
    amount = amount_of(turn, one)
    match one.status:
        case OrderStatus.PAID if one.appointment_id:
            async with turn.runtime.database.begin() as session:
                visit = await booking.appointment(session, one.appointment_id)
            reply.say("say_paid_visit", amount=amount, link=await card_page(turn, visit))
        case OrderStatus.PAID:
            reply.say("say_paid", amount=amount, link=await receipt_page(turn, one))
        case OrderStatus.CLOSED | OrderStatus.UNPAID:
            reply.say("say_paid_expired", amount=amount, order_no=one.order_no)
        case OrderStatus.REFUND_DUE | OrderStatus.REFUNDED:
            async with turn.runtime.database.begin() as session:
                paid = (await receipts.payments_of(session, [one.id])).get(one.id, [])
            for payment in _going_back(paid):
                refund_line(turn, reply, one, payment)
            if not reply.parts:
                reply.say("say_paid_expired", amount=amount, order_no=one.order_no)


def _going_back(paid: Sequence[Paid]) -> list[Paid]:
    return [payment for payment in paid if payment.back][-1:]


async def _not_yet(turn: Turn, reply: Reply, one: OrderView) -> None:
    if not turn.runtime.payments:
        await _at_the_counter(turn, reply, [one])
        return
    reply.say("say_paid_not_yet", **bill_line(turn, one), link=await pay_page(turn, one))
    reply.offer(turn.words.texts.text("word_paid"), "/paid_already")


async def _at_the_counter(turn: Turn, reply: Reply, due: Sequence[OrderView]) -> None:
    """Where no payment platform is set up."""
    for one in due[:_SHOWN]:
        reply.say("say_bill_counter", **bill_line(turn, one), order_no=one.order_no)


async def _orders(turn: Turn) -> list[OrderView]:
    async with turn.runtime.database.begin() as session:
        return await orders.orders_of(session, await account_of(session, turn))


async def _due(turn: Turn, every: Sequence[OrderView]) -> list[OrderView]:
    """What can be paid now, the most urgent first."""
    waiting = [
        one
        for one in every
        if one.status is OrderStatus.UNPAID and (one.expires_at is None or one.expires_at > turn.now)
    ]
    return sorted(waiting, key=lambda one: (one.expires_at is None, deadline(one), one.id))


def _open_to_doubt(turn: Turn, every: Sequence[OrderView]) -> list[OrderView]:
    """Those that may have been paid without our knowing: unpaid, or closed only lately."""
    doubtful = [
        one
        for one in every
        if one.status is OrderStatus.UNPAID
        or (one.status is OrderStatus.CLOSED and turn.now - deadline(one) < _LATELY)
    ]
    return doubtful[:_SHOWN]


def _settled_since(one: OrderView, before: Sequence[OrderView]) -> bool:
    """Whether asking brought this payment to light."""
    waited = {known.id for known in before if known.paid_at is None}
    return one.id in waited and one.paid_at is not None


def _last_moved(one: OrderView) -> datetime:
    return max(one.paid_at or one.created_at, one.created_at)
