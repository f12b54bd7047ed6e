from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.channel import Forbidden, Malformed
from integrations.messages import Webhook
from integrations.payment.interface import (
    Charge,
    ForeignAccount,
    NoBill,
    NoFunds,
    NumberUsed,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import (
    APPID,
    BASE,
    NOW,
    PlayedWeChatPay,
    key,
    paid,
    refunded,
    settings,
    sha1,
    wechat_bill,
)

CHARGE = Charge(
    "GH1", 3500, "仁和互联网医院缴费", NOW + timedelta(minutes=15), payer="oPatient", client_ip="1.2.3.4"
)


@pytest.fixture
def played() -> PlayedWeChatPay:
    return PlayedWeChatPay()


@pytest.fixture
def pay(played: PlayedWeChatPay) -> WeChatPay:
    return WeChatPay(settings(), http=played.http, now=lambda: NOW)


def _always(status: int, said: Any) -> Callable[[httpx.Request], Any]:
    return lambda request: (status, said)


async def test_jsapi_is_opened_and_signed_for_the_payers_phone(
    played: PlayedWeChatPay, pay: WeChatPay
) -> None:
    played.script = _always(200, {"prepay_id": "wx201410272009395522657a690389285100"})
    prepared = await pay.prepare(Way.JSAPI, CHARGE)
    asked = json.loads(played.requests[0].content)
    assert played.paths == ["POST /wechatpay/v3/pay/transactions/jsapi"]
    assert asked["amount"] == {"total": 3500, "currency": "CNY"}
    assert (asked["payer"], asked["out_trade_no"], asked["appid"]) == ({"openid": "oPatient"}, "GH1", APPID)
    assert asked["time_expire"] == "2026-11-22T09:15:00+08:00"
    assert asked["notify_url"] == "https://hospital.test/webhooks/wechatpay"
    bridge = prepared.bridge
    assert bridge is not None
    text = f"{APPID}\n{bridge['timeStamp']}\n{bridge['nonceStr']}\n{bridge['package']}\n".encode()
    signature = base64.b64decode(bridge["paySign"])
    key("merchant").public_key().verify(signature, text, PKCS1v15(), SHA256())
    assert bridge["package"] == "prepay_id=wx201410272009395522657a690389285100"


async def test_native_gives_a_code_and_h5_an_address_with_the_way_back(
    played: PlayedWeChatPay, pay: WeChatPay
) -> None:
    played.script = _always(
        200, {"code_url": "weixin://wxpay/bizpayurl?pr=1", "h5_url": "https://wx.test/h?id=1"}
    )
    assert (await pay.prepare(Way.NATIVE, CHARGE)).code == "weixin://wxpay/bizpayurl?pr=1"
    back = Charge(
        "GH1", 3500, "缴费", None, client_ip="1.2.3.4", return_url="https://hospital.test/p/pay/1?a=b"
    )
    url = (await pay.prepare(Way.H5, back)).url
    assert url == "https://wx.test/h?id=1&redirect_url=https%3A%2F%2Fhospital.test%2Fp%2Fpay%2F1%3Fa%3Db"
    asked = json.loads(played.requests[1].content)
    assert asked["scene_info"] == {"payer_client_ip": "1.2.3.4", "h5_info": {"type": "Wap"}}
    assert "time_expire" not in asked


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "OUT_TRADE_NO_USED", NumberUsed),
        (400, "INVALID_REQUEST", NumberUsed),  # opened before on other terms
        (400, "ORDERPAID", NumberUsed),
        (400, "PARAM_ERROR", Refused),
        (500, "OPENID_MISMATCH", Refused),
        (500, "SYSTEM_ERROR", Unavailable),
        (429, "FREQUENCY_LIMITED", Unavailable),
        (401, "SIGN_ERROR", Unavailable),
    ],
)
async def test_a_no_is_told_from_a_not_now(
    played: PlayedWeChatPay, pay: WeChatPay, status: int, code: str, error: type[Exception]
) -> None:
    played.script = _always(status, {"code": code, "message": "openid oPatient"})
    with pytest.raises(error) as raised:
        await pay.prepare(Way.JSAPI, CHARGE)
    assert type(raised.value) is error
    assert "oPatient" not in str(raised.value)


