"""The methods of the gateway. Those for pages open a trade, the others answer in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.alipay.bill import Bills
from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.alipay.notices import Notices
from integrations.sandbox.alipay.trades import STAMP, Book, Refund, Trade, yuan
from integrations.sandbox.people import Person
from integrations.sandbox.posting import Delivery
from integrations.sandbox.state import Clock

Biz = dict[str, Any]
PAGES = {
    "alipay.trade.wap.pay": {"QUICK_WAP_WAY", "QUICK_WAP_PAY"},
    "alipay.trade.page.pay": {"FAST_INSTANT_TRADE_PAY"},
}
LENGTHS = {"m": 1, "h": 60, "d": 1440}  # minutes, in timeout_express


class Interfaces:
    """Every method raises AlipayError."""

    def __init__(self, book: Book, notices: Notices, bills: Bills, clock: Clock) -> None:
        self._book, self._notices, self._clock = book, notices, clock
        self.table: dict[str, Callable[[Biz], Biz]] = {
            "alipay.trade.query": self.query,
            "alipay.trade.close": self.close,
            "alipay.trade.refund": self.refund,
            "alipay.trade.fastpay.refund.query": self.query_refund,
            "alipay.data.dataservice.bill.downloadurl.query": bills.ask,
        }

    # The page

    def open(self, fields: Mapping[str, str]) -> Trade:
        """The trade of a cashier's page."""
        biz, method, now = read_biz(fields), fields["method"], self._clock()
        number = text(biz, "out_trade_no", r"[0-9A-Za-z_]{1,64}")
        if biz.get("product_code") not in PAGES[method]:
            raise AlipayError("ACQ.INVALID_PARAMETER", "product_code 不正确")
        fresh = Trade(
            out_trade_no=number, method=method, subject=text(biz, "subject", r"[^/=&]{1,256}"),
            amount_fen=fen(biz, "total_amount"), notify_url=fields.get("notify_url", ""),
            return_url=fields.get("return_url", ""), quit_url=str(biz.get("quit_url") or ""), created_at=now,
            ends_at=_end(biz, now, self._book.zone),
        )  # fmt: skip
        if fresh.ends_at and fresh.ends_at <= now:
            raise AlipayError("ACQ.TRADE_HAS_CLOSE", "订单已超时，请重新下单")
        known = self._book.find(number)
        if known is None or known.buyer is None:
            self._book.add(fresh)
            return fresh
        if (known.amount_fen, known.subject) != (fresh.amount_fen, fresh.subject):
            raise AlipayError("ACQ.CONTEXT_INCONSISTENT")
        return self.payable(number)

    def payable(self, number: str, *, late: bool = False) -> Trade:
        """`late`: also one whose time is over."""
        trade = self._book.find(number)
        if trade is None:
            raise AlipayError("ACQ.TRADE_NOT_EXIST")
        if trade.paid_at:
            raise AlipayError("ACQ.TRADE_HAS_SUCCESS")
        if trade.closed or (trade.status(self._clock()) == "TRADE_CLOSED" and not late):
            raise AlipayError("ACQ.TRADE_HAS_CLOSE")
        return trade

    def pay(
        self, number: str, buyer: Person, *, late: bool = False, notify: bool = True, delay_s: float = 0
    ) -> Delivery | None:
        trade, now = self.payable(number, late=late), self._clock()
        self._book.begin(trade, buyer, now)
        trade.paid_at = now
        self._book.version += 1
        return self._notices.changed(trade, delay_s=delay_s) if notify else None

    def begin(self, number: str, buyer: Person) -> Trade:
        """The buyer signs in at the cashier."""
        trade = self.payable(number)
        self._book.begin(trade, buyer, self._clock())
        return trade

    # JSON

    def query(self, biz: Biz) -> Biz:
        return self._book.about(self._trade(biz), self._clock())

    def close(self, biz: Biz) -> Biz:
        trade = self._trade(biz)
        if trade.status(self._clock()) != "WAIT_BUYER_PAY":
            raise AlipayError("ACQ.REASON_TRADE_STATUS_INVALID")
        trade.closed = True
        self._book.version += 1
        return {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}

    def refund(self, biz: Biz) -> Biz:
        trade, amount = self._trade(biz), fen(biz, "refund_amount")
        number = str(biz.get("out_request_no") or trade.out_trade_no)
        if trade.paid_at is None:
            raise AlipayError("ACQ.TRADE_STATUS_ERROR")
        known = next((one for one in trade.refunds if one.out_request_no == number), None)
        if known:
            if known.amount_fen != amount:
                raise AlipayError("ACQ.DISCORDANT_REPEAT_REQUEST")
            return self._refunded(trade, known, changed=False)
        if trade.finished:
            raise AlipayError("ACQ.TRADE_HAS_FINISHED")
        if trade.refunded_fen >= trade.amount_fen:
            raise AlipayError("ACQ.TRADE_HAS_CLOSE")
        if amount > trade.amount_fen - trade.refunded_fen:
            raise AlipayError("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        if not biz.get("out_request_no") and amount < trade.amount_fen:
            raise AlipayError("ACQ.INVALID_PARAMETER", "部分退款时 out_request_no 必传")
        reason = str(biz.get("refund_reason") or "")
        refund = Refund(number, amount, reason, self._clock(), done=trade.outcome == "SUCCESS")
        trade.refunds.append(refund)
        self._book.version += 1
        if refund.done:
            self._notices.changed(trade, refund)
        return self._refunded(trade, refund, changed=refund.done)

    def settle_refund(self, trade: Trade, refund: Refund) -> None:
        refund.done = True
        self._book.version += 1
        self._notices.changed(trade, refund)

    def _refunded(self, trade: Trade, refund: Refund, *, changed: bool) -> Biz:
        about = self._book.about(trade, self._clock())
        kept = ("out_trade_no", "trade_no", "buyer_user_id", "buyer_logon_id")
        return {name: about[name] for name in kept} | {
            "fund_change": "Y" if changed else "N",
            "refund_fee": yuan(trade.refunded_fen),  # of all refunds together
            "gmt_refund_pay": self._book.stamp(refund.at),
        }

    def query_refund(self, biz: Biz) -> Biz:
        trade, number = self._trade(biz), text(biz, "out_request_no", r".{1,64}")
        refund = next((one for one in trade.refunds if one.out_request_no == number), None)
        if refund is None:
            return {}  # success, and not a word more
        said = {
            "out_request_no": number, "out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no,
            "total_amount": yuan(trade.amount_fen), "refund_amount": yuan(refund.amount_fen),
        }  # fmt: skip
        done = {"refund_status": "REFUND_SUCCESS", "gmt_refund_pay": self._book.stamp(refund.at)}
        return said | done if refund.done else said

    def _trade(self, biz: Biz) -> Trade:
        if not biz.get("out_trade_no") and not biz.get("trade_no"):
            raise AlipayError("isv.missing-parameter", "out_trade_no 和 trade_no 不能同时为空")
        trade = self._book.known(str(biz.get("out_trade_no") or ""), str(biz.get("trade_no") or ""))
        if trade is None:
            raise AlipayError("ACQ.TRADE_NOT_EXIST")
        return trade


def read_biz(fields: Mapping[str, str]) -> Biz:
    try:
        biz = json.loads(fields.get("biz_content", ""))
    except ValueError as error:
        raise AlipayError("isv.invalid-parameter", "biz_content 不是 JSON") from error
    if not isinstance(biz, dict):
        raise AlipayError("isv.invalid-parameter", "biz_content 不是 JSON 对象")
    return biz


def text(biz: Biz, name: str, pattern: str) -> str:
    value = biz.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise AlipayError("ACQ.INVALID_PARAMETER", f"参数无效：{name}")
    return value


def fen(biz: Biz, name: str) -> int:
    """An amount in yuan with at most two decimals, as text or number."""
    value = str(biz.get(name, ""))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", value):
        raise AlipayError("ACQ.INVALID_PARAMETER", f"参数无效：{name}")
    whole, _, rest = value.partition(".")
    amount = int(whole) * 100 + int(rest.ljust(2, "0"))
    if amount < 1:
        raise AlipayError("ACQ.INVALID_PARAMETER", f"参数无效：{name}")
    return amount


def _end(biz: Biz, now: datetime, zone: ZoneInfo) -> datetime | None:
    if asked := biz.get("time_expire"):
        try:
            return datetime.strptime(str(asked), STAMP).replace(tzinfo=zone)
        except ValueError as error:
            raise AlipayError("ACQ.INVALID_PARAMETER", "参数无效：time_expire") from error
    if length := biz.get("timeout_express"):
        found = re.fullmatch(r"(\d{1,5})([mhd])", str(length))
        if not found:
            raise AlipayError("ACQ.INVALID_PARAMETER", "参数无效：timeout_express")
        return now + timedelta(minutes=int(found[1]) * LENGTHS[found[2]])
    return now + timedelta(days=15)
