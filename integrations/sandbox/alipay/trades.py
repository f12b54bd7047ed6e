"""The trades of the seller, as Alipay keeps them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from zoneinfo import ZoneInfo

from integrations.sandbox.people import Person

MOST = 50_000
STAMP = "%Y-%m-%d %H:%M:%S"
RefundOutcome = Literal["SUCCESS", "PROCESSING"]


def yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def buyer_id(person: Person) -> str:
    return f"2088{int(sha256(person.id_number.encode()).hexdigest(), 16) % 10**12:012}"


def masked_phone(person: Person) -> str:
    return f"{person.phone[:3]}****{person.phone[-4:]}"


@dataclass(slots=True)
class Refund:
    out_request_no: str
    amount_fen: int
    reason: str
    at: datetime
    done: bool


@dataclass(slots=True)
class Trade:
    """A trade begins to exist for queries when a buyer has signed in at the cashier (`buyer`), not before."""

    out_trade_no: str
    method: str
    subject: str
    amount_fen: int
    notify_url: str
    return_url: str
    quit_url: str
    created_at: datetime
    ends_at: datetime | None
    trade_no: str = ""
    buyer: Person | None = None
    closed: bool = False
    finished: bool = False
    paid_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)
    outcome: RefundOutcome = "SUCCESS"

    @property
    def refunded_fen(self) -> int:
        return sum(refund.amount_fen for refund in self.refunds)

    def status(self, now: datetime) -> str:
        if self.paid_at is not None:
            if self.refunded_fen >= self.amount_fen:
                return "TRADE_CLOSED"
            return "TRADE_FINISHED" if self.finished else "TRADE_SUCCESS"
        ran_out = self.ends_at is not None and self.ends_at <= now
        return "TRADE_CLOSED" if self.closed or ran_out else "WAIT_BUYER_PAY"


class Book:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.version = 0
        self._trades: OrderedDict[str, Trade] = OrderedDict()
        self._by_number: dict[str, Trade] = {}

    def add(self, trade: Trade) -> None:
        self._trades[trade.out_trade_no] = trade
        while len(self._trades) > MOST:
            _, old = self._trades.popitem(last=False)
            self._by_number.pop(old.trade_no, None)
        self.version += 1

    def find(self, out_trade_no: str) -> Trade | None:
        """Also one that Alipay would not tell of yet."""
        return self._trades.get(out_trade_no)

    def known(self, out_trade_no: str, trade_no: str) -> Trade | None:
        """One that a buyer has begun, by Alipay's number or the seller's."""
        trade = self._by_number.get(trade_no) or self._trades.get(out_trade_no)
        return trade if trade and trade.buyer else None

    def all(self) -> Iterable[Trade]:
        return self._trades.values()

    def begin(self, trade: Trade, buyer: Person, now: datetime) -> None:
        if trade.buyer is None:
            trade.trade_no = f"{now.astimezone(self.zone):%Y%m%d}22001{secrets.randbelow(10**15):015}"
            self._by_number[trade.trade_no] = trade
        trade.buyer = buyer
        self.version += 1

    def stamp(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime(STAMP)

    def about(self, trade: Trade, now: datetime) -> dict[str, Any]:
        """What alipay.trade.query says."""
        paid = yuan(trade.amount_fen if trade.paid_at else 0)
        said: dict[str, Any] = {
            "out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no, "trade_status": trade.status(now),
            "total_amount": yuan(trade.amount_fen), "receipt_amount": paid, "buyer_pay_amount": paid,
            "invoice_amount": paid, "point_amount": "0.00",
        }  # fmt: skip
        if trade.buyer:
            said |= {"buyer_user_id": buyer_id(trade.buyer), "buyer_logon_id": masked_phone(trade.buyer)}
        if trade.paid_at:
            said["send_pay_date"] = self.stamp(trade.paid_at)
            said["fund_bill_list"] = [{"amount": paid, "fund_channel": "ALIPAYACCOUNT"}]
        return said
