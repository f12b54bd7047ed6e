"""Turns that came to nothing: a message waits for Rasa, or is tried again, until the patient gets an apology."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import outbox, texts
from bot.outbox import Reply
from integrations.runtime import Runtime

MAX_FAILURES = 3
RASA_PAUSE = timedelta(seconds=2)
PATIENCE = timedelta(seconds=20)  # after which a patient who waits for Rasa is told so, once
LONGEST_PAUSE = timedelta(seconds=5)  # of a message that waits to be answered

_POSTPONE = text("""
    UPDATE inbound SET retry_at = :retry_at WHERE id = :inbound AND status = 'pending'
    RETURNING kind <> 'system' AND received_at <= :long_ago
              AND NOT EXISTS (SELECT FROM outbound WHERE inbound_id = :inbound) AS to_tell
""")
_COUNT = text("""
    UPDATE inbound SET attempts = attempts + 1, retry_at = :retry_at,
           status = CASE WHEN attempts + 1 >= :most THEN 'failed' ELSE status END,
           done_at = CASE WHEN attempts + 1 >= :most THEN CAST(:now AS timestamptz) END
    WHERE id = :inbound AND status = 'pending' RETURNING status
""")


async def postpone(rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str) -> None:
    """The message waits. Who has waited for long is told so, before the answer and once: it holds the message's row, so
    that no answer of another worker comes between."""
    now = rt.now()
    async with rt.database.transaction() as session:
        pause = {"inbound": inbound.id, "retry_at": now + RASA_PAUSE, "long_ago": now - PATIENCE}
        row = (await session.execute(_POSTPONE, pause)).first()
        if row is None or not row.to_tell:
            return
        words = texts.say("bot_delayed", language=language, hospital_phone=rt.settings.hospital_phone)
        await outbox.queue(
            session,
            rt.crypto,
            conversation_id,
            [Reply(words)],
            epoch=inbound.epoch,
            inbound_id=inbound.id,
            first=outbox.BEFORE_THE_ANSWER,
        )


async def count_failure(rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str) -> bool:
    """Counts a real failure; after the last one the patient gets an apology. True: go on at once."""
    now = rt.now()
    async with rt.database.transaction() as session:
        status = await session.scalar(
            _COUNT,
            {
                "inbound": inbound.id,
                "most": MAX_FAILURES,
                "retry_at": now + timedelta(seconds=1 + inbound.attempts),
                "now": now,
            },
        )
        if status != "failed":
            return False
        await outbox.queue(
            session,
            rt.crypto,
            conversation_id,
            [apology(rt, language)],
            epoch=inbound.epoch,
            inbound_id=inbound.id,
            not_before=inbound.passive_until,
        )
    return True


def apology(rt: Runtime, language: str) -> Reply:
    return Reply(texts.say("bot_failure", language=language, hospital_phone=rt.settings.hospital_phone))
