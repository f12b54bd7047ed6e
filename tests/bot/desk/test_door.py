"""What the door refuses, and what it tells browsers to refuse."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx
import pytest
from fastapi import FastAPI
from limits import parse
from nicegui import Client
from nicegui.outbox import Outbox
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.desk import door
from bot.desk.cookies import Cookies
from bot.desk.door import LARGEST_BODY, Door, hosts
from integrations.hospital.models import Role
from integrations.hospital.staff import login
from integrations.settings import Settings
from tests.bot.desk.conftest import HOST, Desks, made
from tests.waiting import until


async def _websocket(client_id: str, token: str, origin: str = HOST) -> str:
    """What the door says to a socket for this page: "accept" or "close"."""
    sent: list[str] = []
    headers = [(b"host", b"desk.test"), (b"origin", origin.encode()), (b"cookie", f"desk={token}".encode())]
    headers += [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    scope = {
        "type": "websocket",
        "path": "/_nicegui_ws/socket.io/",
        "raw_path": b"/_nicegui_ws/socket.io/",
        "root_path": "",
        "scheme": "ws",
        "query_string": f"client_id={client_id}&EIO=4&transport=websocket".encode(),
        "headers": headers,
        "client": ("10.0.0.7", 50000),
        "subprotocols": [],
    }
    messages = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send(message: dict[str, object]) -> None:
        sent.append(str(message["type"]).removeprefix("websocket."))

    await made()(scope, receive, send)
    return sent[0]


SHUT = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
POLICY = {"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"}


async def test_headers_that_shut_what_browsers_leave_open(desks: Desks) -> None:
    agent = await desks.enter()
    for path in ("/login", "/account", "/static/desk.css", "/nowhere"):
        headers = (await agent.http.get(path)).headers
        assert SHUT.items() <= dict(headers).items(), path
        policy = set(headers["content-security-policy"].split("; "))
        assert policy >= POLICY, path
        if not path.startswith("/static/"):
            assert headers["cache-control"] == "no-store", path


async def test_only_scripts_with_this_answers_number_run(desks: Desks) -> None:
    agent = await desks.enter()
    numbers = set()
    for _ in range(2):
        page = await agent.http.get("/account")
        policy = page.headers["content-security-policy"]
        [number] = re.findall(r"script-src 'self' 'nonce-([\w-]+)'", policy)
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        scripts = re.findall(r"<script\b[^>]*>", page.text)
        assert scripts
        assert all(f'nonce="{number}"' in one for one in scripts)
        numbers.add(number)
    assert len(numbers) == 2


async def test_a_hostile_name_stays_text(desks: Desks) -> None:
    """XSS: whatever stands in a name or a login field is shown, not run."""
    hostile = '<script>alert(1)</script><img src=x onerror="x">'
    agent = await desks.enter(name=hostile[:40])
    page = (await agent.http.get("/account")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    refused = await desks.browser().post("/login", data={"name": hostile, "password": "x", "onward": hostile})
    assert "alert(1)" not in refused.text
    onward = f'/"{hostile}'  # a way inside as far as anybody can tell
    asked = await desks.browser().get("/login", params={"next": onward})
    again = await desks.browser().post("/login", data={"name": "x", "password": "x", "onward": onward})
    for shown in (asked.text, again.text):
        assert "&lt;script&gt;alert(1)" in shown
        assert "<script>alert" not in shown


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": HOST, "Sec-Fetch-Site": "same-site"},  # a neighbour below the same domain
        {"Origin": ""},
    ],
)
async def test_other_sites_change_nothing(desks: Desks, headers: dict[str, str]) -> None:
    """CSRF: forms of other sites are refused before anything is looked at."""
    agent = await desks.enter()
    agent.http.headers.pop("Sec-Fetch-Site")
    for path in ("/login", "/login/code", "/logout"):
        assert (await agent.http.post(path, headers=headers)).status_code == 403
    assert (await agent.http.get("/account")).status_code == 200  # still logged in


async def test_the_desk_answers_by_its_own_name_only(desks: Desks) -> None:
    """DNS rebinding: another name that leads here is not served."""
    agent = await desks.enter()
    assert (await agent.http.get("/account", headers={"Host": "evil.test"})).status_code == 421
    assert (await agent.http.get("/health/live", headers={"Host": "10.1.2.3"})).status_code == 200


async def test_a_socket_belongs_to_the_session_of_its_page(desks: Desks) -> None:
    """IDOR: NiceGUI would let whoever knows a page's id act in it."""
    one, other = await desks.enter(), await desks.enter(Role.ADMINISTRATOR)
    client = await one.user.open("/account")
    assert await _websocket(client.id, one.token) == "accept"
    assert await _websocket(client.id, other.token) == "close"
    assert await _websocket(client.id, "") == "close"
    assert await _websocket(client.id, one.token, origin="https://evil.test") == "close"
    upload = f"/_nicegui/client/{client.id}/upload/5"
    assert (await other.http.post(upload)).status_code == 403
    assert (await one.http.post(upload)).status_code == 404  # there is no such element


