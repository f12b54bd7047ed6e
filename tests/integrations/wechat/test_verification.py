from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.channel import Forbidden, Malformed
from integrations.wechat import verification
from integrations.wechat.reading import read
from tests.contracts.platforms import AES_KEY, APPID, NOW, TOKEN, WeChat

# WeChat's own sample for secure mode.
SAMPLE = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9"
    "FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3y"
    "t+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v"
    "6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
SAMPLE_TIME = datetime.fromtimestamp(1409735669, UTC)
KEYS = {"aes_key": AES_KEY, "appid": APPID}


def check(**changes: Any) -> None:
    sample: dict[str, Any] = {
        "token": TOKEN,
        "signature": "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
        "timestamp": "1409735669",
        "nonce": "1320562132",
        "encrypted": SAMPLE,
        "now": SAMPLE_TIME,
        "max_age": timedelta(minutes=5),
    }
    verification.verify(**(sample | changes))


def test_wechats_own_sample_is_read() -> None:
    check()
    message = read(verification.decrypt(SAMPLE, **KEYS))
    assert (message.text, message.external_id) == ("abcdteT", "6054768590064713728")
    assert message.sender == "oyORnuP8q7ou2gfYjqLzSIWZf0rs"


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": ""},
        {"signature": "5D197AAFFBA7E9B25A30732F161A50DEE96BD5FA"},
        {"signature": "签名"},
        {"token": "other"},
        {"nonce": "1320562133"},
        {"nonce": "\udcff"},
        {"encrypted": SAMPLE[:-4]},
        {"timestamp": "1409735670"},
        {"now": SAMPLE_TIME + timedelta(minutes=5, seconds=1)},
        {"now": SAMPLE_TIME - timedelta(minutes=5, seconds=1)},
    ],
)
def test_what_is_not_exactly_right_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        check(**changes)


@pytest.mark.parametrize("timestamp", ["", "now", "-1409735669", "1e9", "１４０９７３５６６９", "9" * 40])
def test_a_signed_request_needs_a_time(timestamp: str) -> None:
    signature = WeChat.signature(TOKEN, timestamp, "n")
    with pytest.raises(Forbidden):
        check(signature=signature, timestamp=timestamp, nonce="n", encrypted="")


def test_the_limit_of_age_is_a_parameter() -> None:
    check(now=SAMPLE_TIME + timedelta(days=1), max_age=timedelta(days=2))


def test_another_accounts_message_is_refused() -> None:
    with pytest.raises(Forbidden):
        verification.decrypt(WeChat.encrypt(b"<xml/>", "wx0000000000000000"), **KEYS)


@pytest.mark.parametrize(
    "encrypted",
    [
        "",
        "!",
        "AAAA",
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(bytes(33)).decode(),
        SAMPLE[:64],
    ],
)
def test_what_cannot_be_decrypted_is_refused(encrypted: str) -> None:
    with pytest.raises((Malformed, Forbidden)):
        verification.decrypt(encrypted, **KEYS)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 2048])
def test_every_length_of_text_survives(length: int) -> None:
    text = "好" * length
    assert verification.decrypt(WeChat.encrypt(text.encode()), **KEYS) == text
    sealed = verification.encrypt(text, token=TOKEN, now=NOW, **KEYS)
    encrypted = sealed.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    assert WeChat.decrypt(encrypted) == (text, APPID)


@pytest.mark.parametrize("key", ["short", "a" * 44, "!" * 43, "好" * 43])
def test_a_key_that_cannot_be_one_is_told_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="WECHAT_AES_KEY"):
        verification.check_aes_key(key)
