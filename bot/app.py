"""The gateway's wiring: webhooks, patient pages, health, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import FastAPI

from bot import first_aid, health, pages, paging, parcels, payments, red_flags, webhooks
from bot.turn_news import TurnNews
from bot.wake import Waker
from integrations import connections
from integrations.logs import configure_logs
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings

log = structlog.get_logger()

PAGING_SECONDS = 10.0  # between two looks for staff whom nobody has called yet


def app() -> FastAPI:
    """The gateway as a process starts it (uvicorn --factory)."""
    configure_logs()
    return create_app(Settings())


def create_app(settings: Settings, runtime: Runtime | None = None) -> FastAPI:
    """The gateway. A runtime that is given stays open when the gateway stops."""

    @asynccontextmanager
    async def lifespan(gateway: FastAPI) -> AsyncIterator[None]:
        if runtime:
            async with serving(gateway, runtime):
                yield
        else:
            opening = open_runtime(settings, pools=connections.GATEWAY, process="gateway")
            async with opening as rt, serving(gateway, rt):
                yield

    gateway = FastAPI(
        title="daozhen gateway", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    gateway.include_router(payments.router)  # before the channels', whose address takes any name
    gateway.include_router(parcels.router)
    gateway.include_router(webhooks.router)
    gateway.include_router(health.router)
    gateway.include_router(pages.router)
    pages.faults.install(gateway)
    return gateway


@asynccontextmanager
async def serving(gateway: FastAPI, rt: Runtime) -> AsyncIterator[None]:
    """The gateway works on this runtime inside the block."""
    background = webhooks.Background()
    red_flags.get_ready()
    first_aid.get_ready(
        rt.settings
    )  # a fault in rules, places, numbers or texts stops the start, not an alarm
    async with TurnNews(rt.redis).listening() as news, paging_staff(rt):
        gateway.state.runtime = rt
        gateway.state.news = news
        gateway.state.background = background
        gateway.state.waker = Waker(rt.redis)
        yield
        await background.finish()


@asynccontextmanager
async def paging_staff(rt: Runtime) -> AsyncIterator[None]:
    """Pages what becomes due inside the block: the worker, which does so too, may be down. What was begun is ended."""
    over = asyncio.Event()
    paging_now = asyncio.create_task(_page_until(over, rt))
    try:
        yield
    finally:
        over.set()
        await paging_now


async def _page_until(over: asyncio.Event, rt: Runtime) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), PAGING_SECONDS)
            return
        try:
            await paging.page(rt)
        except Exception:  # whatever it was, the next look comes in seconds
            log.exception("nobody could be paged")
