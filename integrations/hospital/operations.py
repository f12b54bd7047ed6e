"""Effects exactly once: what a patient's message caused happens once, however often the message is handled."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Operation

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OperationKey:
    """Names one effect: the inbound message that asked for it, the action that ran, and which of its effects
    (with what it is about, when one action may do it for several things)."""

    message_id: str
    action: str
    operation: str


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
        if not await _claim(session, key):
            return await _stored(session, key)
        result = _as_stored(await effect())
        await session.execute(update(Operation).where(_is(key)).values(result=result))
        return result


async def _claim(session: AsyncSession, key: OperationKey) -> bool:
    claim = (
        insert(Operation)
        .values(message_id=key.message_id, action=key.action, operation=key.operation)
        .on_conflict_do_nothing()
        .returning(Operation.message_id)
    )
    return await session.scalar(claim) is not None


async def _stored(session: AsyncSession, key: OperationKey) -> Result:
    result: Result | None = await session.scalar(select(Operation.result).where(_is(key)))
    if result is None:
        raise RuntimeError(f"{key.action}/{key.operation} was asked for inside its own effect")
    return result


def _is(key: OperationKey) -> ColumnElement[bool]:
    return and_(
        Operation.message_id == key.message_id,
        Operation.action == key.action,
        Operation.operation == key.operation,
    )


def _as_stored(result: Result) -> Result:
    """What a repeat would read back, so that the first run and a repeat cannot differ."""
    stored: Result = json.loads(json.dumps(result))
    return stored
