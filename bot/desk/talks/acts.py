"""What a member of staff does in the page, each a transaction of its own through bot.handoff."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import media
from bot.consulting import work
from bot.desk.desk import Desk
from bot.desk.talks.elements import Shape
from bot.desk.talks.rows import Row
from bot.handoff import canned as replies
from bot.handoff import talking
from bot.wake import tell_desk, wake
from integrations import pictures
from integrations.hospital.staff.permissions import Right
from integrations.language.sounds import typed

log = structlog.get_logger()

LONGEST = 2000  # characters of a message or note
_SEEN = text("""
    INSERT INTO conversations_seen (conversation_id, staff_id, seen_at) VALUES (:conversation, :staff, :now)
    ON CONFLICT (conversation_id, staff_id) DO UPDATE SET seen_at = EXCLUDED.seen_at
""")


class TooLong(ValueError):
    """More words than a message may have."""


class NoPicture(ValueError):
    """The file is no picture that platforms take."""


def state_of(row: Row) -> tuple[object, ...]:
    """What the head of the talk and what may be done depend on."""
    return (
        row.talk_id, row.status, row.staff_id, row.control, row.agent, row.skill, row.department_id,
        row.consultation_id, row.ends_at is None,
    )  # fmt: skip


def why_not(row: Row) -> str:
    """The key that says why the member cannot write there."""
    if row.status == "active":
        return "talks.why_other"
    if row.status == "waiting":
        return "talks.why_waiting"
    return "talks.why_bot" if row.status == "unanswered" or row.talk_id is None else "talks.why_closed"


async def say(desk: Desk, talk_id: UUID, words: str, page: str | None = None) -> None:
    """Raises TooLong, bot.handoff's refusals."""
    if len(words) > LONGEST:
        raise TooLong
    async with desk.acting(Right.TALKS_ANSWER) as session:
        await talking.say(session, desk.rt, talk_id, desk.member, words, page=page, now=desk.now())


async def note(desk: Desk, talk_id: UUID, words: str) -> None:
    if len(words) > LONGEST:
        raise TooLong
    async with desk.acting(Right.TALKS_ANSWER) as session:
        await talking.note(session, desk.rt, talk_id, desk.member, words, desk.now())


async def picture(desk: Desk, conversation_id: UUID, talk_id: UUID, content: bytes) -> None:
    """Raises NoPicture, bot.handoff's refusals. Names and types that come with a file are not believed: what leaves is
    a picture of our own making, of its pixels and nothing else."""
    if len(content) > desk.rt.settings.media_megabytes * 1024 * 1024:
        raise NoPicture
    try:
        clean = await asyncio.to_thread(pictures.redrawn, content)
    except pictures.NotAPicture:
        raise NoPicture from None
    async with desk.acting(Right.TALKS_ANSWER) as session:
        kept = await media.keep(session, desk.rt.crypto, conversation_id, clean, desk.now())
        await talking.say(session, desk.rt, talk_id, desk.member, picture=kept, now=desk.now())


async def accept(desk: Desk, row: Row) -> None:
    """Of a consultation both or neither: it begins with its talk."""
    if row.talk_id is None:
        return
    right = Right.CONSULTATIONS_WORK if row.consultation_id else Right.TALKS_ANSWER
    async with desk.acting(right) as session:
        if row.consultation_id:
            await work.take_up(session, desk.rt, row.consultation_id, desk.member, desk.now())
        else:
            await talking.accept(session, desk.rt, row.talk_id, desk.member, desk.now())
        await seen(session, row.id, desk.member.id, desk.now())


async def take_over(desk: Desk, row: Row) -> None:
    async with desk.acting(Right.TALKS_TAKE_OVER) as session:
        await talking.take_over(session, desk.rt, row.id, desk.member, desk.now())
        await seen(session, row.id, desk.member.id, desk.now())


async def hand_back(desk: Desk, row: Row) -> None:
    if row.talk_id is None:
        return
    async with desk.acting(Right.TALKS_ANSWER) as session:
        await talking.hand_back(session, desk.rt, row.talk_id, desk.member, desk.now())


async def close(desk: Desk, row: Row) -> None:
    if row.talk_id is None:
        return
    async with desk.acting(Right.TALKS_ANSWER) as session:
        await talking.close(session, desk.rt, row.talk_id, desk.member, desk.now())


DO: dict[str, Callable[[Desk, Row], Awaitable[None]]] = {
    "accept": accept,
    "take_over": take_over,
    "hand_back": hand_back,
    "close": close,
}
SAID = {"hand_back": "talks.handed_back", "close": "talks.closed_now"}


async def seen(session: AsyncSession, conversation_id: UUID, staff_id: UUID, now: datetime) -> None:
    """The member has looked at what the patient wrote up to now."""
    await session.execute(_SEEN, {"conversation": conversation_id, "staff": staff_id, "now": now})


async def canned(session: AsyncSession, skills: Collection[str]) -> list[Shape]:
    """The canned replies of these queues and of everybody, the most used first. `sounds`: how their titles are typed
    by sound."""
    return [
        {
            "shortcut": one.shortcut,
            "title": one.title,
            "words": one.words,
            "words_en": one.words_en,
            "sounds": " ".join(typed(one.title)),
        }
        for one in await replies.listed(session, skills)
    ]


async def used(desk: Desk, shortcut: str) -> None:
    async with desk.reading(by_itself=True) as session:
        await replies.count_use(session, shortcut)


async def tell(desk: Desk, conversation_id: UUID) -> None:
    """Wakes whoever sends, and the other desks. Without Redis both look by themselves."""
    try:
        await wake(desk.rt.redis, [conversation_id])
    except (RedisError, OSError):
        log.warning("nobody is woken without redis: the sweep will send what was said")
    await tell_desk(desk.rt.redis, [conversation_id])
