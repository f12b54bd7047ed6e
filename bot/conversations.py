"""Turns: one message of a patient, answered. One at a time per conversation, in the order of arrival.

The conversation's row is locked for the turn; marking the message done, queueing the replies and the new
state are one transaction. Whoever finds the row locked goes away: the holder looks again after its commit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row, text

from bot import answers, choices, delivery, failures, inbox, numbers_in_chat
from bot.alarms import URGENT_FOR
from bot.answers import Answer
from bot.conclusions import conclude
from bot.models import ControlState
from bot.rasa import RasaDown
from bot.understanding import Understanding
from bot.wake import TURNS, tell_desk
from integrations.database import Executor
from integrations.language.languages import ENGLISH, SIMPLIFIED, detect, opens_in_english
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()

_WORDLESS = frozenset(
    {Kind.EDIT, Kind.CHOICE, Kind.MENU, Kind.FOLLOW, Kind.SCAN, Kind.SYSTEM, Kind.LINK, Kind.FILE}
)

_LOCK = text("""
    SELECT id, choices, expects, language, language_chosen FROM conversations
    WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED
""")
_NEXT = text("""
    SELECT inbound.id, inbound.channel, inbound.external_id, inbound.kind, inbound.content, inbound.attempts,
           inbound.passive_until, inbound.sent_at, inbound.retry_at,
           EXTRACT(epoch FROM inbound.received_at - (
               SELECT max(earlier.received_at) FROM inbound AS earlier
               WHERE earlier.conversation_id = inbound.conversation_id
                 AND earlier.kind NOT IN ('event', 'unfollow', 'system')
                 AND earlier.received_at < inbound.received_at)) AS away,
           contacts.channel AS speaks, contacts.platform_id, accounts.elder_mode, controls.state, controls.epoch,
           EXISTS (SELECT FROM outbound WHERE conversation_id = :id AND status = 'unknown'
                                          AND repeated_at IS NULL) AS unknown,
           EXISTS (SELECT FROM alarms WHERE conversation_id = :id AND outcome = 'urgent'
                                        AND raised_at > :urgent_since) AS urgent,
           EXTRACT(epoch FROM inbound.received_at - (
               SELECT max(raised_at) FROM alarms
               WHERE conversation_id = :id AND outcome <> 'check')) AS alarm
    FROM inbound
    JOIN contacts ON contacts.id = inbound.conversation_id
    JOIN accounts ON accounts.id = contacts.account_id
    JOIN controls ON controls.conversation_id = inbound.conversation_id
    WHERE inbound.conversation_id = :id AND inbound.status = 'pending'
      AND (inbound.kind <> 'system' OR controls.state = 'bot')
    ORDER BY inbound.seq LIMIT 1
""")
_LEFT = text("""
    SELECT EXISTS (SELECT FROM inbound JOIN controls USING (conversation_id)
                   WHERE conversation_id = :id AND status = 'pending' AND (kind <> 'system' OR state = 'bot')
                     AND (retry_at IS NULL OR retry_at <= :now)) AS to_answer,
           (SELECT bool_or(coalesce(not_before <= :now, true))
               AND NOT coalesce(bool_or(notice IS NULL AND not_before > :now), false)
            FROM outbound WHERE conversation_id = :id AND status = 'queued') AS to_send
""")
_FORGOTTEN = text("""
    SELECT DISTINCT conversation_id FROM inbound JOIN controls USING (conversation_id)
    WHERE status = 'pending' AND (received_at < :before OR received_at > :now)
      AND (kind <> 'system' OR state = 'bot')
      AND (retry_at IS NULL OR retry_at <= :now) LIMIT :limit
""")


async def drain(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> None:
    """Answers all pending messages of a conversation and sends what is due."""
    if await answer_pending(rt, understanding, conversation_id):
        await delivery.deliver(rt, conversation_id)


async def answer_pending(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> bool:
    """Answers all pending messages of a conversation, unless somebody else is at it. True: something is to be sent.

    After each turn it looks again: a message that came while we held the lock, and whose wake-up found it held, is
    seen here. While the gateway may still give a reply passively, nothing is sent: what waited goes along with it.
    """
    while await _turn(rt, understanding, conversation_id):
        async with rt.database.transaction() as session:
            left = (await session.execute(_LEFT, {"id": conversation_id, "now": rt.now()})).one()
        if not left.to_answer:
            return bool(left.to_send)
    return True


async def forgotten(session: Executor, rt: Runtime, limit: int) -> list[UUID]:
    """Conversations whose pending messages nobody took up, or whose pause is over. A message of the future came
    before a clock was set back: how long ago, nobody knows."""
    now = rt.now()
    rows = await session.execute(
        _FORGOTTEN, {"before": now - timedelta(seconds=2), "now": now, "limit": limit}
    )
    return [row.conversation_id for row in rows]


async def _turn(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> bool:
    """Answers the oldest pending message. True: we held the lock, and all went well: look again."""
    inbound: Row[Any] | None = None
    message: MessageIn | None = None
    answer: Answer | None = None
    expects, language = None, SIMPLIFIED
    try:
        async with rt.database.transaction() as session:
            conversation = (await session.execute(_LOCK, {"id": conversation_id})).first()
            if conversation is None:
                return False
            row = {"id": conversation_id, "urgent_since": rt.now() - URGENT_FOR}
            inbound = (await session.execute(_NEXT, row)).first()
            if inbound is not None:
                if inbound.retry_at and inbound.retry_at > rt.now():
                    return False
                message, expects = inbox.reopen(rt.crypto, inbound), conversation.expects
                language = _language(conversation, message)
                answer = await answers.answer(rt, understanding, conversation, inbound, message, language)
                await conclude(session, rt, conversation_id, inbound, answer, language)
    except RasaDown:
        assert inbound is not None, "only a turn asks Rasa"
        await failures.postpone(rt, conversation_id, inbound, language)
        return False
    except Exception:
        if inbound is None:
            raise
        log.exception("turn failed", conversation=str(conversation_id), inbound=str(inbound.id))
        if not await failures.count_failure(rt, conversation_id, inbound, language):
            return False
    if inbound is None:
        return True
    await _announce(rt, inbound.id)
    await _tell_desk(rt, conversation_id, inbound, answer)
    if message is not None:  # one that cannot be read is nothing to be looked into
        await numbers_in_chat.take_out(rt, rt.channels[inbound.speaks], message, expects)
    return True


def _language(conversation: Row[Any], message: MessageIn) -> str:
    """What to answer in: the chosen language, else what the patient writes. An edit says nothing new."""
    if conversation.language_chosen or message.kind in _WORDLESS:
        return str(conversation.language)
    asked = conversation.expects or choices.wait_for_an_answer(conversation.choices)
    if not asked and opens_in_english(message.text):
        return ENGLISH
    return detect(message.text, conversation.language, expects=conversation.expects)


async def _tell_desk(rt: Runtime, conversation_id: UUID, inbound: Row[Any], answer: Answer | None) -> None:
    """Whoever speaks there sees the message; whoever works at the desk, who came into the queue or left it."""
    if inbound.state != ControlState.BOT or (answer and (answer.said or answer.leaves)):
        await tell_desk(rt.redis, [conversation_id])


async def _announce(rt: Runtime, inbound_id: UUID) -> None:
    """Tells a gateway that waits with the platform's request open. Nobody may be listening."""
    try:
        await rt.redis.publish(TURNS, inbound_id.hex)
    except (RedisError, OSError):
        log.warning("no announcement without redis", inbound=str(inbound_id))
