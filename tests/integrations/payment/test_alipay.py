from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.channel import Forbidden, Malformed
from integrations.messages import Webhook
from integrations.payment.alipay import Alipay
from integrations.payment.interface import (
    Charge,
    ForeignAccount,
    NoBill,
    NoFunds,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from tests.payment_platforms import (
    APP_ID,
    BASE,
    NOW,
    SELLER,
    PlayedAlipay,
    alipay_bill,
    alipay_paid,
    key,
    settings,
)

_OK = {"code": "10000", "msg": "Success"}
_PAID = _OK | {
    "out_trade_no": "GH1",
    "trade_no": "20261122",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "35.00",
    "send_pay_date": "2026-11-22 09:00:00",
    "buyer_user_id": "2088123",
    "subject": "仁和互联网医院缴费 {1}",
}
_REFUND = {"out_trade_no": "GH1", "out_refund_no": "GH1R1"}


@pytest.fixture
def played() -> PlayedAlipay:
    return PlayedAlipay()


@pytest.fixture
def alipay(played: PlayedAlipay) -> Alipay:
    return Alipay(settings(), http=played.http, now=lambda: NOW)


def _always(said: Any, status: int = 200) -> Callable[[httpx.Request], Any]:
    return lambda request: (status, said)


def _no(code: str) -> dict[str, str]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": code, "sub_msg": "交易 { 不存在"}


async def _refund(alipay: Alipay) -> Any:
    return await alipay.refund(**_REFUND, amount_fen=3500, total_fen=3500, reason="退款")


@pytest.mark.parametrize(
    ("way", "product"), [(Way.WAP, "QUICK_WAP_PAY"), (Way.PAGE, "FAST_INSTANT_TRADE_PAY")]
)
async def test_the_payers_address_is_signed(
    played: PlayedAlipay, alipay: Alipay, way: Way, product: str
) -> None:
    charge = Charge(
        "GH1",
        2905,
        "仁和互联网医院缴费",
        NOW + timedelta(minutes=15),
        return_url="https://hospital.test/p?a=1&b=2",
    )
    address = urlsplit((await alipay.prepare(way, charge)).url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{BASE}/alipay/gateway.do"
    said = dict(parse_qsl(address.query))
    signature = base64.b64decode(said.pop("sign"))
    text = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
    key("application").public_key().verify(signature, text.encode(), PKCS1v15(), SHA256())
    order = json.loads(said["biz_content"])
    assert (order["total_amount"], order["product_code"], order["seller_id"]) == ("29.05", product, SELLER)
    assert order["time_expire"] == "2026-11-22 09:15:00"
    assert (said["app_id"], said["timestamp"]) == (APP_ID, "2026-11-22 09:00:00")
    assert said["return_url"] == "https://hospital.test/p?a=1&b=2"
    assert said["notify_url"] == "https://hospital.test/webhooks/alipay"
    assert played.requests == []


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, State.DONE),
        ({"trade_status": "TRADE_FINISHED"}, State.DONE),
        ({"trade_status": "TRADE_CLOSED"}, State.DONE),  # paid, and wholly paid back
        ({"trade_status": "TRADE_CLOSED", "send_pay_date": ""}, State.CLOSED),
        ({"trade_status": "WAIT_BUYER_PAY"}, State.OPEN),
    ],
)
async def test_what_became_of_a_payment(
    played: PlayedAlipay, alipay: Alipay, change: dict[str, str], state: State
) -> None:
    played.script = _always(_PAID | change)
    news = await alipay.query("GH1")
    done = TradeNews("GH1", state, "20261122", 3500, datetime(2026, 11, 22, 1, tzinfo=UTC), "2088123")
    assert news == (done if state is State.DONE else TradeNews("GH1", state))
    asked = played.asked(played.requests[0])
    assert (asked["method"], json.loads(asked["biz_content"])) == (
        "alipay.trade.query",
        {"out_trade_no": "GH1"},
    )


async def test_a_payment_that_alipay_never_heard_of(played: PlayedAlipay, alipay: Alipay) -> None:
    played.script = _always(_no("ACQ.TRADE_NOT_EXIST"))
    assert (await alipay.query("GH1")).state is State.UNKNOWN
    await alipay.close("GH1")
    played.script = _always(_no("ACQ.TRADE_STATUS_ERROR"))
    with pytest.raises(Refused):
        await alipay.close("GH1")


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        (502, b"<html>"),
        (200, b'{"error_response": {"code": "40002", "sub_code": "isv.invalid-signature"}}'),
        (200, b'{"alipay_trade_query_response": {"code": "10000"}, "sign": "AAAA"}'),
        (200, b"[]"),
        (200, {"code": "20000", "sub_code": "isp.unknow-error"}),
        (200, _no("ACQ.SYSTEM_ERROR")),
        (200, _PAID | {"out_trade_no": "GH2"}),
        (200, _PAID | {"total_amount": "35.000"}),
        (200, {key: value for key, value in _PAID.items() if key != "trade_no"}),
    ],
)
async def test_what_is_no_answer_is_to_be_asked_again(
    played: PlayedAlipay, alipay: Alipay, broken: Any
) -> None:
    played.script = lambda request: broken
    with pytest.raises(Unavailable):
        await alipay.query("GH1")


