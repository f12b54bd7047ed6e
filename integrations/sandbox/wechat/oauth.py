"""Web authorisation: who reads a page inside WeChat (connect/oauth2/authorize and sns/oauth2/access_token).

WeChat's browser knows its patient. A page that is open on the phone has the openid in its frame's name, which the
authorisation page reads; a caller without a phone (a test, curl) says it in the header X-Sandbox-Openid or in the
query as sandbox_openid.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from integrations.sandbox.faults import Cut, Faults
from integrations.sandbox.state import ProtocolLog
from integrations.sandbox.wechat.account import Account
from integrations.sandbox.wechat.errors import WeChatError

LIFETIME = timedelta(minutes=5)
MOST = 10_000
SCOPES = ("snsapi_base", "snsapi_userinfo")
PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>微信</title></head>
<body style="font:17px/1.6 sans-serif;text-align:center;color:#333;padding:30vh 1.5rem 0"><p id="said">%s</p>
<script>
if (%s && window.name.startsWith("wechat:")) {
  const target = new URL(location.href);
  target.searchParams.set("sandbox_openid", window.name.slice(7));
  location.replace(target);
} else document.getElementById("said").hidden = false;
</script></body></html>"""


class Refused(Exception):
    """What WeChat shows instead of going on."""


@dataclass(slots=True)
class Code:
    openid: str
    scope: str
    ends: datetime
    used: bool = False


class Authorization:
    """`domain` is the account's 网页授权域名: only pages there may ask."""

    def __init__(self, account: Account, domain: str) -> None:
        self._account = account
        self._domain = domain
        self._codes: OrderedDict[str, Code] = OrderedDict()

    def check(self, query: dict[str, str]) -> None:
        """Raises Refused."""
        if query.get("appid") != self._account.appid:
            raise Refused("AppID 参数错误 10012")
        if query.get("response_type") != "code":
            raise Refused("response_type 参数错误")
        if query.get("scope") not in SCOPES:
            raise Refused("Scope 参数错误或没有 Scope 权限 10005")
        if len(query.get("state", "").encode()) > 128:
            raise Refused("state 参数过长")
        parts = urlsplit(query.get("redirect_uri", ""))
        if parts.scheme not in ("http", "https") or parts.hostname != self._domain:
            raise Refused("redirect_uri域名与后台配置不一致，错误码：10003")

    def send_back(self, query: dict[str, str], openid: str) -> str:
        """The page's address with a new code and its state. Raises Refused."""
        self.check(query)
        if self._account.user(openid) is None:
            raise Refused("请在微信客户端打开链接")
        code = f"0{secrets.token_urlsafe(23)[:31]}"
        self._codes[code] = Code(openid, query["scope"], self._account.clock() + LIFETIME)
        while len(self._codes) > MOST:
            self._codes.popitem(last=False)
        parts = urlsplit(query["redirect_uri"])
        kept = parse_qsl(parts.query, keep_blank_values=True)
        given = urlencode([*kept, ("code", code), ("state", query.get("state", ""))])
        return urlunsplit(parts._replace(query=given))

    def exchange(self, query: dict[str, str]) -> dict[str, Any]:
        """`sns/oauth2/access_token`. Raises WeChatError."""
        if query.get("grant_type") != "authorization_code":
            raise WeChatError(40002)
        if query.get("appid") != self._account.appid:
            raise WeChatError(40013)
        if not hmac.compare_digest(query.get("secret", "").encode(), self._account.secret.encode()):
            raise WeChatError(40125)
        if not query.get("code"):
            raise WeChatError(41008)
        code = self._codes.get(query["code"])
        if code is None:
            raise WeChatError(40029)
        if code.used:
            raise WeChatError(40163)
        if code.ends <= self._account.clock():
            raise WeChatError(42003)
        code.used = True
        token = {"access_token": secrets.token_urlsafe(64), "refresh_token": secrets.token_urlsafe(64)}
        return token | {"expires_in": 7200, "openid": code.openid, "scope": code.scope}


def router(authorization: Authorization, account: Account, faults: Faults, log: ProtocolLog) -> APIRouter:
    routes = APIRouter(prefix="/wechat", include_in_schema=False)

    @routes.get("/open/connect/oauth2/authorize")
    async def authorize(request: Request) -> Response:
        query = dict(request.query_params)
        openid = request.headers.get("x-sandbox-openid", "") or query.get("sandbox_openid", "")
        try:
            authorization.check(query)
            if openid:
                return RedirectResponse(authorization.send_back(query, openid), 302)
        except Refused as error:
            return HTMLResponse(PAGE % (str(error), "false"))
        return HTMLResponse(
            PAGE.replace('id="said"', 'id="said" hidden') % ("请在微信客户端打开链接", "true")
        )

    @routes.get("/sns/oauth2/access_token")
    async def access_token(request: Request) -> Response:
        name, began, status = "sns/oauth2/access_token", account.clock(), 200
        fault, answer = faults.draw("wechat", name), dict[str, Any]()
        if fault:
            await fault.wait()
        try:
            if fault and fault.http_status:
                status = fault.http_status
            elif fault and fault.code is not None:
                raise WeChatError(int(fault.code))
            else:
                answer = authorization.exchange(dict(request.query_params))
        except WeChatError as error:
            answer = error.as_json()
        problem = f"{answer['errcode']} {answer['errmsg']}" if "errcode" in answer else ""
        log.add(
            "wechat", name, inbound=True, began=began, status=status, who=str(answer.get("openid", "")),
            error=problem or (f"HTTP {status}" if status != 200 else ""),
        )  # fmt: skip
        if status != 200:
            return Response("gateway error", status)
        return Cut() if fault and fault.drop else JSONResponse(answer)

    return routes
