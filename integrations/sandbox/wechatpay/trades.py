"""The orders and refunds of the merchant, as WeChat Pay keeps them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from integrations.sandbox.wechatpay.requests import local

TradeType = Literal["JSAPI", "NATIVE", "MWEB"]
RefundStatus = Literal["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"]
DESCRIPTIONS = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
}
MOST = 50_000  # orders kept


@dataclass(slots=True)
class Refund:
    refund_id: str
    out_refund_no: str
    total_fen: int
    notify_url: str
    reason: str
    created_at: datetime
    status: RefundStatus = "PROCESSING"
    done_at: datetime | None = None


@dataclass(slots=True)
class Trade:
    """`terms` are the parameters that may not change under the same number. `closes_at` is time_expire as it holds.

    `outcome` is what becomes of the next refunds ("PROCESSING": nothing, until it is said).
    """

    out_trade_no: str
    type: TradeType
    appid: str
    mchid: str
    description: str
    attach: str
    amount_fen: int
    notify_url: str
    openid: str  # of JSAPI from the start, of the others once paid
    terms: tuple[object, ...]
    created_at: datetime
    closes_at: datetime | None
    closed: bool = False
    transaction_id: str = ""
    paid_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)
    outcome: RefundStatus = "SUCCESS"

    def state(self, now: datetime) -> str:
        if self.paid_at is not None:
            return "REFUND" if any(one.status != "CLOSED" for one in self.refunds) else "SUCCESS"
        ran_out = self.closes_at is not None and self.closes_at <= now
        return "CLOSED" if self.closed or ran_out else "NOTPAY"

    @property
    def refundable_fen(self) -> int:
        return self.amount_fen - sum(one.total_fen for one in self.refunds if one.status != "CLOSED")

    def pay(self, now: datetime, openid: str, zone: ZoneInfo) -> None:
        self.paid_at, self.openid = now, openid
        self.transaction_id = f"42000{now.astimezone(zone):%Y%m%d%H%M%S}{secrets.randbelow(10**9):09}"


class Book:
    """All orders by their number, the oldest forgotten; and prepay sessions, which run out."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.version = 0
        self._trades: OrderedDict[str, Trade] = OrderedDict()
        self._by_transaction: dict[str, Trade] = {}
        self._refunds: dict[str, tuple[Trade, Refund]] = {}
        self._sessions: OrderedDict[str, tuple[Trade, datetime]] = OrderedDict()

    def add(self, trade: Trade) -> None:
        self._trades[trade.out_trade_no] = trade
        while len(self._trades) > MOST:
            _, old = self._trades.popitem(last=False)
            self._by_transaction.pop(old.transaction_id, None)
            for refund in old.refunds:
                self._refunds.pop(refund.out_refund_no, None)
        self.version += 1

    def find(self, out_trade_no: str) -> Trade | None:
        return self._trades.get(out_trade_no)

    def by_transaction(self, transaction_id: str) -> Trade | None:
        return self._by_transaction.get(transaction_id)

    def all(self) -> Iterable[Trade]:
        return self._trades.values()

    def paid(self, trade: Trade, now: datetime, openid: str) -> None:
        trade.pay(now, openid, self.zone)
        self._by_transaction[trade.transaction_id] = trade
        self.version += 1

    def session(self, trade: Trade, now: datetime, minutes: int) -> str:
        """A prepay_id."""
        prepay_id = f"wx{now.astimezone(self.zone):%d%H%M%S%f}{secrets.token_hex(8)}0000"[:36]
        self._sessions[prepay_id] = (trade, now + timedelta(minutes=minutes))
        while len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return prepay_id

    def by_session(self, prepay_id: str, now: datetime) -> Trade | None:
        trade, ends = self._sessions.get(prepay_id, (None, now))
        return trade if trade and ends > now else None

    def add_refund(self, trade: Trade, refund: Refund) -> None:
        trade.refunds.append(refund)
        self._refunds[refund.out_refund_no] = (trade, refund)
        self.version += 1

    def refund(self, out_refund_no: str) -> tuple[Trade, Refund] | None:
        return self._refunds.get(out_refund_no)

    # As WeChat Pay says it

    def trade_json(self, trade: Trade, now: datetime) -> dict[str, Any]:
        state = trade.state(now)
        said: dict[str, Any] = {
            "appid": trade.appid, "mchid": trade.mchid, "out_trade_no": trade.out_trade_no,
            "trade_state": state, "trade_state_desc": DESCRIPTIONS[state], "attach": trade.attach,
        }  # fmt: skip
        if trade.paid_at is None:
            return said | {"amount": {"total": trade.amount_fen, "currency": "CNY"}, "payer": {}}
        amount = {"total": trade.amount_fen, "payer_total": trade.amount_fen}
        return said | {
            "transaction_id": trade.transaction_id, "trade_type": trade.type, "bank_type": "OTHERS",
            "success_time": local(trade.paid_at.astimezone(self.zone)), "payer": {"openid": trade.openid},
            "amount": amount | {"currency": "CNY", "payer_currency": "CNY"}, "promotion_detail": [],
        }  # fmt: skip

    def refund_json(self, trade: Trade, refund: Refund) -> dict[str, Any]:
        said: dict[str, Any] = {
            "refund_id": refund.refund_id, "out_refund_no": refund.out_refund_no,
            "transaction_id": trade.transaction_id, "out_trade_no": trade.out_trade_no, "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱", "status": refund.status, "funds_account": "AVAILABLE",
            "create_time": local(refund.created_at.astimezone(self.zone)),
            "amount": {
                "total": trade.amount_fen, "refund": refund.total_fen, "payer_total": trade.amount_fen,
                "payer_refund": refund.total_fen, "settlement_refund": refund.total_fen,
                "settlement_total": trade.amount_fen, "discount_refund": 0, "currency": "CNY",
            },
        }  # fmt: skip
        if refund.status == "SUCCESS" and refund.done_at:
            said["success_time"] = local(refund.done_at.astimezone(self.zone))
        return said
