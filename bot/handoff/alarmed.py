"""A red flag brings its patient to the front of the queue for a person; the bot goes on answering meanwhile. The
alarm's own page goes to those on call (bot.paging)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bot.handoff.limits import limits
from integrations.database import Executor

# Whose doctor has not accepted a consultation yet is not left to that doctor alone: whoever is there is asked. The
# consultation goes on waiting in the doctor's own list. A message that was left for the morning waits for it no longer;
# it counts from now on, or the time that it lay there would count as nobody's having come.
# Nothing here waits for a member of staff who holds the talk just now: the alarm's answer is in this transaction.
_RAISE = text("""
    WITH raised AS (
        UPDATE talks SET priority = greatest(priority, :priority),
               skill = CASE WHEN consultation_id IS NULL THEN skill ELSE 'service' END,
               reason = CASE WHEN consultation_id IS NULL THEN reason ELSE 'alarm' END,
               staff_id = CASE WHEN consultation_id IS NULL THEN staff_id END,
               assigned_at = CASE WHEN consultation_id IS NULL THEN assigned_at END,
               department_id = CASE WHEN consultation_id IS NULL THEN department_id END,
               wanted_staff_id = CASE WHEN consultation_id IS NULL THEN wanted_staff_id END,
               consultation_id = NULL, opens_at = NULL,
               requested_at = CASE WHEN consultation_id IS NULL AND opens_at IS NULL THEN requested_at ELSE :now END
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
