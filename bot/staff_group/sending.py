"""Telling the group what is queued for it: topic by topic, in order. What Telegram did not take is tried again; what
it may have taken is said once more, as a repetition."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import text

from bot import media
from bot.staff_group import relaying
from bot.staff_group.models import Act, RelayStatus
from bot.wake import tell_desk_in
from integrations.channel import SendError, StaffGroup, Throttled, TopicGone, Unknown, Unreachable
from integrations.database import Executor
from integrations.messages import Picture
from integrations.runtime import Runtime

log = structlog.get_logger()

MAX_ATTEMPTS = 20  # about an hour and a half
STUCK_AFTER = timedelta(seconds=30)
KEPT = timedelta(days=30)
_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=2), timedelta(minutes=5)
_LATELY = timedelta(hours=1)
_BATCH = 10  # rows looked at for one message
_LONGEST = 4000  # units of UTF-16 in one message: Telegram takes 4096
RELAYED = Counter("daozhen_staff_relays_total", "Messages to the staff's Telegram group", ["outcome"])

_TOPIC = text("""
    SELECT thread_id, made FROM staff_topics WHERE conversation_id = :conversation FOR UPDATE SKIP LOCKED
""")
# Somebody sends there already; or Telegram asked for patience, for a group has one pace for all its topics.
_SHUT = text("""
    SELECT 1 FROM staff_relays
    WHERE conversation_id = :conversation AND status = 'sending'
       OR status = 'queued' AND error = 'throttled' AND not_before > :now
    LIMIT 1
""")
_NEXT = text("""
    SELECT id, cause, act, content, attempts, not_before FROM staff_relays
    WHERE conversation_id = :conversation AND status = 'queued' ORDER BY seq LIMIT :batch
""")
_TAKE = text("""
    UPDATE staff_relays SET status = 'sending', claimed_at = :now, attempts = attempts + 1 WHERE id = ANY(:ids)
""")
_FINISH = text("""
    UPDATE staff_relays SET status = :status, platform_id = :platform_id, error = :error,
           sent_at = CASE WHEN :status = 'sent' THEN CAST(:now AS timestamptz) END
    WHERE id = ANY(:ids) AND status = 'sending'
""")
_POSTPONE = text("""
    UPDATE staff_relays SET status = 'queued', not_before = :not_before, error = :error
    WHERE id = ANY(:ids) AND status = 'sending'
""")
_MADE = text("""
    UPDATE staff_topics SET thread_id = :thread, made = made + 1 WHERE conversation_id = :conversation
""")
_GONE = text("UPDATE staff_topics SET thread_id = NULL WHERE conversation_id = :conversation")
_NOTE = text("""
    UPDATE staff_topics SET error = :error
    WHERE conversation_id = :conversation AND error IS DISTINCT FROM :error
""")
_STUCK = text("""
    UPDATE staff_relays SET status = 'unknown', error = 'the sender stopped'
    WHERE status = 'sending' AND claimed_at < :before
""")
# A patient's words that nobody sees are worse than those that are seen twice: they are said once more, which is said.
_AGAIN = "again:"
_REPEAT = text(f"""
    INSERT INTO staff_relays (conversation_id, talk_id, cause, act, content, created_at)
    SELECT conversation_id, talk_id, '{_AGAIN}' || id, act, content, :now FROM staff_relays AS lost
    WHERE status = 'unknown' AND cause NOT LIKE '{_AGAIN}%' AND created_at > :lately
      AND NOT EXISTS (SELECT FROM staff_relays AS again WHERE again.cause = '{_AGAIN}' || lost.id)
    ORDER BY seq
    ON CONFLICT (cause) DO NOTHING
""")  # noqa: S608 - pieces of our own
_DUE = text("""
    SELECT conversation_id FROM staff_relays WHERE status = 'queued' AND NOT EXISTS (
        SELECT FROM staff_relays WHERE status = 'queued' AND error = 'throttled' AND not_before > :now)
    GROUP BY conversation_id HAVING coalesce((array_agg(not_before ORDER BY seq))[1], :now) <= :now
    LIMIT :limit
