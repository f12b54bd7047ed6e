"""Kuaidi100's HTTP door: `/poll/query.do` and `/poll`. Errors are answers with HTTP status 200."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from integrations.sandbox.faults import Cut, Faults
from integrations.sandbox.kuaidi100.parcels import COMPANIES, NEED_PHONE, Parcel, Parcels, Subscription
from integrations.sandbox.kuaidi100.pushing import Pushing, md5
from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock, ProtocolLog

NUMBER = re.compile(r"[0-9A-Za-z-]{6,32}")
UNKNOWN = "0000"  # a waybill that begins so is never found
Form = dict[str, str]
WORDS = {
    "400": "找不到对应公司",
    "408": "快递公司参数异常：验证码错误",
    "500": "查询无结果，请隔段时间再查",
    "501": "重复订阅",
    "502": "服务器繁忙",
    "503": "验证签名失败。",
    "600": "您不是合法的订阅者（即授权Key出错）",
    "601": "KEY已过期",
    "700": "订阅方的订阅数据存在错误",
    "701": "拒绝订阅的快递公司",
}


class Kuaidi100Error(Exception):
    def __init__(self, code: str, message: str = "") -> None:
        self.code, self.message = code, message or WORDS.get(code, "")
        super().__init__(f"{code} {self.message}")


@dataclass(frozen=True, slots=True)
class Customer:
    customer: str
    key: str

    @property
    def configured(self) -> bool:
        return bool(self.customer and self.key)


class Interfaces:
    """Every method raises Kuaidi100Error."""

    def __init__(
        self, customer: Customer, parcels: Parcels, pushing: Pushing, options: Options, clock: Clock
    ) -> None:  # fmt: skip
        self._customer, self._parcels, self._pushing = customer, parcels, pushing
        self._options, self._clock = options, clock

    def query(self, form: Form) -> dict[str, Any]:
        """`/poll/query.do`. The same waybill is refused within half an hour."""
        given = form.get("param", "")
        right = md5(given + self._customer.key + self._customer.customer)
        known = form.get("customer") == self._customer.customer
        if not known or not hmac.compare_digest(right.encode(), form.get("sign", "").encode()):
            raise Kuaidi100Error("503")
        param = _read(given, "400")
        company, number = _named(param, "com", "num", "400")
        parcel = self._find(company, number, str(param.get("phone") or ""))
        if company in NEED_PHONE and not parcel.fits(str(param.get("phone") or "")):
            raise Kuaidi100Error("408")
        pause = timedelta(seconds=self._options.kuaidi100_query_pause)
        if parcel.asked_at and self._clock() - parcel.asked_at < pause:
            raise Kuaidi100Error("502", "查询过于频繁，同一单号请间隔半小时以上")
        parcel.asked_at = self._clock()
        if not parcel.tracks:
            raise Kuaidi100Error("500")
        newest_first = param.get("order", "desc") != "asc"
        return self._parcels.said(parcel, str(param.get("resultv2") or "0"), newest_first=newest_first)

    def subscribe(self, form: Form) -> dict[str, Any]:
        """`/poll`: news of the waybill goes to `callbackurl` from now on."""
        if form.get("schema") != "json":
            raise Kuaidi100Error("700", "schema 须为 json")
        param = _read(form.get("param", ""), "700")
        if not hmac.compare_digest(str(param.get("key") or "").encode(), self._customer.key.encode()):
            raise Kuaidi100Error("600")
        company, number = _named(param, "company", "number", "700")
        extra = param.get("parameters")
        extra = extra if isinstance(extra, dict) else {}
        url, phone = str(extra.get("callbackurl") or ""), str(extra.get("phone") or "")
        if not url.startswith(("http://", "https://")):
            raise Kuaidi100Error("700", "回调地址不正确")
        if company in NEED_PHONE and not phone:
            raise Kuaidi100Error("700", "手机号必填")
        parcel = self._find(company, number, phone)
        if parcel.subscription is not None:
            raise Kuaidi100Error("501", "POLL:重复订阅")
        detail = str(extra.get("resultv2") or "0")
        parcel.subscription = Subscription(url, str(extra.get("salt") or ""), detail)
        self._parcels.version += 1
        self._pushing.start(parcel)
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    def _find(self, company: str, number: str, phone: str) -> Parcel:
        """A waybill that is heard of for the first time was collected just now."""
        known = self._parcels.find(company, number)
        if known:
            return known
        parcel = self._parcels.add(Parcel(company, number, phone))
        if not number.startswith(UNKNOWN):
            parcel.step(self._clock())
        return parcel


def _read(given: str, code: str) -> dict[str, Any]:
    try:
        param = json.loads(given)
    except ValueError as error:
        raise Kuaidi100Error(code, "param 不是 JSON") from error
    if not isinstance(param, dict):
        raise Kuaidi100Error(code, "param 不是 JSON 对象")
    return param


def _named(param: dict[str, Any], company_name: str, number_name: str, code: str) -> tuple[str, str]:
    company, number = param.get(company_name), param.get(number_name)
    if company not in COMPANIES:
        raise Kuaidi100Error(code, WORDS["400"] if code == "400" else "不支持的快递公司")
    if not isinstance(number, str) or not NUMBER.fullmatch(number):
        raise Kuaidi100Error(code, "单号不正确")
    return str(company), number


class Door:
    def __init__(self, customer: Customer, faults: Faults, log: ProtocolLog, clock: Clock) -> None:
        self._customer, self._faults, self._log, self._clock = customer, faults, log, clock

    async def serve(self, name: str, request: Request, run: Callable[[Form], dict[str, Any]]) -> Response:
        if not self._customer.configured:
            return Response(status_code=404)
        began = self._clock()
        form = {name: str(value) for name, value in (await request.form()).items()}
        fault = self._faults.draw("kuaidi100", name)
        answer: dict[str, Any] = {}
        if fault:
            await fault.wait()
            if fault.http_status:
                self._note(name, form, began, answer, fault.http_status)
                return Response("gateway error", fault.http_status)
        try:
            if fault and fault.code is not None:
                raise Kuaidi100Error(str(fault.code))
            answer = run(form)
        except Kuaidi100Error as error:
            answer = {"result": False, "returnCode": error.code, "message": error.message}
        self._note(name, form, began, answer, 200)
        return Cut() if fault and fault.drop else JSONResponse(answer)

    def _note(self, name: str, form: Form, began: datetime, answer: dict[str, Any], status: int) -> None:
        error = f"{answer['returnCode']} {answer['message']}" if answer.get("result") is False else ""
        shown = {key: value for key, value in form.items() if key != "sign"}
        shown = {key: value.replace(self._customer.key, "…") for key, value in shown.items()}
        self._log.add(
            "kuaidi100", name, inbound=True, began=began, status=status,
            error=error or (f"HTTP {status}" if status != 200 else ""), request=shown, response=answer,
        )  # fmt: skip


def router(interfaces: Interfaces, door: Door) -> APIRouter:
    routes = APIRouter(prefix="/kuaidi100", include_in_schema=False)

    @routes.post("/poll/query.do")
    async def query(request: Request) -> Response:
        return await door.serve("query", request, interfaces.query)

    @routes.post("/poll")
    async def subscribe(request: Request) -> Response:
        return await door.serve("subscribe", request, interfaces.subscribe)

    return routes
