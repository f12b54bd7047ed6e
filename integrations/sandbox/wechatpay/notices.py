"""WeChat Pay's news: sealed, signed, and repeated until the program answers 200 or 204."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import httpx

from integrations.sandbox.lies import twisted
from integrations.sandbox.posting import Delivery, Letter, Post
from integrations.sandbox.state import Clock
from integrations.sandbox.wechatpay.keys import Keys
from integrations.sandbox.wechatpay.requests import local
from integrations.sandbox.wechatpay.signing import signed_headers
from integrations.sandbox.wechatpay.trades import Book, Refund, Trade

PAUSES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
REFUND_WORDS = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}
STALE = timedelta(minutes=10)

# How a notice that is sent on demand may differ: again as it was; with an old timestamp; as a probe that only looks
# whether signatures are checked; with a signature of another text.
Manner = Literal["again", "stale", "signtest", "forged"]


class Notices:
    def __init__(self, keys: Keys, book: Book, post: Post, clock: Clock) -> None:
        self._keys, self._book, self._post, self._clock = keys, book, post, clock

    def paid(self, trade: Trade, *, delay_s: float = 0) -> Delivery:
        return self._post.start(self._payment(trade, "again"), delay_s=delay_s)

    def refunded(self, trade: Trade, refund: Refund) -> Delivery | None:
        """None where the merchant asked for no news of it."""
        return self._post.start(self._refund(trade, refund, "again")) if refund.notify_url else None

    async def send_payment(self, trade: Trade, manner: Manner) -> Delivery:
        return await self._send(self._payment(trade, manner))

    async def send_refund(self, trade: Trade, refund: Refund, manner: Manner) -> Delivery:
        return await self._send(self._refund(trade, refund, manner))

    async def _send(self, letter: Letter) -> Delivery:
        delivery = Delivery(letter.url)
        await self._post.once(letter, delivery)
        return delivery

    def _payment(self, trade: Trade, manner: Manner) -> Letter:
        said = self._book.trade_json(replace(trade, refunds=[]), self._clock())
        head = {"event_type": "TRANSACTION.SUCCESS", "summary": "支付成功"}
        return self._letter(trade.notify_url, "transaction", head, said, manner, trade.out_trade_no)

    def _refund(self, trade: Trade, refund: Refund, manner: Manner) -> Letter:
        said = {
            "mchid": trade.mchid, "out_trade_no": trade.out_trade_no, "transaction_id": trade.transaction_id,
            "out_refund_no": refund.out_refund_no, "refund_id": refund.refund_id, "refund_status": refund.status,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": trade.amount_fen, "refund": refund.total_fen, "payer_total": trade.amount_fen,
                "payer_refund": refund.total_fen,
            },
        }  # fmt: skip
        if refund.status == "SUCCESS" and refund.done_at:
            said["success_time"] = local(refund.done_at.astimezone(self._book.zone))
        head = {"event_type": f"REFUND.{refund.status}", "summary": REFUND_WORDS.get(refund.status, "退款")}
        return self._letter(refund.notify_url, "refund", head, said, manner, refund.out_refund_no)

    def _letter(
        self, url: str, kind: str, head: dict[str, str], said: dict[str, Any], manner: Manner, who: str
    ) -> Letter:
        created = local(self._clock().astimezone(self._book.zone))
        event = {"id": _event_id(), "create_time": created, "resource_type": "encrypt-resource", **head}

        def make(lie: str | None) -> tuple[dict[str, str], bytes]:
            plain = json.dumps(twisted(lie, said), ensure_ascii=False).encode()
            resource = {"original_type": kind, **self._keys.seal(plain, kind)}
            body = json.dumps({**event, "resource": resource}, ensure_ascii=False).encode()
            now = self._clock() - (STALE if manner == "stale" else timedelta())
            signed = body + b" " if manner == "forged" else body
            headers = signed_headers(self._keys.for_notices(), signed, now)
            if manner == "signtest":
                headers["Wechatpay-Signature"] = (
                    "WECHATPAY/SIGNTEST/" + base64.b64encode(secrets.token_bytes(237)).decode()
                )
            return headers | {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0"}, body

        return Letter(url, who, make, _taken, {**event, "resource": said})


def _taken(response: httpx.Response) -> bool:
    return response.status_code in (200, 204)


def _event_id() -> str:
    raw = secrets.token_hex(16)
    return f"{raw[:8]}-{raw[8:12]}-5{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
