"""From a request to a page in its frame: who asks, whether the page is for them, and what they see when not."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from nicegui import Client, ui

from bot.desk import frame, heartbeat, parts
from bot.desk.cookies import Cookies
from bot.desk.desk import Desk
from bot.desk.login import address_of, is_for_doctors
from bot.desk.registry import PAGES, Page
from integrations.hospital import directory
from integrations.hospital.models import Role, StaffMember
from integrations.hospital.staff import login
from integrations.runtime import Runtime

_BUILD_SECONDS = 30
# Where whoever must first choose a password of their own is kept.
_OWN_ACCOUNT = "/account"


def install(desk_app: FastAPI) -> None:
    """Makes all registered pages, and the way from "/" to the first of them."""
    for page in PAGES.values():
        _install(desk_app, page)

    @desk_app.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        member = await member_of(desk_app.state.runtime, request)
        if member is None:
            return RedirectResponse("/login", 303)
        own = next((page for page in frame.listed(member)), None)
        return RedirectResponse(own.path if own else _OWN_ACCOUNT, 303)


def _install(desk_app: FastAPI, page: Page) -> None:
    async def show(request: Request, client: Client) -> Response | None:
        rt: Runtime = desk_app.state.runtime
        member = await member_of(rt, request)
        if (elsewhere := _elsewhere(request, page, member)) or member is None:
            client.delete()  # nobody will show it
            return elsewhere
        desk = _desk(rt, request, client, member)
        with frame.around(desk, page):
            if page.is_for(member):
                await _build(desk, page)
            else:
                client.status_code = 403
                parts.empty(desk.words("shell.page_not_permitted"), icon="lock")
        heartbeat.watch(desk)
        return None

    ui.page(page.path, response_timeout=_BUILD_SECONDS)(show)


async def _build(desk: Desk, page: Page) -> None:
    try:
        if desk.language == "en":
            async with desk.reading(by_itself=True) as session:
                desk.english = await directory.glossary(session)
        await page.build(desk)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person is told, and the log has it
        text = desk.refusal(error) or desk.words("shell.failed", number=desk.log(error))
        desk.client.status_code = 500
        parts.empty(text, icon="error_outline")


def _desk(rt: Runtime, request: Request, client: Client, member: StaffMember) -> Desk:
    path: dict[str, Any] = dict(request.path_params)
    desk = Desk(
        rt,
        client,
        member,
        Cookies.of(rt.settings).token(request),
        address_of(request),
        doctors_only=is_for_doctors(rt.settings, request),
        path=path,
        query=dict(request.query_params),
    )
    client.on_exception(desk.tell)
    return desk


async def member_of(rt: Runtime, request: Request) -> StaffMember | None:
    token = Cookies.of(rt.settings).token(request)
    if not token:
        return None
    async with rt.database.begin() as session:
        member = await login.member_of(session, token, rt.now())
    if member and is_for_doctors(rt.settings, request) and member.role is not Role.DOCTOR:
        return None
    return member


def _elsewhere(request: Request, page: Page, member: StaffMember | None) -> Response | None:
    if member is None:
        return RedirectResponse(f"/login?next={request.url.path}", 303)
    if member.must_change_password and page.path != _OWN_ACCOUNT:
        return RedirectResponse(_OWN_ACCOUNT, 303)
    return None
