"""Waiting until the program took an update."""

from __future__ import annotations

import asyncio
from typing import Any

from integrations.sandbox.telegram.updates import Delivery


async def taken(delivery: Delivery, seconds: float) -> dict[str, Any]:
    """How it fared so far; `taken` is false when the time was over before."""
    try:
        async with asyncio.timeout(seconds):
            await delivery.taken.wait()
    except TimeoutError:
        pass  # the answer says taken: false
    return delivery.as_json()
