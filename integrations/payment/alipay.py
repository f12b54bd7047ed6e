"""Alipay (支付宝): payments in a phone's or a desktop's browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError

from integrations.channel import Forbidden, Malformed
from integrations.database import utcnow
from integrations.messages import Answer, Webhook
from integrations.money import BillLine, Platform
from integrations.payment.alipay_bill import read_bill
from integrations.payment.amounts import CHINA, fen, moment, yuan
from integrations.payment.interface import (
    Charge,
    ForeignAccount,
    NoBill,
    NoFunds,
    Prepared,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.settings import Settings
from integrations.transport import TIMEOUT, keep_secrets_out_of_logs

_DONE = "10000"
_BUSINESS = "40004"  # it understood, and says no: sub_code tells why
_BUSY = ("ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "isp.unknow-error", "aop.")
_ABSENT = ("ACQ.TRADE_NOT_EXIST",)
_POOR = ("ACQ.SELLER_BALANCE_NOT_ENOUGH",)
_PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")


class _Api(AliPay):
    """The library signs, verifies and builds the requests; they leave through our own HTTP, for its own blocks, and
    writes the machine's time where Alipay reads China's. It counts braces to find what is signed, those inside of
    strings too. Raises ValueError for a key that cannot be read."""

    def __init__(
        self, settings: Settings, *, http: httpx.AsyncClient, notify_url: str, now: Callable[[], datetime]
    ) -> None:
        super().__init__(
            appid=settings.alipay_app_id,
            app_notify_url=notify_url,
            app_private_key_string=_key(settings.alipay_private_key.get_secret_value()),
            alipay_public_key_string=_key(settings.alipay_public_key),
        )
        self._gateway = settings.alipay_api_base
        self._http = http
        self._now = now

    @property
    def gateway(self) -> str:
        return self._gateway

    def build_body(self, method: str, biz_content: Any = None, **more: Any) -> dict[str, Any]:
        stamp = self._now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        body: dict[str, Any] = super().build_body(method, biz_content, **{"timestamp": stamp, **more})
        return body

    async def verified_sync_response(self, data: dict[str, Any], response_type: str) -> dict[str, Any]:
        """What Alipay answered. Raises Unavailable, Refused."""
        signed = dict(parse_qsl(self.sign_data(data)))
        body = {"biz_content": signed.pop("biz_content")}
        try:
            response = await self._http.post(self._gateway, params=signed, data=body, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise Unavailable(type(error).__name__) from error
        try:
            said: dict[str, Any] = self._verify_and_return_sync_response(response.text, response_type)
        except AliPayValidationError as error:
            raise Unavailable("an answer that is not Alipay's") from error
        except AliPayException as error:  # errors of the gateway bear no signature
            raise Unavailable("an answer without a signature") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(f"HTTP {response.status_code}, no answer of Alipay's") from error
        return _checked(said)

    def _get_string_to_be_signed(self, raw_string: str, response_type: str) -> str:
        start = raw_string.index("{", raw_string.index(f'"{response_type}"'))
        _, end = json.JSONDecoder().raw_decode(raw_string, start)
        return raw_string[start:end]


class Alipay:
    """Needs all ALIPAY_… settings. Raises ValueError for keys that cannot be read."""

    name = Platform.ALIPAY
    received = Answer(b"success")

    def __init__(
        self, settings: Settings, *, http: httpx.AsyncClient, now: Callable[[], datetime] = utcnow
    ) -> None:
        keep_secrets_out_of_logs()
        self._app_id = settings.alipay_app_id
        self._seller_id = settings.alipay_seller_id
        self._http = http
        self._api = _Api(
            settings,
            http=http,
            notify_url=f"{settings.public_url.rstrip('/')}/webhooks/alipay",
            now=now,
        )

    @staticmethod
    def configured(settings: Settings) -> bool:
        return bool(
            settings.alipay_app_id
            and settings.alipay_seller_id
            and settings.alipay_private_key
            and settings.alipay_public_key
        )

    async def prepare(self, way: Way, charge: Charge) -> Prepared:
        """Alipay is not asked: the address itself is signed, and holds until the charge expires."""
        opening = {
            Way.WAP: self._api.api_alipay_trade_wap_pay,
            Way.PAGE: self._api.api_alipay_trade_page_pay,
        }.get(way)
        if opening is None:
            raise Refused(f"Alipay has no {way}")
        terms = {"seller_id": self._seller_id}
        if charge.expires_at is not None:
            terms["time_expire"] = charge.expires_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        signed = opening(
            subject=charge.description,
            out_trade_no=charge.out_trade_no,
            total_amount=yuan(charge.amount_fen),
            return_url=charge.return_url or None,
            **terms,
        )
        return Prepared(url=f"{self._api.gateway}?{signed}")

    async def query(self, out_trade_no: str) -> TradeNews:
        try:
            said = await self._api.api_alipay_trade_query(out_trade_no=out_trade_no)
        except Refused as error:
            if error.code in _ABSENT:
                return TradeNews(out_trade_no, State.UNKNOWN)
            raise
        return _about(_trade, said, "send_pay_date", out_trade_no)

    async def close(self, out_trade_no: str) -> None:
        try:
            await self._api.api_alipay_trade_close(out_trade_no=out_trade_no)
        except Refused as error:
            if error.code not in _ABSENT:
                raise

    async def refund(
        self, *, out_trade_no: str, out_refund_no: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundNews:
        try:
            said = await self._api.api_alipay_trade_refund(
                yuan(amount_fen),
                out_trade_no=out_trade_no,
                out_request_no=out_refund_no,
                refund_reason=reason,
            )
        except Refused as error:
            if error.code in _POOR:
                raise NoFunds(str(error), error.code) from error
            raise
        if said.get("fund_change") == "Y":
            return RefundNews(out_refund_no, State.DONE, said.get("trade_no"), amount_fen)
        return RefundNews(out_refund_no, State.OPEN)  # done before, or not yet: the query tells

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> RefundNews:
        try:
            said = await self._api.api_alipay_trade_fastpay_refund_query(
                out_refund_no, out_trade_no=out_trade_no
            )
        except Refused as error:
            if error.code in _ABSENT:
                return RefundNews(out_refund_no, State.UNKNOWN)
            raise
        return _about(_refund, said, "refund_amount", out_refund_no)

    async def bill(self, day: date) -> Sequence[BillLine]:
        asking = self._api.server_api(
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": day.isoformat()},
        )
        try:
            said = await asking
            response = await self._http.get(str(said["bill_download_url"]), timeout=TIMEOUT)
            response.raise_for_status()
            return read_bill(response.content)
        except Refused as error:
            kind = NoBill if error.code.lower().endswith("bill_not_exist") else Unavailable
            raise kind(str(error), error.code) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"no bill: {type(error).__name__}") from error
        except (ValueError, KeyError) as error:
            raise Unavailable("a bill that cannot be read") from error

    async def read(self, webhook: Webhook) -> TradeNews | None:
        try:
            said = dict(parse_qsl(webhook.body.decode(), keep_blank_values=True, strict_parsing=True))
            sign = said.pop("sign")
        except (ValueError, KeyError) as error:
            raise Malformed("no notice of Alipay's") from error
        self._verify(said, sign)
        if said.get("app_id") != self._app_id or said.get("seller_id") != self._seller_id:
            raise _foreign(said)
        try:
            return _trade(said, "gmt_payment")
        except (ValueError, KeyError) as error:
            raise Malformed("no news of a payment") from error

    def _verify(self, said: Mapping[str, str], sign: str) -> None:
        """All but sign and sign_type, in order, signed by RSA2. Raises Forbidden."""
        try:
            genuine = self._api.verify(dict(said), sign)
        except (AliPayException, ValueError, TypeError) as error:
            raise Forbidden("signed in an unknown way") from error
        if not genuine or "sign_type" not in said:
            raise Forbidden("wrong signature")


def _key(encoded: str) -> bytes:
    return base64.b64decode("".join(encoded.split()), validate=True)


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    """Raises Unavailable, Refused."""
    code, reason = str(said.get("code", "")), str(said.get("sub_code", ""))
    if code == _DONE:
        return said
    if code != _BUSINESS or reason.startswith(_BUSY):
        raise Unavailable(f"{code} {reason}", reason or code)
    raise Refused(reason, reason)


def _trade(said: Mapping[str, Any], paid_at: str) -> TradeNews:
    """A trade that was paid and wholly paid back is TRADE_CLOSED, like one that nobody paid. Raises ValueError,
    KeyError."""
    number, status = str(said["out_trade_no"]), said["trade_status"]
    if status not in _PAID and not (status == "TRADE_CLOSED" and said.get(paid_at)):
        return TradeNews(number, State.CLOSED if status == "TRADE_CLOSED" else State.OPEN)
    return TradeNews(
        number,
        State.DONE,
        transaction_id=str(said["trade_no"]),
        amount_fen=fen(str(said["total_amount"])),
        paid_at=moment(str(said[paid_at])),
        payer=said.get("buyer_id") or said.get("buyer_user_id") or said.get("buyer_open_id"),
    )


def _refund(said: Mapping[str, Any], amount: str) -> RefundNews:
    """Of a refund that Alipay has never heard of the answer is empty. Raises ValueError, KeyError."""
    if not said.get("out_request_no"):
        return RefundNews("", State.UNKNOWN)
    done = said.get("refund_status") == "REFUND_SUCCESS"
    return RefundNews(
        str(said["out_request_no"]),
        State.DONE if done else State.OPEN,
        platform_refund_id=said.get("trade_no"),
        amount_fen=fen(str(said[amount])) if said.get(amount) else None,
    )


def _about[N: (TradeNews, RefundNews)](
    reading: Callable[[Mapping[str, Any], str], N], said: Mapping[str, Any], field: str, number: str
) -> N:
    """The answer, when it is about what was asked. Raises Unavailable."""
    try:
        news = reading(said, field)
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable("an answer that cannot be read") from error
    if isinstance(news, RefundNews) and news.state is State.UNKNOWN:
        return news
    if (news.out_trade_no if isinstance(news, TradeNews) else news.out_refund_no) != number:
        raise Unavailable("an answer about another order")
    return news


def _foreign(said: Mapping[str, str]) -> ForeignAccount:
    try:
        amount = fen(said.get("total_amount", ""))
    except ValueError:
        amount = None
    return ForeignAccount(said.get("out_trade_no", ""), said.get("trade_no"), amount)
