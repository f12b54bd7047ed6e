"""A red flag brings its patient to the front of the queue for a person; the bot goes on answering meanwhile. The
alarm's own page goes to those on call (bot.paging)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bot.handoff.limits import limits
from integrations.database import Executor

# Nothing here waits for a member of staff who holds the talk just now: the alarm's answer is in this transaction.
_RAISE = text("""
    WITH raised AS (
        UPDATE talks SET priority = greatest(priority, :priority)
        WHERE id IN (SELECT id FROM talks WHERE conversation_id = :conversation
                       AND status IN ('waiting', 'unanswered') FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO talks (conversation_id, skill, reason, status, priority, epoch, requested_at)
    SELECT conversation_id, 'service', 'alarm', 'unanswered', :priority, epoch, :now
    FROM controls WHERE conversation_id = :conversation
    ON CONFLICT DO NOTHING
""")


async def to_the_front(session: Executor, conversation_id: UUID, now: datetime) -> None:
    row = {"conversation": conversation_id, "priority": limits().head_start["alarm"], "now": now}
    await session.execute(_RAISE, row)