@pytest.mark.parametrize(
    "broken", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), (502, b"<html>"), (200, b"<html>"), (200, [])]
)
async def test_what_is_no_answer_is_to_be_asked_again(
    played: PlayedWeChatPay, pay: WeChatPay, broken: Any
) -> None:
    played.script = lambda request: broken
    with pytest.raises(Unavailable):
        await pay.query("GH1")


@pytest.mark.parametrize(
    ("said", "news"),
    [
        (
            paid("GH1"),
            TradeNews("GH1", State.DONE, "4200GH1", 3500, datetime(2026, 11, 22, 1, tzinfo=UTC), "oPatient"),
        ),
        ({**paid("GH1"), "trade_state": "NOTPAY"}, TradeNews("GH1", State.OPEN)),
        ({**paid("GH1"), "trade_state": "CLOSED"}, TradeNews("GH1", State.CLOSED)),
    ],
)
async def test_what_became_of_a_payment(
    played: PlayedWeChatPay, pay: WeChatPay, said: Any, news: TradeNews
) -> None:
    played.script = _always(200, said)
    assert await pay.query("GH1") == news
    assert played.requests[0].url.query == b"mchid=1900000001"


async def test_a_payment_that_wechat_never_heard_of(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = _always(404, {"code": "ORDER_NOT_EXIST", "message": ""})
    assert (await pay.query("GH1")).state is State.UNKNOWN
    await pay.close("GH1")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (paid("GH2"), Unavailable),
        (paid("GH1", appid="wxOther"), Refused),
        (paid("GH1", amount={"total": "35.00"}), Unavailable),
        (paid("GH1", amount={"total": 35, "currency": "USD"}), Unavailable),
        (paid("GH1", success_time="2026-11-22T09:00:00"), Unavailable),
    ],
)
async def test_an_answer_about_something_else_is_not_believed(
    played: PlayedWeChatPay, pay: WeChatPay, said: Any, error: type[Exception]
) -> None:
    played.script = _always(200, said)
    with pytest.raises(error):
        await pay.query("GH1")


@pytest.mark.parametrize(
    "change",
    [
        {"wechatpay-signature": base64.b64encode(b"x" * 256).decode()},
        {"wechatpay-signature": ""},
        {"wechatpay-serial": "PUB_KEY_ID_other"},
        {"wechatpay-serial": ""},
        {"wechatpay-timestamp": "1"},
    ],
)
async def test_an_answer_that_is_not_wechats_is_not_believed(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, str]
) -> None:
    played.script = _always(200, paid("GH1"))
    played.headers = lambda headers: headers | change
    with pytest.raises(Unavailable):
        await pay.query("GH1")


async def test_closing_one_that_is_paid_is_refused(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = _always(204, None)
    await pay.close("GH1")
    played.script = _always(400, {"code": "ORDERPAID"})
    with pytest.raises(Refused):
        await pay.close("GH1")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SUCCESS", State.DONE),
        ("PROCESSING", State.OPEN),
        ("ABNORMAL", State.ABNORMAL),
        ("CLOSED", State.CLOSED),
    ],
)
async def test_a_refund_and_what_became_of_it(
    played: PlayedWeChatPay, pay: WeChatPay, status: str, state: State
) -> None:
    played.script = _always(200, refunded("GH1R1", status=status))
    asked = {"out_trade_no": "GH1", "out_refund_no": "GH1R1"}
    news = await pay.refund(**asked, amount_fen=3500, total_fen=3500, reason="退款")
    assert (news.state, news.amount_fen, news.platform_refund_id) == (state, 3500, "5030GH1R1")
    assert await pay.query_refund(**asked) == news
    assert json.loads(played.requests[0].content)["amount"] == {
        "refund": 3500,
        "total": 3500,
        "currency": "CNY",
    }


