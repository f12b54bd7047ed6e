"""The few calls we make to WeChat's API.

Over httpx, not wechatpy's client: every part of that would have to be overridden (old token call, fixed
hosts, no timeouts, unbounded retry, a token per process), each message would need a thread, and requests does
not tell well whether a request has left. wechatpy does messages and crypto.
"""

from __future__ import annotations

from typing import Any

import httpx
from redis.asyncio import Redis

from integrations.channel import Rejected, SendError, Throttled, Unavailable, Unknown
from integrations.transport import NEVER_LEFT, TIMEOUT
from integrations.wechat.errors import TOKEN_ERRORS, errcode, raise_for
from integrations.wechat.token import AccessToken


class WeChatClient:
    """Every call raises SendError. `base` may carry a path (http://127.0.0.1:8100/wechat)."""

    def __init__(
        self, *, appid: str, secret: str, base: str, http: httpx.AsyncClient, redis: Redis | None
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._base = base.rstrip("/")
        self._http = http
        self._token = AccessToken(appid, redis, self._fetch_token)

    async def send_text(self, openid: str, text: str) -> str:
        """A customer-service message; gives WeChat's id of it, empty where WeChat names none."""
        return await self._send(openid, {"msgtype": "text", "text": {"content": text}})

    async def send_image(self, openid: str, media_id: str) -> str:
        return await self._send(openid, {"msgtype": "image", "image": {"media_id": media_id}})

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

    async def download(self, media_id: str) -> tuple[bytes, str]:
        """Content and MIME type of what a patient sent; WeChat keeps it for 3 days."""
        response = await self._call(
            "/cgi-bin/media/get", repeatable=True, method="GET", params={"media_id": media_id}
        )
        address = _json(response).get("video_url") if _is_json(response) else None
        if isinstance(address, str):  # videos come as an address
            response = await self._once("GET", address, repeatable=True)
        mime = response.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
        return response.content, mime

    async def create_menu(self, buttons: list[dict[str, Any]]) -> None:
        await self._call("/cgi-bin/menu/create", repeatable=True, json={"button": buttons})

    async def _send(self, openid: str, content: dict[str, Any]) -> str:
        response = await self._call("/cgi-bin/message/custom/send", json={"touser": openid, **content})
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

    async def _once(self, method: str, url: str, *, repeatable: bool, **request: Any) -> httpx.Response:
        lost = Unavailable if repeatable else Unknown
        try:
            response = await self._http.request(method, url, timeout=TIMEOUT, **request)
        except NEVER_LEFT as error:
            raise Unavailable(f"WeChat was not reached: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise lost(f"WeChat did not answer: {type(error).__name__}") from error
        _check_status(response.status_code, lost)
        return response

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
