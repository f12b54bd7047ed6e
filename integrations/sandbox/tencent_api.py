"""The HTTP door of the two Tencent services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from integrations.sandbox import tc3
from integrations.sandbox.faults import Cut, Faults
from integrations.sandbox.identity import DESCRIPTIONS, IdentityService
from integrations.sandbox.sms import SmsService
from integrations.sandbox.state import Clock, ProtocolLog

Run = Callable[[dict[str, Any], str | None], dict[str, Any]]
# Codes that a whole request gets; others stand in the status of a number.
WHOLE_REQUEST = ("AuthFailure", "InternalError", "RequestLimitExceeded", "ResourceUnavailable")


def router(
    sms: SmsService, identity: IdentityService, faults: Faults, log: ProtocolLog, clock: Clock
) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    door = Door(faults, log, clock)

    def send(data: dict[str, Any], forced: str | None) -> dict[str, Any]:
        if forced and forced.startswith(WHOLE_REQUEST):
            raise tc3.TencentError(forced, "fault")
        return sms.send(data, forced)

    def check(data: dict[str, Any], forced: str | None) -> dict[str, Any]:
        if forced is None:
            return identity.check(data)
        if forced in DESCRIPTIONS:
            return identity.answer(forced)
        raise tc3.TencentError(forced, "fault")

    @routes.post("/sms")
    @routes.post("/sms/")
    async def sms_door(request: Request) -> Response:
        return await door.serve("sms", sms.service, send, request)

    @routes.post("/identity")
    @routes.post("/identity/")
    async def identity_door(request: Request) -> Response:
        return await door.serve("identity", identity.service, check, request)

    return routes


class Door:
    """Runs the action of a service: faults, the signature, the log."""

    def __init__(self, faults: Faults, log: ProtocolLog, clock: Clock) -> None:
        self._faults, self._log, self._clock = faults, log, clock

    async def serve(self, platform: str, service: tc3.Service, run: Run, request: Request) -> Response:
        began, payload = self._clock(), await request.body()
        fault = self._faults.draw(platform, service.action)
        data: dict[str, Any] = {}
        if fault:
            await fault.wait()
            if fault.http_status:
                self._note(platform, service, began, data, {}, fault.http_status)
                return Response("gateway error", fault.http_status)
        forced = str(fault.code) if fault and fault.code is not None else None
        try:
            data = tc3.read_request(service, request.headers, request.url.path, payload, began)
            answer = tc3.success(run(data, forced))
        except tc3.TencentError as error:
            answer = tc3.failure(error)
        self._note(platform, service, began, data, answer, 200)
        return Cut() if fault and fault.drop else JSONResponse(answer)

    def _note(
        self, platform: str, service: tc3.Service, began: datetime, data: dict[str, Any],
        answer: dict[str, Any], status: int,
    ) -> None:  # fmt: skip
        response = answer.get("Response", {})
        failed = response.get("Error", {}).get("Code", "")
        refused = [one["Code"] for one in response.get("SendStatusSet", []) if one["Code"] != "Ok"]
        error = failed or ", ".join(refused) or (f"HTTP {status}" if status != 200 else "")
        numbers = data.get("PhoneNumberSet") or []
        self._log.add(
            platform, service.action, inbound=True, began=began, status=status, error=error,
            who=", ".join(str(number) for number in numbers), request=data, response=answer,
        )  # fmt: skip
