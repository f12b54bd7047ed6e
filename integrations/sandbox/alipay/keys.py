"""The application and its seller, and the RSA2 signatures of both sides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from integrations.sandbox import rsa
from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.options import Options
from integrations.settings import Settings


def joined(fields: Mapping[str, str]) -> bytes:
    """What is signed: name=value in the order of the names, without empty values."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value).encode()


@dataclass(frozen=True, slots=True)
class Application:
    app_id: str
    seller_id: str
    name: str
    public_key: RSAPublicKey | None
    own_key: RSAPrivateKey | None  # Alipay's

    @property
    def configured(self) -> bool:
        return bool(self.app_id and self.seller_id and self.public_key and self.own_key)

    def check(self, fields: Mapping[str, str]) -> None:
        """The signature of a request. Raises AlipayError."""
        if fields.get("app_id") != self.app_id:
            raise AlipayError("isv.invalid-app-id")
        if fields.get("sign_type") != "RSA2":
            raise AlipayError("isv.invalid-signature-type")
        signed = joined({name: value for name, value in fields.items() if name != "sign"})
        if self.public_key is None or not rsa.verify(self.public_key, signed, fields.get("sign", "")):
            raise AlipayError("isv.invalid-signature")

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """News, or the way back to the page: without sign_type in what is signed."""
        assert self.own_key
        return {**fields, "sign_type": "RSA2", "sign": rsa.sign(self.own_key, joined(fields))}

    def answer(self, method: str, content: Mapping[str, Any], *, sign: bool = True) -> bytes:
        """An answer with its signature over the very characters of the content, slashes escaped as Alipay does."""
        assert self.own_key
        inner = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        name = method.replace(".", "_") + "_response" if method else "error_response"
        signature = f',"sign":"{rsa.sign(self.own_key, inner.encode())}"' if sign else ""
        return f'{{"{name}":{inner}{signature}}}'.encode()


def application_of(settings: Settings, options: Options) -> Application:
    private = settings.alipay_private_key.get_secret_value()
    own = options.alipay_private_key.get_secret_value()
    return Application(
        app_id=settings.alipay_app_id,
        seller_id=settings.alipay_seller_id,
        name=settings.hospital_name,
        public_key=rsa.private_key(private).public_key() if private else None,
        own_key=rsa.private_key(own) if own else None,
    )
