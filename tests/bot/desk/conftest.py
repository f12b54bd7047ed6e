"""The desk in this process: its pages are made once, each test works on a runtime of its own.

async def test_something(desks, rt):
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/cases")
    agent.user.find(marker="take").click()
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import httpx
import nicegui.nicegui
import pytest
from nicegui import Client, app, context, ui
from nicegui.testing import User

from bot.desk.app import create_desk, serving
from integrations.hospital.models import Role, StaffMember
from integrations.hospital.staff import login
from integrations.runtime import Runtime
from integrations.settings import Settings
from tests import staff_rows

_ADDRESSES = IPv4Network("10.0.0.0/8").hosts()
_RETRIES = 900  # a tenth of a second each
HOST = "http://desk.test"
DOCTORS = "http://doctors.test"


@cache
def made() -> Any:
    """The whole desk, with the door before it."""
    return create_desk(Settings(_env_file=None, desk_url=HOST, desk_doctor_url=DOCTORS))


class OfThePage:
    """NiceGUI's `ui.notify`, `ui.navigate` or `ui.download`: that of the visitor whose page uses it, or its own in a
    real browser."""

    def __init__(self, name: str, users: dict[str, User]) -> None:
        self._name, self._users, self._plain = name, users, getattr(ui, name)

    def __call__(self, *args: Any, **more: Any) -> Any:
        return self._own()(*args, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own(), name)

    def _own(self) -> Any:
        user = self._users.get(context.client.ip)
        return getattr(user, self._name) if user else self._plain


class Patient(User):
    """Waits longer for what is to come, for a busy machine may stand still for seconds; and when it does not come,
    says what the page told instead."""

    def __getattribute__(self, name: str) -> Any:
        """`User` makes `ui.notify` its own whenever it is touched, also by what its page sends by itself: of two
        visitors the one would be told what the other has done. Here see `OfThePage`."""
        return object.__getattribute__(self, name)

    async def should_see(self, *sought: Any, retries: int = _RETRIES, **more: Any) -> None:
        try:
            await super().should_see(*sought, retries=max(retries, _RETRIES), **more)
        except AssertionError as error:
            error.add_note(f"told meanwhile: {self.notify.messages}")
            raise

    async def should_not_see(self, *sought: Any, retries: int = _RETRIES, **more: Any) -> None:
        await super().should_not_see(*sought, retries=max(retries, _RETRIES), **more)


@dataclass
class Visitor:
    """Somebody with a browser; `member` is None for nobody in particular."""

    user: User
    http: httpx.AsyncClient
    member: StaffMember | None = None
    token: str = ""

    async def see(self, *texts: str) -> None:
        for text in texts:
            await self.user.should_see(text)

    async def told(self, words: str) -> None:
        """Waits for a notice with these words in it."""
        for _ in range(4500):
            if any(words in message for message in self.user.notify.messages):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not told {words!r}, but {self.user.notify.messages}")


class Desks:
    def __init__(self, rt: Runtime, users: dict[str, User]) -> None:
        self.rt = rt
        self.users = users  # by their addresses
        self._browsers: list[httpx.AsyncClient] = []

    def browser(self, host: str = HOST, address: str = "") -> httpx.AsyncClient:
        """With the headers that browsers send for pages of our own; each has an address of its own."""
        address = address or str(next(_ADDRESSES))
        transport = httpx.ASGITransport(made(), client=(address, 50000))
        headers = {"Origin": host, "Sec-Fetch-Site": "same-origin"}
        self._browsers.append(httpx.AsyncClient(transport=transport, base_url=host, headers=headers))
        return self._browsers[-1]

    async def enter(self, role: Role = Role.AGENT, **account: Any) -> Visitor:
        """A new member of staff (staff_rows.member), logged in."""
        async with self.rt.database.begin() as session:
            member = await staff_rows.member(session, role, crypto=self.rt.crypto, **account)
        return await self.let_in(member)

    async def let_in(self, member: StaffMember) -> Visitor:
        async with self.rt.database.begin() as session:
            token = await login.open_session(session, member, "10.0.0.7", self.rt.now())
        address = str(next(_ADDRESSES))
        http = self.browser(address=address)
        http.cookies.set("desk", token)
        self.users[address] = Patient(http)
        return Visitor(self.users[address], http, member, token)

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.aclose()


@pytest.fixture(scope="session")
async def started() -> AsyncIterator[None]:
    """NiceGUI itself: its loops run as long as the tests."""
    made()
    await nicegui.nicegui._startup()
    yield
    await nicegui.nicegui._shutdown()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, User]:
    """Whoever's page says something, by their addresses: there it is heard."""
    users: dict[str, User] = {}
    for name in ("navigate", "notify", "download"):
        monkeypatch.setattr(ui, name, OfThePage(name, users))
    return users


@pytest.fixture
async def desks(started: None, rt: Runtime, told: dict[str, User]) -> AsyncIterator[Desks]:
    settings = rt.settings.model_copy(update={"desk_url": HOST, "desk_doctor_url": DOCTORS})
    made_for = Desks(replace(rt, settings=settings), told)
    async with serving(made().app.app, made_for.rt):
        yield made_for
    await made_for.close()
    for client in list(Client.instances.values()):
        client.delete()
    assert app.is_started
