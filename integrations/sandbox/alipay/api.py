"""The gateway's HTTP door: faults, the signature, the method, the signed answer, the log. Pages go to the cashier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from integrations.sandbox.alipay.bill import Bills
from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.alipay.interfaces import PAGES, Interfaces, read_biz
from integrations.sandbox.alipay.keys import Application
from integrations.sandbox.faults import Cut, Fault, Faults
from integrations.sandbox.lies import twisted
from integrations.sandbox.state import Clock, ProtocolLog

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class Door:
    def __init__(
        self, application: Application, interfaces: Interfaces, faults: Faults, log: ProtocolLog, clock: Clock
    ) -> None:  # fmt: skip
        self._application, self._interfaces = application, interfaces
        self._faults, self._log, self._clock = faults, log, clock

    async def serve(self, request: Request) -> Response:
        if not self._application.configured:
            return Response(status_code=404)
        began = self._clock()
        fields = {**request.query_params, **{k: str(v) for k, v in (await request.form()).items()}}
        method = fields.get("method", "")
        fault = self._faults.draw("alipay", method)
        if fault:
            await fault.wait()
            if fault.http_status:
                self._note(method, fields, began, {}, fault.http_status)
                return Response("gateway error", fault.http_status)
        if method in PAGES:
            return self._page(method, fields, began, fault)
        return self._json(method, fields, began, fault)

    def _page(self, method: str, fields: dict[str, str], began: datetime, fault: Fault | None) -> Response:
        try:
            self._check(fields, fault)
            trade = self._interfaces.open(fields)
        except AlipayError as error:
            self._note(method, fields, began, error.as_json(), 200)
            return RedirectResponse(f"/alipay/cashier?error={quote(str(error))}", 302)
        self._note(method, fields, began, {}, 200)
        return RedirectResponse(f"/alipay/cashier?trade={quote(trade.out_trade_no)}", 302)

    def _json(self, method: str, fields: dict[str, str], began: datetime, fault: Fault | None) -> Response:
        sign = True
        try:
            self._check(fields, fault)
            function = self._interfaces.table.get(method)
            if function is None:
                raise AlipayError("isv.invalid-method" if method else "isv.missing-method")
            said = twisted(fault.lie if fault else None, function(read_biz(fields)))
            answer = {"code": "10000", "msg": "Success", **said}
        except AlipayError as error:
            answer = error.as_json()
            sign = not error.sub_code.startswith(("isv.invalid-signature", "isv.invalid-app-id"))
        self._note(method, fields, began, answer, 200)
        if fault and fault.drop:
            return Cut()
        body = self._application.answer(method, answer, sign=sign)
        return Response(body, media_type="text/html;charset=utf-8")

    def _check(self, fields: Mapping[str, str], fault: Fault | None) -> None:
        if fault and fault.code is not None:
            raise AlipayError(str(fault.code))
        self._application.check(fields)
        if not TIMESTAMP.fullmatch(fields.get("timestamp", "")):
            raise AlipayError("isv.invalid-timestamp")
        if fields.get("version") != "1.0" or fields.get("charset", "").lower() != "utf-8":
            raise AlipayError("isv.invalid-parameter", "version 或 charset 不正确")

    def _note(
        self, method: str, fields: Mapping[str, str], began: datetime, answer: dict[str, Any], status: int
    ) -> None:
        error = f"{answer['sub_code']} {answer['sub_msg']}" if "sub_code" in answer else ""
        self._log.add(
            "alipay", method.removeprefix("alipay."), inbound=True, began=began, status=status,
            error=error or (f"HTTP {status}" if status != 200 else ""),
            request={name: value for name, value in fields.items() if name != "sign"}, response=answer,
        )  # fmt: skip


def router(door: Door, bills: Bills) -> APIRouter:
    routes = APIRouter(prefix="/alipay", include_in_schema=False)

    @routes.api_route("/gateway.do", methods=["GET", "POST"])
    async def gateway(request: Request) -> Response:
        return await door.serve(request)

    @routes.get("/downloadBillFile.resource")
    async def bill(file_id: str = "", fileId: str = "") -> Response:  # noqa: N803 - Alipay's name
        content = bills.file(fileId or file_id)
        return Response(content, media_type="application/zip") if content else Response(status_code=404)

    return routes
