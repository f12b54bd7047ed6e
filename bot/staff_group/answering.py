"""What staff write in a topic: taken in once, whatever is delivered twice; then done, in the order of the topic.

/take accepts the talk, plain words and pictures go to the patient, /note keeps a note, /back hands back, /close ends.
Only who is known by their Telegram id and may answer talks is heard; all others are told so, and nothing leaves. What
is said and refused is the same as at the desk: it goes through bot.handoff.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import media
from bot.desk.words import Words
from bot.handoff import talking
from bot.handoff.models import AnsweredIn, Skill, Talk, TalkStatus
from bot.handoff.states import AlreadyTaken, NotActive, NotYours, Over, TalkRefusal
from bot.staff_group import relaying, standing
from bot.staff_group.models import RelayStatus
from bot.staff_group.relaying import Told
from bot.wake import tell_desk, wake
from integrations.channel import FetchMedia, Rejected, SendError
from integrations.crypto import Undecryptable
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right, may
from integrations.media_types import media_type
from integrations.messages import GroupMessage, Picture
from integrations.runtime import Runtime

log = structlog.get_logger()

CONTEXT = "staff_updates.content"
MAX_ATTEMPTS = 6
_COMMAND = re.compile(r"(?:/|[／、\\＼](?=[A-Za-z]))(.*)", re.DOTALL)
_LEASE = timedelta(minutes=1)  # after which another process takes up what one left lying
_FIRST_RETRY = timedelta(seconds=2)
_SENT_AS = frozenset({"image/png", "image/jpeg", "image/gif"})
_REFUSED: tuple[tuple[type[Exception], str], ...] = (
    (NotActive, "group.not_taken"),
    (NotYours, "group.not_yours"),
    (AlreadyTaken, "group.already"),
    (Over, "group.over"),
)

_KEEP = text("""
    INSERT INTO staff_updates (update_id, group_id, thread_id, content, retry_at, received_at)
    VALUES (:update, :group, :thread, :content, :now, :now)
    ON CONFLICT (update_id) DO NOTHING
