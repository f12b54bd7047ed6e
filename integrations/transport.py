"""What all vendors' HTTP has in common: whether a failed request may have arrived, what stays out of logs."""

from __future__ import annotations

import logging
from urllib.request import getproxies

import aiohttp
import httpx
from yarl import URL

# Seconds. A patient waits behind most of these calls, and no platform needs longer for one message.
TIMEOUT = httpx.Timeout(10, connect=3, pool=3)

# A connection that the other side closes just as we write on it makes a message "unknown": let go of idle ones
# before servers do (uvicorn after 5 s, nginx after 60 s and more).
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=3)

# The request stayed here: sending it again cannot double anything.
NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Transport(httpx.AsyncBaseTransport):
    """httpx over aiohttp's connections, whose parser is not written in Python: 1.1 ms of CPU a call instead of 3.4.

    Nothing is sent twice: aiohttp repeats only what is idempotent, on a kept connection that turns out closed.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        try:
            async with self._open().request(
                request.method,
                URL(str(request.url), encoded=True),
                data=body or None,
                headers=[
                    (name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw
                ],
                timeout=_timeout(request),
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
                return httpx.Response(answer.status, headers=list(answer.raw_headers), content=content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _as_httpx(error)(type(error).__name__, request=request) from error

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Made at the first call, for it belongs to the loop that runs then."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=LIMITS.max_connections or 0,
                    keepalive_timeout=LIMITS.keepalive_expiry,
                    ssl=httpx.create_ssl_context(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
                auto_decompress=False,
                trust_env=bool(getproxies()),  # only then: it costs a thread for every call
            )
        return self._session


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    given = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        total=None,
        connect=(given.get("pool") or 0) + (given.get("connect") or 0) or None,
        sock_connect=given.get("connect"),
        sock_read=given.get("read"),
    )


def _as_httpx(error: Exception) -> type[httpx.TransportError]:
    """The same in httpx's words. What never left must be told from what may have arrived."""
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return httpx.ProxyError
        case aiohttp.ClientConnectorError() | aiohttp.ClientConnectorDNSError():
            return httpx.ConnectError
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout
        case TimeoutError():
            return httpx.ReadTimeout
        case aiohttp.NonHttpUrlClientError() | aiohttp.InvalidURL():
            return httpx.UnsupportedProtocol
    return httpx.RemoteProtocolError


def keep_secrets_out_of_logs() -> None:
    """Platforms carry tokens in their URLs, and httpx logs each URL at INFO. python-telegram-bot logs
    parameters (message texts) at DEBUG and unreadable answers at ERROR; its errors are raised anyway."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
