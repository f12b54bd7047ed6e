"""What a patient sees when a page cannot be shown: plain words and the next step, never JSON and never a trace. What
is too large for a form is read no further."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.body import Body
from bot.pages.reader import Answered
from bot.pages.rendering import tell
from bot.pages.speech import line, of_request

_PAGES = ("/p/", "/notice/")
_UNREADABLE = (400, 413)
_LARGEST_FORM = 64 * 1024  # bytes; all that a follow-up asks, written to the full, takes a third of it


def install(app: FastAPI) -> None:
    """The addresses of patients' pages; all others answer as before. A failure is still logged with its trace."""
    app.add_exception_handler(Answered, _answered)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(_Measured)


class _Measured:
    """Forms are read into memory before anything is looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and scope["path"].startswith(_PAGES)
        await self._app(scope, Body(receive, _LARGEST_FORM).read if page else receive, send)


async def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, Answered)
    return error.response


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _is_page(request):
        return await http_exception_handler(request, error)
    what = "page_unreadable" if error.status_code in _UNREADABLE else "page_missing"
    return tell(request, of_request(request), f"{what}_title", line(what), status=error.status_code)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not _is_page(request):
        return await request_validation_exception_handler(request, error)
    return tell(request, of_request(request), "page_unreadable_title", line("page_unreadable"), status=422)


async def _failed(request: Request, error: Exception) -> Response:
    if not _is_page(request):
        return PlainTextResponse("Internal Server Error", status_code=500)
    phone = request.app.state.runtime.settings.hospital_phone
    words = line("page_failure", phone=phone)
    return tell(request, of_request(request), "page_failure_title", words, status=500)


def _is_page(request: Request) -> bool:
    return request.url.path.startswith(_PAGES)