""")
_OLD = text("DELETE FROM staff_relays WHERE created_at < :before")
_OLD_UPDATES = text("DELETE FROM staff_updates WHERE received_at < :before")


@dataclass(frozen=True, slots=True)
class Claim:
    """What leaves as one message in one topic. `thread`: None for one that is to be made; `made`: how often it was."""

    conversation_id: UUID
    ids: tuple[UUID, ...]
    act: Act
    words: str
    picture: Picture | None
    attempts: int
    thread: int | None
    made: int


async def due(session: Executor, now: datetime, limit: int = 200) -> list[UUID]:
    """Conversations in whose topics something may be told. What a dead process was just sending becomes `unknown`, and
    what is unknown is said once more."""
    await session.execute(_STUCK, {"before": now - STUCK_AFTER})
    await session.execute(_REPEAT, {"now": now, "lately": now - _LATELY})
    return [row.conversation_id for row in await session.execute(_DUE, {"now": now, "limit": limit})]


async def forget(session: Executor, now: datetime) -> None:
    """Deletes what has served its time."""
    await session.execute(_OLD, {"before": now - KEPT})
    await session.execute(_OLD_UPDATES, {"before": now - KEPT})


async def send(rt: Runtime, platform: StaffGroup, group: int, conversation_id: UUID) -> None:
    """Tells all that is due in one topic, until nothing is left or Telegram objects."""
    while claimed := await _claim(rt, conversation_id):
        if not await _leave(rt, platform, group, claimed):
            return


async def _claim(rt: Runtime, conversation_id: UUID) -> Claim | None:
    now, key = rt.now(), {"conversation": conversation_id}
    async with rt.database.transaction() as session:
        topic = (await session.execute(_TOPIC, key)).first()
        if topic is None or (await session.execute(_SHUT, key | {"now": now})).first():
            return None  # whoever sends there looks again
        rows = (await session.execute(_NEXT, key | {"batch": _BATCH})).all()
        if not rows or (rows[0].not_before and rows[0].not_before > now):
            return None
        taken, words, picture_id = _together(rt, rows)
        picture = await media.picture(session, rt.crypto, picture_id) if picture_id else None
        ids = tuple(row.id for row in taken)
        await session.execute(_TAKE, {"ids": list(ids), "now": now})
    return Claim(
        conversation_id,
        ids,
        Act(rows[0].act),
        words,
        picture,
        rows[0].attempts + 1,
        topic.thread_id,
        topic.made,
    )


def _together(rt: Runtime, rows: Any) -> tuple[list[Any], str, UUID | None]:
    """The first row, and the words of those behind it: twenty messages a minute are all that a group takes."""
    opened = [(row, _open(rt, row)) for row in rows]
    (first, content), *rest = opened
    if first.act != Act.SAY or content["picture"]:
        return [first], "", UUID(content["picture"]) if content["picture"] else None
    taken, words = [first], content["text"]
    for row, more in rest:
        together = f"{words}\n{more['text']}"
        if row.act != Act.SAY or more["picture"] or len(together.encode("utf-16-le")) > 2 * _LONGEST:
            break
        taken.append(row)
        words = together
    return taken, words, None


def _open(rt: Runtime, row: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(rt.crypto.decrypt(row.content, relaying.CONTEXT))
    if row.cause.startswith(_AGAIN) and content["text"]:
        content["text"] = relaying.WORDS("group.again", words=content["text"])
    return content


async def _leave(rt: Runtime, platform: StaffGroup, group: int, claimed: Claim) -> bool:
    """Makes the calls. False: nothing more should be told in this topic for now."""
    try:
        sent = await _do(rt, platform, group, claimed)
    except TopicGone as error:
        log.warning("a topic of the staff's group is gone", conversation=str(claimed.conversation_id))
        async with rt.database.transaction() as session:
            await session.execute(_GONE, {"conversation": claimed.conversation_id})
        if claimed.attempts >= MAX_ATTEMPTS:  # so is each that was made in its place
            await _finish(rt, claimed, RelayStatus.FAILED, error=str(error))
        else:
            await _postpone(rt, claimed, timedelta(0), str(error))
        return True
    except Unknown as error:
        await _finish(rt, claimed, RelayStatus.UNKNOWN, error=str(error))
        return True
    except Throttled as error:
        await _postpone(rt, claimed, timedelta(seconds=error.retry_after), "throttled")
        tell_desk_in(
            rt.redis, error.retry_after, claimed.conversation_id
        )  # who hears of it sends what is due
        return False
    except SendError as error:
        return await _retry_or_fail(rt, claimed, error)
    await _finish(rt, claimed, RelayStatus.SENT, platform_id=sent)
    return True


async def _do(rt: Runtime, platform: StaffGroup, group: int, claimed: Claim) -> str:
    """Gives the platform's id of the message."""
    thread, words = claimed.thread, claimed.words
    if thread is None:
        if claimed.act is Act.CLOSE:
            return ""
        thread = await _make(rt, platform, group, claimed)
        words = f"{relaying.WORDS('group.anew')}\n{words}" if claimed.made and words else words
    if claimed.act is not Act.SAY:
        if claimed.thread is not None:  # one just made is open
            await platform.open_topic(group, thread, to_all=claimed.act is Act.OPEN)
        return ""
    if not words and claimed.picture is None:
        return ""  # a picture whose term is over
    return await platform.say_in_topic(group, thread, words, claimed.picture)


