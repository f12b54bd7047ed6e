"""Two transactions one inside the other."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Not pg_stat_activity, of which a transaction sees one moment only.
_BLOCKED = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


async def waits_for(session: AsyncSession, other: asyncio.Task) -> None:
    """Until the other one has come to a lock that this session's transaction holds, or has ended without."""
    while not (other.done() or await session.scalar(_BLOCKED)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
