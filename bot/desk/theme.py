"""Light or dark: as the machine has it, unless this browser was told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from nicegui import ui

Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = ("system", "light", "dark")
_COOKIE = "desk-theme"
router = APIRouter(include_in_schema=False)


def inside(path: str) -> str:
    """The path, where it leads to a page of our own."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and not path.startswith("/log") else ""


def chosen(cookies: Mapping[str, str]) -> Theme:
    found = cookies.get(_COOKIE, "")
    return next((one for one in THEMES if one == found), "system")


def apply(theme: Theme) -> None:
    """On the page that is being built, which follows the machine by itself."""
    if theme != "system":
        ui.dark_mode(theme == "dark")


def way_to(theme: str, page: str) -> str:
    """The address that chooses it and leads back."""
    return f"/theme?to={theme}&next={quote(page)}"


@router.get("/theme")
async def change(to: str, next: str = "") -> Response:  # noqa: A002
    answer = RedirectResponse(inside(next) or "/", 303)
    if to in THEMES:
        answer.set_cookie(_COOKIE, to, max_age=365 * 86400, httponly=True, samesite="strict")
    return answer
