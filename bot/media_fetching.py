"""Fetching what patients send besides words: at once, for WeChat keeps it for three days only; again after a while
when the platform does not answer; and with a word to the patient when it never will."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import Row, text

from bot import inbox, media, outbox, texts
from bot.outbox import Reply
from bot.wake import tell_desk
from integrations.channel import FetchMedia, Rejected, SendError, TooLarge
from integrations.media_types import KEPT, media_type
from integrations.messages import Kind
from integrations.runtime import Runtime

log = structlog.get_logger()

MAX_ATTEMPTS = 12  # about an hour and a half of a platform that does not answer
LEASE = timedelta(minutes=2)  # after which another worker takes up what one left lying
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)

FETCHED = Counter("daozhen_media_total", "What patients sent besides words", ["outcome"])

_TAKE = text("""
    UPDATE media SET attempts = media.attempts + 1, retry_at = :lease
    FROM inbound JOIN contacts ON contacts.id = inbound.conversation_id
    WHERE media.id = :id AND media.status = 'waiting' AND media.retry_at <= :now AND inbound.id = media.inbound_id
    RETURNING media.id, media.attempts, media.conversation_id, inbound.kind, inbound.content,
              contacts.channel AS channel
""")
_STORE = text("""
    UPDATE media SET status = 'stored', content = :content, mime = :mime, size = :size, sha256 = :sha256,
           stored_at = :now, error = NULL
    WHERE id = :id AND status = 'waiting'
""")
_RETRY = text("UPDATE media SET retry_at = :retry_at, error = :error WHERE id = :id AND status = 'waiting'")
_FAIL = text("""
    UPDATE media SET status = 'failed', error = :error WHERE id = :id AND status = 'waiting' RETURNING id
""")
_HEARER = text("""
    SELECT controls.epoch, conversations.language
    FROM controls JOIN conversations ON conversations.id = controls.conversation_id
    WHERE controls.conversation_id = :id
""")


class _Unusable(Exception):
    """It will never be stored. `reason`: gone, too_large or type; the catalogue has a text for each."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def fetch(rt: Runtime, media_id: UUID) -> None:
    """Gets one file from its platform and stores it. Of several at once one does the work."""
    now = rt.now()
    async with rt.database.begin() as session:
        row = (await session.execute(_TAKE, {"id": media_id, "now": now, "lease": now + LEASE})).first()
    if row is None:
        return
    try:
        content = await _get(rt, row)
        mime = _checked(row, content)
    except _Unusable as error:
        await _give_up(rt, row, error.reason)
        return
    except SendError as error:
        await _try_later(rt, row, error)
        return
    about = media.sealed(rt.crypto, content, mime, rt.now())
    async with rt.database.begin() as session:
        await session.execute(_STORE, about | {"id": row.id})
    FETCHED.labels("stored").inc()
    await tell_desk(rt.redis, [row.conversation_id])  # whoever talks with the patient sees it at once


async def _get(rt: Runtime, row: Row[Any]) -> bytes:
    """Raises SendError for what may work later, _Unusable for what never will."""
    medium = inbox.unseal(rt.crypto, row.content)["media"]
    channel = rt.channels[row.channel]
    if not isinstance(channel, FetchMedia):
        raise _Unusable("gone")
    try:
        content, _ = await channel.fetch(medium["id"], limit=rt.settings.media_megabytes * 1024 * 1024)
    except TooLarge:
        raise _Unusable("too_large") from None
    except Rejected:  # the platform does not know it, or not any more
        raise _Unusable("gone") from None
    return content


def _checked(row: Row[Any], content: bytes) -> str:
    mime = media_type(content)
    if mime is None or mime not in KEPT[Kind(row.kind)]:
        raise _Unusable("type")
    return mime


async def _try_later(rt: Runtime, row: Row[Any], error: SendError) -> None:
    if row.attempts >= MAX_ATTEMPTS:
        await _give_up(rt, row, "gone")
        return
    pause = min(FIRST_RETRY * 2**row.attempts, LONGEST_RETRY)
    async with rt.database.begin() as session:
        await session.execute(
            _RETRY, {"id": row.id, "retry_at": rt.now() + pause, "error": type(error).__name__}
        )


async def _give_up(rt: Runtime, row: Row[Any], reason: str) -> None:
    """Records the failure and asks the patient, in the same transaction, to send it again."""
    FETCHED.labels(reason).inc()
    log.warning("media not stored", conversation=str(row.conversation_id), reason=reason)
    async with rt.database.begin() as session:
        if (await session.execute(_FAIL, {"id": row.id, "error": reason})).first() is None:
            return
        hearer = (await session.execute(_HEARER, {"id": row.conversation_id})).one()
        words = texts.say(
            f"bot_media_{reason}", language=hearer.language, megabytes=rt.settings.media_megabytes
        )
        await outbox.queue(session, rt.crypto, row.conversation_id, [Reply(words)], epoch=hearer.epoch)
    await tell_desk(rt.redis, [row.conversation_id])
