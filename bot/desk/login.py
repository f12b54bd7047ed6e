"""Logging in and out: plain pages without a script, before anything of NiceGUI is loaded."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.cookies import Cookies, Step
from bot.desk.door import hosts
from bot.desk.theme import chosen, inside
from bot.desk.words import LANGUAGES, Words
from integrations.hospital.models import Role, StaffMember
from integrations.hospital.staff import login, second_factor
from integrations.runtime import Runtime
from integrations.settings import Settings

router = APIRouter(include_in_schema=False)
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=select_autoescape()
)
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_LANGUAGE = "desk-language"  # of this browser, until somebody is logged in
Typed = Annotated[str, Form(max_length=500)]


@router.get("/login")
async def ask_password(request: Request, next: str = "", over: bool = False) -> Response:  # noqa: A002
    refused = "shell.session_over" if over else ""
    return _page(request, "login.html", refused=refused, onward=inside(next))


@router.post("/login")
async def take_password(
    request: Request, name: Typed = "", password: Typed = "", onward: Typed = ""
) -> Response:
    rt = _runtime(request)
    address = address_of(request)
    only = Role.DOCTOR if is_for_doctors(rt.settings, request) else None
    async with rt.database.begin() as session:
        session.info["address"] = address
        member = await login.check_password(session, name, password, address, rt.now(), only=only)
    if member is None:
        return _page(request, "login.html", 401, refused="shell.login_refused", onward=inside(onward))
    answer = RedirectResponse("/login/code?next=" + inside(onward), 303)
    _cookies(request).set_step(answer, Step(member.id, rt.now()).seal(rt.crypto))
    return answer


@router.get("/login/code")
async def ask_code(request: Request, next: str = "") -> Response:  # noqa: A002
    async with _runtime(request).database.begin() as session:
        member = await _whose_password(request, session)
        if member is None:
            return _again(request)
        return _code_page(request, member, inside(next))


@router.post("/login/code")
async def take_code(request: Request, code: Typed = "", onward: Typed = "") -> Response:
    rt, cookies = _runtime(request), _cookies(request)
    address = address_of(request)
    async with rt.database.begin() as session:
        session.info["address"] = address
        waiting = await _whose_password(request, session)
        if waiting is None:
            return _again(request)
        member = await login.check_code(session, rt.crypto, waiting.id, code, address, rt.now())
        if member is None:
            return _code_page(request, waiting, inside(onward), refused=True)
        if await _whose_password(request, session) is None:  # changed while the member's row was waited for
            return _again(request)
        if old := cookies.token(request):  # never goes on under an id from before
            await login.end_session(session, old)
        token = await login.open_session(session, member, address, rt.now())
    answer = RedirectResponse("/account" if member.must_change_password else inside(onward) or "/", 303)
    cookies.set_session(answer, token)
    cookies.clear(answer, cookies.step)
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    cookies = _cookies(request)
    async with _runtime(request).database.begin() as session:
        session.info["address"] = address_of(request)
        await login.end_session(session, cookies.token(request))
    answer = RedirectResponse("/login", 303)
    cookies.clear(answer, cookies.session)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@router.get("/login/language")
async def change_language(to: str) -> Response:
    answer = RedirectResponse("/login", 303)
    if to in LANGUAGES:
        answer.set_cookie(_LANGUAGE, to, max_age=365 * 86400, httponly=True, samesite="strict")
    return answer


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def is_for_doctors(settings: Settings, request: Request) -> bool:
    """Whether it came by the name that is published to doctors off the staff's network."""
    return hosts(settings).get(request.headers.get("host", "").lower(), False)


def _is_shut(request: Request, member: StaffMember) -> bool:
    return is_for_doctors(_runtime(request).settings, request) and member.role is not Role.DOCTOR


async def _whose_password(request: Request, session: AsyncSession) -> StaffMember | None:
    rt = _runtime(request)
    step = Step.open(rt.crypto, request.cookies.get(_cookies(request).step, ""), rt.now())
    if step is None:
        return None
    member = await session.get(StaffMember, step.staff_id)
    stands = member and member.active and member.password_changed_at <= step.at
    return member if stands and member and not _is_shut(request, member) else None


def _code_page(request: Request, member: StaffMember, onward: str, *, refused: bool = False) -> Response:
    values: dict[str, Any] = {"onward": onward, "refused": "shell.login_refused" if refused else ""}
    if member.totp_confirmed_at is None:
        rt = _runtime(request)
        secret = second_factor.enrol(rt.crypto, member)
        values |= {
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            "picture": _picture(second_factor.address_for_phone(secret, member, rt.settings.hospital_name)),
        }
    return _page(request, "code.html", 401 if refused else 200, **values)


def _picture(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=2, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()


def _again(request: Request) -> Response:
    answer = _page(request, "login.html", 401, refused="shell.step_over")
    cookies = _cookies(request)
    cookies.clear(answer, cookies.step)
    return answer


def _page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    words = Words(request.cookies.get(_LANGUAGE, LANGUAGES[0]))
    settings = _runtime(request).settings
    other = next(one for one in LANGUAGES if one != words.language)
    theme = chosen(request.cookies)
    values = {"refused": "", "onward": "", "other": other, "theme": theme, **values}
    hospital = settings.hospital_name_in(words.language)
    page = _pages.get_template(template).render(words=words, hospital=hospital, **values)
    return HTMLResponse(page, status, {"Content-Security-Policy": _POLICY})


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def _cookies(request: Request) -> Cookies:
    return Cookies.of(_runtime(request).settings)
