"""Effects exactly once: what a patient's message caused happens once, however often the message is handled."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OperationKey:
    """Names one effect: the inbound message that asked for it, the action that ran, and which of its effects
    (with what it is about, when one action may do it for several things)."""

    message_id: str
    action: str
    operation: str


_CLAIM = text("""
    INSERT INTO operations (message_id, action, operation) VALUES (:message_id, :action, :operation)
    ON CONFLICT DO NOTHING RETURNING true
""")
_KEEP = text("""
    UPDATE operations SET result = CAST(:result AS jsonb)
    WHERE message_id = :message_id AND action = :action AND operation = :operation
""")
_KEPT = text("""
    SELECT result FROM operations
    WHERE message_id = :message_id AND action = :action AND operation = :operation
""")


async def once(
    session: AsyncSession, key: OperationKey | None, effect: Callable[[], Awaitable[Result]]
) -> Result:
    """Runs `effect` unless it ran under this key before; then its stored result is given again.

    The result must be JSON and hold no personal values. All stands in the caller's transaction: when that rolls
    back, nothing has happened and the key is free. When `effect` raises, its writes are undone (a savepoint) and
    the key is free, also if the caller catches the error and commits. A concurrent repeat waits for the first.
    Without a key (callers that have a guard of their own) the effect just runs, in its savepoint.
    """
    async with session.begin_nested():
        if key is None:
            return _as_stored(await effect())
        values = asdict(key)
        if not await session.scalar(_CLAIM, values):
            return await _kept(session, key)
        result = _as_stored(await effect())
        await session.execute(_KEEP, {**values, "result": json.dumps(result)})
        return result


async def _kept(session: AsyncSession, key: OperationKey) -> Result:
    result: Result | None = await session.scalar(_KEPT, asdict(key))
    if result is None:
        raise RuntimeError(f"{key.action}/{key.operation} was asked for inside its own effect")
    return result


def _as_stored(result: Result) -> Result:
    """What a repeat would read back, so that the first run and a repeat cannot differ."""
    stored: Result = json.loads(json.dumps(result))
    return stored
