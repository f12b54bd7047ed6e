"""What stands before every request of the desk: whose address it names, where it comes from, how often; and what every
answer tells the browser to refuse.

NiceGUI's socket takes messages from any origin and for any page whose id is known. Here it must come from our own
origin, with the very session for which the page was made, and that must not be over; what comes by it then counts for
that page alone (bot.desk.socket).
"""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from fastapi import FastAPI
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from nicegui import Client
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.body import Body
from bot.desk.cookies import Cookies
from integrations.hospital.staff import login
from integrations.runtime import Runtime
from integrations.settings import Settings

SOCKET = "/_nicegui_ws/"
_OF_A_PAGE = re.compile(r"/_nicegui/client/([^/]+)/")
_STATIC = ("/_nicegui/", "/static/", "/health/")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 25 * 2**20
_SCRIPT = re.compile(rb"<script\b")

LOGINS = parse("30/minute")  # passwords and codes from one address
REQUESTS = parse("600/minute")  # pages and all else of one session, or of one address without
# Of one address, whatever it says of its session: a cookie is anybody's to make up. A whole ward behind one address
# stays far below.
OF_AN_ADDRESS = parse("6000/minute")


def hosts(settings: Settings) -> dict[str, bool]:
    """By what names the desk may be called; whether that name is for doctors alone. Raises ValueError for a doctors'
    name behind TLS beside one without: the session's cookie would not be Secure."""
    if settings.desk_doctor_url and _scheme(settings.desk_doctor_url) != _scheme(settings.desk_url):
        raise ValueError("DESK_URL and DESK_DOCTOR_URL must both begin with https://, or neither")
    own = {urlsplit(settings.desk_url).netloc: False}
    own |= {f"{name}:{settings.desk_port}": False for name in ("127.0.0.1", "localhost")}
    if settings.desk_doctor_url:
        own[urlsplit(settings.desk_doctor_url).netloc] = True
    return {name.lower(): doctors for name, doctors in own.items() if name}


def _scheme(url: str) -> str:
    return urlsplit(url).scheme


class Often:
    """Counts in this process's memory: the desk is one process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may(self, limit: RateLimitItem, *names: str) -> bool:
        return self._limiter.hit(limit, *names)


class Door:
    """The ASGI application around the desk."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self.app = app  # NiceGUI looks for what is inside by this name
        self._hosts = hosts(settings)
        self._cookies = Cookies.of(settings)
        self._often = Often()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None and scope["path"].startswith(SOCKET):
            refused = await self._of_no_session(scope)
        if refused:
            await _refuse(refused, scope, receive, send)
            return
        scope["headers"] = [
            (name, value) for name, value in scope["headers"] if name != b"x-forwarded-prefix"
        ]
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await Answer(scope, send, self._cookies.secure).through(
                self.app, Body(receive, LARGEST_BODY).read
            )

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        path: str = scope["path"]
        if headers.get("host", "").lower() not in self._hosts and not path.startswith("/health/"):
            return PlainTextResponse("This desk is not known by that name.", 421)
        socket = path.startswith(SOCKET)
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if (changes and not _own(headers)) or (
            socket and _foreign(headers)
        ):  # NiceGUI lets others read a socket
            return PlainTextResponse("From another site.", 403)
        if (length := headers.get("content-length", "")).isdecimal() and int(length) > LARGEST_BODY:
            return PlainTextResponse("Too large.", 413)
        if (page := _page_of(scope) if socket else _uploads_to(path)) is not None and not self._theirs(
            scope, page
        ):
            return PlainTextResponse("Not your page.", 403)
        return self._too_often(scope, path)

    def _theirs(self, scope: Scope, client_id: str) -> bool:
        """Whether this page was made for the session that asks. One that is gone is nobody's: NiceGUI refuses it."""
        client = Client.instances.get(client_id)
        if client is None:
            return bool(client_id)
        asking, made = self._cookies.token(HTTPConnection(scope)), self._cookies.token(client.request)
        return hmac.compare_digest(asking.encode(), made.encode())

    async def _of_no_session(self, scope: Scope) -> Response | None:
        """A browser that comes back would get what its page was told meanwhile. Where the session is over, it comes
        back to no page: NiceGUI then has it load the page anew, which leads to the login."""
        rt: Runtime = self.app.state.runtime
        token = self._cookies.token(HTTPConnection(scope))
        try:
            async with rt.database.begin() as session:
                stands = await login.member_of(session, token, rt.now(), acts=False)
        except (SQLAlchemyError, OSError):
            return PlainTextResponse("Please try again.", 503)
        if stands is None:
            asked = dict(parse_qsl(scope["query_string"].decode("latin-1"))) | {"client_id": "gone"}
            scope["query_string"] = urlencode(asked).encode()
        return None

    def _too_often(self, scope: Scope, path: str) -> Response | None:
        address = scope["client"][0] if scope.get("client") else ""
        logging_in = path.startswith("/login") and scope.get("method") == "POST"
        if logging_in and not self._often.may(LOGINS, "login", address):
            return PlainTextResponse("Too many tries. 试得太频繁了。", 429, {"Retry-After": "60"})
        if path.startswith(_STATIC) and _uploads_to(path) is None:
            return None
        within = self._often.may(OF_AN_ADDRESS, "address", address)
        if within and not path.startswith(SOCKET):
            who = self._cookies.token(HTTPConnection(scope)) or address
            within = self._often.may(REQUESTS, "requests", who)
        return None if within else PlainTextResponse("Too many requests.", 429, {"Retry-After": "60"})


