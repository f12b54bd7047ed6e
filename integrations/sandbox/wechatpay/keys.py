"""Who the merchant is, and with what WeChat Pay signs: its public key (微信支付公钥), or a platform certificate."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from integrations.sandbox import rsa
from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class Merchant:
    mchid: str
    serial: str
    name: str
    public_key: RSAPublicKey | None
    apiv3_key: bytes

    @property
    def configured(self) -> bool:
        return bool(self.mchid and self.serial and self.public_key and len(self.apiv3_key) == 32)


def merchant_of(settings: Settings) -> Merchant:
    private = settings.wechatpay_private_key.get_secret_value()
    return Merchant(
        mchid=settings.wechatpay_mchid,
        serial=settings.wechatpay_serial_no,
        name=settings.hospital_name,
        public_key=rsa.private_key(private).public_key() if private else None,
        apiv3_key=settings.wechatpay_apiv3_key.get_secret_value().encode(),
    )


class Certificate:
    """A platform certificate with its key; a new one in every run of the sandbox, so programs must fetch it."""

    def __init__(self, now: datetime) -> None:
        self.key = rsa_keys.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sandbox")])
        self.begins, self.ends = now - timedelta(days=1), now + timedelta(days=5 * 365)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(int.from_bytes(b"\x5a" + secrets.token_bytes(19)))
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .sign(self.key, SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM)
        self.serial = f"{certificate.serial_number:040X}"


class Keys:
    """`signer(serial)` gives serial and key for an answer to a caller who named `serial` in Wechatpay-Serial."""

    def __init__(self, merchant: Merchant, settings: Settings, options: Options, clock: Clock) -> None:
        private = options.wechatpay_private_key.get_secret_value()
        self.merchant = merchant
        self._clock = clock
        self._own = rsa.private_key(private) if private else None
        self._own_id = settings.wechatpay_public_key_id if self._own else ""

    @cached_property
    def certificate(self) -> Certificate:
        return Certificate(self._clock())

    def signer(self, asked: str) -> tuple[str, RSAPrivateKey]:
        if self._own and self._own_id and asked == self._own_id:
            return self._own_id, self._own
        return self.certificate.serial, self.certificate.key

    def for_notices(self) -> tuple[str, RSAPrivateKey]:
        return self.signer(self._own_id or "certificate")

    def seal(self, text: bytes, associated: str) -> dict[str, str]:
        """AEAD_AES_256_GCM with the APIv3 key."""
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.merchant.apiv3_key).encrypt(nonce.encode(), text, associated.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": associated,
            "ciphertext": base64.b64encode(sealed).decode(),
        }

    def certificates(self) -> dict[str, Any]:
        """`/v3/certificates`"""
        one = self.certificate
        return {
            "data": [
                {
                    "serial_no": one.serial,
                    "effective_time": one.begins.isoformat(timespec="seconds"),
                    "expire_time": one.ends.isoformat(timespec="seconds"),
                    "encrypt_certificate": self.seal(one.pem, "certificate"),
                }
            ]
        }
