"""Tencent Cloud's API 3.0 (TC3-HMAC-SHA256), as SMS and the identity check speak it.

Not the vendor's SDK: that signs and posts to a bare host only, turns a refused connection and a lost answer
into the same error, and logs whole requests.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from integrations.database import utcnow
from integrations.transport import NEVER_LEFT, TIMEOUT

_ALGORITHM = "TC3-HMAC-SHA256"
_WRONG_TIME = "AuthFailure.SignatureExpire"  # more than five minutes from Tencent's clock
_CONTENT_TYPE = "application/json; charset=utf-8"


class TencentError(Exception):
    """A call failed. `code` is Tencent's (LimitExceeded.…) or empty; its message is not repeated here, for
    it may hold what we sent."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NotReached(TencentError):
    """The request did not leave, or a busy server refused it: nothing happened."""


class NoAnswer(TencentError):
    """The request left, and no answer that can be read came back."""


class TencentCloud:
    """One service of Tencent Cloud. `base` may carry a path (http://127.0.0.1:8100/sms): it is not signed."""

    def __init__(
        self,
        *,
        service: str,
        version: str,
        base: str,
        secret_id: str,
        secret_key: str,
        http: httpx.AsyncClient,
        region: str = "ap-guangzhou",
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._service = service
        self._version = version
        self._url = httpx.URL(base.rstrip("/") + "/")
        self._secret_id = secret_id
        self._secret_key = secret_key
        self._http = http
        self._region = region
        self._now = now
        self._behind = timedelta()  # our clock, as Tencent's own told when it refused the time of a request

    async def call(self, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tencent's `Response` object. Raises TencentError, NotReached, NoAnswer. Never repeats by itself what may have
        been done; a request that came at a wrong time by Tencent's clock was not."""
        body = json.dumps(request, ensure_ascii=False).encode()
        response = await self._post(action, body)
        try:
            return _result(response)
        except TencentError as error:
            if error.code != _WRONG_TIME or not (told := _date(response)):
                raise
        self._behind = told - self._now()
        return _result(await self._post(action, body))

    async def _post(self, action: str, body: bytes) -> httpx.Response:
        try:
            return await self._http.post(
                self._url, content=body, headers=self._headers(action, body), timeout=TIMEOUT
            )
        except NEVER_LEFT as error:
            raise NotReached(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from error

    def _headers(self, action: str, body: bytes) -> dict[str, str]:
        now = self._now() + self._behind
        host = self._url.netloc.decode()
        return {
            "Authorization": authorization(
                secret_id=self._secret_id,
                secret_key=self._secret_key,
                service=self._service,
                host=host,
                content_type=_CONTENT_TYPE,
                body=body,
                now=now,
            ),
            "Content-Type": _CONTENT_TYPE,
            "Host": host,
            "X-TC-Action": action,
            "X-TC-Version": self._version,
            "X-TC-Region": self._region,
            "X-TC-Timestamp": str(int(now.timestamp())),
        }


def authorization(
    *, secret_id: str, secret_key: str, service: str, host: str, content_type: str, body: bytes, now: datetime
) -> str:
    """The Authorization header of a POST; content-type and host are signed, the path is always "/"."""
    timestamp, date = str(int(now.timestamp())), now.astimezone(UTC).strftime("%Y-%m-%d")
    signed = "content-type;host"
    headers = f"content-type:{content_type}\nhost:{host}\n"
    canonical = "\n".join(("POST", "/", "", headers, signed, hashlib.sha256(body).hexdigest()))
    scope = f"{date}/{service}/tc3_request"
    to_sign = "\n".join((_ALGORITHM, timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _result(response: httpx.Response) -> dict[str, Any]:
    """Tencent answers 200 with an Error inside; other statuses come from what stands between."""
    if response.status_code in (429, 500, 502, 503):
        raise NotReached(f"HTTP {response.status_code}")
    if response.status_code == 504:
        raise NoAnswer("HTTP 504")
    try:
        result = response.json()["Response"]
        error = result.get("Error")
        code = str(error["Code"]) if error is not None else ""
    except (ValueError, KeyError, TypeError, AttributeError) as unreadable:
        raise NoAnswer(f"HTTP {response.status_code}, no answer of Tencent's") from unreadable
    if error is not None:
        raise TencentError(code, code)
    return dict(result)