def _own(headers: Headers) -> bool:
    """Whether a browser says that our own page asks. Browsers say it with everything that changes something."""
    return bool(headers.get("origin")) and not _foreign(headers)


def _foreign(headers: Headers) -> bool:
    """Whether a browser says that another site asks. Of what changes nothing it may say nothing."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return True
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    return origin is not None and urlsplit(origin).netloc.lower() != host


def _page_of(scope: Scope) -> str | None:
    found = parse_qs(scope["query_string"].decode("latin-1")).get("client_id")
    return found[0] if found else ""  # a socket for no page in particular could claim any afterwards


def _uploads_to(path: str) -> str | None:
    found = _OF_A_PAGE.match(path)
    return found.group(1) if found else None


async def _refuse(refused: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await refused(scope, receive, send)


class Answer:
    """One answer with the headers that shut what a browser leaves open. A page's own scripts bear a number that is
    good for this answer only: a script that a text smuggled in bears none and does not run."""

    def __init__(self, scope: Scope, send: Send, secure: bool) -> None:
        self._scope = scope
        self._send = send
        self._secure = secure
        self._nonce = secrets.token_urlsafe(16)
        self._start: Message | None = None
        self._page = bytearray()

    async def through(self, app: ASGIApp, receive: Receive) -> None:
        await app(self._scope, receive, self._pass_on)

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            self._shut(headers)
            if _is_page(headers):
                self._start = message  # its length changes
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._page += message.get("body", b"")
            if message.get("more_body"):
                return
            body = _SCRIPT.sub(b'<script nonce="' + self._nonce.encode() + b'"', bytes(self._page))
            MutableHeaders(raw=self._start["headers"])["content-length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
            self._start = None
        await self._send(message)

    def _shut(self, headers: MutableHeaders) -> None:
        own = headers.get("content-security-policy")
        headers["Content-Security-Policy"] = own or self._policy()
        headers["X-Frame-Options"] = "DENY"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not self._scope["path"].startswith(_STATIC):
            headers["Cache-Control"] = "no-store"
        if self._secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"

    def _policy(self) -> str:
        host = Headers(scope=self._scope).get("host", "")
        socket = "wss" if self._secure else "ws"
        return "; ".join(
            (
                "default-src 'none'",
                # Vue compiles NiceGUI's templates in the browser, which takes eval.
                f"script-src 'self' 'nonce-{self._nonce}' 'unsafe-eval'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "media-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self' {socket}://{host}",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )


def _is_page(headers: Headers | MutableHeaders) -> bool:
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
