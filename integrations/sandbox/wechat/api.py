"""The interfaces that the program calls: api.weixin.qq.com, as far as a hospital's account needs them."""

from __future__ import annotations

import hmac
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from integrations.sandbox.faults import Cut, Fault, Faults
from integrations.sandbox.state import ProtocolLog
from integrations.sandbox.wechat.account import Account, WeChatUser
from integrations.sandbox.wechat.errors import WeChatError
from integrations.sandbox.wechat.menu import check_menu
from integrations.sandbox.wechat.notices import Notices
from integrations.sandbox.wechat.outgoing import send_custom, set_typing

OK = {"errcode": 0, "errmsg": "ok"}
# type -> (largest size in bytes, allowed content types)
UPLOADS = {
    "image": (10 * 1024 * 1024, {"image/png", "image/jpeg", "image/gif", "image/bmp"}),
    "voice": (2 * 1024 * 1024, {"audio/amr", "audio/mpeg", "audio/mp3"}),
    "video": (10 * 1024 * 1024, {"video/mp4"}),
    "thumb": (64 * 1024, {"image/jpeg"}),
}


@dataclass(slots=True)
class Call:
    """What an interface gets: the query, the JSON body and the uploaded file, if there are any."""

    query: dict[str, str]
    data: dict[str, Any]
    upload: UploadFile | None = None
    user: WeChatUser | None = None


class Interfaces:
    def __init__(self, account: Account, notices: Notices) -> None:
        self._account = account
        # name -> (needs POST, needs a token, function)
        self.table: dict[str, tuple[bool, bool, Callable[[Call], Any]]] = {
            "stable_token": (True, False, self.stable_token),
            "message/custom/send": (True, True, self.custom_send),
            "message/custom/typing": (True, True, self.custom_typing),
            "message/template/send": (True, True, lambda call: notices.send_template(call.data)),
            "message/subscribe/bizsend": (True, True, lambda call: notices.send_subscription(call.data)),
            "ticket/getticket": (False, True, self.ticket),
            "menu/create": (True, True, self.menu_create),
            "menu/get": (False, True, self.menu_get),
            "menu/delete": (False, True, self.menu_delete),
            "media/upload": (True, True, self.media_upload),
            "media/get": (False, True, self.media_get),
            "customservice/kfsession/getsession": (False, True, self.agent_of),
        }

    def stable_token(self, call: Call) -> Any:
        if call.data.get("grant_type") != "client_credential":
            raise WeChatError(40002)
        appid, secret = str(call.data.get("appid") or ""), str(call.data.get("secret") or "")
        if not appid:
            raise WeChatError(41002)
        if not secret:
            raise WeChatError(41004)
        if appid != self._account.appid:
            raise WeChatError(40013)
        if not hmac.compare_digest(secret.encode(), self._account.secret.encode()):
            raise WeChatError(40125)
        token, seconds = self._account.tokens.issue(force=call.data.get("force_refresh") is True)
        return {"access_token": token, "expires_in": seconds}

    def custom_send(self, call: Call) -> Any:
        send_custom(self._account, call.data)
        return OK

    def custom_typing(self, call: Call) -> Any:
        set_typing(self._account, call.data)
        return OK

    def ticket(self, call: Call) -> Any:
        if call.query.get("type") != "jsapi":
            raise WeChatError(40097)
        return OK | {"ticket": self._account.ticket, "expires_in": 7200}

    def menu_create(self, call: Call) -> Any:
        self._account.set_menu(check_menu(call.data))
        return OK

    def menu_get(self, call: Call) -> Any:
        if not self._account.menu:
            raise WeChatError(46003)
        return {"menu": {"button": self._account.menu}}

    def menu_delete(self, call: Call) -> Any:
        self._account.set_menu([])
        return OK

    async def media_upload(self, call: Call) -> Any:
        kind = call.query.get("type", "")
        if kind not in UPLOADS:
            raise WeChatError(40004)
        if call.upload is None:
            raise WeChatError(41005)
        largest, types = UPLOADS[kind]
        content = await call.upload.read()
        if not content or len(content) > largest:
            raise WeChatError(40006)
        if call.upload.content_type not in types:
            raise WeChatError(40005)
        file = self._account.media.put(content, call.upload.content_type or "", call.upload.filename or "")
        created = int(self._account.clock().timestamp())
        return {"type": kind, "media_id": file.id, "created_at": created}

    def media_get(self, call: Call) -> Any:
        file = self._account.media.get(call.query.get("media_id", ""))
        if file is None:
            raise WeChatError(40007)
        headers = {"content-disposition": f'attachment; filename="{file.name or file.id}"'}
        return Response(file.content, media_type=file.mime, headers=headers)

    def agent_of(self, call: Call) -> Any:
        user = self._account.user(call.query.get("openid", ""))
        if user is None:
            raise WeChatError(40003)
        has, since = user.native.has(self._account.clock()), user.native.since
        created = int(since.timestamp()) if has and since else 0
        return OK | {"createtime": created, "kf_account": user.native.agent}


