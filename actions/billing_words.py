"""Money put into words: what a bill is for, until when, and where a refund is."""

from __future__ import annotations

from datetime import datetime

from actions.turn import Reply, Turn
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.billing.receipts import Paid
from integrations.hospital.models import RefundStatus


def what_for(turn: Turn, one: OrderView) -> str:
    """挂号费, 检查费"""
    return turn.words.texts.text(f"word_fee_{one.kind}")


def amount_of(turn: Turn, one: OrderView) -> str:
    return turn.words.money(one.amount_fen)


def deadline(one: OrderView) -> datetime:
    """The order's own, or when it was made, where it has none."""
    return one.expires_at or one.created_at


def bill_line(turn: Turn, one: OrderView) -> dict[str, object]:
    """What the texts about a bill may name."""
    texts = turn.words.texts
    until = turn.words.moment(one.expires_at, turn.today) if one.expires_at else ""
    return {
        "what": what_for(turn, one),
        "amount": amount_of(turn, one),
        "patient": one.patient,
        "until": texts.text("word_bill_until", until=until) if until else texts.text("word_bill_open"),
    }


def refund_line(turn: Turn, reply: Reply, one: OrderView, payment: Paid) -> None:
    """How far the refund of a payment is."""
    back, texts = payment.back, turn.words.texts
    if back is None:
        return
    values = {
        "order_no": one.order_no,
        "amount": turn.words.money(back.amount_fen),
        "where": texts.text(f"word_refund_{payment.platform}{'_other' if payment.by_other else ''}"),
        "phone": turn.runtime.settings.hospital_phone,
    }
    match back.status:
        case RefundStatus.DUE | RefundStatus.PROCESSING:
            reply.say("say_refund_on_its_way", **values)
        case RefundStatus.SUCCEEDED:
            when = turn.words.moment(back.settled_at or back.since, turn.today)
            reply.say("say_refund_done", **values, when=when)
        case RefundStatus.ABNORMAL | RefundStatus.CLOSED:
            reply.say("say_refund_stuck", **values)
