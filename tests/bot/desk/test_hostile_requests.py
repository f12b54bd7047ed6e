"""Whatever the desk's plain addresses are sent by a page of our own, they answer: no failure, no way to elsewhere, and
nothing of what was sent comes back as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import parse

from bot.desk import door
from bot.desk.cookies import Cookies, Step
from integrations.hospital.models import Role
from tests.bot.conftest import Clock
from tests.bot.desk.conftest import Desks, Visitor

pytestmark = pytest.mark.slow

HOSTILE = (
    "", " ", "\0", "a\0b", "\u202e", "<svg onload=alert(1)>", '"><script>alert(1)</script>', "{{7*7}}", "%s%n",
    "\r\nSet-Cookie: a=b", "//evil.test", "/\\evil.test", "https://evil.test", "/%2f/evil.test",
    "/talks?a=/\t/evil.test", "javascript:alert(1)", "é", "𠮷", "\U0001f9ea" * 40, "x" * 600, "-1", "zh", "en",
    "dark", "true", "123456", "/account", "00000000-0000-0000-0000-000000000000", "AAAA", "=", "....",
)  # fmt: skip
MARKUP = ("<svg onload", "<script>alert")
NAMES: Mapping[str, Sequence[str]] = {
    "POST /login": ("name", "password", "onward"),
    "POST /login/code": ("code", "onward"),
    "POST /logout": ("onward",),
    "GET /login": ("next", "over"),
    "GET /login/code": ("next",),
    "GET /login/language": ("to",),
    "GET /theme": ("to", "next"),
    "GET /talks": ("open",),
    "GET /consultations": ("open",),
    "GET /talks/media/{}/{}": (),
    "GET /cases/media/{}": (),
}
WILD = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
COOKIES = ("desk", "desk-step", "desk-language", "desk-theme")


@pytest.fixture
async def visitor(desks: Desks, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A supervisor, who has given a password once more and may be asked for the code."""
    for limit in ("LOGINS", "REQUESTS", "OF_AN_ADDRESS"):
        monkeypatch.setattr(door, limit, parse("100000/minute"))
    entered = await desks.enter(Role.SUPERVISOR)
    assert entered.member
    cookies = Cookies.of(desks.rt.settings)
    entered.http.cookies.set(cookies.step, Step(entered.member.id, clock()).seal(desks.rt.crypto))
    return entered


@pytest.mark.parametrize("operation", NAMES)
@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_a_hostile_request_is_answered(visitor: Visitor, operation: str, data: st.DataObject) -> None:
    method, path = operation.split(" ")
    while "{}" in path:
        path = path.replace("{}", quote(data.draw(WILD).encode("utf-8", "replace"), safe="") or "x", 1)
    said = urlencode(
        [(name, data.draw(WILD)) for name in NAMES[operation] if data.draw(st.booleans())], errors="replace"
    )
    headers = {
        "content-type": data.draw(st.sampled_from(("application/x-www-form-urlencoded", "text/plain", "")))
    }
    kept = "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items())
    forged = {name: data.draw(WILD) for name in COOKIES if data.draw(st.integers(0, 3)) == 0}
    if forged:
        kept = "; ".join(f"{name}={value}" for name, value in forged.items())
    headers["cookie"] = kept.encode("utf-8", "replace").translate(None, b"\r\n\0")  # type: ignore[assignment]
    if method == "GET":
        answer = await visitor.http.request(method, f"{path}?{said}", headers=headers)
    else:
        answer = await visitor.http.request(method, path, content=said, headers=headers)
    assert answer.status_code < 500, answer.text
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert not [one for one in MARKUP if one in answer.text]
    way = answer.headers.get("location", "/")
    assert way.startswith("/"), way
    assert not way.startswith(("//", "/\\")), way
