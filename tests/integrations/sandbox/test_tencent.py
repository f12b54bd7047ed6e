"""SMS and identity check: the signature is really checked, and the codes are the cloud's."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from integrations.sandbox.tc3 import sign

from .conftest import Clock

# The SDK signs with a deprecated function.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

PHONE = "+8613800138000"
NUMBER = "11010519491231002X"  # the example of the national standard GB 11643


def test_the_published_signature() -> None:
    """The example of Tencent Cloud's page on signature v3."""
    payload = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    made = sign("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", 1551113065, payload, headers, "content-type;host")
    assert made == "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"


def signed(
    service: str, action: str, version: str, secret: tuple[str, str], data: Any, clock: Clock, **changes: str
):
    """Headers and body as the cloud's own SDK signs them."""

    class Client(AbstractClient):
        _apiVersion = version  # noqa: N815 - the SDK's name
        _endpoint = "sandbox"
        _service = service

    profile = ClientProfile(httpProfile=HttpProfile(endpoint="sandbox"))
    client = Client(Credential(*secret), "ap-guangzhou", profile)
    request = RequestInternal("sandbox", "POST", "/", {}, "")
    client._build_req_inter(action, data, request)
    headers = {name: value for name, value in request.header.items() if value} | {"Host": "sandbox"} | changes
    return headers, request.data.encode()


def sms_body(**changes: Any) -> dict[str, Any]:
    return {
        "PhoneNumberSet": [PHONE], "SmsSdkAppId": "1400006666", "SignName": "仁和医院", "TemplateId": "1110",
        "TemplateParamSet": ["123456", "5"],
    } | changes  # fmt: skip


async def send(
    sandbox: httpx.AsyncClient, clock: Clock, data: Any = None, *, key: str = "sms-key", **headers: str
):
    headers, body = signed(
        "sms", "SendSms", "2021-01-11", ("sms-id", key), data or sms_body(), clock, **headers
    )
    answer = await sandbox.post("/sms/", content=body, headers=headers)
    assert answer.status_code == 200
    return answer.json()["Response"]


async def check(sandbox: httpx.AsyncClient, clock: Clock, name: str, number: str = NUMBER) -> dict[str, Any]:
    data = {"IdCard": number, "Name": name}
    headers, body = signed("faceid", "IdCardVerification", "2018-03-01", ("id-id", "id-key"), data, clock)
    return (await sandbox.post("/identity", content=body, headers=headers)).json()["Response"]


