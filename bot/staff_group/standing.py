"""Whether staff are heard in the group at all. When the group is gone, has no topics any more, or the bot is no
administrator there (from all others Telegram keeps what members write), whoever is answered from there goes back to the
queue at the desk at once: the silence would be taken for somebody's."""

from __future__ import annotations

from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text

from bot.handoff import talking, timers
from bot.handoff.models import AnsweredIn, TalkStatus
from bot.handoff.states import TalkRefusal
from bot.staff_group import relaying
from bot.staff_group.relaying import Told
from bot.wake import tell_desk, wake
from integrations.channel import Rejected, SendError, StaffGroup, Unreachable
from integrations.runtime import Runtime

log = structlog.get_logger()

CHANNEL = "telegram"
_ANSWERED_THERE = text("SELECT id FROM talks WHERE status = 'active' AND answered_in = 'telegram'")


def place(rt: Runtime) -> tuple[int, StaffGroup] | None:
    """The group's id and its platform; None: there is no group."""
    group = rt.settings.telegram_staff_group_id
    channel: object = rt.channels.get(CHANNEL)
    return (group, channel) if group is not None and isinstance(channel, StaffGroup) else None


async def hears(rt: Runtime) -> bool:
    """Asks Telegram. While that does not answer, all is taken to be as it was."""
    found = place(rt)
    if found is None:
        return False
    group, platform = found
    try:
        return await platform.serves(group)
    except (Rejected, Unreachable) as error:
        log.error("the staff's group is out of reach", reason=str(error))
        return False
    except SendError:
        return True


async def look(rt: Runtime) -> None:
    """Now and then: brings those back who are answered in a group that nobody is heard in."""
    async with rt.database.transaction() as session:
        there = [row.id for row in await session.execute(_ANSWERED_THERE)]
    if not there or await hears(rt):
        return
    log.error("nobody is heard in the staff's group: its talks go back to the desk", talks=len(there))
    moved = [conversation for one in there if (conversation := await _back(rt, one))]
    try:
        await wake(rt.redis, moved)
    except (RedisError, OSError):
        log.warning("nobody is woken without redis: the sweep will send what was said")
    await tell_desk(rt.redis, moved)


async def _back(rt: Runtime, talk_id: UUID) -> UUID | None:
    """Gives the conversation."""
    try:
        async with rt.database.begin() as session:
            found = await talking.talk(session, talk_id)
            if found.status != TalkStatus.ACTIVE or found.answered_in != AnsweredIn.TELEGRAM:
                return None
            cause = f"deaf:{talk_id}:{found.accepted_at}"
            await timers.lost(session, rt, found, rt.now())
            if place(rt):
                said = relaying.WORDS("group.deaf")
                await relaying.queue(session, rt, Told(found.conversation_id, talk_id, cause, said))
            return found.conversation_id
    except TalkRefusal:
        return None  # somebody ended it just now
