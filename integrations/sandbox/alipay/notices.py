"""Alipay's news: a signed form, sent eight times in 25 hours at most, until the program answers exactly `success`."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Literal
from urllib.parse import urlencode

import httpx

from integrations.sandbox.alipay.keys import Application
from integrations.sandbox.alipay.trades import Book, Refund, Trade, buyer_id, masked_phone, yuan
from integrations.sandbox.lies import twisted
from integrations.sandbox.posting import Delivery, Letter, Post
from integrations.sandbox.state import Clock

MINUTE, HOUR = 60, 3600
PAUSES = (4 * MINUTE, 10 * MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 15 * HOUR)
Manner = Literal["again", "stale", "forged"]


class Notices:
    def __init__(self, application: Application, book: Book, post: Post, clock: Clock) -> None:
        self._application, self._book, self._post, self._clock = application, book, post, clock

    def changed(self, trade: Trade, refund: Refund | None = None, *, delay_s: float = 0) -> Delivery | None:
        """None where the seller named no address."""
        if not trade.notify_url:
            return None
        return self._post.start(self._letter(trade, refund, "again"), delay_s=delay_s)

    async def send(self, trade: Trade, refund: Refund | None, manner: Manner) -> Delivery:
        delivery = Delivery(trade.notify_url)
        await self._post.once(self._letter(trade, refund, manner), delivery)
        return delivery

    def _letter(self, trade: Trade, refund: Refund | None, manner: Manner) -> Letter:
        said = self._said(trade, refund, manner)

        def make(lie: str | None) -> tuple[dict[str, str], bytes]:
            fields = self._application.signed(twisted(lie, said))
            if manner == "forged":
                fields["total_amount"] = yuan(trade.amount_fen + 1)
            body = urlencode(fields).encode()
            return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body

        return Letter(trade.notify_url, trade.out_trade_no, make, _taken, said)

    def _said(self, trade: Trade, refund: Refund | None, manner: Manner) -> dict[str, str]:
        assert trade.buyer
        assert trade.paid_at
        now = self._clock() - (timedelta(days=2) if manner == "stale" else timedelta())
        amount = yuan(trade.amount_fen)
        # A payment's news tells of the state before any refund.
        status = trade.status(now) if refund or trade.finished else "TRADE_SUCCESS"
        said = {
            "notify_time": self._book.stamp(now), "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17), "charset": "utf-8", "version": "1.0",
            "app_id": self._application.app_id, "auth_app_id": self._application.app_id,
            "seller_id": self._application.seller_id, "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no, "trade_status": status, "subject": trade.subject,
            "total_amount": amount, "receipt_amount": amount, "buyer_pay_amount": amount,
            "invoice_amount": amount, "point_amount": "0.00", "buyer_id": buyer_id(trade.buyer),
            "buyer_logon_id": masked_phone(trade.buyer), "gmt_create": self._book.stamp(trade.created_at),
            "gmt_payment": self._book.stamp(trade.paid_at),
            "fund_bill_list": json.dumps([{"amount": amount, "fundChannel": "ALIPAYACCOUNT"}]),
        }  # fmt: skip
        if refund:
            said |= {
                "refund_fee": yuan(trade.refunded_fen), "out_biz_no": refund.out_request_no,
                "gmt_refund": self._book.stamp(refund.at) + ".000",
            }  # fmt: skip
            if status == "TRADE_CLOSED":
                said["gmt_close"] = self._book.stamp(refund.at)
        return said


def _taken(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.content == b"success"
