"""A request's body, whose length need not be known before: what is too large is read no further."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import Message, Receive


class Body:
    """`most`: bytes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0

    async def read(self) -> Message:
        """Raises HTTPException (413)."""
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise HTTPException(413, "Too large.")
        return message
