"""One way to render a page, with headers that keep its content to itself."""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.pages.speech import Line, Speech


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    request: Request,
    template: str,
    speech: Speech,
    *,
    status: int = 200,
    scripts: str = "",
    own_script: bool = False,
    referrer: str = "no-referrer",
    **values: Any,
) -> HTMLResponse:
    """The page as an answer that no cache, search engine or other site gets to see. `scripts` is the one origin
    whose script it loads (WeChat's), with what that script needs of its own; `own_script`: it has one of its own.
    `referrer` is the page's referrer policy. Templates say the catalogue's texts by `say(key, …)` and `read(line)`."""
    nonce = secrets.token_urlsafe(12)
    settings = request.app.state.runtime.settings
    body = (
        _environment()
        .get_template(template)
        .render(
            nonce=nonce,
            language=speech.language,
            say=speech.say,
            read=speech.read,
            hospital_name=speech.write(settings.hospital_name_in(speech.language)),
            hospital_phone=settings.hospital_phone,
            **values,
        )
    )
    return HTMLResponse(
        body,
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            "Referrer-Policy": referrer,
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _policy(
                nonce, scripts, settings.pages_framed_by, own_script=own_script
            ),
        },
    )


def tell(
    request: Request,
    speech: Speech,
    title: str,
    words: Line,
    *,
    status: int = 200,
    done: bool = False,
    onward: tuple[str, str] | None = None,
) -> HTMLResponse:
    """A page that says one thing; `title` is a text of the catalogue. `done`: all went well, and is seen at once.
    `onward`: a link, and what stands on it."""
    return render(
        request,
        "notice.html",
        speech,
        status=status,
        title=speech.say(title),
        words=speech.read(words),
        done=done,
        onward=onward,
    )


def _policy(nonce: str, scripts: str, framed_by: str, *, own_script: bool) -> str:
    """What the page may load: its own style, its pictures and script, and with WeChat's script what that brings
    along. Whoever shows the page in a frame could have its buttons pressed unseen."""
    closed = f"form-action 'self'; base-uri 'none'; frame-ancestors {framed_by or "'none'"}"
    if not scripts:
        running = f"script-src 'nonce-{nonce}'; connect-src 'self'; " if own_script else ""
        return f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; {running}{closed}"
    theirs = f"{scripts} https://*.qq.com"
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' {theirs}; style-src 'unsafe-inline'; "
        f"connect-src 'self' {theirs}; img-src data: {theirs}; frame-src {theirs} weixin:; {closed}"
    )


def to_page(path: str) -> Response:
    """After something was done: the browser fetches the page that shows it, and does nothing twice."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})