async def test_a_refund_is_done_at_once_or_asked_about(played: PlayedAlipay, alipay: Alipay) -> None:
    played.script = _always(_OK | {"fund_change": "Y", "trade_no": "20261122", "refund_fee": "35.00"})
    news = await _refund(alipay)
    assert (news.state, news.amount_fen) == (State.DONE, 3500)
    asked = json.loads(played.asked(played.requests[0])["biz_content"])
    assert (asked["out_request_no"], asked["refund_amount"]) == ("GH1R1", "35.00")
    played.script = _always(_OK | {"fund_change": "N"})
    assert (await _refund(alipay)).state is State.OPEN
    known = {"out_request_no": "GH1R1", "refund_amount": "35.00", "trade_no": "20261122"}
    played.script = _always(_OK | known | {"refund_status": "REFUND_SUCCESS"})
    assert (await alipay.query_refund(**_REFUND)).state is State.DONE
    played.script = _always(_OK | known)
    assert (await alipay.query_refund(**_REFUND)).state is State.OPEN
    played.script = _always(_OK)
    assert (await alipay.query_refund(**_REFUND)).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ACQ.TRADE_HAS_FINISHED", Refused),
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", NoFunds),
        ("ACQ.SYSTEM_ERROR", Unavailable),
    ],
)
async def test_refunds_that_are_refused(
    played: PlayedAlipay, alipay: Alipay, code: str, error: type[Exception]
) -> None:
    played.script = _always(_no(code))
    with pytest.raises(error) as raised:
        await _refund(alipay)
    assert type(raised.value) is error


def _webhook(body: bytes) -> Webhook:
    return Webhook("POST", {}, {"content-type": "application/x-www-form-urlencoded"}, body)


async def test_a_notice_is_verified_and_read(played: PlayedAlipay, alipay: Alipay) -> None:
    news = await alipay.read(
        _webhook(
            played.notice(
                alipay_paid("GH1"),
            )
        )
    )
    paid_at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert news == TradeNews("GH1", State.DONE, "2026GH1", 3500, paid_at, "2088123")
    waiting = await alipay.read(_webhook(played.notice(alipay_paid("GH1", trade_status="WAIT_BUYER_PAY"))))
    assert waiting == TradeNews("GH1", State.OPEN)
    assert alipay.received.body == b"success"


async def test_a_notice_of_somebody_else_is_refused(played: PlayedAlipay, alipay: Alipay) -> None:
    genuine = alipay_paid("GH1")
    for body in (
        played.notice(genuine, total_amount="0.01"),
        played.notice(genuine, sign="AAAA"),
        played.notice(genuine, sign="%%"),
        played.notice(genuine, sign_type="RSA"),
        played.notice(genuine, extra="1"),
    ):
        with pytest.raises(Forbidden):
            await alipay.read(_webhook(body))


@pytest.mark.parametrize("body", [b"", b"junk", b"\xff\xfe=1", b"{}", b"a=1&b=2"])
async def test_junk_is_malformed(alipay: Alipay, body: bytes) -> None:
    with pytest.raises(Malformed):
        await alipay.read(_webhook(body))


@pytest.mark.parametrize(
    "change", [{"total_amount": "35,00"}, {"gmt_payment": "today"}, {"out_trade_no": None}]
)
async def test_a_signed_notice_with_a_hole_is_malformed(
    played: PlayedAlipay, alipay: Alipay, change: dict[str, Any]
) -> None:
    said = {name: value for name, value in (alipay_paid("GH1") | change).items() if value is not None}
    with pytest.raises(Malformed):
        await alipay.read(_webhook(played.notice(said)))


@pytest.mark.parametrize("change", [{"app_id": "2026999"}, {"seller_id": "2088999"}])
async def test_a_notice_for_another_account_is_refused_and_says_what_it_was(
    played: PlayedAlipay, alipay: Alipay, change: dict[str, str]
) -> None:
    with pytest.raises(ForeignAccount) as raised:
        await alipay.read(_webhook(played.notice(alipay_paid("GH1", **change))))
    assert (raised.value.number, raised.value.amount_fen) == ("GH1", 3500)


async def test_a_bill_is_fetched_and_read_to_the_fen(played: PlayedAlipay, alipay: Alipay) -> None:
    packed = alipay_bill(
        ("GH1", "2026A", "35.00", ""), ("GH1", "2026A", "35.00", "GH1R1"), ("GH2", "2026B", "0.29", "")
    )

    def answer(request: httpx.Request) -> Any:
        if request.method == "GET":
            return 200, packed
        return 200, _OK | {"bill_download_url": f"{BASE}/alipay/bill?fileId=1"}

    played.script = answer
    lines = await alipay.bill(date(2026, 11, 21))
    assert [(one.out_trade_no, one.transaction_id, one.amount_fen, one.out_refund_no) for one in lines] == [
        ("GH1", "2026A", 3500, ""),
        ("GH1", "2026A", 3500, "GH1R1"),
        ("GH2", "2026B", 29, ""),
    ]
    assert lines[0].at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    packed = b"PK junk"
    with pytest.raises(Unavailable):
        await alipay.bill(date(2026, 11, 21))


async def test_a_bill_that_is_not_there(played: PlayedAlipay, alipay: Alipay) -> None:
    played.script = _always(_no("isp.bill_not_exist"))
    with pytest.raises(NoBill):
        await alipay.bill(date(2026, 11, 21))


def test_a_key_that_cannot_be_read_is_refused(played: PlayedAlipay) -> None:
    with pytest.raises(ValueError, match=r"."):
        Alipay(settings(alipay_private_key="junk"), http=played.http)
