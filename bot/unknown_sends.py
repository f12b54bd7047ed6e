"""Messages of unknown fate (they left, and no answer came): staff read them, say them again, or let them be. What the
patient hears again inside their next answer (bot.outbox.repeat_unknown) leaves the list by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from integrations.crypto import Crypto
from integrations.hospital import audit

LISTED_FOR = timedelta(days=7)  # what is older is no news to anybody


class NotUnknown(LookupError):
    """No message of unknown fate has this id (any more)."""


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """`patient` is masked, the account's owner; `notice`: the kind of news, where it is some."""

    id: UUID
    conversation_id: UUID
    channel: str
    patient: str
    notice: str | None
    error: str | None
    sent_at: datetime


_LIST = text("""
    SELECT o.id, o.conversation_id, c.channel, coalesce(pt.masked_name, '-') AS patient, o.notice, o.error,
           coalesce(o.claimed_at, o.created_at) AS sent_at
    FROM outbound o JOIN contacts c ON c.id = o.conversation_id
    LEFT JOIN account_patients ap ON ap.account_id = c.account_id AND ap.relation = 'self'
    LEFT JOIN patients pt ON pt.id = ap.patient_id
    WHERE o.status = 'unknown' AND o.repeated_at IS NULL AND coalesce(o.claimed_at, o.created_at) > :since
    ORDER BY sent_at, o.id LIMIT :limit
""")
_ONE = text("SELECT content FROM outbound WHERE id = :id AND status = 'unknown' AND repeated_at IS NULL")
_SETTLE = text("""
    UPDATE outbound SET repeated_at = :now WHERE id = :id AND status = 'unknown' AND repeated_at IS NULL
    RETURNING conversation_id
""")
# What a person or an alarm said is theirs again: it leaves whoever speaks by now.
_AGAIN = text("""
    INSERT INTO outbound (conversation_id, content, epoch, exempt, notice, about, talk_id, staff_id)
    SELECT conversation_id, content, :epoch, exempt, notice, about, talk_id, staff_id FROM outbound WHERE id = :id
""")
_EPOCH = text("SELECT epoch FROM controls WHERE conversation_id = :id FOR SHARE")


async def listed(session: AsyncSession, now: datetime, limit: int = 200) -> list[UnknownSend]:
    """The oldest first."""
    rows = await session.execute(_LIST, {"since": now - LISTED_FOR, "limit": limit})
    return [UnknownSend(*row) for row in rows]


async def read(session: AsyncSession, crypto: Crypto, outbound_id: UUID, *, actor: str, reason: str) -> str:
    """Its words; the audit log keeps who read them, and why. Raises NotUnknown."""
    content = await session.scalar(_ONE, {"id": outbound_id})
    if content is None:
        raise NotUnknown
    await _audit(session, actor, "message_read", outbound_id, reason)
    return outbox.unseal(crypto, content).text


async def say_again(
    session: AsyncSession, outbound_id: UUID, *, actor: str, reason: str, now: datetime
) -> UUID:
    """Queues it once more, at most once; the patient may read it twice. Gives the conversation, to be woken after the
    commit. Raises NotUnknown."""
    found = (await session.execute(_SETTLE, {"id": outbound_id, "now": now})).one_or_none()
    if found is None:
        raise NotUnknown
    conversation: UUID = found.conversation_id
    epoch = int((await session.execute(_EPOCH, {"id": conversation})).scalar_one())
    await session.execute(_AGAIN, {"id": outbound_id, "epoch": epoch})
    await _audit(session, actor, "message_said_again", outbound_id, reason)
    return conversation


async def let_be(session: AsyncSession, outbound_id: UUID, *, actor: str, reason: str, now: datetime) -> None:
    """The patient knows it (was called), or need not. Raises NotUnknown."""
    if (await session.execute(_SETTLE, {"id": outbound_id, "now": now})).one_or_none() is None:
        raise NotUnknown
    await _audit(session, actor, "message_settled", outbound_id, reason)


async def _audit(session: AsyncSession, actor: str, action: str, outbound_id: UUID, reason: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"outbound:{outbound_id}",
        detail={"reason": reason[:200]},
    )
