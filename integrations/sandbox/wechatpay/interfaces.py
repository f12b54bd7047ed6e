"""What the interfaces do once the request's signature was found right."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Any

from integrations.sandbox.options import Options
from integrations.sandbox.state import Background, Clock
from integrations.sandbox.wechat.account import Account
from integrations.sandbox.wechatpay import requests
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.keys import Keys
from integrations.sandbox.wechatpay.notices import Notices
from integrations.sandbox.wechatpay.trades import Book, Refund, RefundStatus, Trade, TradeType

Answer = dict[str, Any] | None  # None: 204
CODE_URL = "weixin://wxpay/bizpayurl?pr="
H5_MINUTES, SESSION_MINUTES = 5, 120


class Interfaces:
    """Every method raises PayError."""

    def __init__(
        self, account: Account, keys: Keys, book: Book, notices: Notices, background: Background,
        options: Options, clock: Clock, own: str,
    ) -> None:  # fmt: skip
        self._account, self._keys, self._book, self._notices = account, keys, book, notices
        self._background, self._options, self._clock, self._own = background, options, clock, own

    # Orders

    def jsapi(self, body: bytes) -> Answer:
        order = requests.read(requests.JsapiOrder, body)
        trade = self._order("JSAPI", order, order.payer.openid)
        return {"prepay_id": self._book.session(trade, self._clock(), SESSION_MINUTES)}

    def native(self, body: bytes) -> Answer:
        trade = self._order("NATIVE", requests.read(requests.Order, body), "")
        return {"code_url": CODE_URL + self._book.session(trade, self._clock(), SESSION_MINUTES)}

    def h5(self, body: bytes) -> Answer:
        trade = self._order("MWEB", requests.read(requests.H5Order, body), "")
        prepay_id = self._book.session(trade, self._clock(), H5_MINUTES)
        package = secrets.randbelow(9 * 10**9) + 10**9
        return {"h5_url": f"{self._own}/wechatpay/h5?prepay_id={prepay_id}&package={package}"}

    def _order(self, kind: TradeType, order: requests.Order, openid: str) -> Trade:
        self._own_mchid(order.mchid)
        if order.appid != self._account.appid:
            raise PayError("APPID_MCHID_NOT_MATCH")
        if openid and self._account.user(openid) is None:
            raise PayError("OPENID_MISMATCH")
        terms = (
            kind, openid, order.amount.total, order.description, order.attach, order.notify_url,
            order.time_expire,
        )  # fmt: skip
        known = self._book.find(order.out_trade_no)
        if known is not None:
            return self._again(known, terms)
        now = self._clock()
        trade = Trade(
            out_trade_no=order.out_trade_no, type=kind, appid=order.appid, mchid=order.mchid,
            description=order.description, attach=order.attach, amount_fen=order.amount.total,
            notify_url=order.notify_url, openid=openid, terms=terms, created_at=now,
            closes_at=self._closes(order.time_expire, now),
        )  # fmt: skip
        self._book.add(trade)
        return trade

    def _closes(self, asked: datetime | None, now: datetime) -> datetime | None:
        shortest = now + timedelta(seconds=self._options.wechatpay_shortest_expiry)
        return max(asked, shortest) if asked else None

    def _again(self, known: Trade, terms: tuple[object, ...]) -> Trade:
        if known.paid_at is not None:
            raise PayError("ORDERPAID")
        if known.state(self._clock()) == "CLOSED":
            raise PayError("ORDER_CLOSED")
        if known.terms != terms:
            raise PayError("OUT_TRADE_NO_USED")
        return known

    def query(self, out_trade_no: str, mchid: str | None) -> Answer:
        self._own_mchid(mchid)
        return self._book.trade_json(self._trade(out_trade_no), self._clock())

    def query_by_transaction(self, transaction_id: str, mchid: str | None) -> Answer:
        self._own_mchid(mchid)
        trade = self._book.by_transaction(transaction_id)
        if trade is None:
            raise PayError("ORDER_NOT_EXIST")
        return self._book.trade_json(trade, self._clock())

    def close(self, out_trade_no: str, body: bytes) -> Answer:
        self._own_mchid(requests.read(requests.Close, body).mchid)
        trade = self._trade(out_trade_no)
        if trade.paid_at is not None:
            raise PayError("ORDERPAID")
        trade.closed = True
        self._book.version += 1
        return None

    def _trade(self, out_trade_no: str) -> Trade:
        trade = self._book.find(out_trade_no)
        if trade is None:
            raise PayError("ORDER_NOT_EXIST")
        return trade

    def _own_mchid(self, mchid: str | None) -> None:
        if not mchid:
            raise PayError("PARAM_ERROR", "缺少参数 mchid")
        if mchid != self._keys.merchant.mchid:
            raise PayError("INVALID_REQUEST", "请求中的mchid与Authorization中的mchid不一致")

    # Refunds

    def refund(self, body: bytes) -> Answer:
        asked = requests.read(requests.RefundOrder, body)
        if not asked.transaction_id and not asked.out_trade_no:
            raise PayError("PARAM_ERROR", "transaction_id和out_trade_no二选一填写")
        trade = self._book.by_transaction(asked.transaction_id) or self._book.find(asked.out_trade_no)
        if trade is None:
            raise PayError("RESOURCE_NOT_EXISTS", "订单不存在")
        if trade.paid_at is None:
            raise PayError("INVALID_REQUEST", "订单未支付，不能退款")
        known = self._book.refund(asked.out_refund_no)
        if known is not None:
            return self._same_refund(*known, asked, trade)
        if asked.amount.total != trade.amount_fen:
            raise PayError("INVALID_REQUEST", "订单总金额与之前下单时不一致")
        if trade.refundable_fen <= 0:
            raise PayError("INVALID_REQUEST", "订单已全额退款")
        if asked.amount.refund > trade.refundable_fen:
            raise PayError("INVALID_REQUEST", "申请退款金额大于可退金额")
        return self._book.refund_json(trade, self._accept(trade, asked))

    def _same_refund(self, trade: Trade, refund: Refund, asked: requests.RefundOrder, of: Trade) -> Answer:
        if trade is not of or refund.total_fen != asked.amount.refund or asked.amount.total != of.amount_fen:
            raise PayError("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        return self._book.refund_json(trade, refund)

    def _accept(self, trade: Trade, asked: requests.RefundOrder) -> Refund:
        now = self._clock()
        refund = Refund(
            refund_id=f"50{now.astimezone(self._book.zone):%Y%m%d%H%M%S}{secrets.randbelow(10**12):012}",
            out_refund_no=asked.out_refund_no, total_fen=asked.amount.refund,
            notify_url=asked.notify_url or "", reason=asked.reason, created_at=now,
        )  # fmt: skip
        self._book.add_refund(trade, refund)
        self._background.start(self._finish(trade, refund))
        return refund

    async def _finish(self, trade: Trade, refund: Refund) -> None:
        await asyncio.sleep(self._options.wechatpay_refund_seconds)
        if refund.status == "PROCESSING" and trade.outcome != "PROCESSING":
            self.settle_refund(trade, refund, trade.outcome)

    def settle_refund(self, trade: Trade, refund: Refund, outcome: RefundStatus) -> None:
        """What becomes of a refund; the merchant is told of it."""
        refund.status, refund.done_at = outcome, self._clock()
        self._book.version += 1
        if outcome != "PROCESSING":
            self._notices.refunded(trade, refund)

    def query_refund(self, out_refund_no: str) -> Answer:
        found = self._book.refund(out_refund_no)
        if found is None:
            raise PayError("RESOURCE_NOT_EXISTS", "退款单不存在")
        return self._book.refund_json(*found)

    def certificates(self) -> Answer:
        return self._keys.certificates()
