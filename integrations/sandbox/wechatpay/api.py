"""The HTTP door of WeChat Pay: faults, the request's signature, the interface, the signed answer, the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from integrations.sandbox.faults import Cut, Fault, Faults
from integrations.sandbox.lies import twisted
from integrations.sandbox.state import Clock, ProtocolLog
from integrations.sandbox.wechatpay.bill import Bills
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.interfaces import Answer, Interfaces
from integrations.sandbox.wechatpay.keys import Keys
from integrations.sandbox.wechatpay.signing import Signed, check_authorization, signed_headers

BASE = "/wechatpay"
Run = Callable[[bytes], Answer | bytes]


class Door:
    def __init__(self, keys: Keys, faults: Faults, log: ProtocolLog, clock: Clock) -> None:
        self._keys, self._faults, self._log, self._clock = keys, faults, log, clock

    async def serve(self, name: str, request: Request, run: Run) -> Response:
        began, body = self._clock(), await request.body()
        if not self._keys.merchant.configured:
            return Response(status_code=404)
        fault = self._faults.draw("wechatpay", name)
        if fault:
            await fault.wait()
            if fault.http_status:
                self._note(name, request, began, body, fault.http_status, None)
                return Response("gateway error", fault.http_status)
        try:
            self._check(request, body)
            answer, status = self._run(run, body, fault), 200
        except PayError as error:
            answer, status = error.as_json(), error.status
        if answer is None:
            status = 204
        self._note(name, request, began, body, status, answer)
        if fault and fault.drop:
            return Cut()
        return self._respond(request, answer, status)

    def _check(self, request: Request, body: bytes) -> None:
        headers = request.headers
        if not headers.get("user-agent") or not headers.get("accept"):
            raise PayError("PARAM_ERROR", "Http头缺少Accept或User-Agent")
        if request.method == "POST" and not headers.get("content-type", "").startswith("application/json"):
            raise PayError("PARAM_ERROR", "Content-Type须为application/json")
        target = request.scope["raw_path"].decode().removeprefix(BASE)
        if query := request.scope["query_string"].decode():
            target += f"?{query}"
        signed = Signed(request.method, target, body)
        check_authorization(self._keys.merchant, headers.get("authorization", ""), signed, self._clock())

    def _run(self, run: Run, body: bytes, fault: Fault | None) -> Answer | bytes:
        if fault and fault.code is not None:
            raise PayError(str(fault.code))
        answer = run(body)
        return twisted(fault.lie, answer) if fault and isinstance(answer, dict) else answer

    def _respond(self, request: Request, answer: Answer | bytes, status: int) -> Response:
        if isinstance(answer, bytes):  # files are not signed; their hash is in a signed answer
            return Response(answer, media_type="text/plain")
        body = json.dumps(answer, ensure_ascii=False).encode() if answer is not None else b""
        headers: dict[str, str] = {}
        if not (answer and answer.get("code") == "SIGN_ERROR"):
            signer = self._keys.signer(request.headers.get("wechatpay-serial", ""))
            headers = signed_headers(signer, body, self._clock())
        kind = None if status == 204 else "application/json; charset=utf-8"
        return Response(body, status, headers, media_type=kind)

    def _note(
        self, name: str, request: Request, began: datetime, body: bytes, status: int, answer: Answer | bytes
    ) -> None:
        try:
            asked: Any = json.loads(body) if body else dict(request.query_params)
        except ValueError:
            asked = body[:500].decode(errors="replace")
        error = ""
        if status >= 400:
            said = answer if isinstance(answer, dict) else {}
            error = f"{said.get('code', 'HTTP')} {said.get('message', status)}"
        shown = None if name == "certificates" or isinstance(answer, bytes) else answer
        self._log.add(
            "wechatpay", name, inbound=True, began=began, status=status, error=error,
            who=str(request.path_params.get("number", "")), request=asked, response=shown,
        )  # fmt: skip


def router(interfaces: Interfaces, bills: Bills, door: Door) -> APIRouter:
    routes = APIRouter(prefix=f"{BASE}/v3", include_in_schema=False)
    _orders(routes, interfaces, door)
    _refunds_and_bills(routes, interfaces, bills, door)
    return routes


def _orders(routes: APIRouter, interfaces: Interfaces, door: Door) -> None:
    @routes.get("/certificates")
    async def certificates(request: Request) -> Response:
        return await door.serve("certificates", request, lambda body: interfaces.certificates())

    @routes.post("/pay/transactions/jsapi")
    async def jsapi(request: Request) -> Response:
        return await door.serve("jsapi", request, interfaces.jsapi)

    @routes.post("/pay/transactions/native")
    async def native(request: Request) -> Response:
        return await door.serve("native", request, interfaces.native)

    @routes.post("/pay/transactions/h5")
    async def h5(request: Request) -> Response:
        return await door.serve("h5", request, interfaces.h5)

    @routes.get("/pay/transactions/out-trade-no/{number}")
    async def query(number: str, request: Request) -> Response:
        mchid = request.query_params.get("mchid")
        return await door.serve("query", request, lambda body: interfaces.query(number, mchid))

    @routes.get("/pay/transactions/id/{number}")
    async def query_by_transaction(number: str, request: Request) -> Response:
        mchid = request.query_params.get("mchid")
        return await door.serve("query", request, lambda body: interfaces.query_by_transaction(number, mchid))

    @routes.post("/pay/transactions/out-trade-no/{number}/close")
    async def close(number: str, request: Request) -> Response:
        return await door.serve("close", request, lambda body: interfaces.close(number, body))


def _refunds_and_bills(routes: APIRouter, interfaces: Interfaces, bills: Bills, door: Door) -> None:
    @routes.post("/refund/domestic/refunds")
    async def refund(request: Request) -> Response:
        return await door.serve("refund", request, interfaces.refund)

    @routes.get("/refund/domestic/refunds/{number}")
    async def query_refund(number: str, request: Request) -> Response:
        return await door.serve("query_refund", request, lambda body: interfaces.query_refund(number))

    @routes.get("/bill/tradebill")
    async def bill(request: Request) -> Response:
        return await door.serve("tradebill", request, lambda body: bills.ask(dict(request.query_params)))

    @routes.get("/billdownload/file")
    async def file(request: Request) -> Response:
        token = request.query_params.get("token", "")
        return await door.serve("billdownload", request, lambda body: bills.file(token))
