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


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page as an answer that no cache, search engine or other site gets to see."""
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
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'"
            ),
        },
    )
