"""Tencent Cloud SMS: SendSms of a verification-code template, with the cloud's limits for one number."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.sandbox import tc3
from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock
from integrations.sandbox.tc3 import TencentError

NUMBERS_AT_ONCE = 200
PHONE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
CODE = re.compile(r"\d{0,6}")  # a variable of a verification template takes up to six digits
TEMPLATES = {
    1: "验证码：{0}，请勿告诉他人。如非本人操作，请忽略本短信。",
    2: "验证码：{0}，{1}分钟内有效，请勿告诉他人。如非本人操作，请忽略本短信。",
}
# A notice, whose variables may be words: who asks, the code, its minutes. The hospital's telephone is part of the
# template that the platform approved.
CONSENT_TEMPLATE = (
    "{0}想在我院线上服务中替您预约和查看就诊信息。您同意的话，请把验证码：{1} 告诉对方，{2}分钟内有效；"
    "不同意请不要告诉任何人。同意后想取消，随时打{phone}。"
)
CONSENT_VALUES = 3
PAGE_TEMPLATE = "您有{0}条危急提醒待确认，最近编号{1}。请马上处理并确认。"
PAGE_VALUES = 2
LONGEST_VALUE = 12
FAILURES = {
    "InvalidParameterValue.TemplateParameterLengthLimit": "template parameter is too long",
    "InvalidParameterValue.IncorrectPhoneNumber": "incorrect phone number",
    "InvalidParameterValue.TemplateParameterFormatError": "verification template parameter format error",
    "FailedOperation.SignatureIncorrectOrUnapproved": "signature is incorrect or unapproved",
    "FailedOperation.TemplateIncorrectOrUnapproved": "template is not approved or request content does not match",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "template parameters do not match",
    "LimitExceeded.PhoneNumberThirtySecondLimit": "delivery frequency limit: 30 seconds",
    "LimitExceeded.PhoneNumberOneHourLimit": "delivery frequency limit: 1 hour",
    "LimitExceeded.PhoneNumberDailyLimit": "delivery frequency limit: 1 day",
}


@dataclass(frozen=True, slots=True)
class Message:
    """An SMS on a phone. `id` rises over all phones; `phone` has 11 digits."""

    id: int
    at: datetime
    phone: str
    sign_name: str
    text: str

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "at": self.at.isoformat(), "phone": self.phone, "sign_name": self.sign_name,
            "text": self.text,
        }  # fmt: skip


class _Refused(Exception):
    """The status code of one number."""


class SmsService:
    def __init__(
        self,
        service: tc3.Service,
        *,
        app_id: str,
        sign_name: str,
        template: str,
        consent_template: str,
        page_template: str,
        hospital_phone: str,
        options: Options,
        clock: Clock,
    ) -> None:
        self.service = service
        self._app_id, self._sign_name = app_id, sign_name
        self._template, self._consent_template = template, consent_template
        self._page_template = page_template
        self._hospital_phone = hospital_phone
        self._options = options
        self._clock = clock
        self._last = 0
        self._phones: OrderedDict[str, deque[Message]] = OrderedDict()
        self.recent: deque[Message] = deque(maxlen=options.entries)

    @property
    def version(self) -> int:
        return self._last

    def inbox(self, phone: str) -> list[Message]:
        """Oldest first."""
        match = PHONE.fullmatch(phone.strip())
        return list(self._phones.get(match[1], ())) if match else []

    def send(self, data: dict[str, Any], forced: str | None = None) -> dict[str, Any]:
        """SendSms. `forced` is a status code that every number gets instead (a fault made on purpose)."""
        numbers = data.get("PhoneNumberSet")
        if not isinstance(numbers, list) or not numbers:
            raise TencentError("MissingParameter.EmptyPhoneNumberSet", "号码列表为空。")
        if len(numbers) > NUMBERS_AT_ONCE:
            raise TencentError("LimitExceeded.PhoneNumberCountLimit", "单次提交的手机号超过 200 个。")
        if not self._app_id or data.get("SmsSdkAppId") != self._app_id:
            raise TencentError("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId 校验失败。")
        return {"SendStatusSet": [self._send_one(str(number), data, forced) for number in numbers]}

    def _send_one(self, number: str, data: dict[str, Any], forced: str | None) -> dict[str, Any]:
        status: dict[str, Any] = {
            "PhoneNumber": number, "SessionContext": str(data.get("SessionContext", "")), "IsoCode": "CN",
        }  # fmt: skip
        try:
            if forced:
                raise _Refused(forced)
            message = self._deliver(number, data)
        except _Refused as refused:
            code = str(refused)
            text = FAILURES.get(code, "failed")
            return status | {"SerialNo": "", "Fee": 0, "Code": code, "Message": text}
        serial = f"2028:f{message.id:012d}"
        phone = {"PhoneNumber": f"+86{message.phone}"}
        return status | phone | {"SerialNo": serial, "Fee": 1, "Code": "Ok", "Message": "send success"}

    def _deliver(self, number: str, data: dict[str, Any]) -> Message:
        match = PHONE.fullmatch(number)
        if not match:
            raise _Refused("InvalidParameterValue.IncorrectPhoneNumber")
        if not self._sign_name or data.get("SignName") != self._sign_name:
            raise _Refused("FailedOperation.SignatureIncorrectOrUnapproved")
        values = [str(value) for value in data.get("TemplateParamSet") or []]
        text = self._fill(str(data.get("TemplateId") or ""), values)
        self._check_frequency(match[1])
        return self._keep(match[1], text)

    def _fill(self, template: str, values: list[str]) -> str:
        if template and template == self._consent_template:
            if len(values) != CONSENT_VALUES:
                raise _Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
            if not all(0 < len(value) <= LONGEST_VALUE for value in values):
                raise _Refused("InvalidParameterValue.TemplateParameterLengthLimit")
            return CONSENT_TEMPLATE.format(*values, phone=self._hospital_phone)
        if template and template == self._page_template:
            if len(values) != PAGE_VALUES:
                raise _Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
            return PAGE_TEMPLATE.format(*values)
        if not template or template != self._template:
            raise _Refused("FailedOperation.TemplateIncorrectOrUnapproved")
        if len(values) not in TEMPLATES:
            raise _Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
        if not all(CODE.fullmatch(value) for value in values):
            raise _Refused("InvalidParameterValue.TemplateParameterFormatError")
        return TEMPLATES[len(values)].format(*values)

    def _check_frequency(self, phone: str) -> None:
        now, sent = self._clock(), [message.at for message in self._phones.get(phone, ())]
        for length, most, code in (
            (
                timedelta(seconds=30),
                self._options.sms_half_minute,
                "LimitExceeded.PhoneNumberThirtySecondLimit",
            ),
            (timedelta(hours=1), self._options.sms_hour, "LimitExceeded.PhoneNumberOneHourLimit"),
            (timedelta(days=1), self._options.sms_day, "LimitExceeded.PhoneNumberDailyLimit"),
        ):
            if sum(now - at < length for at in sent) >= most:
                raise _Refused(code)

    def _keep(self, phone: str, text: str) -> Message:
        self._last += 1
        message = Message(self._last, self._clock(), phone, self._sign_name, f"【{self._sign_name}】{text}")
        self._phones.setdefault(phone, deque(maxlen=50)).append(message)
        self._phones.move_to_end(phone)
        while len(self._phones) > self._options.people:
            self._phones.popitem(last=False)
        self.recent.append(message)
        return message
