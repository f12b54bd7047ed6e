"""WeChat Pay v3 (微信支付), for one merchant with one official account."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import httpx
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_.type import WeChatPayType

from integrations.channel import Malformed
from integrations.database import utcnow
from integrations.messages import Answer, Webhook
from integrations.money import BillLine, Platform
from integrations.payment.amounts import CHINA
from integrations.payment.interface import (
    Charge,
    ForeignAccount,
    ForeignAnswer,
    NoBill,
    NoFunds,
    NumberUsed,
    Prepared,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.payment.wechatpay_bill import read_bill
from integrations.payment.wechatpay_core import WeChatPayCore
from integrations.settings import Settings
from integrations.transport import keep_secrets_out_of_logs

_TRADES = {
    "SUCCESS": State.DONE,
    "REFUND": State.DONE,  # it was paid, and goes back
    "NOTPAY": State.OPEN,
    "USERPAYING": State.OPEN,
    "PAYERROR": State.OPEN,
    "CLOSED": State.CLOSED,
    "REVOKED": State.CLOSED,
}
_REFUNDS = {
    "SUCCESS": State.DONE,
    "PROCESSING": State.OPEN,
    "ABNORMAL": State.ABNORMAL,
    "CLOSED": State.CLOSED,
}
_TYPES = {
    Way.JSAPI: WeChatPayType.JSAPI,
    Way.NATIVE: WeChatPayType.NATIVE,
    Way.H5: WeChatPayType.H5,
}
_ABSENT = ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS")
# Opened before on other terms, or not to be opened any more.
_USED = ("OUT_TRADE_NO_USED", "ORDERPAID", "ORDER_CLOSED", "ORDERCLOSED", "INVALID_REQUEST")
_NO_BILL = ("NO_STATEMENT_EXIST", "STATEMENT_CREATING")
_FINAL = ("OPENID_MISMATCH",)  # a 500 that stays one


class WeChatPay:
    """Needs all WECHATPAY_… settings but the public key: without that the platform's certificates are fetched.
    Raises ValueError for keys that cannot be read."""

    name = Platform.WECHATPAY
    received = Answer()

    def __init__(
        self, settings: Settings, *, http: httpx.AsyncClient, now: Callable[[], datetime] = utcnow
    ) -> None:
        keep_secrets_out_of_logs()
        self._appid = settings.wechat_appid
        self._mchid = settings.wechatpay_mchid
        private_key = settings.wechatpay_private_key.get_secret_value()
        apiv3_key = settings.wechatpay_apiv3_key.get_secret_value()
        self._core = WeChatPayCore(
            mchid=self._mchid,
            serial_no=settings.wechatpay_serial_no,
            private_key=private_key,
            apiv3_key=apiv3_key,
            public_key_id=settings.wechatpay_public_key_id,
            public_key=settings.wechatpay_public_key,
            base=settings.wechatpay_api_base,
            http=http,
            now=now,
        )
        self._now = now
        self._api = AsyncWeChatPay(
            wechatpay_type=WeChatPayType.JSAPI,
            mchid=self._mchid,
            private_key=private_key,
            cert_serial_no=settings.wechatpay_serial_no,
            appid=self._appid,
            apiv3_key=apiv3_key,
            notify_url=f"{settings.public_url.rstrip('/')}/webhooks/wechatpay",
        )
        self._api._core = self._core  # noqa: SLF001 (the only way to another host and another HTTP client)

    @staticmethod
    def configured(settings: Settings) -> bool:
        return bool(
            settings.wechat_appid
            and settings.wechatpay_mchid
            and settings.wechatpay_serial_no
            and settings.wechatpay_private_key
            and settings.wechatpay_apiv3_key
        )

    async def prepare(self, way: Way, charge: Charge) -> Prepared:
        if way not in _TYPES:
            raise Refused(f"WeChat Pay has no {way}")
        terms: dict[str, Any] = {"pay_type": _TYPES[way]}
        if charge.expires_at is not None:
            terms["time_expire"] = charge.expires_at.astimezone(CHINA).isoformat(timespec="seconds")
        if way is Way.JSAPI:
            terms["payer"] = {"openid": charge.payer}
        if way is Way.H5:
            terms["scene_info"] = {"payer_client_ip": charge.client_ip, "h5_info": {"type": "Wap"}}
        opening = self._api.pay(
            description=charge.description,
            out_trade_no=charge.out_trade_no,
            amount={"total": charge.amount_fen, "currency": "CNY"},
            **terms,
        )
        try:
            said = await _said(opening)
        except Refused as error:
            if error.code in _USED:
                raise NumberUsed(str(error), error.code) from error
            raise
        return self._prepared(way, said, charge.return_url)

    def _prepared(self, way: Way, said: Mapping[str, Any], return_url: str) -> Prepared:
        field = {Way.JSAPI: "prepay_id", Way.NATIVE: "code_url", Way.H5: "h5_url"}[way]
        value = said.get(field)
        if not isinstance(value, str) or not value:
            raise Unavailable(f"no {field}")
        match way:
            case Way.JSAPI:
                return Prepared(bridge=self._bridge(f"prepay_id={value}"))
            case Way.NATIVE:
                return Prepared(code=value)
        back = f"&redirect_url={quote(return_url, safe='')}" if return_url else ""
        return Prepared(url=value + back)

    def _bridge(self, package: str) -> dict[str, str]:
        stamp, nonce = str(int(self._now().timestamp())), secrets.token_hex(16)
        signature = self._api.sign([self._appid, stamp, nonce, package])
        return {
            "appId": self._appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }

    async def query(self, out_trade_no: str) -> TradeNews:
        try:
            said = await _said(self._api.query(out_trade_no=out_trade_no))
        except Refused as error:
            if error.code in _ABSENT:
                return TradeNews(out_trade_no, State.UNKNOWN)
            raise
        try:
            self._check_ours(said)
            news = _trade(said)
        except ForeignAccount as error:
            raise ForeignAnswer(error) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable("an answer that cannot be read") from error
        if news.out_trade_no != out_trade_no:
            raise Unavailable("an answer about another order")
        return news

    async def close(self, out_trade_no: str) -> None:
        try:
            await _said(self._api.close(out_trade_no))
        except Refused as error:
            if error.code not in (*_ABSENT, "ORDER_CLOSED", "ORDERCLOSED"):
                raise

    async def refund(
        self, *, out_trade_no: str, out_refund_no: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundNews:
        asking = self._api.refund(
            out_refund_no=out_refund_no,
            amount={"refund": amount_fen, "total": total_fen, "currency": "CNY"},
            out_trade_no=out_trade_no,
            reason=reason,
        )
        try:
            return _refund_answer(await _said(asking), out_refund_no)
        except Refused as error:
            if error.code == "NOT_ENOUGH":
                raise NoFunds(str(error), error.code) from error
            raise

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> RefundNews:
        try:
            said = await _said(self._api.query_refund(out_refund_no))
        except Refused as error:
            if error.code in _ABSENT:
                return RefundNews(out_refund_no, State.UNKNOWN)
            raise
        return _refund_answer(said, out_refund_no)

    async def bill(self, day: date) -> Sequence[BillLine]:
        try:
            said = await _said(self._api.trade_bill(bill_date=day.isoformat()))
        except Refused as error:
            if error.code in _NO_BILL:
                raise NoBill(str(error), error.code) from error
            raise Unavailable(str(error), error.code) from error
        try:
            url, expected = str(said["download_url"]), str(said["hash_value"])
            status, content = await self._core.request(url[url.index("/v3/") :], skip_verify=True)
            if status != httpx.codes.OK:
                raise Unavailable(f"no bill: HTTP {status}")
            return _bill(content, expected)
        except (ValueError, KeyError, OSError, EOFError, zlib.error) as error:
            raise Unavailable("a bill that cannot be read") from error

    async def read(self, webhook: Webhook) -> TradeNews | RefundNews | None:
        await self._core.verify(webhook.headers, webhook.body)
        try:
            notice = json.loads(webhook.body)
            kind = str(notice["event_type"])
            if not kind.startswith(("TRANSACTION.", "REFUND.")):
                return None
            said = json.loads(self._core.decrypt_resource(notice["resource"]))
            self._check_ours(said)
            return _refund(said, "refund_status") if kind.startswith("REFUND.") else _trade(said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Malformed("no news of a payment") from error

    def _check_ours(self, said: Mapping[str, Any]) -> None:
        """Refunds name no appid. Raises ForeignAccount."""
        if said["mchid"] != self._mchid or said.get("appid", self._appid) != self._appid:
            number = str(said.get("out_refund_no") or said.get("out_trade_no") or "")
            amount = said.get("amount", {}).get("total")
            transaction = said.get("transaction_id")
            raise ForeignAccount(number, transaction, amount if isinstance(amount, int) else None)


async def _said(call: Awaitable[tuple[int, bytes]]) -> dict[str, Any]:
    """What WeChat Pay answered. Raises Unavailable, Refused."""
    status, body = await call
    try:
        said = json.loads(body) if body else {}
        code = str(said.get("code", ""))
    except (ValueError, AttributeError):
        raise Unavailable(f"HTTP {status}, no answer of WeChat Pay's") from None
    if httpx.codes.is_success(status):
        return dict(said)
    # 401: our clock, or a key that is just being changed; a gateway's answer has no code
    waits = status >= 500 or status in (401, 429) or not code
    if waits and code not in _FINAL:
        raise Unavailable(f"HTTP {status} {code}", code)
    raise Refused(code, code)


def _trade(said: Mapping[str, Any]) -> TradeNews:
    """Raises ValueError, KeyError, TypeError."""
    state, number = _TRADES[said["trade_state"]], str(said["out_trade_no"])
    if state is not State.DONE:
        return TradeNews(number, state)
    amount = said["amount"]
    if amount.get("currency", "CNY") != "CNY":
        raise ValueError("other money")
    paid_at = datetime.fromisoformat(said["success_time"])
    if paid_at.tzinfo is None:
        raise ValueError("a time without its zone")
    return TradeNews(
        number,
        state,
        transaction_id=str(said["transaction_id"]),
        amount_fen=_whole(amount["total"]),
        paid_at=paid_at.astimezone(UTC),
        payer=(said.get("payer") or {}).get("openid"),
    )


def _refund(said: Mapping[str, Any], status: str) -> RefundNews:
    """Raises ValueError, KeyError, TypeError."""
    state = _REFUNDS[said[status]]
    return RefundNews(
        str(said["out_refund_no"]),
        state,
        platform_refund_id=str(said["refund_id"]),
        amount_fen=_whole(said["amount"]["refund"]),
        error="" if state in (State.DONE, State.OPEN) else str(said[status]),
    )


def _refund_answer(said: Mapping[str, Any], out_refund_no: str) -> RefundNews:
    try:
        news = _refund(said, "status")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable("an answer that cannot be read") from error
    if news.out_refund_no != out_refund_no:
        raise Unavailable("an answer about another refund")
    return news


def _whole(amount: object) -> int:
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise TypeError("no whole fen")
    return amount


def _bill(content: bytes, expected: str) -> list[BillLine]:
    """The hash is that of the bill before it was packed."""
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    if hashlib.sha1(plain, usedforsecurity=False).hexdigest() != expected.lower():
        raise ValueError("not the bill that was announced")
    return read_bill(plain.decode())
