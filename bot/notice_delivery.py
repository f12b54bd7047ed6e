"""Sending news as the platform's prepared notices, while its window for our messages is shut.

A row is tried this way until the platform says that it never will; then it waits for the patient's next message like
any text. A call whose fate is unclear is repeated only as long as the platform knows it by its id for the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import claims, notices, outbox, permissions
from bot.models import ControlState
from bot.outbox import ALARMED, unseal
from integrations.channel import (
    Channel,
    NoticeRefused,
    Notices,
    SendError,
    Throttled,
    Unavailable,
    Unknown,
    Unreachable,
)
from integrations.database import Executor
from integrations.messages import Notice
from integrations.runtime import Runtime

log = structlog.get_logger()

_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(minutes=5)
MAX_ATTEMPTS = 20

_OPEN = """EXISTS (
    SELECT 1 FROM quotas WHERE quotas.conversation_id = {conversation} AND remaining > 0 AND expires_at > :now)
"""
# Rows that may leave as a notice: waiting, or of unknown fate so short ago that the platform knows the id.
_READY = """
    notice = ANY(:kinds) AND notice_error IS NULL AND coalesce(not_before, :now) <= :now
    AND (status = 'queued' OR (status = 'unknown' AND repeated_at IS NULL AND notified_at > :same_since
                               AND claimed_at < :pause_before))
"""
_DUE = text(f"""
    SELECT DISTINCT outbound.conversation_id FROM outbound
    JOIN contacts ON contacts.id = outbound.conversation_id
    JOIN controls USING (conversation_id)
    WHERE {_READY} AND contacts.channel = :channel
      AND (controls.state = 'bot' OR outbound.notice = '{notices.ANSWER_WAITS}')
      AND (NOT :window OR NOT {_OPEN.format(conversation="outbound.conversation_id")})
      AND (NOT :asks OR EXISTS (
            SELECT 1 FROM notice_permissions AS permission
            WHERE permission.conversation_id = outbound.conversation_id AND permission.granted > 0
              AND permission.template = ANY(:templates)))
      AND NOT {ALARMED.format(conversation="outbound.conversation_id")}
    LIMIT :limit
""")  # noqa: S608 - pieces of our own
# Locked: an answer that is just repeating one says it in its own words.
_ROWS = text(f"""
    SELECT id, content, notice, status, attempts, notified_at FROM outbound
    WHERE conversation_id = :conversation AND {_READY} ORDER BY seq LIMIT 20 FOR UPDATE
""")  # noqa: S608 - pieces of our own
_LOCK_CONTROL = text("SELECT state FROM controls WHERE conversation_id = :conversation FOR UPDATE")
_CONTACT = text("SELECT channel, platform_id FROM contacts WHERE id = :conversation")
_SENDING = text("SELECT 1 FROM outbound WHERE conversation_id = :conversation AND status = 'sending' LIMIT 1")
_IS_OPEN = text("SELECT " + _OPEN.format(conversation=":conversation"))
_MARK_SENDING = text("""
    UPDATE outbound SET status = 'sending', claimed_at = :now, passive_for = NULL, attempts = attempts + 1,
           notified_at = coalesce(notified_at, :now)
    WHERE id = :id
""")
# A report of failure that came before the answer stands in notice_error: the text waits for the patient.
_TAKEN = text("""
    UPDATE outbound SET platform_id = :platform_id, error = NULL,
           status = CASE WHEN notice_error IS NULL THEN 'sent' ELSE 'queued' END,
           sent_at = CASE WHEN notice_error IS NULL THEN CAST(:now AS timestamptz) END
    WHERE id = :id AND status IN ('sending', 'unknown')
""")
_BACK = text("""
    UPDATE outbound SET status = :status, error = :error, notice_error = :notice_error, not_before = :not_before,
           notified_at = CASE WHEN :status = 'queued' THEN NULL ELSE notified_at END
    WHERE id = :id AND status IN ('sending', 'unknown')
