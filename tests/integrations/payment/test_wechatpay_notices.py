"""Notices of WeChat Pay: believed only when they are its own, of now and for this account."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from integrations.channel import Forbidden, Malformed
from integrations.payment.interface import (
    ForeignAccount,
    RefundNews,
    State,
    TradeNews,
)
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import (
    NOW,
    PlayedWeChatPay,
    paid,
    refunded,
)

from .conftest import webhook


async def test_a_notice_is_verified_and_opened(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    news = await pay.read(webhook(*played.notice(paid("GH1"))))
    assert isinstance(news, TradeNews)
    assert (news.out_trade_no, news.state, news.amount_fen, news.payer) == (
        "GH1",
        State.DONE,
        3500,
        "oPatient",
    )
    assert "oPatient" not in repr(news)
    refund = refunded("GH1R1", mchid="1900000001", refund_status="ABNORMAL")
    told = await pay.read(webhook(*played.notice(refund, "REFUND.ABNORMAL")))
    assert told == RefundNews("GH1R1", State.ABNORMAL, "5030GH1R1", 3500, "ABNORMAL")
    assert await pay.read(webhook(*played.notice({}, "PARKING.PAID"))) is None


async def test_a_notice_without_the_header_of_its_type_is_read(
    played: PlayedWeChatPay, pay: WeChatPay
) -> None:
    headers, body = played.notice(paid("GH1"))
    del headers["wechatpay-signature-type"]
    assert await pay.read(webhook(headers, body)) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"wechatpay-signature": "WECHATPAY/SIGNTEST/abc"},
        {"wechatpay-signature": base64.b64encode(b"x" * 256).decode()},
        {"wechatpay-signature": "%%%"},
        {"wechatpay-nonce": "other"},
        {"wechatpay-serial": "no number"},
        {"wechatpay-serial": "PUB_KEY_ID_0"},
        {"wechatpay-timestamp": "yesterday"},
        {"wechatpay-timestamp": "9" * 40},
        {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
async def test_a_notice_of_somebody_else_is_refused(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, str]
) -> None:
    headers, body = played.notice(paid("GH1"))
    with pytest.raises(Forbidden):
        await pay.read(webhook(headers | change, body))
    with pytest.raises(Forbidden):
        await pay.read(webhook({}, body))
    with pytest.raises(Forbidden):
        await pay.read(webhook(headers, body + b" "))
    with pytest.raises(Forbidden):
        await pay.read(webhook(headers, b"\xff"))


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
async def test_a_notice_of_another_time_is_refused(
    played: PlayedWeChatPay, pay: WeChatPay, seconds: int
) -> None:
    with pytest.raises(Forbidden):
        await pay.read(webhook(*played.notice(paid("GH1"), at=NOW + timedelta(seconds=seconds))))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b'{"event_type": "TRANSACTION.SUCCESS"}',
        b'{"event_type": "TRANSACTION.SUCCESS", "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "1"}}',
        b'{"event_type": "TRANSACTION.SUCCESS", "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "012345678901",'
        b' "associated_data": "transaction", "ciphertext": "AAAA"}}',
    ],
)  # fmt: skip
async def test_a_signed_notice_that_says_nothing_is_malformed(
    played: PlayedWeChatPay, pay: WeChatPay, body: bytes
) -> None:
    with pytest.raises(Malformed):
        await pay.read(webhook(played.signed(body), body))


@pytest.mark.parametrize("change", [{"amount": None}, {"trade_state": "NEW"}, {"success_time": "now"}])
async def test_a_notice_with_a_hole_is_malformed(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        await pay.read(webhook(*played.notice(paid("GH1", **change))))


@pytest.mark.parametrize("change", [{"appid": "wxOther"}, {"mchid": "1900000009"}])
async def test_a_notice_for_another_account_is_refused_and_says_what_it_was(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, Any]
) -> None:
    with pytest.raises(ForeignAccount) as raised:
        await pay.read(webhook(*played.notice(paid("GH1", **change))))
    assert (raised.value.number, raised.value.amount_fen) == ("GH1", 3500)
