"""One-time codes by Tencent Cloud SMS (SendSms, 2021-01-11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx

from integrations.database import utcnow
from integrations.language.languages import ENGLISH, SIMPLIFIED, TRADITIONAL
from integrations.settings import Settings
from integrations.sms.interface import SmsLimited, SmsRefused, SmsUnavailable, SmsUnknown
from integrations.tencent import NoAnswer, NotReached, TencentCloud, TencentError
from integrations.transport import keep_secrets_out_of_logs

# Tencent's own trouble, not ours with the message.
_BUSY = ("InternalError", "RequestLimitExceeded")


class TencentSms:
    """The template of codes takes the code and its minutes: "验证码{1}，{2}分钟内有效。" That of consents is one of
    notices, for only these take words: who asks, the code, its minutes. "{1}想在我院线上服务中替您预约和查看就诊
    信息。您同意的话，请把验证码{2}告诉对方，{3}分钟内有效；不同意请不要告诉任何人。同意后想取消，随时打<医院电话>。"
    The telephone is fixed in the approved template: numbers are no variables. A language has a template of its own
    or reads the Chinese one. That of pages tells staff how many alarms wait and the number of the latest:
    "您有{1}条危急提醒待确认，最近编号{2}。请马上处理并确认。" """

    def __init__(
        self,
        settings: Settings,
        *,
        http: httpx.AsyncClient,
        now: Callable[[], datetime] = utcnow,
        minutes: int = 5,
    ) -> None:
        keep_secrets_out_of_logs()
        self._app_id = settings.sms_app_id
        self._sign_name = settings.sms_sign_name
        self._template = settings.sms_template_code
        self._consent_templates = {
            SIMPLIFIED: settings.sms_consent_template_code,
            TRADITIONAL: settings.sms_consent_template_code_hant,
            ENGLISH: settings.sms_consent_template_code_en,
        }
        self._page_template = settings.sms_page_template_code
        self._minutes = minutes
        self._cloud = TencentCloud(
            service="sms",
            version="2021-01-11",
            base=settings.sms_api_base,
            secret_id=settings.sms_secret_id,
            secret_key=settings.sms_secret_key.get_secret_value(),
            http=http,
            now=now,
        )

    async def send_code(self, phone: str, code: str) -> None:
        await self._send(phone, self._template, [code, str(self._minutes)])

    async def send_consent_code(self, phone: str, code: str, asker: str, language: str = "") -> None:
        template = self._consent_templates.get(language) or self._consent_templates[SIMPLIFIED]
        if not template:
            raise SmsRefused("SMS_CONSENT_TEMPLATE_CODE is not set")
        await self._send(phone, template, [asker, code, str(self._minutes)])

    async def send_page(self, phone: str, alarms: int, number: int) -> None:
        if not self._page_template:
            raise SmsRefused("SMS_PAGE_TEMPLATE_CODE is not set")
        await self._send(phone, self._page_template, [str(alarms), str(number)])

    async def _send(self, phone: str, template: str, values: list[str]) -> None:
        request = {
            "PhoneNumberSet": [phone],
            "SmsSdkAppId": self._app_id,
            "SignName": self._sign_name,
            "TemplateId": template,
            "TemplateParamSet": values,
        }
        try:
            result = await self._cloud.call("SendSms", request)
        except NotReached as error:
            raise SmsUnavailable(str(error)) from error
        except NoAnswer as error:
            raise SmsUnknown(str(error)) from error
        except TencentError as error:
            _raise_for(error.code)
        _raise_for(_status(result))


def _status(result: dict[str, object]) -> str:
    """The code for our one number: a call that went well may still have failed for it."""
    statuses = result.get("SendStatusSet")
    if isinstance(statuses, list) and len(statuses) == 1 and isinstance(statuses[0], dict):
        return str(statuses[0].get("Code", ""))
    raise SmsUnknown("no status for the number")


def _raise_for(code: str) -> None:
    if code == "Ok":
        return
    if code.startswith("LimitExceeded."):  # per number, and per account and day
        raise SmsLimited(code)
    if code.startswith(_BUSY):
        raise SmsUnavailable(code)
    raise SmsRefused(code)
