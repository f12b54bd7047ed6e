"""The Authorization header of a request, really checked, and the signature of our answers and notices."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from integrations.sandbox import rsa
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.keys import Merchant

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PARTS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
TOLERANCE = 300  # seconds


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signature covers. `target` is the path from /v3 on, with its query, as it came."""

    method: str
    target: str
    body: bytes


def check_authorization(merchant: Merchant, header: str, signed: Signed, now: datetime) -> None:
    """Raises PayError SIGN_ERROR."""
    scheme, _, rest = header.partition(" ")
    parts = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    if scheme != SCHEME or any(not parts.get(name) for name in PARTS):
        raise PayError("SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    if parts["mchid"] != merchant.mchid:
        raise PayError("SIGN_ERROR", "商户号不存在")
    if parts["serial_no"].upper() != merchant.serial.upper() or merchant.public_key is None:
        raise PayError("SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号")
    stamp = parts["timestamp"]
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > TOLERANCE:
        raise PayError("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    text = f"{signed.method}\n{signed.target}\n{stamp}\n{parts['nonce_str']}\n".encode() + signed.body + b"\n"
    if not rsa.verify(merchant.public_key, text, parts["signature"]):
        raise PayError("SIGN_ERROR", "错误的签名，验签失败")


def signed_headers(signer: tuple[str, RSAPrivateKey], body: bytes, now: datetime) -> dict[str, str]:
    """The headers with which an answer or a notice proves that it is WeChat Pay's."""
    serial, key = signer
    stamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
    return {
        "Wechatpay-Serial": serial,
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": rsa.sign(key, f"{stamp}\n{nonce}\n".encode() + body + b"\n"),
        "Wechatpay-Signature-Type": SCHEME,
        "Request-ID": secrets.token_hex(16).upper(),
    }
