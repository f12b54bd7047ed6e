"""What a payment platform does for us, and the ways it can fail. Money is whole fen, times are UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from integrations.channel import Forbidden
from integrations.messages import Answer, Webhook
from integrations.money import BillLine, Platform


class Way(StrEnum):
    """The platform's product: how somebody comes to pay."""

    JSAPI = "jsapi"  # WeChat Pay inside WeChat; wants the payer's openid
    NATIVE = "native"  # WeChat Pay by a code that a phone scans
    H5 = "h5"  # WeChat Pay from a phone's browser
    WAP = "wap"  # Alipay from a phone's browser
    PAGE = "page"  # Alipay from a desktop's browser


class PaymentError(Exception):
    """The platform did not do it. Its own message is not repeated here, for it may hold what we sent."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code  # the platform's


class Unavailable(PaymentError):
    """Not reached, busy, or no answer that can be read: to be asked again. What was asked may have been done."""


class Refused(PaymentError):
    """It said no, and will say no again."""


class NoBill(Unavailable):
    """It has no bill of that day: it is not made yet, or there was nothing to bill."""


class NumberUsed(Refused):
    """Nothing more can be opened under this out_trade_no: it is paid, closed, or was opened on other terms."""


class NoFunds(Refused):
    """A refund, while the hospital's account at the platform is too low: it is to be asked for again."""


class ForeignAccount(Forbidden):
    """Rightly signed news, but of another merchant or application: it pays nothing here."""

    def __init__(self, number: str, transaction_id: str | None = None, amount_fen: int | None = None) -> None:
        super().__init__("of another merchant or application")
        self.number = number
        self.transaction_id = transaction_id
        self.amount_fen = amount_fen


class ForeignAnswer(Refused):
    """An answer about a payment, but of another merchant or application: it pays nothing here."""

    def __init__(self, about: ForeignAccount) -> None:
        super().__init__(str(about), "FOREIGN_ACCOUNT")
        self.about = about


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be paid. `description` is read on the payer's statement: no department, medicine or illness.
    The same out_trade_no is always opened on the same terms."""

    out_trade_no: str
    amount_fen: int
    description: str
    expires_at: datetime | None
    payer: str | None = field(default=None, repr=False)  # the openid, for JSAPI
    client_ip: str = ""  # for H5
    return_url: str = ""  # where the browser comes back to


@dataclass(frozen=True, slots=True)
class Prepared:
    """How the payer goes on; one of the three is there."""

    bridge: Mapping[str, str] | None = None  # JSAPI: what getBrandWCPayRequest takes, signed
    url: str = ""  # H5, WAP, PAGE: where the browser goes
    code: str = ""  # NATIVE: what the QR code says


class State(StrEnum):
    """What the platform says of something we asked for."""

    UNKNOWN = "unknown"  # it has never heard of it
    OPEN = "open"  # not paid; or, of a refund, on its way
    DONE = "done"  # paid; paid back
    CLOSED = "closed"
    ABNORMAL = "abnormal"  # of a refund: the payer's account does not take it


@dataclass(frozen=True, slots=True)
class TradeNews:
    """A payment as the platform knows it. What is not None when it is paid: all but `payer`."""

    out_trade_no: str
    state: State
    transaction_id: str | None = None
    amount_fen: int | None = None
    paid_at: datetime | None = None
    payer: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RefundNews:
    out_refund_no: str
    state: State
    platform_refund_id: str | None = None
    amount_fen: int | None = None
    error: str = ""


class PaymentPlatform(Protocol):
    """A platform that has its keys. All but `read` raise Unavailable and Refused; all are safe to repeat."""

    name: Platform

    async def prepare(self, way: Way, charge: Charge) -> Prepared: ...

    async def query(self, out_trade_no: str) -> TradeNews: ...

    async def close(self, out_trade_no: str) -> None:
        """Nobody can pay it afterwards. Raises Refused when it is paid."""
        ...

    async def refund(
        self, *, out_trade_no: str, out_refund_no: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundNews: ...

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> RefundNews: ...

    async def bill(self, day: date) -> Sequence[BillLine]:
        """All of a day in China. Raises NoBill too."""
        ...

    async def read(self, webhook: Webhook) -> TradeNews | RefundNews | None:
        """Verifies and decrypts; None for news that is none of ours. Raises Forbidden (also ForeignAccount),
        Malformed (integrations.channel), and Unavailable where a key to verify with cannot be had now."""
        ...

    @property
    def received(self) -> Answer:
        """What the platform wants to hear once its news is stored."""
        ...
