"""Kuaidi100 (快递100): follows the parcels of all Chinese carriers. Queries are signed with our key, pushes with the
salt that we gave when we subscribed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx

from integrations.channel import Forbidden, Malformed, NotConfigured
from integrations.messages import Answer, Webhook
from integrations.parcel.interface import NothingKnown, Refused, Unavailable
from integrations.settings import Settings
from integrations.tracking import ParcelNews, ParcelState, ParcelStep
from integrations.transport import keep_secrets_out_of_logs

_CHINA = ZoneInfo("Asia/Shanghai")  # in which all carriers write their times
_NEEDS_PHONE = ("shunfeng", "zhongtong")  # with all that begins so: shunfengkuaiyun
_STATES = {
    "0": ParcelState.IN_TRANSIT,
    "1": ParcelState.COLLECTED,
    "2": ParcelState.PROBLEM,
    "3": ParcelState.SIGNED,
    "4": ParcelState.RETURNED,  # 退签
    "5": ParcelState.OUT_FOR_DELIVERY,
    "6": ParcelState.RETURNING,
    "7": ParcelState.FORWARDED,
    "8": ParcelState.CUSTOMS,
    "10": ParcelState.CUSTOMS,
    "11": ParcelState.CUSTOMS,
    "12": ParcelState.CUSTOMS,
    "13": ParcelState.CUSTOMS,
    "14": ParcelState.REFUSED,
}
_SUBSCRIBED = frozenset({"200", "501"})  # 501: it was subscribed before
_BUSY = frozenset({"500", "502"})
_NOTHING_KNOWN = "500"  # of a query: 查询无结果
_ARRIVAL = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2})(?::(\d{2}))?(?::\d{2})?)?")
_DETAIL = "4"  # finer states, and the estimate of its arrival where the account has it
_MOST_STEPS = 500
_MOST_WORDS = 500


class Kuaidi100:
    def __init__(self, settings: Settings, *, http: httpx.AsyncClient) -> None:
        keep_secrets_out_of_logs()
        self._base = settings.kuaidi100_api_base.rstrip("/")
        self._customer = settings.kuaidi100_customer
        self._key = settings.kuaidi100_key.get_secret_value()
        self._salt = settings.kuaidi100_salt.get_secret_value()
        self._callback = f"{settings.public_url.rstrip('/')}/webhooks/kuaidi100"
        self._http = http

    async def subscribe(self, carrier: str, waybill: str, *, phone: str) -> None:
        parameters = {"callbackurl": self._callback, "salt": self._salt, "resultv2": _DETAIL}
        if wanted := _phone(carrier, phone):
            parameters["phone"] = wanted
        param = {"company": carrier, "number": waybill, "key": self._key, "parameters": parameters}
        answer = await self._post("/poll", {"schema": "json", "param": _written(param)})
        code = str(answer.get("returnCode"))
        if code in _SUBSCRIBED:
            return
        raise (Unavailable if code in _BUSY else Refused)("no subscription", code)

    async def query(self, carrier: str, waybill: str, *, phone: str) -> ParcelNews:
        param = {"com": carrier, "num": waybill, "resultv2": _DETAIL}
        if wanted := _phone(carrier, phone):
            param["phone"] = wanted
        written = _written(param)
        form = {
            "customer": self._customer,
            "sign": _sign(written, self._key, self._customer),
            "param": written,
        }
        answer = await self._post("/poll/query.do", form)
        if "data" not in answer:
            code = str(answer.get("returnCode"))
            if code == _NOTHING_KNOWN:
                raise NothingKnown("the carrier does not know it", code)
            raise (Unavailable if code in _BUSY or code == "501" else Refused)("no answer to a query", code)
        try:
            return _news(answer, carrier, waybill)
        except ValueError:
            raise Unavailable("an answer that cannot be read") from None

    def read(self, webhook: Webhook) -> ParcelNews:
        if not self._salt:
            raise NotConfigured
        try:
            form = parse_qs(webhook.body.decode(), strict_parsing=True, max_num_fields=20)
            [param], [sign] = form["param"], form["sign"]
        except (ValueError, KeyError):
            raise Malformed("no push") from None
        if not hmac.compare_digest(sign.upper().encode(), _sign(param, self._salt).encode()):
            raise Forbidden("wrong signature")
        try:
            pushed = json.loads(param)
            result = pushed["lastResult"]
            news = _news(result, str(result["com"]), str(result["nu"]))
        except (ValueError, KeyError, TypeError):
            raise Malformed("a push that cannot be read") from None
        lost = pushed.get("status") == "abort" and news.state not in (
            ParcelState.SIGNED,
            ParcelState.RETURNED,
        )
        return replace(news, lost_track=lost)

    @property
    def received(self) -> Answer:
        body = {"result": True, "returnCode": "200", "message": "成功"}
        return Answer(json.dumps(body, ensure_ascii=False).encode(), "application/json")

    async def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        try:
            response = await self._http.post(f"{self._base}{path}", data=dict(form))
            response.raise_for_status()
            answer = response.json()
        except httpx.HTTPStatusError as error:
            raise Unavailable(f"answered {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise Unavailable(type(error).__name__) from None
        except ValueError:
            raise Unavailable("an answer that cannot be read") from None
        if not isinstance(answer, dict):
            raise Unavailable("an answer that cannot be read")
        return answer


def _news(result: Mapping[str, Any], carrier: str, waybill: str) -> ParcelNews:
    """Raises ValueError for what is no parcel's news, or another parcel's."""
    if not isinstance(result, Mapping) or str(result.get("nu", waybill)) != waybill:
        raise ValueError("another parcel")
    steps = result.get("data") or ()
    if not isinstance(steps, Sequence) or isinstance(steps, str) or len(steps) > _MOST_STEPS:
        raise ValueError("no steps")
    read = tuple(_step(step) for step in steps)
    state = _state(str(result.get("state", ""))) if read else None
    return ParcelNews(carrier, waybill, state, read, expected=_expected(result.get("arrivalTime")))


def _expected(written: object) -> datetime | None:
    """The estimate, to the hour or finer ("2026-11-24 18"); one that cannot be read is none. A day alone is its end:
    "by that day"."""
    found = _ARRIVAL.fullmatch(str(written or "").strip())
    if not found:
        return None
    year, month, day, hour, minute = (int(part) if part else None for part in found.groups())
    try:
        local = datetime(
            year or 0, month or 0, day or 0, 23 if hour is None else hour, minute or 0, tzinfo=_CHINA
        )
    except ValueError:
        return None
    return local.astimezone(UTC)


def _state(code: str) -> ParcelState | None:
    """The finer codes of `resultv2` stand under the plain ones: 301 under 3, 1001 under 0."""
    if code in _STATES:
        return _STATES[code]
    if len(code) == 4 and code.startswith("10"):
        return ParcelState.IN_TRANSIT
    return _STATES.get(code[:1]) if len(code) == 3 and code.isdigit() else None


def _step(step: object) -> ParcelStep:
    if not isinstance(step, Mapping):
        raise ValueError("no step")
    written = str(step.get("ftime") or step.get("time"))
    at = datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA).astimezone(UTC)
    return ParcelStep(at, str(step.get("context") or "")[:_MOST_WORDS])


def _phone(carrier: str, phone: str) -> str:
    return phone.removeprefix("+86") if carrier.startswith(_NEEDS_PHONE) else ""


def _written(param: Mapping[str, Any]) -> str:
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def _sign(*parts: str) -> str:
    """MD5 is what the service asks for."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()
