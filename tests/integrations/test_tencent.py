from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from integrations.tencent import NoAnswer, NotReached, TencentCloud, TencentError, authorization

NOW = datetime.fromtimestamp(1551113065, UTC)


def test_the_signature_is_that_of_tencents_own_sdk() -> None:
    # tencentcloud-sdk-python 3.1 gave this signature for these values.
    given = authorization(
        secret_id="AKIDexample",
        secret_key="secretexample",
        service="sms",
        host="sms.tencentcloudapi.com",
        content_type="application/json",
        body=b'{"PhoneNumberSet": ["+8613800138000"]}',
        now=NOW,
    )
    assert given == (
        "TC3-HMAC-SHA256 Credential=AKIDexample/2019-02-25/sms/tc3_request, SignedHeaders=content-type;host, "
        "Signature=b1bc905cf62b9e178ffa1281bd3e6c2df3d13876e85bd4bb832803cdffb7190a"
    )


def cloud(
    answer: Any, base: str = "http://127.0.0.1:8100/sms", seen: list[httpx.Request] | None = None
) -> TencentCloud:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return TencentCloud(
        service="sms",
        version="2021-01-11",
        base=base,
        secret_id="id",
        secret_key="key",
        http=http,
        now=lambda: NOW,
    )


@pytest.mark.parametrize(
    ("base", "url", "host"),
    [
        ("http://127.0.0.1:8100/sms", "http://127.0.0.1:8100/sms/", "127.0.0.1:8100"),
        ("https://sms.tencentcloudapi.com", "https://sms.tencentcloudapi.com/", "sms.tencentcloudapi.com"),
    ],
)
async def test_what_is_signed_is_what_is_sent(base: str, url: str, host: str) -> None:
    seen: list[httpx.Request] = []
    assert await cloud({"Response": {"RequestId": "r"}}, base, seen).call("SendSms", {"名": "值"}) == {
        "RequestId": "r"
    }
    (request,) = seen
    assert str(request.url) == url
    assert json.loads(request.content) == {"名": "值"}
    headers = request.headers
    assert headers["host"] == host
    assert (headers["x-tc-action"], headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    assert (headers["x-tc-region"], headers["x-tc-timestamp"]) == ("ap-guangzhou", "1551113065")
    assert headers["authorization"] == signed_by_hand(request)


def signed_by_hand(request: httpx.Request) -> str:
    """The rule of Tencent's page "签名方法 v3", step by step."""
    canonical = (
        f"POST\n/\n\ncontent-type:{request.headers['content-type']}\nhost:{request.headers['host']}\n\n"
        f"content-type;host\n{hashlib.sha256(request.content).hexdigest()}"
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    string = f"TC3-HMAC-SHA256\n1551113065\n2019-02-25/sms/tc3_request\n{digest}"
    key = b"TC3key"
    for part in (b"2019-02-25", b"sms", b"tc3_request"):
        key = hmac.new(key, part, hashlib.sha256).digest()
    signature = hmac.new(key, string.encode(), hashlib.sha256).hexdigest()
    return (
        "TC3-HMAC-SHA256 Credential=id/2019-02-25/sms/tc3_request, SignedHeaders=content-type;host, "
        f"Signature={signature}"
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("refused"), NotReached),
        (httpx.ReadTimeout("slow"), NoAnswer),
        (httpx.RemoteProtocolError("closed"), NoAnswer),
        (httpx.Response(502, text="<html>"), NotReached),
        (httpx.Response(504, text="<html>"), NoAnswer),
        (httpx.Response(200, text="<html>"), NoAnswer),
        ([], NoAnswer),
        ({"Response": None}, NoAnswer),
        ({"Response": {"Error": "?"}}, NoAnswer),
        (
            {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "+86138"}}},
            TencentError,
        ),
    ],
)
async def test_failures_tell_whether_anything_happened(answer: Any, error: type[TencentError]) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(TencentError) as raised:
        await cloud(answer, seen=seen).call("SendSms", {})
    assert type(raised.value) is error
    assert "138" not in str(raised.value)  # what the service says may hold what we sent
    assert len(seen) == 1


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(minutes=-10)], ids=str)
async def test_a_clock_of_ours_that_is_wrong_is_corrected_by_tencents(wrong: timedelta) -> None:
    """As Tencent does it: the time of a request is compared before anything is done."""
    now, done, refused = NOW + wrong, [], []

    def handle(request: httpx.Request) -> httpx.Response:
        off = abs(int(request.headers["x-tc-timestamp"]) - NOW.timestamp())
        (refused if off > 300 else done).append(request)
        error = {"Error": {"Code": "AuthFailure.SignatureExpire", "Message": ""}} if off > 300 else {}
        return httpx.Response(
            200, json={"Response": error}, headers={"date": format_datetime(NOW, usegmt=True)}
        )

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    about = {"service": "sms", "version": "v", "base": "http://sms.test", "secret_id": "i", "secret_key": "k"}
    tencent = TencentCloud(**about, http=http, now=lambda: now)  # type: ignore[arg-type]
    await tencent.call("SendSms", {})
    await tencent.call("SendSms", {})
    assert (len(refused), len(done)) == (1, 2)
    now -= wrong  # and it is set right
    await tencent.call("SendSms", {})
    assert (len(refused), len(done)) == (2, 3)


async def test_a_refusal_without_a_date_is_told() -> None:
    with pytest.raises(TencentError, match="SignatureExpire"):
        await cloud({"Response": {"Error": {"Code": "AuthFailure.SignatureExpire"}}}).call("SendSms", {})