async def test_a_code_arrives_on_the_phone(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    answer = await send(sandbox, clock)
    status = answer["SendStatusSet"][0]
    assert (status["Code"], status["PhoneNumber"]) == ("Ok", PHONE)
    assert answer["RequestId"]
    inbox = (await sandbox.get("/inspect/sms", params={"phone": "13800138000"})).json()["messages"]
    assert "123456" in inbox[0]["text"]
    assert inbox[0]["text"].startswith("【仁和医院】")


async def test_a_wrong_signature(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    assert (await send(sandbox, clock, key="other"))["Error"]["Code"] == "AuthFailure.SignatureFailure"
    headers, body = signed("sms", "SendSms", "2021-01-11", ("sms-id", "sms-key"), sms_body(), clock)
    tampered = body.replace(b"123456", b"654321")
    answer = (await sandbox.post("/sms", content=tampered, headers=headers)).json()
    assert answer["Response"]["Error"]["Code"] == "AuthFailure.SignatureFailure"
    answer = (await sandbox.post("/sms", content=body)).json()
    assert answer["Response"]["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


async def test_an_old_signature_and_an_unknown_key(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    headers, body = signed("sms", "SendSms", "2021-01-11", ("nobody", "sms-key"), sms_body(), clock)
    answer = (await sandbox.post("/sms", content=body, headers=headers)).json()
    assert answer["Response"]["Error"]["Code"] == "AuthFailure.SecretIdNotFound"
    clock.turn(minutes=6)
    assert (await send(sandbox, clock))["Error"]["Code"] == "AuthFailure.SignatureExpire"


WRONG_HEADERS = [
    ({"X-TC-Action": "SendMms"}, "InvalidAction"),
    ({"X-TC-Version": "2019-07-11"}, "NoSuchVersion"),
    ({"X-TC-Region": ""}, "MissingParameter"),
]


async def test_wrong_headers(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    for headers, code in WRONG_HEADERS:
        assert (await send(sandbox, clock, **headers))["Error"]["Code"] == code


REFUSED_NUMBERS = [
    ({"PhoneNumberSet": ["+8612345"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ({"SignName": "别的医院"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
    ({"TemplateId": "2"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
    ({"TemplateParamSet": []}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
    ({"TemplateParamSet": ["1234567"]}, "InvalidParameterValue.TemplateParameterFormatError"),
]


async def test_a_number_that_is_refused(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    for changes, code in REFUSED_NUMBERS:
        status = (await send(sandbox, clock, sms_body(**changes)))["SendStatusSet"][0]
        assert status["Code"] == code


async def test_whole_requests_that_are_refused(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    empty = await send(sandbox, clock, sms_body(PhoneNumberSet=[]))
    assert empty["Error"]["Code"] == "MissingParameter.EmptyPhoneNumberSet"
    other = await send(sandbox, clock, sms_body(SmsSdkAppId="1"))
    assert other["Error"]["Code"] == "UnauthorizedOperation.SmsSdkAppIdVerifyFail"


async def test_the_limits_of_one_number(sandbox: httpx.AsyncClient, clock: Clock, monkeypatch: Any) -> None:
    async def code() -> str:
        monkeypatch.setattr("time.time", lambda: clock().timestamp())  # the SDK signs with the machine's time
        return (await send(sandbox, clock))["SendStatusSet"][0]["Code"]

    assert await code() == "Ok"
    assert await code() == "LimitExceeded.PhoneNumberThirtySecondLimit"
    for _ in range(4):
        clock.turn(seconds=31)
        assert await code() == "Ok"
    clock.turn(seconds=31)
    assert await code() == "LimitExceeded.PhoneNumberOneHourLimit"
    clock.turn(hours=1)
    for _ in range(5):
        clock.turn(seconds=31)
        assert await code() == "Ok"
    clock.turn(hours=1)
    assert await code() == "LimitExceeded.PhoneNumberDailyLimit"


NAMES = [
    ("张三", "0"), ("阿依古丽·买买提", "0"), ("错小明", "-1"), ("忙小明", "-4"), ("无小明", "-5"), ("停小明", "-6"),
    ("限小明", "-7"), ("Tom", "-3"), ("张", "-3"),
]  # fmt: skip


async def test_identity_results(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    for name, result in NAMES:
        answer = await check(sandbox, clock, name)
        assert answer["Result"] == result
        assert answer["Description"]


async def test_identity_of_known_people_and_bad_numbers(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    assert (await check(sandbox, clock, "张三", "110105194912310021"))["Result"] == "-2"
    known = (await sandbox.post("/inspect/telegram/users", json={"start": False})).json()
    assert (await check(sandbox, clock, known["name"], known["id_number"]))["Result"] == "0"
    assert (await check(sandbox, clock, "张三", known["id_number"]))["Result"] == "-1"


async def test_identity_has_a_daily_limit(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    results = [(await check(sandbox, clock, "张三"))["Result"] for _ in range(16)]
    assert results == ["0"] * 15 + ["-7"]


async def test_faults(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    code = "LimitExceeded.PhoneNumberDailyLimit"
    await sandbox.post("/inspect/faults", json={"platform": "sms", "code": code})
    assert (await send(sandbox, clock))["SendStatusSet"][0]["Code"] == code
    await sandbox.post("/inspect/faults", json={"platform": "identity", "code": "-4", "count": 1})
    assert (await check(sandbox, clock, "张三"))["Result"] == "-4"
    assert (await check(sandbox, clock, "张三"))["Result"] == "0"
    listed = (await sandbox.get("/inspect/faults")).json()
    assert [rule["hits"] for rule in listed] == [1, 1]
    assert json.loads((await sandbox.request("DELETE", "/inspect/faults")).text) == []
