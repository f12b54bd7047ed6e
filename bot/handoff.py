"""Who speaks to the patient: bot → waiting → agent → bot. Every change raises the epoch, and what was
made under an earlier epoch is never sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.models import ControlState
from integrations.hospital import ratings
from integrations.hospital.models import SubjectKind

# From each state, the states it may change to.
TRANSITIONS: dict[ControlState, frozenset[ControlState]] = {
    ControlState.BOT: frozenset({ControlState.WAITING, ControlState.AGENT}),
    ControlState.WAITING: frozenset({ControlState.AGENT, ControlState.BOT}),
    ControlState.AGENT: frozenset({ControlState.BOT, ControlState.WAITING}),
}


class NotAllowed(Exception):
    """Control cannot change this way."""


_ACCOUNT = text("SELECT account_id FROM contacts WHERE id = :id")
_LOCK = text("SELECT state, epoch FROM controls WHERE conversation_id = :id FOR UPDATE")
_CHANGE = text("""
    UPDATE controls SET state = :state, epoch = epoch + 1, changed_at = :now
    WHERE conversation_id = :id RETURNING epoch
""")


async def change_control(
    session: AsyncSession, conversation_id: UUID, to: ControlState, now: datetime
) -> int:
    """Hands control on and gives the new epoch. Changing to the present state changes nothing.

    Raises NotAllowed.
    """
    current = (await session.execute(_LOCK, {"id": conversation_id})).one()
    if current.state == to:
        return int(current.epoch)
    if to not in TRANSITIONS[ControlState(current.state)]:
        raise NotAllowed(f"{current.state} → {to}")
    changed = await session.execute(_CHANGE, {"id": conversation_id, "state": to, "now": now})
    epoch = int(changed.scalar_one())
    if current.state == ControlState.AGENT and to == ControlState.BOT:
        await _ask_what_it_was_like(session, conversation_id, epoch, now)
    return epoch


async def _ask_what_it_was_like(
    session: AsyncSession, conversation_id: UUID, epoch: int, now: datetime
) -> None:
    """A person has helped: the patient is asked for a rating once the talk rests."""
    account_id = await session.scalar(_ACCOUNT, {"id": conversation_id})
    help_id = uuid5(conversation_id, str(epoch))  # a help has no row of its own: its end names it
    await ratings.ask(session, SubjectKind.AGENT, help_id, account_id, conversation_id, now)
