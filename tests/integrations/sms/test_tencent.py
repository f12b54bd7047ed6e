from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from integrations.sms.interface import Sms, SmsError, SmsLimited, SmsRefused, SmsUnavailable, SmsUnknown
from integrations.sms.tencent import TencentSms
from tests.contracts.platforms import settings

PHONE = "+8613800138000"


def status(code: str) -> dict[str, Any]:
    number = {"SerialNo": "1", "PhoneNumber": PHONE, "Fee": 1, "Code": code, "Message": f"{PHONE} {code}"}
    return {"Response": {"SendStatusSet": [number], "RequestId": "r"}}


def error(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": PHONE}, "RequestId": "r"}}


class Tencent:
    def __init__(self, answer: Any, **more: str) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        changes = {
            "sms_api_base": "http://127.0.0.1:9500/sms",
            "sms_app_id": "1400",
            "sms_sign_name": "仁和",
            "sms_template_code": "900",
            "sms_consent_template_code": "901",
        } | more
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        self.sms: Sms = TencentSms(settings(**changes), http=http)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return (
            self.answer if isinstance(self.answer, httpx.Response) else httpx.Response(200, json=self.answer)
        )


async def test_a_code_is_sent() -> None:
    tencent = Tencent(status("Ok"))
    await tencent.sms.send_code(PHONE, "123456")
    (request,) = tencent.requests
    assert str(request.url) == "http://127.0.0.1:9500/sms/"
    assert request.headers["x-tc-action"] == "SendSms"
    assert json.loads(request.content) == {
        "PhoneNumberSet": [PHONE],
        "SmsSdkAppId": "1400",
        "SignName": "仁和",
        "TemplateId": "900",
        "TemplateParamSet": ["123456", "5"],
    }


async def test_a_consent_is_asked_with_a_template_of_its_own() -> None:
    tencent = Tencent(status("Ok"))
    await tencent.sms.send_consent_code(PHONE, "123456", "*明")
    sent = json.loads(tencent.requests[0].content)
    assert (sent["TemplateId"], sent["TemplateParamSet"]) == ("901", ["*明", "123456", "5"])


@pytest.mark.parametrize(
    ("language", "given", "template"),
    [
        ("en", {"sms_consent_template_code_en": "903"}, "903"),
        ("zh-Hant", {"sms_consent_template_code_hant": "902"}, "902"),
        ("en", {"sms_consent_template_code_hant": "902"}, "901"),
        ("zh-Hant", {}, "901"),
        ("zh-Hans", {"sms_consent_template_code_en": "903"}, "901"),
    ],
)
async def test_a_consent_is_asked_in_the_language_that_has_a_template(
    language: str, given: dict[str, str], template: str
) -> None:
    tencent = Tencent(status("Ok"), **given)
    await tencent.sms.send_consent_code(PHONE, "123456", "*明", language)
    assert json.loads(tencent.requests[0].content)["TemplateId"] == template


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ConnectError("refused"), SmsUnavailable),
        (httpx.Response(503), SmsUnavailable),
        (error("InternalError.Timeout"), SmsUnavailable),
        (error("RequestLimitExceeded"), SmsUnavailable),
        (httpx.ReadTimeout("slow"), SmsUnknown),
        (httpx.Response(200, text="<html>"), SmsUnknown),
        ({"Response": {"RequestId": "r"}}, SmsUnknown),
        ({"Response": {"SendStatusSet": [], "RequestId": "r"}}, SmsUnknown),
        (status("LimitExceeded.PhoneNumberThirtySecondLimit"), SmsLimited),
        (status("LimitExceeded.PhoneNumberDailyLimit"), SmsLimited),
        (status("FailedOperation.PhoneNumberInBlacklist"), SmsRefused),
        (status("InvalidParameterValue.IncorrectPhoneNumber"), SmsRefused),
        (error("AuthFailure.SignatureFailure"), SmsRefused),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    answer: Any, expected: type[SmsError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tencent = Tencent(answer)
    with pytest.raises(SmsError) as raised:
        await tencent.sms.send_code(PHONE, "123456")
    assert type(raised.value) is expected
    assert raised.value.retryable is (expected is SmsUnavailable)
    assert len(tencent.requests) == 1  # a second text message would cost and confuse
    assert "138001" not in str(raised.value) + caplog.text
