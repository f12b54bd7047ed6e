"""Pictures, recordings and files, those of patients and those that we send: encrypted in Postgres, with the messages
they belong to. bot.media_fetching gets them from the platforms."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.media_types import KEPT
from integrations.messages import MessageIn, Picture

CONTEXT = "media.content"
_EXPECT = text("""
    WITH earlier AS (
        SELECT 1 FROM media WHERE conversation_id = :conversation AND album = CAST(:album AS text) LIMIT 1
    ), made AS (
        INSERT INTO media (inbound_id, conversation_id, album, retry_at)
        VALUES (:inbound, :conversation, CAST(:album AS text), :now)
    )
    SELECT EXISTS (SELECT 1 FROM earlier)
""")
# Parts of an album come by several requests at once: each must see those before it.
_LOCK_ALBUM = text("SELECT pg_advisory_xact_lock(hashtextextended(:album, 0))")
_DUE = text(
    "SELECT id FROM media WHERE status = 'waiting' AND retry_at <= :now ORDER BY retry_at LIMIT :limit"
)
_KEEP = text("""
    INSERT INTO media (conversation_id, status, content, mime, size, sha256, stored_at)
    VALUES (:conversation, 'stored', :content, :mime, :size, :sha256, :now) RETURNING id
""")
_PICTURE = text("SELECT content, mime FROM media WHERE id = :id AND status = 'stored'")
_OLD = text("DELETE FROM media WHERE created_at < :before")


async def expect(
    session: Executor, conversation_id: UUID, inbound_id: UUID, message: MessageIn, now: datetime
) -> bool:
    """Notes what is to be fetched, in the transaction that accepts the message. True: it belongs to an album of
    which another part came before."""
    if not message.media or not message.media.id or message.kind not in KEPT:
        return False
    about = {"conversation": conversation_id, "inbound": inbound_id, "album": message.album or None}
    if message.album:
        await session.execute(_LOCK_ALBUM, {"album": f"album:{conversation_id}:{message.album}"})
    return bool(await session.scalar(_EXPECT, about | {"now": now}))


async def due(session: Executor, now: datetime, limit: int) -> list[UUID]:
    """What waits to be fetched: new, postponed, or left lying by a worker that died."""
    return [row.id for row in await session.execute(_DUE, {"now": now, "limit": limit})]


async def keep(
    session: AsyncSession, crypto: Crypto, conversation_id: UUID, picture: Picture, now: datetime
) -> UUID:
    """Stores a picture of ours, which a Reply may then name."""
    about = sealed(crypto, picture.content, picture.mime, now)
    made: UUID = (await session.execute(_KEEP, about | {"conversation": conversation_id})).scalar_one()
    return made


async def picture(session: Executor, crypto: Crypto, media_id: UUID) -> Picture | None:
    """A stored picture, or None when its term is over."""
    row = (await session.execute(_PICTURE, {"id": media_id})).first()
    return Picture(crypto.data.open(bytes(row.content), CONTEXT), row.mime) if row else None


async def delete_old(session: AsyncSession, before: datetime) -> None:
    """What has served its term (MEDIA_DAYS)."""
    await session.execute(_OLD, {"before": before})


def sealed(crypto: Crypto, content: bytes, mime: str, now: datetime) -> dict[str, Any]:
    """The columns of a stored medium."""
    return {
        "content": crypto.data.seal(content, CONTEXT),
        "mime": mime,
        "size": len(content),
        "sha256": hashlib.sha256(content).digest(),
        "now": now,
    }
