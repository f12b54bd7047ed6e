"""Who speaks to the patient: bot → waiting → agent → bot. Every change raises the epoch, and what the bot made under
an earlier epoch is never sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bot.models import ControlState
from integrations.database import Executor

# From each state, the states it may change to.
TRANSITIONS: dict[ControlState, frozenset[ControlState]] = {
    ControlState.BOT: frozenset({ControlState.WAITING, ControlState.AGENT}),
    ControlState.WAITING: frozenset({ControlState.AGENT, ControlState.BOT}),
    ControlState.AGENT: frozenset({ControlState.BOT, ControlState.WAITING}),
}


class NotAllowed(Exception):
    """Control cannot change this way."""


_LOCK = text("SELECT state, epoch FROM controls WHERE conversation_id = :id FOR UPDATE")
_CHANGE = text("""
    UPDATE controls SET state = :state, epoch = epoch + 1, changed_at = :now
    WHERE conversation_id = :id RETURNING epoch
""")


async def hold(session: Executor, conversation_id: UUID) -> int:
    """Locks who speaks until the end of the transaction, and gives the epoch."""
    return int((await session.execute(_LOCK, {"id": conversation_id})).one().epoch)


async def change_control(session: Executor, conversation_id: UUID, to: ControlState, now: datetime) -> int:
    """Hands control on and gives the new epoch. Changing to the present state changes nothing.

    Raises NotAllowed.
    """
    current = (await session.execute(_LOCK, {"id": conversation_id})).one()
    if current.state == to:
        return int(current.epoch)
    if to not in TRANSITIONS[ControlState(current.state)]:
        raise NotAllowed(f"{current.state} → {to}")
    return int(await session.scalar(_CHANGE, {"id": conversation_id, "state": to.value, "now": now}))
