"""One way to render a page, with headers that keep its content to itself."""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined


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
    request: Request, template: str, *, status: int = 200, scripts: str = "", **values: Any
) -> HTMLResponse:
    """The page as an answer that no cache, search engine or other site gets to see. `scripts` is the one origin
    whose script it loads (WeChat's), with what that script needs of its own."""
    nonce = secrets.token_urlsafe(12)
    settings = request.app.state.runtime.settings
    body = (
        _environment()
        .get_template(template)
        .render(
            nonce=nonce,
            hospital_name=settings.hospital_name,
            hospital_phone=settings.hospital_phone,
            **values,
        )
    )
    return HTMLResponse(
        body,
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _policy(nonce, scripts),
        },
    )


def _policy(nonce: str, scripts: str) -> str:
    """What the page may load: its own style, and with WeChat's script what that brings along."""
    if not scripts:
        return f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'"
    theirs = f"{scripts} https://*.qq.com"
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' {theirs}; style-src 'unsafe-inline'; "
        f"connect-src {theirs}; img-src data: {theirs}; frame-src {theirs}; form-action 'self'; base-uri 'none'"
    )
