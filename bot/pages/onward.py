"""From a page back into the chat, which goes on there with what was pressed here."""

from __future__ import annotations

from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.reader import Reader
from integrations.hospital import events
from integrations.hospital.events import EventKind

_PAUSE = 300  # seconds


async def ask_in_chat(session: AsyncSession, reader: Reader, **payload: Any) -> None:
    """The chat puts the question that `payload` names (bot.news); pressed again within minutes, it does not ask
    again."""
    if await _first(reader, payload["purpose"]):
        await events.emit(
            session,
            EventKind.PAGE_COMPLETED,
            account_id=reader.contact.account_id,
            contact_id=reader.contact.id,
            payload=payload,
        )


async def _first(reader: Reader, purpose: str) -> bool:
    try:
        asked = await reader.rt.redis.set(f"page onward:{purpose}:{reader.link.id}", 1, nx=True, ex=_PAUSE)
    except (RedisError, OSError):
        return True
    return bool(asked)
