"""The ledger of permissions for notices: what patients granted, used up, refused and took back; and what the
platform says became of the notices that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Executor
from integrations.messages import NoticeFate, NoticeNews

log = structlog.get_logger()

NOTICES = Counter("daozhen_notices_total", "What platforms tell about notices", ["fate"])

_GRANT = text("""
    INSERT INTO notice_permissions (conversation_id, template, granted, changed_at)
    VALUES (:conversation, :template, 1, :now)
    ON CONFLICT (conversation_id, template) DO UPDATE
    SET granted = notice_permissions.granted + 1, refused_at = NULL, changed_at = :now
""")
# A refusal leaves what was granted before; taking permission back does not.
_REFUSE = text("""
    INSERT INTO notice_permissions (conversation_id, template, refused_at, changed_at)
    VALUES (:conversation, :template, :now, :now)
    ON CONFLICT (conversation_id, template) DO UPDATE
    SET granted = CASE WHEN :all THEN 0 ELSE notice_permissions.granted END, refused_at = :now, changed_at = :now
""")
_USE = text("""
    UPDATE notice_permissions SET granted = granted - 1, changed_at = :now
    WHERE conversation_id = :conversation AND template = :template AND granted > 0 RETURNING granted
""")
_GIVE_BACK = text("""
    UPDATE notice_permissions SET granted = granted + 1, changed_at = :now
    WHERE conversation_id = :conversation AND template = :template
""")
_LOST = text("""
    UPDATE outbound SET status = 'queued', notice_error = :reason, sent_at = NULL, not_before = NULL
    WHERE conversation_id = :conversation AND platform_id = :platform_id AND notified_at IS NOT NULL
      AND status = 'sent' RETURNING id
""")
# The report may overtake the answer to the call it is about: whoever sends sees it when it marks the row.
_LOST_EARLY = text("""
    UPDATE outbound SET notice_error = :reason
    WHERE conversation_id = :conversation AND status = 'sending' AND notified_at IS NOT NULL
""")


def reference(platform_id: str) -> str:
    """How a notice that was sent is named in the outbox; the platform's ids of messages look alike."""
    return f"notice:{platform_id}"


async def take_news(
    session: Executor, conversation_id: UUID, news: Iterable[NoticeNews], now: datetime
) -> None:
    """Keeps what an event told, in the transaction that stores the event: each is counted once."""
    for one in news:
        NOTICES.labels(one.fate.value).inc()
        about = {"conversation": conversation_id, "template": one.template, "now": now}
        match one.fate:
            case NoticeFate.GRANTED:
                await session.execute(_GRANT, about)
            case NoticeFate.REFUSED | NoticeFate.REVOKED:
                await session.execute(_REFUSE, about | {"all": one.fate is NoticeFate.REVOKED})
            case NoticeFate.FAILED:
                await _lost(session, conversation_id, one)


async def _lost(session: Executor, conversation_id: UUID, news: NoticeNews) -> None:
    """A notice that did not arrive waits for the patient's next message, like any text."""
    log.warning("a notice did not arrive", conversation=str(conversation_id), reason=news.reason)
    about = {"conversation": conversation_id, "reason": news.reason or "failed"}
    found = await session.execute(_LOST, about | {"platform_id": reference(news.platform_id)})
    if found.first() is None:
        await session.execute(_LOST_EARLY, about)


async def use(session: AsyncSession, conversation_id: UUID, template: str, now: datetime) -> bool:
    """Takes one permission. False: there is none."""
    about = {"conversation": conversation_id, "template": template, "now": now}
    return (await session.execute(_USE, about)).first() is not None


async def give_back(session: AsyncSession, conversation_id: UUID, template: str, now: datetime) -> None:
    """The platform did not take the notice: the permission was not used."""
    await session.execute(_GIVE_BACK, {"conversation": conversation_id, "template": template, "now": now})


async def refuse(session: AsyncSession, conversation_id: UUID, template: str, now: datetime) -> None:
    """The platform says that there is no permission: believe it rather than the ledger."""
    await session.execute(
        _REFUSE, {"conversation": conversation_id, "template": template, "now": now, "all": True}
    )
