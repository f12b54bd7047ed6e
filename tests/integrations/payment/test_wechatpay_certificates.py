"""Certificates of WeChat Pay, fetched where no public key is set."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from integrations.channel import Forbidden
from integrations.payment.interface import (
    Unavailable,
)
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import (
    NOW,
    PlayedWeChatPay,
    paid,
    settings,
)

from .conftest import always, webhook


class _Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


async def test_certificates_are_fetched_once_kept_and_renewed() -> None:
    clock = _Clock()
    played = PlayedWeChatPay(clock, certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=clock)
    played.script = always(200, played.certificates())
    for _ in range(3):
        assert await pay.read(webhook(*played.notice(paid("GH1")))) is not None
    assert played.paths == ["GET /wechatpay/v3/certificates"]
    clock.time += timedelta(hours=13)
    played.script = lambda request: httpx.ConnectError("away")
    for _ in range(3):  # the old ones still hold
        assert await pay.read(webhook(*played.notice(paid("GH1")))) is not None
    assert len(played.requests) == 2
    clock.time += timedelta(minutes=2)
    played.script = always(200, played.certificates())
    assert await pay.read(webhook(*played.notice(paid("GH1")))) is not None
    assert len(played.requests) == 3


async def test_without_certificates_nothing_is_believed_and_it_is_to_be_brought_again() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = lambda request: httpx.ConnectError("away")
    with pytest.raises(Unavailable):
        await pay.read(webhook(*played.notice(paid("GH1"))))


async def test_foreign_serial_numbers_do_not_make_us_fetch_without_end() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = always(200, played.certificates())
    headers, body = played.notice(paid("GH1"))
    for number in range(5):
        with pytest.raises(Forbidden):
            await pay.read(webhook(headers | {"wechatpay-serial": f"{number:X}"}, body))
    assert len(played.requests) == 1


async def test_certificates_that_somebody_else_hands_out_are_not_taken() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = always(200, played.certificates())
    played.headers = lambda headers: headers | {"wechatpay-nonce": "other"}
    with pytest.raises(Unavailable):
        await pay.read(webhook(*played.notice(paid("GH1"))))
