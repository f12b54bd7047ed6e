"""The desk's wiring: logging in, pages, the door before them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from nicegui import core, ui
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from bot.desk import login, pages, showing, socket, theme
from bot.desk.desk import SessionOver
from bot.desk.door import Door
from bot.desk.heartbeat import Heartbeat
from bot.desk.registry import said_of
from bot.desk.talks import media
from bot.desk.talks.hub import Hub
from bot.desk.words import catalogue
from bot.desk.work import case_media
from integrations import connections
from integrations.hospital.staff.permissions import NotPermitted
from integrations.logs import configure_logs
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings

STATIC = Path(__file__).with_name("static")
RECONNECT_SECONDS = 20  # a browser whose network drops has so long until its page is made anew


def app() -> ASGIApp:
    """The desk as a process starts it (uvicorn --factory)."""
    configure_logs()
    logging.getLogger("nicegui").addFilter(_is_ours_to_say)
    return create_desk(Settings())


def create_desk(settings: Settings) -> ASGIApp:
    """The desk with the door before it. NiceGUI has its pages once in a process."""
    catalogue()  # a fault in the words stops the start
    pages.load()

    @asynccontextmanager
    async def lifespan(inner: FastAPI) -> AsyncIterator[None]:
        opening = open_runtime(settings, pools=connections.DESK, process="desk")
        async with opening as rt, serving(inner, rt):
            yield

    desk = FastAPI(title="daozhen desk", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    desk.include_router(login.router)
    desk.include_router(media.router)
    desk.include_router(case_media.router)
    desk.include_router(theme.router)
    desk.mount("/static", StaticFiles(directory=STATIC))
    _health(desk)
    showing.install(desk)
    ui.run_with(
        desk,
        title=settings.hospital_name,
        favicon=STATIC / "desk.svg",
        dark=None,  # as the machine has it
        reconnect_timeout=RECONNECT_SECONDS,
        binding_refresh_interval=None,
        gzip_middleware_factory=None,  # the door must read the pages
        tailwind=False,
        show_welcome_message=False,
    )
    socket.hold_to_their_pages(core.sio)
    return GZipMiddleware(Door(desk, settings), minimum_size=1000)


@asynccontextmanager
async def serving(desk: FastAPI, rt: Runtime) -> AsyncIterator[None]:
    """The desk's pages work on this runtime inside the block; one at a time."""
    desk.state.runtime = rt
    async with Heartbeat(rt).beating() as heartbeat, Hub(rt, heartbeat.session_ended).at_work():
        yield


def _health(desk: FastAPI) -> None:
    @desk.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @desk.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        """200 when Postgres answers; without Redis the desk works, a little later."""
        rt: Runtime = desk.state.runtime
        try:
            async with rt.database.begin() as session:
                await session.execute(text("SELECT 1 FROM staff LIMIT 1"))
        except (SQLAlchemyError, OSError):
            return JSONResponse({"postgres": False}, 503)
        return JSONResponse({"postgres": True})


def _is_ours_to_say(record: logging.LogRecord) -> bool:
    """What a page's handler raises, NiceGUI logs as a failure. What is a refusal, `Desk.tell` has told."""
    raised = record.exc_info[1] if record.exc_info else None
    refused = isinstance(raised, SessionOver | NotPermitted) or (
        isinstance(raised, Exception) and said_of(raised) is not None
    )
    return not refused
