"""WeChat's secure mode: who signed a request, what it says, and the sealed answer.

Signature and AES format are wechatpy's; the comparison (constant time), the age of a request, the random
prefix (from the system's generator) and the errors for junk are ours.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from datetime import datetime, timedelta
from typing import Any

from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import WeChatSigner

from integrations.channel import Forbidden, Malformed


def verify(
    *,
    token: str,
    signature: str,
    timestamp: str,
    nonce: str,
    encrypted: str = "",
    now: datetime,
    max_age: timedelta,
) -> None:
    """Checks sha1 over the sorted parts and that the request is not older (or newer) than `max_age`.

    `encrypted` is the Encrypt element of a POST, empty for the GET that proves our address. Raises Forbidden.
    """
    try:
        expected, given = _signature(token, timestamp, nonce, encrypted), signature.encode("ascii")
    except UnicodeEncodeError as error:
        raise Forbidden("signature of characters that cannot be signed") from error
    if not hmac.compare_digest(expected.encode(), given):
        raise Forbidden("wrong signature")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise Forbidden("no timestamp")
    if abs(now.timestamp() - int(timestamp)) > max_age.total_seconds():
        raise Forbidden("too old")


def decrypt(encrypted: str, *, aes_key: str, appid: str) -> str:
    """The XML inside. Raises Forbidden when it is meant for another account, Malformed when it is no text."""
    try:
        return str(_cipher(aes_key).decrypt(encrypted, appid))
    except InvalidAppIdException as error:
        raise Forbidden("another account's message") from error
    except (ValueError, IndexError, struct.error) as error:
        raise Malformed("cannot be decrypted") from error


def encrypt(xml: str, *, token: str, aes_key: str, appid: str, now: datetime) -> str:
    """A passive reply as WeChat wants it in secure mode."""
    timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(8)
    encrypted = _cipher(aes_key).encrypt(xml, appid).decode()
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{_signature(token, timestamp, nonce, encrypted)}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )


def check_aes_key(aes_key: str) -> None:
    """Raises ValueError when EncodingAESKey is not the 43 characters that WeChat gives out."""
    if not (len(aes_key) == 43 and aes_key.isascii() and aes_key.isalnum()):
        raise ValueError("WECHAT_AES_KEY must be 43 letters and digits")


def _signature(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def _cipher(aes_key: str) -> Any:
    cipher: Any = PrpCrypto(base64.b64decode(aes_key + "="))
    cipher.get_random_string = lambda: secrets.token_hex(8)  # 16 characters; wechatpy takes a weak generator
    return cipher
