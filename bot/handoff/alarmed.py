"""A red flag brings its patient to the front of the queue for a person; the bot goes on answering meanwhile. The
alarm's own page goes to those on call (bot.paging).

The alarm's answer is in the same transaction: nothing here waits for a member of staff who holds the talk just now.
What was left undone for that is done by the sweep.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bot.handoff.limits import limits
from integrations.database import Executor

_LATELY = timedelta(hours=1)
# Whoever inserts a talk beside one that somebody inserts or changes just now would wait for them.
_BEGINS = "xact_lock(hashtextextended('talk:' || CAST(:conversation AS text), 0))"
# Whose doctor has not accepted a consultation yet is not left to that doctor alone: whoever is there is asked. The
# consultation goes on waiting in the doctor's own list. A message that was left for the morning waits for it no longer;
# it counts from now on, or the time that it lay there would count as nobody's having come.
_RAISE = text(f"""
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
      AND NOT EXISTS (SELECT FROM talks
                      WHERE conversation_id = :conversation AND status IN ('waiting', 'active', 'unanswered'))
      AND pg_try_advisory_{_BEGINS}
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - pieces of our own
_BEGIN = text(f"SELECT pg_advisory_{_BEGINS}")
_LEFT_UNDONE = text("""
    SELECT DISTINCT conversation_id FROM alarms
    WHERE page_at > :since AND acknowledged_at IS NULL AND outcome IN ('emergency', 'crisis')
      AND NOT EXISTS (
          SELECT FROM talks WHERE talks.conversation_id = alarms.conversation_id
            AND (status = 'active' OR status IN ('waiting', 'unanswered') AND priority >= :priority
                 OR ended_at >= last_at))
""")


async def to_the_front(session: Executor, conversation_id: UUID, now: datetime) -> None:
    row = {"conversation": conversation_id, "priority": limits().head_start["alarm"], "now": now}
    await session.execute(_RAISE, row)


async def begin(session: Executor, conversation_id: UUID) -> None:
    """Before a talk is begun in a transaction that may last: a red flag that comes meanwhile does not begin another."""
    await session.execute(_BEGIN, {"conversation": conversation_id})


async def catch_up(session: Executor, now: datetime) -> list[UUID]:
    """Brings those to the front whose talk was held when the red flag came. Gives their conversations."""
    row = {"since": now - _LATELY, "priority": limits().head_start["alarm"]}
    found = [one.conversation_id for one in await session.execute(_LEFT_UNDONE, row)]
    for conversation_id in found:
        await to_the_front(session, conversation_id, now)
    return found
