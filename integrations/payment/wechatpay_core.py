"""How we talk with WeChat Pay v3: signed requests, verified answers, and the keys to verify them with.

The library's core signs, decrypts and builds the requests. It is sent through our own HTTP, for its own opens a client
per call without our timeouts, knows one fixed host and logs whole requests. Verified here, for it takes signatures of
any age, breaks on a serial number that is no number and on a missing Wechatpay-Signature-Type, and empties its
certificates before it has new ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography.x509 import Certificate
from wechatpayv3.async_.core import AsyncCore
from wechatpayv3.async_.type import RequestType
from wechatpayv3.async_.utils import aes_decrypt, build_authorization, load_certificate, rsa_verify

from integrations.channel import Forbidden
from integrations.payment.interface import Unavailable
from integrations.transport import TIMEOUT

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PROBE = "WECHATPAY/SIGNTEST/"  # WeChat tries whether we verify at all
_TOLERANCE = timedelta(minutes=5)
_RENEW_AFTER = timedelta(hours=12)
_LOOK_AGAIN_AFTER = timedelta(minutes=1)  # for a serial number that nobody knows: anybody may send one


class WeChatPayCore(AsyncCore):
    """What the library's requests go through. `base` may carry a path (http://127.0.0.1:8100/wechatpay): it is not
    signed. Raises ValueError for a key that cannot be read."""

    def __init__(
        self,
        *,
        mchid: str,
        serial_no: str,
        private_key: str,
        apiv3_key: str,
        public_key_id: str,
        public_key: str,
        base: str,
        http: httpx.AsyncClient,
        now: Callable[[], datetime],
    ) -> None:
        try:
            super().__init__(
                mchid=mchid,
                cert_serial_no=serial_no,
                private_key=private_key,
                apiv3_key=apiv3_key,
                public_key=public_key or None,
                public_key_id=public_key_id or None,
            )
        except Exception as error:  # the library raises nothing narrower, and from it the key would be seen
            raise ValueError("WECHATPAY_PRIVATE_KEY or WECHATPAY_PUBLIC_KEY cannot be read") from error
        self._gate_way = base.rstrip("/")
        self._http = http
        self._now = now
        self._renewing = asyncio.Lock()
        self._renewed_at: datetime | None = None
        self._tried_at: datetime | None = None

    async def request(  # type: ignore[override]
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: Mapping[str, Any] | None = None,
        skip_verify: bool = False,
        **_: Any,
    ) -> tuple[int, bytes]:
        """Status and body; that of a success is verified. Raises Unavailable."""
        response = await self._send(path, method, data)
        if response.is_success and not skip_verify:
            try:
                await self.verify(response.headers, response.content)
            except Forbidden as error:
                raise Unavailable(f"an answer that is not WeChat Pay's: {error}") from error
        return response.status_code, response.content

    async def _send(self, path: str, method: RequestType, data: Mapping[str, Any] | None) -> httpx.Response:
        body = json.dumps(data) if data else ""
        signed = build_authorization(
            path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
        )
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": signed}
        headers["User-Agent"] = "daozhen"
        if self._public_key_id:
            headers["Wechatpay-Serial"] = self._public_key_id  # so that answers are signed by it as well
        try:
            return await self._http.request(
                method.value, self._gate_way + path, content=body, headers=headers, timeout=TIMEOUT
            )
        except httpx.HTTPError as error:
            raise Unavailable(type(error).__name__) from error

    async def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """That WeChat Pay itself says this, and now. Header names are lower case, or looked up so. Raises Forbidden,
        and Unavailable while there is no key."""
        timestamp, signature = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-signature", "")
        if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
            raise Forbidden("signed in an unknown way")
        if not signature or signature.startswith(_PROBE):
            raise Forbidden("a probe" if signature else "not signed")
        self._check_time(timestamp)
        key = await self._key(headers.get("wechatpay-serial", ""))
        if key is None:
            raise Forbidden("signed with an unknown key")
        try:
            said = body.decode()
        except UnicodeDecodeError as error:
            raise Forbidden("no text") from error
        if not rsa_verify(timestamp, headers.get("wechatpay-nonce", ""), said, signature, key):
            raise Forbidden("wrong signature")

    def decrypt_resource(self, resource: Mapping[str, Any]) -> bytes:
        """Raises ValueError."""
        try:
            if resource["algorithm"] != "AEAD_AES_256_GCM":
                raise ValueError("encrypted in an unknown way")
            text = aes_decrypt(
                nonce=resource["nonce"],
                ciphertext=resource["ciphertext"],
                associated_data=resource.get("associated_data") or "",
                apiv3_key=self._apiv3_key,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("nothing that can be decrypted") from error
        if text is None:
            raise ValueError("cannot be decrypted: is WECHATPAY_APIV3_KEY right?")
        return str(text).encode()

    def _check_time(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            raise Forbidden("without a time")
        if abs(self._now().timestamp() - int(timestamp)) > _TOLERANCE.total_seconds():
            raise Forbidden("too old, or from the future")

    async def _key(self, serial: str) -> Any:
        """The public key with this serial number, or None."""
        if self._public_key_id:
            return self._public_key if serial == self._public_key_id else None
        if self._outlived(self._renewed_at, _RENEW_AFTER):
            await self._renew()
        found = self._certificate(serial)
        if found is None and self._outlived(self._tried_at, _LOOK_AGAIN_AFTER):
            await self._renew()
            found = self._certificate(serial)
        if found is None and not self._certificates:
            raise Unavailable("WeChat Pay's certificates cannot be fetched")
        return found and found.public_key()

    def _outlived(self, then: datetime | None, after: timedelta) -> bool:
        return then is None or self._now() - then > after

    def _certificate(self, serial: str) -> Certificate | None:
        try:
            number = int(serial, 16)
        except ValueError:
            return None
        return next((one for one in self._certificates if one.serial_number == number), None)

    async def _renew(self) -> None:
        """Fetches the certificates; where that fails the old ones are kept, and it is tried again in a minute."""
        async with self._renewing:
            if not self._outlived(self._tried_at, _LOOK_AGAIN_AFTER):
                return
            self._tried_at = self._now()
            try:
                response = await self._send("/v3/certificates", RequestType.GET, None)
            except Unavailable:
                return
            if not response.is_success:
                return
            before, self._certificates = self._certificates, self._read_certificates(response.content)
            try:
                self._renewed_at = self._now()  # no second try from within the verification
                await self.verify(response.headers, response.content)
            except (Forbidden, Unavailable):
                self._certificates, self._renewed_at = before, None

    def _read_certificates(self, body: bytes) -> list[Certificate]:
        """Those that hold now; each is authentic, for it is encrypted with our own key."""
        try:
            found = [self.decrypt_resource(one["encrypt_certificate"]) for one in json.loads(body)["data"]]
        except (ValueError, KeyError, TypeError):
            return []
        read = [load_certificate(pem.decode()) for pem in found]
        now = self._now()
        return [one for one in read if one and one.not_valid_before_utc <= now <= one.not_valid_after_utc]
