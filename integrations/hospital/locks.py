"""Locks on things that are not rows yet."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def lock(session: AsyncSession, *names: str) -> None:
    """Waits until no other transaction holds any of these names; held until this transaction ends."""
    for name in sorted(names):
        await session.execute(_LOCK, {"name": name})


async def lock_indexes(session: AsyncSession, kind: str, indexes: list[bytes]) -> None:
    """The same for a personal value, known by its index under every key of the ring. Under all of them: while keys
    are rotated two processes may differ in the newest and the oldest, but always share one."""
    await lock(session, *(f"{kind}:{index.hex()}" for index in indexes))
