"""Messages that come all at once are stored before answers to the first of them are fetched: what is not stored yet
can be lost, what is answered half a second later cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MANY = 20  # messages being stored at once, from which on answers wait
_LONGEST = 1.0  # seconds that an answer waits


class Rush:
    """Counts what one gateway stores at this moment."""

    def __init__(self) -> None:
        self._storing = 0
        self._over = asyncio.Event()
        self._over.set()

    @contextmanager
    def storing(self) -> Iterator[None]:
        self._storing += 1
        if self._storing >= MANY:
            self._over.clear()
        try:
            yield
        finally:
            self._storing -= 1
            if self._storing < MANY:
                self._over.set()

    async def over(self, seconds: float) -> None:
        """Waits until no longer many are being stored; at most so long, and a second at the very most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(seconds, _LONGEST))):
                await self._over.wait()
