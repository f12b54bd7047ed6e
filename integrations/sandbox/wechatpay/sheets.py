"""The payment sheet: what WeChat shows over a page that asked for a payment (getBrandWCPayRequest).

A page's request waits until the patient, on the phone or through `/inspect`, pays or turns away.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from integrations.sandbox import rsa
from integrations.sandbox.state import Clock
from integrations.sandbox.wechat.account import Account
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.keys import Merchant
from integrations.sandbox.wechatpay.payer import Payer
from integrations.sandbox.wechatpay.trades import Book, Trade

PATIENCE = 600  # seconds


class PageRequest(BaseModel):
    """What a page hands to WeixinJSBridge, and whose page it is."""

    openid: str
    app_id: str = Field(alias="appId")
    timestamp: str = Field(alias="timeStamp", pattern=r"^\d{10}$")
    nonce: str = Field(alias="nonceStr", min_length=1, max_length=32)
    package: str = Field(max_length=128)
    sign_type: str = Field(alias="signType")
    signature: str = Field(alias="paySign")


@dataclass(slots=True, eq=False)
class Sheet:
    trade: Trade
    openid: str
    answered: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Sheets:
    """The sheets that are open, by openid; `version` changes with them."""

    def __init__(self, account: Account, merchant: Merchant, book: Book, payer: Payer, clock: Clock) -> None:
        self._account, self._merchant, self._book = account, merchant, book
        self._payer, self._clock = payer, clock
        self._open: dict[str, Sheet] = {}
        self.version = 0

    def of(self, openid: str) -> Sheet | None:
        return self._open.get(openid)

    def all(self) -> list[Sheet]:
        return list(self._open.values())

    async def ask(self, asked: PageRequest) -> dict[str, str]:
        """What the page hears: ok, cancel or fail (with the reason that WeChat shows)."""
        try:
            trade = self._checked(asked)
        except PayError as error:
            return {"result": "fail", "reason": error.message}
        self.dismiss(asked.openid)
        sheet = self._open[asked.openid] = Sheet(trade, asked.openid)
        self.version += 1
        try:
            async with asyncio.timeout(PATIENCE):
                return {"result": "ok" if await sheet.answered else "cancel"}
        except TimeoutError:
            return {"result": "cancel"}
        finally:
            if self._open.get(asked.openid) is sheet:
                del self._open[asked.openid]
            self.version += 1

    def _checked(self, asked: PageRequest) -> Trade:
        now = self._clock()
        if asked.app_id != self._account.appid:
            raise PayError("PARAM_ERROR", "appid不正确")
        if asked.sign_type != "RSA" or self._merchant.public_key is None:
            raise PayError("PARAM_ERROR", "signType须为RSA")
        text = f"{asked.app_id}\n{asked.timestamp}\n{asked.nonce}\n{asked.package}\n"
        if not rsa.verify(self._merchant.public_key, text.encode(), asked.signature):
            raise PayError("SIGN_ERROR", "支付验证签名失败")
        trade = self._book.by_session(asked.package.removeprefix("prepay_id="), now)
        if trade is None or trade.type != "JSAPI" or not asked.package.startswith("prepay_id="):
            raise PayError("PARAM_ERROR", "支付场景非法或预支付会话已过期")
        if trade.openid != asked.openid:
            raise PayError("INVALID_REQUEST", "下单账号与支付账号不一致，请核实后再支付")
        if (state := trade.state(now)) != "NOTPAY":
            raise PayError("ORDER_CLOSED" if state == "CLOSED" else "ORDERPAID")
        return trade

    def accept(self, openid: str, **how: Any) -> None:
        """The patient pays what the sheet asks for. Raises LookupError, PayError."""
        sheet, user = self._open.get(openid), self._account.user(openid)
        if sheet is None or user is None:
            raise LookupError
        self._payer.pay(sheet.trade, user, **how)
        self.paid(sheet.trade)

    def paid(self, trade: Trade) -> None:
        """Closes the sheet of a trade that was paid, however it was."""
        for sheet in self.all():
            if sheet.trade is trade and not sheet.answered.done():
                sheet.answered.set_result(True)

    def dismiss(self, openid: str) -> None:
        """The patient closes the sheet, or its page."""
        sheet = self._open.get(openid)
        if sheet and not sheet.answered.done():
            sheet.answered.set_result(False)
