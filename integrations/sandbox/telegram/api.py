"""https://api.telegram.org: /bot<token>/<method> and the files."""

from __future__ import annotations

import hmac
import json
import re
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from integrations.sandbox.faults import Cut, Faults
from integrations.sandbox.state import ProtocolLog
from integrations.sandbox.telegram.bot import Bot
from integrations.sandbox.telegram.errors import TelegramError, bad_request, standard
from integrations.sandbox.telegram.methods import Methods

TOKEN_SHAPE = re.compile(r"\d+:[A-Za-z0-9_-]+")
SECRETS = ("secret_token",)


async def read_params(request: Request) -> dict[str, Any]:
    """From the query, JSON, a form or multipart; an uploaded file becomes its bytes."""
    params: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            data = json.loads(await request.body() or b"{}")
        except ValueError as error:
            raise bad_request("can't parse JSON object") from error
        return params | (data if isinstance(data, dict) else {})
    if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        form = await request.form()
        for name, value in form.items():
            params[name] = await value.read() if isinstance(value, UploadFile) else value
        for name, value in list(params.items()):
            if isinstance(value, str) and value.startswith("attach://"):
                params[name] = params.get(value.removeprefix("attach://"))
    return params


def shown(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters for the protocol log: no secrets, no file contents."""
    return {
        name: "…" if name in SECRETS else f"<{len(value)} bytes>" if isinstance(value, bytes) else value
        for name, value in params.items()
    }


class Door:
    """Runs methods: faults, the call, the log."""

    def __init__(self, bot: Bot, methods: Methods, faults: Faults, log: ProtocolLog) -> None:
        self._bot, self._methods, self._faults, self._log = bot, methods, faults, log

    async def call(self, method: str, params: dict[str, Any]) -> Response:
        began = self._bot.clock()
        fault = self._faults.draw("telegram", method)
        status, answer = 200, {}
        try:
            if fault:
                await fault.wait()
                if fault.code is not None:
                    raise standard(int(fault.code), fault.retry_after)
            answer = {"ok": True, "result": self._run(method, params)}
            if method.lower() == "setwebhook":
                answer["description"] = "Webhook was set"
        except TelegramError as error:
            status, answer = error.code, error.as_json()
        self._note(method, params, began, status, answer)
        return Cut() if fault and fault.drop else JSONResponse(answer, status)

    def _run(self, method: str, params: dict[str, Any]) -> Any:
        function = self._methods.table.get(method.lower())
        if function is None:
            raise TelegramError(404, "Not Found: method not found")
        return function(params)

    def _note(
        self, method: str, params: dict[str, Any], began: datetime, status: int, answer: dict[str, Any]
    ) -> None:
        number = str(params.get("chat_id") or "")
        chat = self._bot.place(number)
        self._log.add(
            "telegram", method, inbound=True, began=began, status=status, who=number,
            error=answer.get("description", "") if status != 200 else "",
            request=shown(params), response=answer, thread=chat.thread if chat else None,
        )  # fmt: skip

    async def direct(self, method: str, params: dict[str, Any]) -> None:
        """A method that the bot put into its answer to an update: nobody hears the result."""
        await self.call(method, params)


def router(bot: Bot, door: Door) -> APIRouter:
    routes = APIRouter(prefix="/telegram", include_in_schema=False)

    def refusal(token: str) -> Response | None:
        if not TOKEN_SHAPE.fullmatch(token):
            return JSONResponse(standard(404, 0).as_json(), 404)
        if not bot.token or not hmac.compare_digest(token.encode(), bot.token.encode()):
            return JSONResponse(standard(401, 0).as_json(), 401)
        return None

    @routes.api_route("/bot{token}/{method}", methods=["GET", "POST"])
    async def method(token: str, method: str, request: Request) -> Response:
        if refused := refusal(token):
            return refused
        try:
            params = await read_params(request)
        except TelegramError as error:
            return JSONResponse(error.as_json(), error.code)
        return await door.call(method, params)

    @routes.get("/file/bot{token}/files/{file_id}")
    async def file(token: str, file_id: str) -> Response:
        if refused := refusal(token):
            return refused
        found = bot.files.get(file_id)
        if found is None:
            return JSONResponse(standard(404, 0).as_json(), 404)
        return Response(found.content, media_type=found.mime)

    return routes