async def _make(rt: Runtime, platform: StaffGroup, group: int, claimed: Claim) -> int:
    about = {"conversation": claimed.conversation_id}
    async with rt.database.transaction() as session:
        title = await relaying.name(session, claimed.conversation_id)
    try:
        thread = await platform.create_topic(group, title)
    except Unknown as error:  # perhaps there is an empty topic now: what was to be said in it was not
        raise _NotMade(str(error)) from error
    async with rt.database.transaction() as session:
        await session.execute(_MADE, about | {"thread": thread})
    return thread


class _NotMade(SendError):
    """There is no topic yet."""

    retryable = True


async def _retry_or_fail(rt: Runtime, claimed: Claim, error: SendError) -> bool:
    """While the bot is shut out of the group, or may not make topics, the operator has to see to it: that is tried
    again too. Whoever works at the desk sees that the group does not get the talk."""
    log.error(
        "the staff's group does not get a talk", conversation=str(claimed.conversation_id), reason=str(error)
    )
    refused = claimed.thread is not None and not (error.retryable or isinstance(error, Unreachable))
    if refused or claimed.attempts >= MAX_ATTEMPTS:
        await _finish(rt, claimed, RelayStatus.FAILED, error=str(error))
        return True
    await _postpone(
        rt, claimed, min(_FIRST_RETRY * 2**claimed.attempts, _LONGEST_RETRY), str(error), noted=True
    )
    return False


async def _finish(
    rt: Runtime, claimed: Claim, status: RelayStatus, *, platform_id: str = "", error: str | None = None
) -> None:
    RELAYED.labels(status.value).inc()
    values = {"ids": list(claimed.ids), "status": status.value, "platform_id": platform_id, "error": error}
    async with rt.database.transaction() as session:
        await session.execute(_FINISH, values | {"now": rt.now()})
        await session.execute(_NOTE, {"conversation": claimed.conversation_id, "error": error})


async def _postpone(
    rt: Runtime, claimed: Claim, pause: timedelta, error: str, *, noted: bool = False
) -> None:
    not_before = rt.now() + pause
    async with rt.database.transaction() as session:
        values = {"ids": list(claimed.ids), "not_before": not_before, "error": error}
        await session.execute(_POSTPONE, values)
        if noted:
            await session.execute(_NOTE, {"conversation": claimed.conversation_id, "error": error})