async def read_body(call: Call, request: Request, literal_escapes: bool) -> None:
    """Raises WeChatError 44002 and 47001 for a missing or bad body."""
    if request.method != "POST":
        return
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        file = (await request.form()).get("media")
        call.upload = file if isinstance(file, UploadFile) else None
        return
    body = await request.body()
    if not body:
        raise WeChatError(44002)
    try:
        text = body.decode()
        if literal_escapes:
            # WeChat does not decode \u escapes: patients would read the backslashes.
            text = re.sub(r"(?<!\\)\\u(?=[0-9a-fA-F]{4})", r"\\\\u", text)
        data = json.loads(text)
    except ValueError as error:
        raise WeChatError(47001) from error
    if not isinstance(data, dict):
        raise WeChatError(47001)
    call.data = data


class Door:
    """Runs interfaces: faults, the token, the call, the log."""

    def __init__(self, account: Account, notices: Notices, faults: Faults, log: ProtocolLog) -> None:
        self._account, self._faults, self._log = account, faults, log
        self._interfaces = Interfaces(account, notices)

    async def serve(self, name: str, request: Request) -> Response:
        began = self._account.clock()
        await request.body()  # what arrived is taken, also from a caller who does not wait for the answer
        call = Call(dict(request.query_params), {})
        fault = self._faults.draw("wechat", name.removeprefix("message/"))
        if fault:
            await fault.wait()
            if fault.http_status:
                self._note(name, call, began, fault.http_status, {"errcode": fault.code, "errmsg": "gateway"})
                return Response("gateway error", fault.http_status)
        try:
            answer = await self._run(name, call, request, fault)
        except WeChatError as error:
            answer = error.as_json()
        self._note(name, call, began, 200, answer)
        if fault and fault.drop:
            return Cut()
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def _run(self, name: str, call: Call, request: Request, fault: Fault | None) -> Any:
        if name not in self._interfaces.table:
            raise WeChatError(40066)
        await read_body(call, request, self._account.options.wechat_literal_escapes)
        call.user = self._account.user(str(call.data.get("touser", "")))
        if fault and fault.code is not None:
            raise WeChatError(int(fault.code))
        needs_post, needs_token, function = self._interfaces.table[name]
        if needs_post and request.method != "POST":
            raise WeChatError(43002)
        if needs_token:
            self._account.tokens.check(call.query.get("access_token"))
        answer = function(call)
        return await answer if inspect.isawaitable(answer) else answer

    def _note(self, name: str, call: Call, began: datetime, status: int, answer: Any) -> None:
        code = answer.get("errcode", 0) if isinstance(answer, dict) else 0
        secret = name in ("stable_token", "ticket/getticket")
        shown = answer if isinstance(answer, dict) and (code or not secret) else None
        self._log.add(
            "wechat", name, inbound=True, began=began, status=status,
            who=call.user.openid if call.user else "", error=f"{code} {answer['errmsg']}" if code else "",
            request=None if secret else call.data, response=shown,
            thread=call.user.thread if call.user else None,
        )  # fmt: skip


def router(account: Account, notices: Notices, faults: Faults, log: ProtocolLog) -> APIRouter:
    door = Door(account, notices, faults, log)
    routes = APIRouter(prefix="/wechat", include_in_schema=False)

    @routes.api_route("/cgi-bin/{name:path}", methods=["GET", "POST"])
    async def interface(name: str, request: Request) -> Response:
        return await door.serve(name, request)

    @routes.api_route("/customservice/{name:path}", methods=["GET", "POST"])
    async def of_agents(name: str, request: Request) -> Response:
        return await door.serve(f"customservice/{name}", request)

    @routes.get("/pictures/{media_id}")
    async def picture(media_id: str) -> Response:
        file = account.media.get(media_id)
        return Response(file.content, media_type=file.mime) if file else Response(status_code=404)

    return routes
