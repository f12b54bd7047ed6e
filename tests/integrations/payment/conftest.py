"""WeChat Pay as its own side plays it. Alipay's tests bring their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from integrations.messages import Webhook
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import NOW, PlayedWeChatPay, settings


@pytest.fixture
def played() -> PlayedWeChatPay:
    return PlayedWeChatPay()


@pytest.fixture
def pay(played: PlayedWeChatPay) -> WeChatPay:
    return WeChatPay(settings(), http=played.http, now=lambda: NOW)


def always(status: int, said: Any) -> Callable[[httpx.Request], Any]:
    """An answer that the platform gives to whatever is asked."""
    return lambda request: (status, said)


def webhook(headers: dict[str, str], body: bytes) -> Webhook:
    return Webhook("POST", {}, headers, body)
