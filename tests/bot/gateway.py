"""The gateway in this process. Its routes are made once: that takes longer than most requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI

from bot.app import create_app, serving
from integrations.runtime import Runtime
from integrations.settings import Settings


@cache
def _routes() -> FastAPI:
    return create_app(Settings(_env_file=None))


@asynccontextmanager
async def gateway_on(rt: Runtime) -> AsyncIterator[FastAPI]:
    """Serves this runtime; one at a time."""
    async with serving(_routes(), rt):
        yield _routes()


def operations(method: str, below: str) -> list[str]:
    """The addresses below this path that answer to a method ("post"), as their routes are written."""
    known = _routes().openapi()["paths"]
    return [path for path, methods in known.items() if path.startswith(below) and method in methods]
