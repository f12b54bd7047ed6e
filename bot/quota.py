"""The ledger of what a platform still lets us send by ourselves.

WeChat lets an account write only after the patient did something, and only so often: each trigger
grants a number of messages for a while (integrations.wechat names them). A new trigger of the same
kind starts its count anew. Telegram grants without limit and has no rows here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from integrations.channel import Channel, Rationed
from integrations.database import Executor
from integrations.messages import Kind

_TRIGGERS = {Kind.MENU: "menu", Kind.FOLLOW: "follow", Kind.SCAN: "scan"}
_SILENT = {Kind.UNFOLLOW, Kind.EVENT, Kind.SYSTEM, Kind.EDIT}

_USE = text("""
    UPDATE quotas SET remaining = remaining - 1
    WHERE (conversation_id, trigger) = (
        SELECT conversation_id, trigger FROM quotas
        WHERE conversation_id = :conversation AND remaining > 0 AND expires_at > :now
        ORDER BY expires_at LIMIT 1 FOR UPDATE)
    RETURNING trigger
""")
_GIVE_BACK = text("""
    UPDATE quotas SET remaining = least(remaining + 1, :most)
    WHERE conversation_id = :conversation AND trigger = :trigger
""")
# Not what the patient's next message granted while the platform was still answering.
_CLOSE = text("""
    UPDATE quotas SET remaining = 0
    WHERE conversation_id = :conversation AND trigger = :trigger AND expires_at <= :granted_by
""")


def quotas(channel: Channel) -> Mapping[str, tuple[int, timedelta]]:
    """What each trigger grants on this channel: messages and for how long. Empty: no limit."""
    return channel.quotas if isinstance(channel, Rationed) else {}


def grant(channel: Channel, kind: Kind) -> tuple[str, int, timedelta] | None:
    """What a patient's message of this kind grants: trigger, messages, duration."""
    if kind in _SILENT:
        return None
    trigger = _TRIGGERS.get(kind, "message")
    granted = quotas(channel).get(trigger)
    return (trigger, *granted) if granted else None


async def use(session: Executor, conversation_id: UUID, now: datetime) -> str | None:
    """Takes one message from the grant that ends first, and gives its trigger. None: nothing is left until
    the patient writes."""
    trigger: str | None = await session.scalar(_USE, {"conversation": conversation_id, "now": now})
    return trigger


async def give_back(session: Executor, conversation_id: UUID, trigger: str, channel: Channel) -> None:
    """The platform did not take the message: it cost nothing."""
    most, _ = quotas(channel)[trigger]
    await session.execute(_GIVE_BACK, {"conversation": conversation_id, "trigger": trigger, "most": most})


async def close(session: Executor, conversation_id: UUID, channel: Channel, asked_at: datetime) -> None:
    """The platform, which was asked then, says that the window is shut: believe it rather than the ledger."""
    for trigger, (_, lasting) in quotas(channel).items():
        row = {"conversation": conversation_id, "trigger": trigger, "granted_by": asked_at + lasting}
        await session.execute(_CLOSE, row)
