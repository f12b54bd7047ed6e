"""The staff's group at work: in the gateway, which takes in what staff write, and in the worker, which hears of changes
(the channel `desk`) and tells the group. Whatever was missed a sweep finds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from bot.errands import Errands
from bot.staff_group import answering, relaying, sending
from bot.wake import DESK
from integrations.channel import StaffGroup
from integrations.messages import MessageIn, Webhook
from integrations.runtime import Runtime

log = structlog.get_logger()

CHANNEL = "telegram"


def _group(rt: Runtime) -> tuple[int | None, StaffGroup | None]:
    channel: object = rt.channels.get(CHANNEL)
    return rt.settings.telegram_staff_group_id, channel if isinstance(channel, StaffGroup) else None


async def take_in(rt: Runtime, webhook: Webhook, messages: list[MessageIn]) -> bool:
    """Whether the webhook's message is the group's; what staff wrote there is stored then. Raises Malformed."""
    group, platform = _group(rt)
    if group is None or platform is None:
        return False
    if not any(one.channel == CHANNEL and one.sender == str(group) for one in messages):
        return False
    said = platform.in_group(webhook)
    if said is not None and said.group == group:
        await answering.keep(rt, said)
    return True


async def keep(rt: Runtime, only: UUID | None = None) -> None:
    """Does what staff wrote, and tells the group what it has not been told: all of it, or one conversation's."""
    group, platform = _group(rt)
    if group is None or platform is None:
        return
    await answering.work(rt)
    news = True
    while news:  # what comes while we tell is told as well
        async with rt.database.transaction() as session:
            news = bool(await relaying.collect(session, rt, group, only))
            due = await sending.due(session, rt.now())
        for conversation_id in due:
            await sending.send(rt, platform, group, conversation_id)


@asynccontextmanager
async def listening(rt: Runtime, errands: Errands) -> AsyncIterator[None]:
    """While inside, the group hears at once of what changes. Without a group nothing is done."""
    if rt.settings.telegram_staff_group_id is None:
        yield
        return
    task = asyncio.create_task(_listen(rt, errands))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _listen(rt: Runtime, errands: Errands) -> None:
    while True:
        try:
            async with rt.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(DESK)
                while True:
                    message = await pubsub.get_message(timeout=30)
                    if message:
                        changed = UUID(message["data"].decode())
                        errands.start(("staff_group", changed), partial(keep, rt, changed))
        except (RedisError, OSError):
            log.warning("no news for the staff's group without redis")
            await asyncio.sleep(1)
        except Exception:  # who hears for the whole process must never end before it does
            log.exception("no news for the staff's group for a moment")
            await asyncio.sleep(1)