""")


@dataclass(frozen=True, slots=True)
class _Claim:
    """One row that leaves as a notice. `again`: it may have left before, with the same id."""

    id: UUID
    conversation_id: UUID
    channel: Notices
    channel_name: str
    recipient: str
    notice: Notice = field(repr=False)
    template: str
    attempts: int
    again: bool


async def due(session: Executor, rt: Runtime, limit: int) -> list[UUID]:
    """Conversations with news that a shut window holds back and a notice could carry."""
    found: list[UUID] = []
    for name, channel in rt.channels.items():
        templates = notices.templates(channel)
        if not (templates and isinstance(channel, Notices)) or await _paused(rt, name):
            continue
        ready = _ready(rt, channel, templates)
        about = {
            "channel": name,
            "window": claims.sends_actively(rt, channel),
            "asks": channel.asks_permission,
            "templates": list(templates.values()),
            "limit": limit,
        }
        found += [row.conversation_id for row in await session.execute(_DUE, ready | about)]
    return found


async def deliver(rt: Runtime, conversation_id: UUID) -> None:
    """Sends what may leave as notices, one after the other, until nothing is left or the platform objects."""
    while claimed := await _claim(rt, conversation_id):
        if not await _send(rt, claimed):
            return


def _ready(rt: Runtime, channel: Notices, templates: dict[str, str]) -> dict[str, object]:
    now = rt.now()
    return {
        "now": now,
        "kinds": list(templates),
        "same_since": now - channel.same_notice_for if channel.same_notice_for else now,
        "pause_before": now - _FIRST_RETRY,
    }


async def _claim(rt: Runtime, conversation_id: UUID) -> _Claim | None:
    """Takes one row, under the same locks as any sender (see bot.claims)."""
    async with rt.database.begin() as session:
        key = {"conversation": conversation_id}
        control = (await session.execute(_LOCK_CONTROL, key)).one()
        contact = (await session.execute(_CONTACT, key)).one()
        channel = rt.channels[contact.channel]
        templates = notices.templates(channel)
        if not templates or not isinstance(channel, Notices) or await _paused(rt, contact.channel):
            return None
        if control.state != ControlState.BOT:  # only that somebody has answered
            templates = {kind: one for kind, one in templates.items() if kind == notices.ANSWER_WAITS}
        if (await session.execute(_SENDING, key)).first():
            return None
        if await _may_write(session, rt, channel, conversation_id):
            return None
        if await claims.alarmed(session, conversation_id):
            return None
        rows = (await session.execute(_ROWS, key | _ready(rt, channel, templates))).all()
        row = await _first_permitted(session, rt, conversation_id, channel, templates, list(rows))
        if row is None:
            return None
        await session.execute(_MARK_SENDING, {"id": row.id, "now": rt.now()})
    notice = unseal(rt.crypto, row.content).notice
    assert notice is not None, "a row with a kind holds a notice"
    return _Claim(
        id=row.id,
        conversation_id=conversation_id,
        channel=channel,
        channel_name=contact.channel,
        recipient=contact.platform_id,
        notice=notice,
        template=templates[row.notice],
        attempts=row.attempts,
        again=row.status == "unknown",
    )


async def _may_write(session: AsyncSession, rt: Runtime, channel: Channel, conversation_id: UUID) -> bool:
    """Whether a usual message could leave: it says more than a notice."""
    if not claims.sends_actively(rt, channel):
        return False
    return bool(await session.scalar(_IS_OPEN, {"conversation": conversation_id, "now": rt.now()}))


async def _first_permitted(
    session: AsyncSession,
    rt: Runtime,
    conversation_id: UUID,
    channel: Notices,
    templates: dict[str, str],
    rows: list[Row[tuple[UUID, bytes, str, str, int, datetime]]],
) -> Row[tuple[UUID, bytes, str, str, int, datetime]] | None:
    for row in rows:
        if not channel.asks_permission:
            return row
        if await permissions.use(session, conversation_id, templates[row.notice], rt.now()):
            return row
    return None


async def _send(rt: Runtime, claimed: _Claim) -> bool:
    """Makes one platform call. False: nothing more should leave this way for now."""
    try:
        sent = await claimed.channel.notify(claimed.recipient, claimed.notice, client_id=claimed.id.hex)
    except Unknown as error:
        log.warning("notice of unknown fate", conversation=str(claimed.conversation_id))
        await _put_back(rt, claimed, error, status="unknown")
        return False
    except Unreachable as error:
        await _put_back(rt, claimed, error, status="failed")
        await outbox.fail_all(rt, claimed.conversation_id, str(error))
        return False
    except Throttled as error:
        await _pause(rt, claimed, error)
        await _put_back(rt, claimed, error, pause=timedelta(seconds=error.retry_after), unused=True)
        return False
    except Unavailable as error:
        given_up = claimed.attempts >= MAX_ATTEMPTS
        pause = min(_FIRST_RETRY * 2 ** min(claimed.attempts, 10), _LONGEST_RETRY)
        await _put_back(rt, claimed, error, pause=pause, unused=True, never=given_up)
        return False
    except SendError as error:  # refused by the patient, or the template is wrong: never this way
        await _explain(rt, claimed, error)
        refused = isinstance(error, NoticeRefused)
        await _put_back(rt, claimed, error, never=True, unused=not refused, refused=refused)
        return True
    async with rt.database.begin() as session:
        await session.execute(
            _TAKEN, {"id": claimed.id, "platform_id": permissions.reference(sent), "now": rt.now()}
        )
    return True


async def _put_back(
    rt: Runtime,
    claimed: _Claim,
    error: SendError,
    *,
    status: str = "queued",
    pause: timedelta = timedelta(0),
    never: bool = False,
    unused: bool = False,
    refused: bool = False,
) -> None:
    """What was not taken waits. A row that may have left before stays of unknown fate, whatever came now."""
    now = rt.now()
    if claimed.again and status == "queued":
        status = "unknown"
    values = {
        "id": claimed.id,
        "status": status,
        "error": str(error),
        "notice_error": str(error)[:200] if never else None,
        "not_before": now + pause if pause else None,
    }
    async with rt.database.begin() as session:
        await session.execute(_BACK, values)
        if not claimed.channel.asks_permission:
            return
        if unused:
            await permissions.give_back(session, claimed.conversation_id, claimed.template, now)
        if refused:
            await permissions.refuse(session, claimed.conversation_id, claimed.template, now)


async def _explain(rt: Runtime, claimed: _Claim, error: SendError) -> None:
    """A template that does not fit fails for every patient: the operator reads it once a day."""
    if error.loggable and await _first_today(rt, f"{claimed.channel_name}:{claimed.template}"):
        log.error(
            "notices of this kind cannot leave: see WECHAT_NOTICE_TEMPLATES",
            kind=claimed.notice.kind,
            reason=str(error),
        )


async def _first_today(rt: Runtime, what: str) -> bool:
    try:
        return bool(await rt.redis.set(f"notice:fault:{what}", 1, nx=True, ex=24 * 3600))
    except (RedisError, OSError):
        return True


async def _pause(rt: Runtime, claimed: _Claim, error: Throttled) -> None:
    """The account's quota is used up, for everybody: nobody is tried before the time."""
    if error.loggable:
        log.error("the platform takes no more notices for long", reason=str(error))
    try:
        await rt.redis.set(f"notice:pause:{claimed.channel_name}", 1, ex=max(int(error.retry_after), 1))
    except (RedisError, OSError):
        log.warning("no pause without redis: each conversation finds out by itself")


async def _paused(rt: Runtime, channel: str) -> bool:
    try:
        return bool(await rt.redis.exists(f"notice:pause:{channel}"))
    except (RedisError, OSError):
        return False
