"""Tencent Cloud's door: the TC3-HMAC-SHA256 signature, really checked, and the shape of answers and errors."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<date>[\d-]+)/(?P<service>\w+)/tc3_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
TOLERANCE = timedelta(minutes=5)


class TencentError(Exception):
    """An answer {"Response": {"Error": {"Code", "Message"}}} with HTTP status 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Service:
    """One of Tencent's services with the one action we play, and the credentials it knows."""

    name: str
    action: str
    version: str
    secret_id: str
    secret_key: str
    needs_region: bool


def success(response: dict[str, Any]) -> dict[str, Any]:
    return {"Response": response | {"RequestId": str(uuid.uuid4())}}


def failure(error: TencentError) -> dict[str, Any]:
    return success({"Error": {"Code": error.code, "Message": error.message}})


def sign(
    secret_key: str, service: str, timestamp: int, payload: bytes, headers: Mapping[str, str],
    signed_headers: str, path: str = "/",
) -> str:  # fmt: skip
    """The signature of a POST. `headers` has lower-case names."""
    canonical_headers = "".join(
        f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed_headers.split(";")
    )
    digest = hashlib.sha256(payload).hexdigest()
    request = f"POST\n{path}\n\n{canonical_headers}\n{signed_headers}\n{digest}"
    date = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{hashed}"
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def verify(service: Service, headers: Mapping[str, str], path: str, payload: bytes, now: datetime) -> None:
    """Raises TencentError as the cloud's front door does. `path` is where the request came in; a
    caller behind a path prefix may also sign the service's own "/"."""
    stamp = headers.get("x-tc-timestamp", "")
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not match or not stamp.isdigit():
        raise TencentError("AuthFailure.InvalidAuthorization", "请求头部的 Authorization 不符合腾讯云标准。")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > TOLERANCE:
        raise TencentError("AuthFailure.SignatureExpire", "签名过期。")
    if not service.secret_id or match["id"] != service.secret_id:
        raise TencentError("AuthFailure.SecretIdNotFound", "密钥不存在。")
    day = f"{datetime.fromtimestamp(int(stamp), UTC):%Y-%m-%d}"
    needed = {"content-type", "host"} <= set(match["headers"].split(";"))
    good = any(
        hmac.compare_digest(
            match["signature"],
            sign(
                service.secret_key, service.name, int(stamp), payload, headers, match["headers"], signed_path
            ),
        )
        for signed_path in ("/", path)
    )
    if not good or not needed or match["date"] != day or match["service"] != service.name:
        raise TencentError("AuthFailure.SignatureFailure", "签名错误。")


def read_request(
    service: Service, headers: Mapping[str, str], path: str, payload: bytes, now: datetime
) -> dict[str, Any]:
    """The verified parameters. Raises TencentError."""
    verify(service, headers, path, payload, now)
    if headers.get("x-tc-action") != service.action:
        raise TencentError("InvalidAction", "您所请求的资源地址（Action）无效。")
    if headers.get("x-tc-version") != service.version:
        raise TencentError("NoSuchVersion", "接口版本不存在。")
    if service.needs_region and not headers.get("x-tc-region"):
        raise TencentError("MissingParameter", "缺少公共参数 Region。")
    try:
        data = json.loads(payload)
    except ValueError as error:
        raise TencentError("InvalidParameter", "请求体不是合法的 JSON。") from error
    if not isinstance(data, dict):
        raise TencentError("InvalidParameter", "请求体不是合法的 JSON。")
    return data
