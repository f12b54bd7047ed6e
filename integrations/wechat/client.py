"""The few calls we make to WeChat's API.

Over httpx, not wechatpy's client: every part of that would have to be overridden (old token call, fixed
hosts, no timeouts, unbounded retry, a token per process), each message would need a thread, and requests does
not tell well whether a request has left. wechatpy does messages and crypto.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any, Final

import anyio
import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.channel import Rejected, SendError, Throttled, TooLarge, Unavailable, Unknown
from integrations.transport import NEVER_LEFT, TIMEOUT
from integrations.wechat.errors import TOKEN_ERRORS, errcode, raise_for
from integrations.wechat.token import AccessToken

_PICTURE_SECONDS: Final = 3 * 24 * 3600 - 3600  # temporary material lives for three days
_REDIS_SECONDS: Final = 0.5  # Redis is near; when it takes longer it is gone
_SOME: Final = 50 * 1024 * 1024  # bytes; nothing that WeChat keeps is larger


class WeChatClient:
    """Every call raises SendError. `base` may carry a path (http://127.0.0.1:8100/wechat)."""

    def __init__(
        self, *, appid: str, secret: str, base: str, http: httpx.AsyncClient, redis: Redis | None
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._base = base.rstrip("/")
        self._http = http
        self._redis = redis
        self._token = AccessToken(f"wechat:token:{appid}", redis, self._fetch_token)
        self._ticket = AccessToken(f"wechat:ticket:{appid}", redis, self._fetch_ticket)

    async def send_text(self, openid: str, text: str) -> str:
        """A customer-service message; gives WeChat's id of it, empty where WeChat names none."""
        return await self._send(openid, {"msgtype": "text", "text": {"content": text}})

    async def send_image(self, openid: str, media_id: str) -> str:
        return await self._send(openid, {"msgtype": "image", "image": {"media_id": media_id}})

    async def send_template(
        self, openid: str, template: str, data: dict[str, Any], url: str, client_id: str
    ) -> str:
        """A template message; the same client id within ten minutes is one message."""
        message = {"touser": openid, "template_id": template, "url": url, "data": data}
        return await self._post("/cgi-bin/message/template/send", message | {"client_msg_id": client_id})

    async def send_subscription(self, openid: str, template: str, data: dict[str, Any], page: str) -> str:
        """A subscription notice; uses up one permission of the patient's."""
        message = {"touser": openid, "template_id": template, "page": page, "data": data}
        return await self._post("/cgi-bin/message/subscribe/bizsend", message)

    async def page_ticket(self) -> str:
        """The jsapi_ticket, with which our pages prove that they belong to the account."""
        return await self._ticket.get()

    async def openid(self, code: str) -> str:
        """Whose browser brought this code. It works once: a call that may have arrived is not made again."""
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        response = await self._once(
            "GET", f"{self._base}/sns/oauth2/access_token", repeatable=False, params=query
        )
        answer = _json(response)
        raise_for(answer)
        openid = answer.get("openid")
        if not (isinstance(openid, str) and openid):
            raise Unavailable("WeChat named nobody")
        return openid

    async def picture(self, content: bytes, mime: str, *, fresh: bool = False) -> str:
        """The media id of a picture. The same picture is uploaded once in three days; `fresh`: upload it anyway,
        for WeChat does not know the id any more."""
        key = f"wechat:picture:{self._appid}:{hashlib.sha256(content).hexdigest()}"
        known = None if fresh else await self._remembered(key)
        if known:
            return known
        media_id = await self.upload_image(content, mime)
        if self._redis is not None:
            with suppress(RedisError, OSError), anyio.move_on_after(_REDIS_SECONDS):
                await self._redis.set(key, media_id, ex=_PICTURE_SECONDS)
        return media_id

    async def _remembered(self, key: str) -> str:
        if self._redis is not None:
            with suppress(RedisError, OSError), anyio.move_on_after(_REDIS_SECONDS):
                value = await self._redis.get(key)
                return value.decode() if isinstance(value, bytes) else value or ""
        return ""

    async def upload_image(self, content: bytes, mime: str) -> str:
        """A temporary picture (3 days); gives its media id."""
        files = {"media": (f"picture.{mime.rpartition('/')[2]}", content, mime)}
        response = await self._call(
            "/cgi-bin/media/upload", repeatable=True, params={"type": "image"}, files=files
        )
        media_id = _json(response).get("media_id")
        if not isinstance(media_id, str):
            raise Rejected("WeChat gave no media id")
        return media_id

    async def download(self, media_id: str, limit: int = _SOME) -> tuple[bytes, str]:
        """Content and MIME type of what a patient sent; WeChat keeps it for 3 days. Raises TooLarge."""
        response = await self._call(
            "/cgi-bin/media/get", repeatable=True, method="GET", params={"media_id": media_id}, limit=limit
        )
        address = _json(response).get("video_url") if _is_json(response) else None
        if isinstance(address, str):  # videos come as an address
            response = await self._once("GET", address, repeatable=True, limit=limit)
        mime = response.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
        return response.content, mime

    async def agent_of(self, openid: str) -> str:
        """Which of WeChat's own agents has the patient now; "": none."""
        response = await self._call(
            "/customservice/kfsession/getsession", repeatable=True, method="GET", params={"openid": openid}
        )
        agent = _json(response).get("kf_account")
        if not isinstance(agent, str):
            raise Unavailable("WeChat did not say who has the patient")
        return agent

    async def create_menu(self, buttons: list[dict[str, Any]]) -> None:
        await self._call("/cgi-bin/menu/create", repeatable=True, json={"button": buttons})

    async def _send(self, openid: str, content: dict[str, Any]) -> str:
        return await self._post("/cgi-bin/message/custom/send", {"touser": openid, **content})

    async def _post(self, path: str, message: dict[str, Any]) -> str:
        response = await self._call(path, json=message)
        return str(_json(response).get("msgid") or "")

    async def _call(
        self,
        path: str,
        *,
        repeatable: bool = False,
        method: str = "POST",
        params: dict[str, str] | None = None,
        **body: Any,
    ) -> httpx.Response:
        """One call with the shared token. A refused token is renewed once and the call made once more."""
        token = await self._token.get()
        response = await self._with_token(token, method, path, params, repeatable, body)
        if _is_json(response) and errcode(_json(response)) in TOKEN_ERRORS:
            token = await self._token.renew(stale=token)
            response = await self._with_token(token, method, path, params, repeatable, body)
        if _is_json(response):
            raise_for(_json(response))
        elif not repeatable:  # somebody answered, but was it WeChat?
            raise Unknown("WeChat's answer is no JSON")
        return response

    async def _with_token(
        self,
        token: str,
        method: str,
        path: str,
        params: dict[str, str] | None,
        repeatable: bool,
        body: dict[str, Any],
    ) -> httpx.Response:
        query = {"access_token": token, **(params or {})}
        return await self._once(method, self._base + path, repeatable=repeatable, params=query, **body)

    async def _once(
        self, method: str, url: str, *, repeatable: bool, limit: int = _SOME, **request: Any
    ) -> httpx.Response:
        lost = Unavailable if repeatable else Unknown
        try:
            response = await self._read(method, url, limit, **request)
        except NEVER_LEFT as error:
            raise Unavailable(f"WeChat was not reached: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise lost(f"WeChat did not answer: {type(error).__name__}") from error
        _check_status(response.status_code, lost)
        return response

    async def _read(self, method: str, url: str, limit: int, **request: Any) -> httpx.Response:
        """The answer with its content, which is not taken in beyond the limit."""
        async with self._http.stream(method, url, timeout=TIMEOUT, **request) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > limit:
                    raise TooLarge(f"more than {limit} bytes")
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=bytes(body))

    async def _fetch_ticket(self, force: bool) -> tuple[str, int]:
        response = await self._call(
            "/cgi-bin/ticket/getticket", repeatable=True, method="GET", params={"type": "jsapi"}
        )
        answer = _json(response)
        ticket, seconds = answer.get("ticket"), answer.get("expires_in")
        if not (isinstance(ticket, str) and ticket and isinstance(seconds, int)):
            raise Unavailable("WeChat gave no ticket")
        return ticket, seconds

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        request = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        response = await self._once(
            "POST", f"{self._base}/cgi-bin/stable_token", repeatable=True, json=request
        )
        answer = _json(response)
        raise_for(answer)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(token, str) and token and isinstance(seconds, int)):
            raise Unavailable("WeChat gave no access token")
        return token, seconds


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without what the content was unpacked from."""
    gone = {"content-encoding", "content-length", "transfer-encoding"}
    return {name: value for name, value in headers.items() if name.lower() not in gone}


def _check_status(status: int, lost: type[SendError]) -> None:
    if status == 504:  # a proxy on the way gave up waiting
        raise lost("HTTP 504")
    if status >= 500:
        raise Unavailable(f"HTTP {status}")
    if status == 429:
        raise Throttled("HTTP 429")
    if status >= 300:
        raise Rejected(f"HTTP {status}")


def _is_json(response: httpx.Response) -> bool:
    """WeChat labels JSON text/plain as well: the first byte tells it from a picture."""
    return response.content[:1] == b"{"


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
