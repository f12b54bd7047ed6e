"""What goes out: queued with the turn that made it, claimed by one sender, sent at most once.

queued → sending → sent | failed | unknown | dropped. The gateway (passively, in the webhook's own
response) and the worker (actively, through the platform's API) compete for a row by the same claim.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import quota
from bot.models import ControlState
from integrations.channel import (
    Channel,
    PassiveReply,
)
from integrations.crypto import Crypto
from integrations.language.languages import TRADITIONAL
from integrations.language.script import traditional
from integrations.messages import MessageOut, Option
from integrations.runtime import Runtime

log = structlog.get_logger()

_CONTEXT = "outbound.content"
_BATCH = 10  # rows looked at for one message
STUCK_AFTER = timedelta(seconds=30)  # longer than any platform call may take


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of a turn, before it is queued. `options` are (id, title)."""

    text: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that leave as one message. `ration`: what triggered the grant that it is taken from."""

    ids: tuple[UUID, ...]
    message: MessageOut
    attempts: int = 0
    ration: str | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    content: bytes = field(repr=False)
    epoch: int
    exempt: bool
    attempts: int
    notice: bool  # a reminder or other message that answers nobody


_QUEUE = text("""
    INSERT INTO outbound (conversation_id, inbound_id, position, content, epoch, exempt, not_before)
    VALUES (:conversation, :inbound, :position, :content, :epoch, :exempt, :not_before)
""")
_LOCK_CONTROL = text("SELECT state, epoch FROM controls WHERE conversation_id = :conversation FOR UPDATE")
_CONTACT = text("""
    SELECT contacts.channel, contacts.platform_id, conversations.language
    FROM contacts JOIN conversations USING (id) WHERE id = :conversation
""")
_SENDING = text("SELECT 1 FROM outbound WHERE conversation_id = :conversation AND status = 'sending' LIMIT 1")
_QUEUED = text("""
    SELECT id, content, epoch, exempt, attempts, inbound_id IS NULL AS notice FROM outbound
    WHERE conversation_id = :conversation AND status = 'queued'
      AND (NOT :alarms_only OR exempt)
      AND (CAST(:due AS timestamptz) IS NULL OR NOT EXISTS (
            SELECT 1 FROM outbound AS earlier
            WHERE earlier.conversation_id = :conversation AND earlier.status = 'queued'
              AND earlier.seq <= outbound.seq AND earlier.exempt = outbound.exempt AND earlier.not_before > :due))
    ORDER BY exempt DESC, seq LIMIT :batch
""")
_MARK_SENDING = text("""
    UPDATE outbound SET status = 'sending', claimed_at = :now, passive_for = :passive_for, attempts = attempts + 1
    WHERE id = ANY(:ids)
""")
_DROP = text("UPDATE outbound SET status = 'dropped' WHERE id = ANY(:ids)")
_FINISH = text("""
    UPDATE outbound SET status = :status, platform_id = :platform_id, error = :error,
           sent_at = CASE WHEN :status = 'sent' THEN CAST(:now AS timestamptz) END
    WHERE id = ANY(:ids) AND status IN ('sending', 'unknown')
""")
_POSTPONE = text("""
    UPDATE outbound SET status = 'queued', not_before = :not_before, error = :error
    WHERE id = ANY(:ids) AND status = 'sending'
""")
_FAIL_ALL = text("""
    UPDATE outbound SET status = 'failed', error = :error
    WHERE conversation_id = :conversation AND status = 'queued'
""")
_STUCK = text("""
    UPDATE outbound SET status = 'unknown', error = 'the sender stopped'
    WHERE status = 'sending' AND claimed_at < :before RETURNING conversation_id
""")
_DUE = text("""
    SELECT DISTINCT outbound.conversation_id
    FROM outbound
    JOIN contacts ON contacts.id = outbound.conversation_id
    JOIN controls USING (conversation_id)
    WHERE outbound.status = 'queued' AND coalesce(outbound.not_before, :now) <= :now
      AND (outbound.inbound_id IS NOT NULL OR controls.state = 'bot')
      AND contacts.channel = ANY(:sending)
      AND (contacts.channel <> ALL(:limited) OR EXISTS (
            SELECT 1 FROM quotas WHERE quotas.conversation_id = outbound.conversation_id
                                  AND remaining > 0 AND expires_at > :now))
    LIMIT :limit
