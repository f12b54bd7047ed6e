"""One contract for every chat platform: what is refused."""

from __future__ import annotations

import time
from datetime import UTC

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from integrations.channel import (
    Forbidden,
    Malformed,
    NotConfigured,
    WebhookError,
)
from integrations.messages import MessageIn, Webhook
from tests.contracts.incoming import (
    READ,
)
from tests.contracts.platforms import (
    Platform,
    Telegram,
    WeChat,
    kept,
)


@pytest.mark.parametrize("secret", ["wechat_token", "wechat_aes_key", "wechat_appid"])
def test_wechat_without_a_secret_does_not_exist(secret: str) -> None:
    platform = WeChat(**{secret: ""})
    with pytest.raises(NotConfigured):
        platform.channel.parse(platform.text())
    with pytest.raises(NotConfigured):
        platform.channel.handshake(Webhook("GET", {"echostr": "e", "timestamp": "1", "nonce": "n"}, {}, b""))


@pytest.mark.parametrize("secret", ["telegram_token", "telegram_webhook_secret"])
def test_telegram_without_a_secret_does_not_exist(secret: str) -> None:
    platform = Telegram(**{secret: ""})
    with pytest.raises(NotConfigured):
        platform.channel.parse(platform.text())


def test_a_forged_request_is_refused(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        platform.channel.parse(platform.forged())


def test_an_unsigned_request_is_refused(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        platform.channel.parse(platform.unsigned())


JUNK = {
    "empty": b"",
    "words": b"hello",
    "binary": bytes(range(256)),
    "null": b"null",
    "list": b"[]",
    "number": b"1e999",
    "unclosed": b'{"update_id": ',
    "wrong types": b'{"update_id": "x", "message": 5}',
    "xml without anything": b"<xml/>",
    "xml of another kind": b"<html><body>502</body></html>",
    "fields as elements": b"<xml><MsgType><a>b</a></MsgType><FromUserName>o</FromUserName></xml>",
    "fields twice": b"<xml><MsgType>text</MsgType><MsgType>text</MsgType></xml>",
    "event without a name": b"<xml><MsgType>event</MsgType></xml>",
    "no sender": b"<xml><MsgType>text</MsgType><CreateTime>1</CreateTime></xml>",
    "no time": b"<xml><MsgType>text</MsgType><FromUserName>o</FromUserName></xml>",
    "time beyond all calendars": b"<xml><MsgType>text</MsgType><FromUserName>o</FromUserName>"
    b"<CreateTime>99999999999999999999</CreateTime></xml>",
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>',
    "a megabyte": b"x" * 1_000_000,
    "deep json": b"[" * 500_000,
    "deep xml": b"<a>" * 300_000,
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_signed_junk_is_malformed(platform: Platform, junk: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        platform.channel.parse(platform.of_content(junk))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_body_of_junk_is_refused(platform: Platform, junk: bytes) -> None:
    with pytest.raises((Malformed, Forbidden)):
        platform.channel.parse(platform.of_body(junk))


def pieces_of(platform: Platform) -> list[bytes]:
    if isinstance(platform, WeChat):
        cases = [case.wechat for case in READ.values() if case.wechat]
        return [f"<xml>{platform.head(what)}{fields}</xml>".encode() for what, fields in cases]
    return [platform.webhook(case.telegram).body for case in READ.values() if case.telegram]


def assert_storable(read: MessageIn) -> None:
    """A database takes it: text without NUL and half characters, ids that are there, numbers that are numbers."""
    texts = [read.external_id, read.sender, read.text, read.choice, read.recipient, read.message_ref]
    texts += [read.callback_ref, *((read.media.id, read.media.mime, read.media.url) if read.media else ())]
    for text in texts:
        assert isinstance(text, str)
        assert "\0" not in text
        text.encode()
    assert read.external_id
    assert len(read.external_id) <= 256
    assert read.sender
    assert read.sent_at.tzinfo is UTC
    if read.location:
        assert abs(read.location.latitude) < 1e9


@fuzz(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("played", [WeChat, Telegram], ids=lambda platform: platform.name)
def test_whatever_is_signed_is_read_or_refused(played: type[Platform], data: st.DataObject) -> None:
    platform = kept(played)
    body = bytearray(data.draw(st.sampled_from(pieces_of(platform))))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 12)))
        body[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(
                    [b"null", b"-1", b'"\\ud800"', b'"\\u0000"', b"{}", b"[]", b"true", b"1e400", b"<a/>"]
                ),
            )
        )
    for hook in (platform.of_content(bytes(body)), platform.of_body(bytes(body))):
        try:
            read = platform.channel.parse(hook)
        except WebhookError:
            continue
        for one in read:
            assert_storable(one)


@fuzz(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=300), query=st.dictionaries(st.text(max_size=12), st.text(max_size=30)))
@pytest.mark.parametrize("played", [WeChat, Telegram], ids=lambda platform: platform.name)
def test_random_requests_are_refused(played: type[Platform], body: bytes, query: dict[str, str]) -> None:
    platform = kept(played)
    signed = platform.text()
    known = dict(zip(signed.query, query.values(), strict=False))
    for given_query in (query, {**signed.query, **known}):
        hook = type(signed)("POST", given_query, dict.fromkeys(signed.headers, "\udcff"), body)
        with pytest.raises(WebhookError):
            platform.channel.parse(hook)