""")
# One that waits to be tried again holds up those behind it in its topic.
_TAKE = text("""
    UPDATE staff_updates SET attempts = attempts + 1, retry_at = :lease
    WHERE id = (SELECT id FROM staff_updates AS next
                WHERE status = 'pending' AND retry_at <= :now
                  AND NOT EXISTS (SELECT FROM staff_updates AS earlier
                                  WHERE earlier.status = 'pending' AND earlier.group_id = next.group_id
                                    AND earlier.thread_id = next.thread_id AND earlier.seq < next.seq)
                ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, update_id, group_id, thread_id, content, attempts
""")
_DONE = text("""
    UPDATE staff_updates SET status = :status WHERE id = :id AND status = 'pending' RETURNING id
""")
_LATER = text("UPDATE staff_updates SET retry_at = :at WHERE id = :id AND status = 'pending'")
_TOPIC = text("""
    SELECT conversation_id FROM staff_topics WHERE group_id = :group AND thread_id = :thread
""")


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote, and in whose topic."""

    update_id: int
    conversation_id: UUID
    user: int | None
    text: str = field(repr=False)
    picture: str
    other: bool
    edited: bool

    @property
    def command(self) -> str:
        """take, note, …; "" for words to the patient. Chinese keyboards write other marks for the slash: what looks
        like a command is none of the patient's business."""
        first = self.text.split(maxsplit=1)[0] if self.text.strip() else ""
        found = _COMMAND.match(first)
        return found[1].partition("@")[0].lower() if found else ""

    @property
    def argument(self) -> str:
        return self.text.split(maxsplit=1)[1] if len(self.text.split(maxsplit=1)) > 1 else ""


class _Refused(Exception):
    """Nothing is done; the argument is the key that says why."""


async def keep(rt: Runtime, message: GroupMessage) -> None:
    """Takes in what was written, committed on return. A second delivery changes nothing."""
    content = {
        "user": message.user, "text": message.text, "picture": message.picture, "other": message.other,
        "edited": message.edited,
    }  # fmt: skip
    row = {
        "update": message.update_id, "group": message.group, "thread": message.topic, "now": rt.now(),
        "content": rt.crypto.encrypt(json.dumps(content, ensure_ascii=False), CONTEXT),
    }  # fmt: skip
    async with rt.database.transaction() as session:
        await session.execute(_KEEP, row)


async def work(rt: Runtime) -> None:
    """Does all that is pending."""
    while row := await _take(rt):
        try:
            written = await _read(rt, row)
        except Undecryptable:  # another try changes nothing
            log.exception("what staff wrote in the group cannot be read")
            await _settle(rt, row.id, "failed")
            continue
        if written is None:  # a topic that is none of ours
            await _settle(rt, row.id, "done")
            continue
        try:
            picture = await _picture(rt, written)
            hears = written.command != "take" or await standing.hears(rt)
            await _one(rt, row.id, written, picture, hears=hears)
        except Exception as error:
            log.exception("what staff wrote in the group was not done", attempts=row.attempts)
            await _again(rt, row, written, error)


async def _take(rt: Runtime) -> Any:
    now = rt.now()
    async with rt.database.transaction() as session:
        return (await session.execute(_TAKE, {"now": now, "lease": now + _LEASE})).first()


async def _read(rt: Runtime, row: Any) -> Written | None:
    async with rt.database.transaction() as session:
        topic = {"group": row.group_id, "thread": row.thread_id}
        conversation_id = await session.scalar(_TOPIC, topic)
    if conversation_id is None:
        return None
    return Written(row.update_id, conversation_id, **json.loads(rt.crypto.decrypt(row.content, CONTEXT)))


async def _picture(rt: Runtime, written: Written) -> bytes:
    """Raises SendError for what may work later. Nothing: there is none, or none that can be sent."""
    channel = rt.channels["telegram"]
    if not written.picture or written.edited or not isinstance(channel, FetchMedia):
        return b""
    try:
        content, _ = await channel.fetch(written.picture, limit=rt.settings.media_megabytes * 1024 * 1024)
    except Rejected:
        return b""
    return content if media_type(content) in _SENT_AS else b""


async def _one(rt: Runtime, row_id: UUID, written: Written, picture: bytes, *, hears: bool) -> None:
    """Does it, and marks it done, in one transaction; then wakes whoever sends. `hears`: nobody takes a talk in a group
    where the words that follow would not reach us."""
    async with rt.database.begin() as session:
        if (await session.execute(_DONE, {"id": row_id, "status": "done"})).first() is None:
            return  # another process was quicker
        member = await _member(session, written)
        words = Words(member.language) if member else relaying.WORDS
        try:
            async with session.begin_nested():
                if member and not hears:
                    raise _Refused("group.deaf")
                said = await _act(session, rt, written, member, picture)
        except _Refused as refusal:
            said = str(refusal)
        except TalkRefusal as refusal:
            said = next((key for kind, key in _REFUSED if isinstance(refusal, kind)), "group.failed")
        if said:
            await _answer(session, rt, written, words(said))
    try:
        await wake(rt.redis, [written.conversation_id])
    except (RedisError, OSError):
        log.warning("nobody is woken without redis: the sweep will send what was said")
    await tell_desk(rt.redis, [written.conversation_id])


async def _member(session: AsyncSession, written: Written) -> StaffMember | None:
    """Who wrote it, if they may answer patients now."""
    if written.user is None:
        return None
    found = await session.scalar(select(StaffMember).where(StaffMember.telegram_id == written.user))
    return found if found and may(found, Right.TALKS_ANSWER) else None


async def _act(
    session: AsyncSession, rt: Runtime, written: Written, member: StaffMember | None, picture: bytes
) -> str:
    """Gives the key of what is answered in the topic; "": nothing. Raises _Refused, bot.handoff's refusals."""
    if member is None:
        log.warning("somebody who may not answer wrote in the staff's group")
        raise _Refused("group.stranger")
    found = await _talk_of(session, written)
    if written.command and (written.picture or written.other):
        raise _Refused("group.words_only")
    now = rt.now()
    match written.command:
        case "":
            await _say(session, rt, written, found, member, picture)
        case "take":
            await talking.accept(session, rt, found.id, member, now, where=AnsweredIn.TELEGRAM)
        case "note":
            if not written.argument.strip():
                raise _Refused("group.empty_note")
            await talking.note(session, rt, found.id, member, written.argument, now)
            return "group.noted"
        case "back":
            await talking.hand_back(session, rt, found.id, member, now)
        case "close":
            await talking.close(session, rt, found.id, member, now)
        case _:
            raise _Refused("group.help")
    return ""


async def _talk_of(session: AsyncSession, written: Written) -> Talk:
    """The talk that it is about, locked. Raises _Refused."""
    if written.edited:
        raise _Refused("group.edited")
    found = await talking.open_talk(session, written.conversation_id)
    if found is None:
        raise _Refused("group.no_talk")
    if found.skill != Skill.SERVICE or found.consultation_id is not None:
        raise _Refused("group.elsewhere")
    return found


async def _say(
    session: AsyncSession, rt: Runtime, written: Written, found: Talk, member: StaffMember, picture: bytes
) -> None:
    """To the patient; the group has seen it already."""
    if written.other:
        raise _Refused("group.other_kind")
    if found.status != TalkStatus.ACTIVE:
        raise NotActive
    kept = None
    if written.picture:
        mime = media_type(picture)
        if mime is None:
            raise _Refused("group.bad_picture")
        kept = await media.keep(session, rt.crypto, written.conversation_id, Picture(picture, mime), rt.now())
    rows = await talking.say(session, rt, found.id, member, written.text, picture=kept, now=rt.now())
    for row in rows:
        seen = Told(written.conversation_id, found.id, f"outbound:{row}", status=RelayStatus.SENT)
        await relaying.queue(session, rt, seen)


async def _answer(session: AsyncSession, rt: Runtime, written: Written, said: str) -> None:
    await relaying.queue(
        session, rt, Told(written.conversation_id, None, f"answer:{written.update_id}", said)
    )


async def _again(rt: Runtime, row: Any, written: Written, error: Exception) -> None:
    """Tries once more, or says that it could not be done."""
    if row.attempts < MAX_ATTEMPTS and (not isinstance(error, SendError) or error.retryable):
        async with rt.database.transaction() as session:
            await session.execute(_LATER, {"id": row.id, "at": rt.now() + _FIRST_RETRY * 2**row.attempts})
        return
    async with rt.database.begin() as session:
        if (await session.execute(_DONE, {"id": row.id, "status": "failed"})).first():
            await _answer(session, rt, written, relaying.WORDS("group.failed"))


async def _settle(rt: Runtime, row_id: UUID, status: str) -> None:
    async with rt.database.transaction() as session:
        await session.execute(_DONE, {"id": row_id, "status": status})
