"""What the payer does: pays an order that is open, or does not."""

from __future__ import annotations

from integrations.sandbox.posting import Delivery
from integrations.sandbox.state import Clock
from integrations.sandbox.wechat.account import WeChatUser
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.notices import Notices
from integrations.sandbox.wechatpay.trades import Book, Trade


class Payer:
    def __init__(self, book: Book, notices: Notices, clock: Clock) -> None:
        self._book, self._notices, self._clock = book, notices, clock

    def pay(
        self, trade: Trade, user: WeChatUser, *, late: bool = False, notify: bool = True, delay_s: float = 0
    ) -> Delivery | None:
        """`late`: the password was typed in time and taken after the order ran out. Raises PayError."""
        now = self._clock()
        if trade.paid_at is not None:
            raise PayError("ORDERPAID")
        if trade.closed or (trade.state(now) == "CLOSED" and not late):
            raise PayError("ORDER_CLOSED")
        if trade.type == "JSAPI" and trade.openid != user.openid:
            raise PayError("INVALID_REQUEST", "下单账号与支付账号不一致，请核实后再支付")
        self._book.paid(trade, now, user.openid)
        return self._notices.paid(trade, delay_s=delay_s) if notify else None