""")
_UNKNOWN = text("""
    UPDATE outbound SET repeated_at = :now
    WHERE conversation_id = :conversation AND status = 'unknown' AND repeated_at IS NULL
      AND created_at > :not_older
    RETURNING id, content
""")
_PASSIVE_AGAIN = text("""
    SELECT id, content FROM outbound
    WHERE passive_for = :inbound AND status IN ('sending', 'sent', 'unknown') ORDER BY seq
""")


async def queue(
    session: AsyncSession,
    crypto: Crypto,
    conversation_id: UUID,
    replies: Sequence[Reply],
    *,
    epoch: int,
    inbound_id: UUID | None = None,
    exempt: bool = False,
    not_before: datetime | None = None,
) -> None:
    """Writes the replies in order. They are due at once, or actively not before `not_before`."""
    if not replies:
        return
    offset = -1000 if exempt else 0  # an alarm's answer and a turn's answers may belong to one message
    await session.execute(
        _QUEUE,
        [
            {
                "conversation": conversation_id,
                "inbound": inbound_id,
                "position": offset + position if inbound_id else None,
                "content": seal(crypto, reply),
                "epoch": epoch,
                "exempt": exempt,
                "not_before": not_before,
            }
            for position, reply in enumerate(replies)
        ],
    )


async def claim(
    rt: Runtime, conversation_id: UUID, *, passive_for: UUID | None = None, alarms_only: bool = False
) -> Claim | None:
    """Takes what may leave now as one message, or None. The control row is locked for that moment, so a
    takeover is either seen here or comes after the message was on its way.

    A passive claim needs no quota and waits for nobody's `not_before`.
    """
    now = rt.now()
    async with rt.database.begin() as session:
        key = {"conversation": conversation_id}
        control = (await session.execute(_LOCK_CONTROL, key)).one()
        if not alarms_only and (await session.execute(_SENDING, key)).first():
            return None  # whoever sends looks again when done
        contact = (await session.execute(_CONTACT, key)).one()
        channel = rt.channels[contact.channel]
        if passive_for is None and not sends_actively(rt, channel):
            return None  # held for the answer to the patient's next message
        due = None if passive_for else now
        found = await session.execute(
            _QUEUED, key | {"due": due, "alarms_only": alarms_only, "batch": _BATCH}
        )
        rows = [_Row(*row) for row in found]
        overtaken = [row.id for row in rows if not (row.exempt or row.notice) and row.epoch != control.epoch]
        if overtaken:
            await session.execute(_DROP, {"ids": overtaken})
        talking = control.state != ControlState.BOT  # notices wait until the person has handed back
        rows = [row for row in rows if row.id not in overtaken and not (row.notice and talking)]
        if not rows:
            return None
        taken, reply = _merge(channel, [(row, unseal(rt.crypto, row.content)) for row in rows])
        ration = None
        if passive_for is None and quota.quotas(channel):
            ration = await quota.use(session, conversation_id, now)
            if ration is None:
                return None  # held until the patient writes again
        ids = tuple(row.id for row in taken)
        await session.execute(_MARK_SENDING, {"ids": list(ids), "now": now, "passive_for": passive_for})
    message = _addressed(contact, reply)
    return Claim(ids, message, attempts=max(row.attempts for row in taken), ration=ration)


def _merge(channel: Channel, rows: list[tuple[_Row, Reply]]) -> tuple[list[_Row], Reply]:
    """The first row, and the following ones as far as they go into one message. A message with options
    ends it: what comes after would hide them."""
    (first, reply), *rest = rows
    taken = [first]
    for row, following in rest:
        together = f"{reply.text}\n\n{following.text}"
        if not channel.merges or reply.options or not channel.fits(as_written(together, following.options)):
            break
        taken.append(row)
        reply = Reply(together, following.options)
    return taken, reply


def as_written(words: str, options: Iterable[Option]) -> str:
    """The text at its longest: some platforms write the options below it, a line each."""
    return "\n".join([words, *(f"99 {option.title}" for option in options)])


def sends_actively(rt: Runtime, channel: Channel) -> bool:
    """False for an account whose platform only takes replies (WeChat without its customer-service interface)."""
    return not (isinstance(channel, PassiveReply) and rt.settings.wechat_reply_mode == "passive_only")


async def passive_again(rt: Runtime, inbound_id: UUID, conversation_id: UUID) -> Claim | None:
    """The answer that was already given passively to this inbound message, for a redelivery of it."""
    async with rt.database.begin() as session:
        rows = (await session.execute(_PASSIVE_AGAIN, {"inbound": inbound_id})).all()
        if not rows:
            return None
        contact = (await session.execute(_CONTACT, {"conversation": conversation_id})).one()
    replies = [unseal(rt.crypto, row.content) for row in rows]
    words = "\n\n".join(reply.text for reply in replies)
    message = _addressed(contact, Reply(words, replies[-1].options))
    return Claim(tuple(row.id for row in rows), message)


def _addressed(contact: Row[Any], reply: Reply) -> MessageOut:
    """The outbound edge: everything is written in simplified Chinese or English up to here."""
    words, options = reply.text, reply.options
    if contact.language == TRADITIONAL:
        words = traditional(words)
        options = tuple(Option(option.id, traditional(option.title)) for option in options)
    return MessageOut(contact.channel, contact.platform_id, words, options, language=contact.language)


async def finish(
    rt: Runtime, claim: Claim, status: str, *, platform_id: str | None = None, error: str | None = None
) -> None:
    async with rt.database.begin() as session:
        await session.execute(
            _FINISH,
            {
                "ids": list(claim.ids),
                "status": status,
                "platform_id": platform_id,
                "error": error,
                "now": rt.now(),
            },
        )


async def give_back(rt: Runtime, conversation_id: UUID, claimed: Claim) -> None:
    """A claim that could not be used is due again at once."""
    await postpone(rt, conversation_id, claimed, timedelta(0), "nobody was left to hear it")


async def postpone(rt: Runtime, conversation_id: UUID, claimed: Claim, pause: timedelta, error: str) -> None:
    """Back into the queue, for the platform did not take it."""
    async with rt.database.begin() as session:
        await session.execute(
            _POSTPONE, {"ids": list(claimed.ids), "not_before": rt.now() + pause, "error": error}
        )
        if claimed.ration:
            channel = rt.channels[claimed.message.channel]
            await quota.give_back(session, conversation_id, claimed.ration, channel)


async def fail_all(rt: Runtime, conversation_id: UUID, error: str) -> None:
    """The patient is out of reach: nothing that is queued will ever arrive."""
    async with rt.database.begin() as session:
        await session.execute(_FAIL_ALL, {"conversation": conversation_id, "error": error})


async def repeat_unknown(
    session: AsyncSession, crypto: Crypto, conversation_id: UUID, now: datetime
) -> list[tuple[UUID, Reply]]:
    """The messages of unknown fate of the last day, to be said again inside the next answer; each only once."""
    rows = await session.execute(
        _UNKNOWN, {"conversation": conversation_id, "now": now, "not_older": now - timedelta(days=1)}
    )
    return [(row.id, unseal(crypto, row.content)) for row in rows]


async def release_stuck(session: AsyncSession, now: datetime) -> list[UUID]:
    """Rows whose sender died become `unknown`. Gives their conversations, which may go on."""
    return [row.conversation_id for row in await session.execute(_STUCK, {"before": now - STUCK_AFTER})]


async def due(session: AsyncSession, channels: Iterable[Channel], now: datetime, limit: int) -> list[UUID]:
    """Conversations with something to send now: an open window and no `not_before` ahead."""
    channels = list(channels)
    rows = await session.execute(
        _DUE,
        {
            "now": now,
            "sending": [channel.name for channel in channels],
            "limited": [channel.name for channel in channels if quota.quotas(channel)],
            "limit": limit,
        },
    )
    return [row.conversation_id for row in rows]


def seal(crypto: Crypto, reply: Reply) -> bytes:
    content = {"text": reply.text, "options": [[option.id, option.title] for option in reply.options]}
    return crypto.encrypt(json.dumps(content, ensure_ascii=False), _CONTEXT)


def unseal(crypto: Crypto, content: bytes) -> Reply:
    parts = json.loads(crypto.decrypt(content, _CONTEXT))
    return Reply(parts["text"], tuple(Option(*option) for option in parts["options"]))
