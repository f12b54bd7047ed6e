"""Requests at the gateway that no platform would send: the right status each, and nothing stored."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from integrations.database import utcnow
from integrations.wechat.verification import encrypt
from tests.conversations.hospital import Hospital
from tests.stack import Stack

pytestmark = pytest.mark.slow

HEADER = "X-Telegram-Bot-Api-Secret-Token"
SENDER = "oForged00000000000000000000"


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.gateway_url, timeout=90) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_stored(hospital: Hospital) -> Iterator[None]:
    """Whatever a test of this file sends, no contact comes of it."""
    yield
    assert hospital.rows("SELECT 1 FROM contacts WHERE platform_id IN (%s, %s)", SENDER, "777000777") == []


@pytest.fixture
def wechat(gateway: httpx.Client, stack: Stack) -> Callable[..., int]:
    """Posts an XML as WeChat would, signed with the account's own token unless told otherwise."""
    settings = stack.options.settings()

    def post(xml: str, *, age: int = 0, body: bytes | None = None, **query: str) -> int:
        import xmltodict  # what the account itself seals is what WeChat seals

        sealed = encrypt(
            xml,
            token=settings.wechat_token.get_secret_value(),
            aes_key=settings.wechat_aes_key.get_secret_value(),
            appid=settings.wechat_appid,
            now=utcnow().fromtimestamp(time.time() - age, tz=utcnow().tzinfo),
        )
        parts = xmltodict.parse(sealed)["xml"]
        signed = {
            "timestamp": parts["TimeStamp"],
            "nonce": parts["Nonce"],
            "msg_signature": parts["MsgSignature"],
            "encrypt_type": "aes",
        }
        content = body if body is not None else f"<xml><Encrypt>{parts['Encrypt']}</Encrypt></xml>".encode()
        return gateway.post("/webhooks/wechat", params={**signed, **query}, content=content).status_code

    return post


def text_message(words: str = "你好", **changes: str) -> str:
    parts = {
        "ToUserName": "gh_x",
        "FromUserName": SENDER,
        "CreateTime": str(int(time.time())),
        "MsgType": "text",
        "Content": words,
        "MsgId": str(secrets.randbits(60)),
    }
    return "<xml>" + "".join(f"<{k}>{v}</{k}>" for k, v in (parts | changes).items()) + "</xml>"


@pytest.mark.parametrize(
    "query",
    [
        {"msg_signature": "0" * 40},
        {"msg_signature": ""},
        {"msg_signature": "签名"},
        {"nonce": "other"},
        {"timestamp": "1"},
        {"timestamp": "never"},
        {"encrypt_type": "raw"},
    ],
)
def test_a_forged_signature_is_refused(wechat: Callable[..., int], query: dict[str, str]) -> None:
    assert wechat(text_message(), **query) in (401, 403)


def test_a_request_recorded_long_ago_is_refused(wechat: Callable[..., int]) -> None:
    assert wechat(text_message(), age=2 * 24 * 3600) in (401, 403)


@pytest.mark.parametrize(
    "body", [b"", b"<xml>", b"<xml></xml>", b"{}", b"\xff\x00" * 50, b"<xml><Encrypt>x</Encrypt></xml>"]
)
def test_a_body_that_is_not_wechats_is_refused(wechat: Callable[..., int], body: bytes) -> None:
    assert wechat(text_message(), body=body) in (400, 401, 403)


@pytest.mark.parametrize(
    "xml", ["", "no xml", "<xml>", "<xml></xml>", "<a><b/></a>", text_message(CreateTime="x")]
)
def test_sealed_junk_is_junk(wechat: Callable[..., int], xml: str) -> None:
    assert wechat(xml) == 400


def test_an_entity_bomb_is_junk(wechat: Callable[..., int]) -> None:
    """Opened, it would be ten gigabytes."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    assert wechat(f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{entities}]><xml>&e9;</xml>') == 400


@pytest.mark.parametrize("name", ["wechat", "telegram"])
def test_a_megabyte_is_too_much(gateway: httpx.Client, name: str) -> None:
    answer = gateway.post(f"/webhooks/{name}", content=b"x" * 2**20, headers={HEADER: "x"})
    assert answer.status_code == 413


@pytest.fixture
def telegram(gateway: httpx.Client, stack: Stack) -> Callable[..., int]:
    """Posts an update as Telegram would, with the secret unless told otherwise."""
    secret = stack.options.settings().telegram_webhook_secret.get_secret_value()

    def post(update: Any, *, secret: str | None = secret) -> int:
        content = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {HEADER: secret} if secret is not None else {}
        return gateway.post("/webhooks/telegram", content=content, headers=headers).status_code

    return post


def update(**changes: Any) -> dict[str, Any]:
    message = {
        "message_id": 1,
        "date": int(time.time()),
        "chat": {"id": 777000777, "type": "private"},
        "from": {"id": 777000777, "is_bot": False, "first_name": "x"},
        "text": "你好",
    }
    return {"update_id": secrets.randbits(30), "message": message | changes}


@pytest.mark.parametrize("secret", [None, "", "wrong", "x" * 256])
def test_a_wrong_secret_is_refused(telegram: Callable[..., int], secret: str | None) -> None:
    assert telegram(update(), secret=secret) in (401, 403)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        {"update_id": "x"},
        {"update_id": 1, "message": 5},
    ],
)
def test_what_is_no_update_is_junk(telegram: Callable[..., int], body: Any) -> None:
    assert telegram(body) in (200, 400)


@pytest.mark.parametrize(
    "changes", [{"chat": "x"}, {"chat": {"id": "x", "type": "private"}}, {"date": "x"}, {"message_id": "x"}]
)
def test_an_update_of_wrong_types_is_junk(telegram: Callable[..., int], changes: dict[str, Any]) -> None:
    assert telegram(update(**changes)) == 400


@pytest.mark.parametrize(
    "body",
    [
        {"update_id": 1, "poll": {"id": "1"}},
        {"update_id": 2, "chat_boost": {"x": [1, 2]}},
        {"update_id": 3, "kind_of_tomorrow": {"message": {}}},
    ],
)
def test_an_update_of_an_unknown_kind_is_taken_and_left(telegram: Callable[..., int], body: Any) -> None:
    assert telegram(body) == 200


@pytest.mark.parametrize(
    "query", [{}, {"signature": "0" * 40, "timestamp": "1", "nonce": "n", "echostr": "e"}]
)
def test_a_forged_handshake_gets_no_echo(gateway: httpx.Client, query: dict[str, str]) -> None:
    answer = gateway.get("/webhooks/wechat", params=query)
    assert answer.status_code in (401, 403)
    assert answer.text != "e"


def test_wechats_own_handshake_is_answered(stack: Stack) -> None:
    assert stack.sandbox.post("/wechat/handshake").json() == {"ok": True, "problem": ""}


@pytest.mark.parametrize("name", ["telegram", "wechatpay", "nobody"])
def test_only_wechat_shakes_hands(gateway: httpx.Client, name: str) -> None:
    assert gateway.get(f"/webhooks/{name}").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(gateway: httpx.Client, method: str) -> None:
    assert gateway.request(method, "/webhooks/wechat").status_code == 405


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/p/..%2f..%2fetc", "/desk", "/docs"])
def test_other_doors_do_not_exist(gateway: httpx.Client, path: str) -> None:
    assert gateway.post(path, content=b"x").status_code in (404, 405, 422)
