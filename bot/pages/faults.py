"""What a patient sees when a page cannot be shown: plain words and the next step, never JSON and never a trace."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from bot.pages.reader import Answered
from bot.pages.rendering import tell
from bot.pages.speech import line, of_request

_PAGES = ("/p/", "/notice/")


def install(app: FastAPI) -> None:
    """The addresses of patients' pages; all others answer as before. A failure is still logged with its trace."""
    app.add_exception_handler(Answered, _answered)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _failed)


async def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, Answered)
    return error.response


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _is_page(request):
        return await http_exception_handler(request, error)
    return tell(
        request, of_request(request), "page_missing_title", line("page_missing"), status=error.status_code
    )


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
