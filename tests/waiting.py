"""Waiting for what another task or a server in this process does, which tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], object], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - that is what it is for
            await asyncio.sleep(0.01)
