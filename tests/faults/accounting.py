"""The platforms' books against ours: whatever broke, in the end each fen stands where it should."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.hospital.clock import local_date
from integrations.hospital.demo_hospital import HOSPITAL_RULES
from integrations.hospital.rules import BookingRules
from tests.faults.breaking import until
from tests.faults.money import ask_soon
from tests.stack import Stack

_MOST = 20_000  # trades


@dataclass(frozen=True, slots=True)
class Payment:
    """As we hold it; `back_fen`: what went back of it."""

    platform: str
    number: str
    status: str
    amount_fen: int
    transaction: str | None
    back_fen: int
    order_no: str
    order_status: str
    visit: str | None  # the appointment's status
    starts_at: datetime | None
    ended_at: datetime | None


def audit_money(stack: Stack, seconds: float = 360) -> str:
    """Waits until all money is told of and all refunds are done, and compares. Gives the sums, for a log."""
    ask_soon(stack)
    until(lambda: not _unsettled(stack), seconds)
    theirs, ours = _theirs(stack), {one.number: one for one in _ours(stack)}
    for number, trade in theirs.items():
        _agree(trade, ours[number])  # a trade of which we know nothing would be lost money
    for one in ours.values():
        assert one.status != "paid" or theirs[one.number]["paid_at"], f"{one.number} was never paid"
    _each_order_holds_its_fee_or_nothing(ours.values())
    assert not stack.rows("SELECT kind, number FROM differences WHERE settled_at IS NULL")
    taken = sum(trade["amount_fen"] for trade in theirs.values() if trade["paid_at"])
    back = sum(_back(trade) for trade in theirs.values())
    assert (taken, back) == (
        sum(one.amount_fen for one in ours.values() if one.status == "paid"),
        sum(one.back_fen for one in ours.values()),
    )
    return f"{taken} fen taken, {back} fen paid back"


def _unsettled(stack: Stack) -> list[str]:
    """What the platforms took and we have not heard of yet, and refunds that are not done."""
    heard = {one.number for one in _ours(stack) if one.status == "paid"}
    taken = [number for number, trade in _theirs(stack).items() if trade["paid_at"] and number not in heard]
    return taken + [
        row[0] for row in stack.rows("SELECT out_refund_no FROM refunds WHERE status <> 'succeeded'")
    ]


def _theirs(stack: Stack) -> dict[str, dict[str, Any]]:
    answer = stack.sandbox.get("/pay/trades", params={"limit": _MOST})
    answer.raise_for_status()
    return {trade["out_trade_no"]: trade for trade in answer.json()}


def _ours(stack: Stack) -> list[Payment]:
    rows = stack.rows(
        """
        SELECT platform, out_trade_no, p.status, p.amount_fen, transaction_id,
               coalesce((SELECT sum(amount_fen) FROM refunds WHERE payment_id = p.id AND status = 'succeeded'), 0)::int,
               order_no, o.status, a.status, starts_at, ended_at
        FROM payments p JOIN orders o ON o.id = order_id
        LEFT JOIN appointments a ON a.id = appointment_id LEFT JOIN slots ON slots.id = slot_id
        """
    )
    return [Payment(*row) for row in rows]


def _agree(trade: dict[str, Any], ours: Payment) -> None:
    named = trade.get("transaction_id") or trade.get("trade_no")
    assert (trade["platform"], trade["amount_fen"]) == (ours.platform, ours.amount_fen)
    assert _back(trade) == ours.back_fen, (
        f"{ours.number}: {_back(trade)} fen went back, we hold {ours.back_fen}"
    )
    if trade["paid_at"]:
        assert (ours.status, ours.transaction) == ("paid", named)


def _back(trade: dict[str, Any]) -> int:
    return sum(one["amount_fen"] for one in trade["refunds"] if one["status"] == "SUCCESS")


def _each_order_holds_its_fee_or_nothing(ours: Any) -> None:
    orders: dict[str, list[Payment]] = defaultdict(list)
    for one in ours:
        orders[one.order_no].append(one)
    for order_no, payments in orders.items():
        kept = [one for one in payments if one.status == "paid" and not one.back_fen]
        assert all(one.back_fen in (0, one.amount_fen) for one in payments), f"{order_no}: a part went back"
        assert len(kept) <= 1, f"{order_no} was charged {len(kept)} times"
        status = payments[0].order_status
        assert (status == "paid") == bool(kept), f"{order_no} is {status}"
        if payments[0].visit is not None and not _was_given_up_late(payments[0]):
            assert bool(kept) == (payments[0].visit == "booked"), f"{order_no} is {status}: {payments}"


def _was_given_up_late(one: Payment) -> bool:
    """Then the fee stays, if it was paid. Whoever finds the days they want full may have taken a number of today."""
    if one.visit != "cancelled" or one.starts_at is None or one.ended_at is None:
        return False
    rules = BookingRules(**HOSPITAL_RULES)
    return one.ended_at > rules.cancel_until(local_date(one.starts_at), one.starts_at)
