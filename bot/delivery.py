"""Sending actively: what the outbox holds goes through the platform's own interface, in order, at the
platform's pace. What the platform answers decides what becomes of a message."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog

from bot import claims, outbox, quota
from bot.wake import wake_in
from integrations.channel import Channel, SendError, Throttled, Unknown, Unreachable, WindowClosed
from integrations.runtime import Runtime

log = structlog.get_logger()

_PATIENCE = 3  # waits for a place in the pace, a second at most each
_FIRST_RETRY = timedelta(seconds=2)
_LONGEST_RETRY = timedelta(minutes=5)
MAX_ATTEMPTS = 20  # about an hour of a platform that refuses before it takes the message


async def deliver(rt: Runtime, conversation_id: UUID, *, alarms_only: bool = False) -> None:
    """Sends actively all that is due in a conversation, in order, until nothing is left or the platform objects."""
    while claimed := await claims.claim(rt, conversation_id, alarms_only=alarms_only):
        if not await _send(rt, conversation_id, claimed):
            return


async def _send(rt: Runtime, conversation_id: UUID, claimed: claims.Claim) -> bool:
    """Makes one platform call. False: nothing more should be sent in this conversation for now."""
    channel = rt.channels[claimed.message.channel]
    if not await _keep_pace(rt, channel, claimed.message.recipient):
        await claims.postpone(rt, conversation_id, claimed, timedelta(seconds=1), "throttled by ourselves")
        return False
    asked_at = rt.now()
    try:
        platform_id = await channel.send(claimed.message)
    except Unknown as error:
        log.warning("message of unknown fate", channel=channel.name, conversation=str(conversation_id))
        await claims.finish(rt, claimed, "unknown", error=str(error))
        return True
    except Throttled as error:
        if error.loggable:
            log.error("the platform takes no more for long", channel=channel.name, reason=str(error))
        await claims.postpone(rt, conversation_id, claimed, timedelta(seconds=error.retry_after), str(error))
        wake_in(rt.redis, error.retry_after, conversation_id)
        return False
    except WindowClosed as error:
        await claims.postpone(rt, conversation_id, claimed, timedelta(0), str(error))
        async with rt.database.begin() as session:
            await quota.close(session, conversation_id, channel, asked_at)
            if claimed.talk_in:
                await claims.say_held(session, rt, conversation_id, claimed.ids)
        return False
    except Unreachable as error:
        await claims.finish(rt, claimed, "failed", error=str(error))
        await outbox.fail_all(rt, conversation_id, str(error))
        return False
    except SendError as error:
        return await _retry_or_fail(rt, conversation_id, claimed, error)
    await claims.finish(rt, claimed, "sent", platform_id=platform_id)
    return True


async def _keep_pace(rt: Runtime, channel: Channel, recipient: str) -> bool:
    """Waits for a place in the platform's pace, a few windows of a second at most. False: the rush goes on."""
    for _ in range(_PATIENCE):
        wait = await rt.throttle.wait(channel, recipient)
        if not wait:
            return True
        await asyncio.sleep(wait)
    return False


async def _retry_or_fail(rt: Runtime, conversation_id: UUID, claimed: claims.Claim, error: SendError) -> bool:
    if error.retryable and claimed.attempts < MAX_ATTEMPTS:
        pause = min(_FIRST_RETRY * 2**claimed.attempts, _LONGEST_RETRY)
        await claims.postpone(rt, conversation_id, claimed, pause, str(error))
        return False
    if error.loggable:
        log.error("message not delivered", conversation=str(conversation_id), reason=type(error).__name__)
    await claims.finish(rt, claimed, "failed", error=str(error))
    return True