async def test_refunds_that_are_refused(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    asked = {"out_trade_no": "GH1", "out_refund_no": "GH1R1"}
    played.script = _always(403, {"code": "NOT_ENOUGH"})
    with pytest.raises(NoFunds):
        await pay.refund(**asked, amount_fen=3500, total_fen=3500, reason="退款")
    played.script = _always(404, {"code": "RESOURCE_NOT_EXISTS"})
    assert (await pay.query_refund(**asked)).state is State.UNKNOWN
    with pytest.raises(Refused):
        await pay.refund(**asked, amount_fen=3500, total_fen=3500, reason="退款")


# Notices


def _webhook(headers: dict[str, str], body: bytes) -> Webhook:
    return Webhook("POST", {}, headers, body)


async def test_a_notice_is_verified_and_opened(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    news = await pay.read(_webhook(*played.notice(paid("GH1"))))
    assert isinstance(news, TradeNews)
    assert (news.out_trade_no, news.state, news.amount_fen, news.payer) == (
        "GH1",
        State.DONE,
        3500,
        "oPatient",
    )
    assert "oPatient" not in repr(news)
    refund = refunded("GH1R1", mchid="1900000001", refund_status="ABNORMAL")
    told = await pay.read(_webhook(*played.notice(refund, "REFUND.ABNORMAL")))
    assert told == RefundNews("GH1R1", State.ABNORMAL, "5030GH1R1", 3500, "ABNORMAL")
    assert await pay.read(_webhook(*played.notice({}, "PARKING.PAID"))) is None


async def test_a_notice_without_the_header_of_its_type_is_read(
    played: PlayedWeChatPay, pay: WeChatPay
) -> None:
    headers, body = played.notice(paid("GH1"))
    del headers["wechatpay-signature-type"]
    assert await pay.read(_webhook(headers, body)) is not None


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
        await pay.read(_webhook(headers | change, body))
    with pytest.raises(Forbidden):
        await pay.read(_webhook({}, body))
    with pytest.raises(Forbidden):
        await pay.read(_webhook(headers, body + b" "))
    with pytest.raises(Forbidden):
        await pay.read(_webhook(headers, b"\xff"))


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
async def test_a_notice_of_another_time_is_refused(
    played: PlayedWeChatPay, pay: WeChatPay, seconds: int
) -> None:
    with pytest.raises(Forbidden):
        await pay.read(_webhook(*played.notice(paid("GH1"), at=NOW + timedelta(seconds=seconds))))


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
        await pay.read(_webhook(played.signed(body), body))


@pytest.mark.parametrize("change", [{"amount": None}, {"trade_state": "NEW"}, {"success_time": "now"}])
async def test_a_notice_with_a_hole_is_malformed(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        await pay.read(_webhook(*played.notice(paid("GH1", **change))))


@pytest.mark.parametrize("change", [{"appid": "wxOther"}, {"mchid": "1900000009"}])
async def test_a_notice_for_another_account_is_refused_and_says_what_it_was(
    played: PlayedWeChatPay, pay: WeChatPay, change: dict[str, Any]
) -> None:
    with pytest.raises(ForeignAccount) as raised:
        await pay.read(_webhook(*played.notice(paid("GH1", **change))))
    assert (raised.value.number, raised.value.amount_fen) == ("GH1", 3500)


# Certificates


class _Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


async def test_certificates_are_fetched_once_kept_and_renewed() -> None:
    clock = _Clock()
    played = PlayedWeChatPay(clock, certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=clock)
    played.script = _always(200, played.certificates())
    for _ in range(3):
        assert await pay.read(_webhook(*played.notice(paid("GH1")))) is not None
    assert played.paths == ["GET /wechatpay/v3/certificates"]
    clock.time += timedelta(hours=13)
    played.script = lambda request: httpx.ConnectError("away")
    for _ in range(3):  # the old ones still hold
        assert await pay.read(_webhook(*played.notice(paid("GH1")))) is not None
    assert len(played.requests) == 2
    clock.time += timedelta(minutes=2)
    played.script = _always(200, played.certificates())
    assert await pay.read(_webhook(*played.notice(paid("GH1")))) is not None
    assert len(played.requests) == 3


async def test_without_certificates_nothing_is_believed_and_it_is_to_be_brought_again() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = lambda request: httpx.ConnectError("away")
    with pytest.raises(Unavailable):
        await pay.read(_webhook(*played.notice(paid("GH1"))))


async def test_foreign_serial_numbers_do_not_make_us_fetch_without_end() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = _always(200, played.certificates())
    headers, body = played.notice(paid("GH1"))
    for number in range(5):
        with pytest.raises(Forbidden):
            await pay.read(_webhook(headers | {"wechatpay-serial": f"{number:X}"}, body))
    assert len(played.requests) == 1


async def test_certificates_that_somebody_else_hands_out_are_not_taken() -> None:
    played = PlayedWeChatPay(certificates=True)
    pay = WeChatPay(settings(certificates=True), http=played.http, now=lambda: NOW)
    played.script = _always(200, played.certificates())
    played.headers = lambda headers: headers | {"wechatpay-nonce": "other"}
    with pytest.raises(Unavailable):
        await pay.read(_webhook(*played.notice(paid("GH1"))))


# Bills

_PACKED = wechat_bill(
    ("GH1", "4200", "35.00", ""), ("GH2", "4201", "0.29", ""), ("GH1", "4200", "35.00", "GH1R1")
)


def _bill(packed: bytes, announced: str) -> Callable[[httpx.Request], Any]:
    url = f"{BASE}/wechatpay/v3/billdownload/file?token=a%2Fb"

    def answer(request: httpx.Request) -> Any:
        if "billdownload" in request.url.path:
            return 200, packed
        return 200, {"download_url": url, "hash_type": "SHA1", "hash_value": announced}

    return answer


async def test_a_bill_is_fetched_and_read_to_the_fen(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = _bill(_PACKED, sha1(_PACKED))
    played.headers = lambda headers: headers
    lines = await pay.bill(date(2026, 11, 21))
    assert [(one.out_trade_no, one.transaction_id, one.amount_fen, one.out_refund_no) for one in lines] == [
        ("GH1", "4200", 3500, ""),
        ("GH2", "4201", 29, ""),
        ("GH1", "4200", 3500, "GH1R1"),
    ]
    assert lines[0].at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert dict(played.requests[0].url.params) == {
        "bill_date": "2026-11-21",
        "bill_type": "ALL",
        "tar_type": "GZIP",
    }


@pytest.mark.parametrize(
    ("packed", "announced"),
    [(_PACKED, "0" * 40), (_PACKED[:-9], sha1(_PACKED)), (b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709")],
)
async def test_a_bill_that_came_broken_is_fetched_again(
    played: PlayedWeChatPay, pay: WeChatPay, packed: bytes, announced: str
) -> None:
    played.script = _bill(packed, announced)
    with pytest.raises(Unavailable):
        await pay.bill(date(2026, 11, 21))


@pytest.mark.parametrize("code", ["NO_STATEMENT_EXIST", "STATEMENT_CREATING"])
async def test_a_bill_that_is_not_there(played: PlayedWeChatPay, pay: WeChatPay, code: str) -> None:
    played.script = _always(400, {"code": code})
    with pytest.raises(NoBill):
        await pay.bill(date(2026, 11, 21))


def test_a_key_that_cannot_be_read_is_named(played: PlayedWeChatPay) -> None:
    with pytest.raises(ValueError, match="WECHATPAY_PRIVATE_KEY"):
        WeChatPay(settings(wechatpay_private_key="junk"), http=played.http)


@pytest.mark.parametrize(
    "name",
    [
        "wechat_appid",
        "wechatpay_mchid",
        "wechatpay_serial_no",
        "wechatpay_private_key",
        "wechatpay_apiv3_key",
    ],
)
def test_without_one_of_its_settings_it_is_not_there(name: str) -> None:
    assert WeChatPay.configured(settings())
    assert not WeChatPay.configured(settings(**{name: ""}))
