"""The desk of a test in a real browser, with the test's own database and clock behind it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from playwright.async_api import Page, async_playwright, expect

from tests.bot.desk.conftest import HOST, Visitor, made
from tests.browser.phone import FLAGS

PATIENCE = 60_000  # milliseconds, on a busy machine


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """The desk of these tests on a port of its own."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(made(), lifespan="off", log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[place]))
        try:
            yield place.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def browsed(
    visitor: Visitor, port: int, *, width: int = 1280, height: int = 720
) -> AsyncIterator[Page]:
    """A page of Chromium that is logged in."""
    name = HOST.removeprefix("http://")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, f"--host-resolver-rules=MAP {name}:80 127.0.0.1:{port}"],
        )
        context = await browser.new_context(viewport={"width": width, "height": height})
        await context.add_cookies([{"name": "desk", "value": visitor.token, "url": HOST}])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        await browser.close()
