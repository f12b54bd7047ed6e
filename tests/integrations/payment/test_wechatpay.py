from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.payment.interface import (
    Charge,
    NoFunds,
    NumberUsed,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import (
    APPID,
    NOW,
    PlayedWeChatPay,
    key,
    paid,
    refunded,
    settings,
)

from .conftest import always

CHARGE = Charge(
    "GH1", 3500, "仁和互联网医院缴费", NOW + timedelta(minutes=15), payer="oPatient", client_ip="1.2.3.4"
)


async def test_jsapi_is_opened_and_signed_for_the_payers_phone(
    played: PlayedWeChatPay, pay: WeChatPay
) -> None:
    played.script = always(200, {"prepay_id": "wx201410272009395522657a690389285100"})
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
    played.script = always(
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
    played.script = always(status, {"code": code, "message": "openid oPatient"})
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
    played.script = always(200, said)
    assert await pay.query("GH1") == news
    assert played.requests[0].url.query == b"mchid=1900000001"


async def test_a_payment_that_wechat_never_heard_of(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = always(404, {"code": "ORDER_NOT_EXIST", "message": ""})
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
    played.script = always(200, said)
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
    played.script = always(200, paid("GH1"))
    played.headers = lambda headers: headers | change
    with pytest.raises(Unavailable):
        await pay.query("GH1")


async def test_closing_one_that_is_paid_is_refused(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = always(204, None)
    await pay.close("GH1")
    played.script = always(400, {"code": "ORDERPAID"})
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
    played.script = always(200, refunded("GH1R1", status=status))
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
    played.script = always(403, {"code": "NOT_ENOUGH"})
    with pytest.raises(NoFunds):
        await pay.refund(**asked, amount_fen=3500, total_fen=3500, reason="退款")
    played.script = always(404, {"code": "RESOURCE_NOT_EXISTS"})
    assert (await pay.query_refund(**asked)).state is State.UNKNOWN
    with pytest.raises(Refused):
        await pay.refund(**asked, amount_fen=3500, total_fen=3500, reason="退款")


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