@pytest.mark.parametrize("asked", ["client_id", "client%5Fid"])
async def test_a_browser_whose_session_is_over_comes_back_to_no_page(desks: Desks, asked: str) -> None:
    """What its page was told meanwhile would reach it otherwise."""
    agent = await desks.enter()
    client = await agent.user.open("/account")
    reached: list[str] = []

    async def inside(scope: Scope, _receive: Receive, send: Send) -> None:
        reached.append(parse_qs(scope["query_string"].decode())["client_id"][0])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    inner = FastAPI()
    inner.state.runtime = desks.rt
    inner.mount("/", inside)
    transport = httpx.ASGITransport(Door(inner, desks.rt.settings))
    path = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&{asked}={client.id}"
    async with httpx.AsyncClient(
        transport=transport, base_url=HOST, cookies={"desk": agent.token}
    ) as browser:
        assert (await browser.get(path)).status_code == 200
        async with desks.rt.database.begin() as session:
            await login.end_session(session, agent.token)
        assert (await browser.get(path)).status_code == 200
    assert reached == [client.id, "gone"]


async def test_a_polling_socket_is_held_to_the_same(desks: Desks) -> None:
    one, other = await desks.enter(), await desks.enter()
    client = await one.user.open("/account")
    path = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client.id}"
    assert (await other.http.get(path)).status_code == 403
    assert (await one.http.get(path)).status_code == 200
    assert (await one.http.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling")).status_code == 403


@dataclass
class Socket:
    """A socket that polls."""

    browser: httpx.AsyncClient
    params: dict[str, str]

    @classmethod
    async def open(cls, browser: httpx.AsyncClient, client_id: str, **joins: str) -> Socket:
        params = {"client_id": client_id, "EIO": "4", "transport": "polling"} | joins
        opened = (await browser.get("/_nicegui_ws/socket.io/", params=params)).text
        [sid] = re.findall(r'"sid":"([^"]+)', opened)
        socket = cls(browser, params | {"sid": sid})
        await socket.send("40")
        assert (await browser.get("/_nicegui_ws/socket.io/", params=socket.params)).text.startswith("40")
        return socket

    async def send(self, packet: str) -> None:
        answer = await self.browser.post("/_nicegui_ws/socket.io/", params=self.params, content=packet)
        assert answer.status_code == 200

    async def say(self, event: str, client_id: str) -> None:
        said = {"client_id": client_id, "id": 1, "request_id": "1", "next_message_id": 1, "level": "info"}
        await self.send("42" + json.dumps([event, said | {"message": "x", "args": []}]))


@pytest.mark.parametrize("event", ["event", "javascript_response", "ack", "log"])
async def test_what_comes_by_a_socket_counts_for_its_own_page_alone(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """IDOR: a message names a page, and NiceGUI asks nobody whose it is. Neither a colleague's socket nor that of
    somebody who is not logged in reaches a page whose id they know."""
    reached: list[str] = []
    for name in ("handle_event", "handle_javascript_response", "handle_log_message"):
        monkeypatch.setattr(Client, name, lambda self, _: reached.append(self.id))
    monkeypatch.setattr(Outbox, "prune_history", lambda self, _: reached.append(self.client.id))
    one, other = await desks.enter(), await desks.enter(Role.ADMINISTRATOR)
    theirs, own = await one.user.open("/account"), await other.user.open("/account")
    joins = {"implicit_handshake": "true", "tab_id": str(own._pinned_tab_id), "document_id": "d"}
    stranger = await Socket.open(desks.browser(), "gone")
    colleague = await Socket.open(other.http, own.id, **joins)
    await stranger.say(event, theirs.id)
    await colleague.say(event, theirs.id)
    await colleague.say(event, own.id)
    await until(lambda: reached)
    assert reached == [own.id]


async def test_no_socket_joins_a_page_but_the_one_of_its_address(desks: Desks) -> None:
    one, other = await desks.enter(), await desks.enter(Role.ADMINISTRATOR)
    theirs, own = await one.user.open("/account"), await other.user.open("/account")
    for browser, page in ((other.http, own.id), (desks.browser(), "gone")):
        socket = await Socket.open(browser, page)
        joins = {"client_id": theirs.id, "tab_id": theirs._pinned_tab_id, "document_id": "d"}
        await socket.send("420" + json.dumps(["handshake", joins]))
        answered = await browser.get("/_nicegui_ws/socket.io/", params=socket.params)
        assert answered.text == "430[false]"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
async def test_other_sites_do_not_read_along_by_polling(desks: Desks, headers: dict[str, str]) -> None:
    """NiceGUI's socket tells every site that it may read the answer; a neighbour below our domain brings the cookie."""
    agent = await desks.enter()
    client = await agent.user.open("/account")
    path = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client.id}"
    assert (await agent.http.get(path, headers=headers)).status_code == 403


async def test_what_is_too_large_is_not_read(desks: Desks) -> None:
    agent = await desks.enter()
    answer = await agent.http.post("/login", headers={"Content-Length": str(LARGEST_BODY + 1)})
    assert answer.status_code == 413


@dataclass
class Endless:
    """A chunked body: its length is said nowhere. `read`: how much of it was taken."""

    begins: bytes = b""
    read: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.begins
        while self.read < 2 * LARGEST_BODY:
            self.read += 2**20
            yield b"a" * 2**20


async def test_of_a_file_that_says_no_length_no_more_is_taken_than_one_may_send(desks: Desks) -> None:
    agent = await desks.enter()
    file = Endless(b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n')
    sent = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in ("/login", "/login/code"):
        file.read = 0
        answer = await agent.http.post(path, content=file, headers=sent)
        assert (answer.status_code, file.read) == (413, LARGEST_BODY)
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_of_a_polling_message_without_length_neither(desks: Desks) -> None:
    agent = await desks.enter()
    client = await agent.user.open("/account")
    socket = {"client_id": client.id, "EIO": "4", "transport": "polling"}
    opened = (await agent.http.get("/_nicegui_ws/socket.io/", params=socket)).text
    [sid] = re.findall(r'"sid":"([^"]+)', opened)
    message = Endless()
    await agent.http.post("/_nicegui_ws/socket.io/", params=socket | {"sid": sid}, content=message)
    assert message.read == LARGEST_BODY + 2**20


async def test_tries_are_limited_by_address(desks: Desks) -> None:
    tries = [
        await desks.browser(address="10.9.9.9").post("/login/code", data={"code": "1"}) for _ in range(31)
    ]
    assert [one.status_code for one in tries] == [401] * 30 + [429]
    elsewhere = await desks.browser(address="10.9.9.8").post("/login/code", data={"code": "1"})
    assert elsewhere.status_code == 401


async def test_requests_are_limited_by_session(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "REQUESTS", parse("3/minute"))
    agent, other = await desks.enter(), await desks.enter()
    answers = [(await agent.http.get("/health/ready/x")).status_code for _ in range(2)]  # not counted
    answers += [(await agent.http.get("/nowhere")).status_code for _ in range(4)]
    assert answers == [404, 404, 404, 404, 404, 429]
    assert (await other.http.get("/nowhere")).status_code == 404


async def test_uploads_are_limited_as_other_requests(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their address begins like that of NiceGUI's own files, which are not counted."""
    monkeypatch.setattr(door, "REQUESTS", parse("3/minute"))
    agent = await desks.enter()
    uploaded = [
        (await agent.http.post("/_nicegui/client/gone/upload/5", files={"file": b"x"})).status_code
        for _ in range(4)
    ]
    assert uploaded == [404] * 3 + [429]


async def test_requests_are_limited_by_address_whatever_the_cookie_says(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's limit alone would be none for whoever makes up a new cookie with each request."""
    monkeypatch.setattr(door, "REQUESTS", parse("3/minute"))
    monkeypatch.setattr(door, "OF_AN_ADDRESS", parse("5/minute"))

    async def asked(path: str, address: str, token: str) -> int:
        browser = desks.browser(address=address)
        browser.cookies.set("desk", token)
        return (await browser.get(path)).status_code

    socket = "/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id=gone"
    made_up = [await asked("/nowhere", "10.9.8.1", f"made up {number}") for number in range(6)]
    assert made_up == [404] * 5 + [429]
    polled = [await asked(socket, "10.9.8.2", f"made up {number}") for number in range(6)]
    assert 429 not in polled[:5]
    assert polled[5] == 429
    without = [(await desks.browser(address="10.9.8.3").get("/nowhere")).status_code for _ in range(4)]
    assert without == [404] * 3 + [429]
    assert await asked("/nowhere", "10.9.8.4", "made up 7") == 404


async def test_behind_https_cookies_and_connections_stay_there() -> None:
    """A cookie with this name is taken from this very host over TLS alone, whatever a neighbour plants."""
    settings = Settings(_env_file=None, desk_url="https://desk.test")
    cookies = Cookies.of(settings)
    answer = Response()
    cookies.set_session(answer, "token")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=token;")
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"))
    assert "domain" not in cookie.lower()
    transport = httpx.ASGITransport(Door(PlainTextResponse("here"), settings))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as browser:
        headers = (await browser.get("/")).headers
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "wss://desk.test" in headers["content-security-policy"]


async def test_a_prefix_from_outside_is_not_taken(desks: Desks) -> None:
    agent = await desks.enter()
    page = await agent.http.get("/account", headers={"X-Forwarded-Prefix": "//evil.test"})
    assert "evil.test" not in page.text


async def test_pages_of_nobody_are_not_kept(desks: Desks) -> None:
    """Whoever is not logged in makes the desk build nothing."""
    before = len(Client.instances)
    for _ in range(5):
        assert (await desks.browser().get("/account")).status_code == 303
    assert len(Client.instances) == before


@pytest.mark.parametrize(
    ("own", "doctors"),
    [("http://desk.lan", "https://doctors.example"), ("https://desk.lan", "http://doctors.example")],
)
def test_a_name_is_not_published_with_a_cookie_that_is_not_secure(own: str, doctors: str) -> None:
    with pytest.raises(ValueError, match="https"):
        hosts(Settings(_env_file=None, desk_url=own, desk_doctor_url=doctors))  # type: ignore[call-arg]
    assert hosts(
        Settings(_env_file=None, desk_url="https://desk.lan", desk_doctor_url="https://doctors.example")
    )[  # type: ignore[call-arg]
        "doctors.example"
    ]
