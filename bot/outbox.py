"""What goes out: queued with the turn that made it, sent at most once.

queued → sending → sent | failed | unknown | dropped. Who takes a row to send it stands in bot.claims; what may leave
as a platform's prepared notice in bot.notices.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot import quota
from integrations.channel import Channel
from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.language.languages import SIMPLIFIED
from integrations.messages import Notice, Option
from integrations.runtime import Runtime

_CONTEXT = "outbound.content"
# Why what a person said waits for the patient's next message.
SHUT, USED_UP = "window shut", "quota used up"
CHANGED_HANDS = "changed hands"  # why what a person said was not sent: somebody else has the talk, or nobody
STUCK_AFTER = timedelta(seconds=30)  # longer than any platform call may take


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of a turn, before it is queued. `options` are (id, title).

    `picture` is a row of `media` and travels alone, without words: half of a message cannot be taken back.
    `notice` is the short neutral form of news, for a platform that takes nothing else at the time.
    `transfer` hands the patient's message to the platform's own agents: a passive reply without words.
    """

    text: str
    options: tuple[Option, ...] = ()
    picture: UUID | None = None
    notice: Notice | None = None
    transfer: bool = False

    def __post_init__(self) -> None:
        if (self.picture or self.transfer) and (self.text or self.options):
            raise ValueError("a picture travels alone, and so does a transfer")


# Where the answers to one message begin that come before its turn's own, which begin at 0.
ALARM, BEFORE_THE_ANSWER = -1000, -500
_QUEUE = text("""
    INSERT INTO outbound (conversation_id, inbound_id, position, content, epoch, exempt, not_before, notice, about)
    VALUES (:conversation, :inbound, :position, :content, :epoch, :exempt, :not_before, :notice, :about)
""")
_FAIL_ALL = text("""
    UPDATE outbound SET status = 'failed', error = :error
    WHERE conversation_id = :conversation AND status = 'queued'
""")
_STUCK = text("""
    UPDATE outbound SET status = 'unknown', error = 'the sender stopped'
    WHERE status = 'sending' AND claimed_at < :before RETURNING conversation_id
""")
# Whether the patient's last message was an alarm that was answered as one: until the patient goes on, news waits. What
# only the person was told of who spoke with the patient holds up nothing.
ALARMED = """
    coalesce((SELECT alarm IS NOT NULL AND (
                  SELECT true FROM outbound AS words WHERE words.inbound_id = inbound.id AND words.exempt LIMIT 1)
              FROM inbound
              WHERE inbound.conversation_id = {conversation} AND kind NOT IN ('event', 'unfollow', 'system')
              ORDER BY seq DESC LIMIT 1), false)
"""
_DUE = text(f"""
    SELECT DISTINCT outbound.conversation_id
    FROM outbound
    JOIN contacts ON contacts.id = outbound.conversation_id
    JOIN controls USING (conversation_id)
    WHERE outbound.status = 'queued' AND coalesce(outbound.not_before, :now) <= :now
      AND (outbound.inbound_id IS NOT NULL OR outbound.talk_id IS NOT NULL OR outbound.exempt
           OR controls.state = 'bot')
      AND outbound.notice IS DISTINCT FROM 'answer_waits'
      AND (outbound.notice IS NULL OR NOT {ALARMED.format(conversation="outbound.conversation_id")})
      AND contacts.channel = ANY(:sending)
      AND (contacts.channel <> ALL(:limited) OR EXISTS (
            SELECT 1 FROM quotas WHERE quotas.conversation_id = outbound.conversation_id
                                  AND remaining > 0 AND expires_at > :now))
    LIMIT :limit
""")  # noqa: S608 - pieces of our own
_UNKNOWN = text("""
    UPDATE outbound SET repeated_at = :now
    WHERE conversation_id = :conversation AND status = 'unknown' AND repeated_at IS NULL
      AND claimed_at > :not_older AND notice IS DISTINCT FROM 'answer_waits'
    RETURNING id, content
""")


async def queue(
    session: Executor,
    crypto: Crypto,
    conversation_id: UUID,
    replies: Sequence[Reply],
    *,
    epoch: int,
    inbound_id: UUID | None = None,
    first: int = 0,
    exempt: bool = False,
    not_before: datetime | None = None,
    about: UUID | None = None,
) -> None:
    """Writes the replies in order, those to a message at positions from `first` on. They are due at once, or actively
    not before `not_before`. `about`: the appointment of news."""
    for position, reply in enumerate(replies, first):
        await session.execute(
            _QUEUE,
            {
                "conversation": conversation_id,
                "inbound": inbound_id,
                "position": position if inbound_id else None,
                "content": seal(crypto, reply),
                "epoch": epoch,
                "exempt": exempt,
                "not_before": not_before,
                "notice": reply.notice.kind if reply.notice else None,
                "about": about if reply.notice else None,
            },
        )


def as_written(words: str, options: Iterable[Option]) -> str:
    """The text at its longest: some platforms write the options below it, a line each."""
    return "\n".join([words, *(f"99 {option.title}" for option in options)])


async def fail_all(rt: Runtime, conversation_id: UUID, error: str) -> None:
    """The patient is out of reach: nothing that is queued will ever arrive."""
    async with rt.database.transaction() as session:
        await session.execute(_FAIL_ALL, {"conversation": conversation_id, "error": error})


async def repeat_unknown(
    session: Executor, crypto: Crypto, conversation_id: UUID, now: datetime
) -> list[tuple[UUID, Reply]]:
    """The messages of unknown fate of the last day, to be said again inside the next answer; each only once.
    Pictures are left out: the words beside them suffice."""
    rows = await session.execute(
        _UNKNOWN, {"conversation": conversation_id, "now": now, "not_older": now - timedelta(days=1)}
    )
    found = [(row.id, unseal(crypto, row.content)) for row in rows]
    return [(row_id, reply) for row_id, reply in found if reply.text]


async def release_stuck(session: Executor, now: datetime) -> list[UUID]:
    """Rows whose sender died become `unknown`. Gives their conversations, which may go on."""
    return [row.conversation_id for row in await session.execute(_STUCK, {"before": now - STUCK_AFTER})]


async def due(session: Executor, channels: Iterable[Channel], now: datetime, limit: int) -> list[UUID]:
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
    content: dict[str, Any] = {
        "text": reply.text,
        "options": [[option.id, option.title] for option in reply.options],
    }
    if reply.picture:
        content["picture"] = reply.picture.hex
    if reply.transfer:
        content["transfer"] = True
    if reply.notice:
        content["notice"] = [
            reply.notice.kind,
            reply.notice.words,
            reply.notice.at.isoformat(),
            reply.notice.number,
            reply.notice.language,
            reply.notice.page,
        ]
    return crypto.encrypt(json.dumps(content, ensure_ascii=False), _CONTEXT)


def unseal(crypto: Crypto, content: bytes) -> Reply:
    parts = json.loads(crypto.decrypt(content, _CONTEXT))
    picture, notice = parts.get("picture"), parts.get("notice")
    return Reply(
        parts["text"],
        tuple(Option(*option) for option in parts["options"]),
        UUID(picture) if picture else None,
        _notice(*notice) if notice else None,
        transfer=parts.get("transfer", False),
    )


def _notice(
    kind: str, words: str, at: str, number: str, language: str = SIMPLIFIED, page: str = ""
) -> Notice:
    """Rows from before notices had a language speak Chinese, and lead to the page of their kind."""
    return Notice(kind, words, datetime.fromisoformat(at), number, language, page)
