"""WeChat's own agents (off unless the operator says so twice, see the settings). A passive reply hands over what the
patient wrote; events tell who accepted it, who has it now, and that it is over. Control moves as with our own people:
waiting → agent → bot. What is said there passes us by, and nobody looks at it for red flags.

WeChat forwards nothing by itself while the patient waits: every message is handed over again. Once somebody has
accepted, it forwards all, for half an hour at most. An event may never come: now and then WeChat is asked who has them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.handoff import control, talking, telling
from bot.handoff.models import AnsweredIn, Reason, Skill, Talk, TalkStatus
from bot.handoff.states import TalkRefusal
from bot.outbox import Reply
from bot.wake import tell_desk, wake
from integrations.channel import OwnAgents, SendError
from integrations.database import Executor
from integrations.hospital import audit
from integrations.messages import Kind, MessageIn, SessionChange
from integrations.runtime import Runtime

log = structlog.get_logger()

CHANNEL = "wechat"
_TRANSFER = Reply("", transfer=True)
# Events (a menu, a scan) are not to be forwarded: agents would see them without a meaning.
_FORWARDED = frozenset(
    {Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.FILE, Kind.LOCATION, Kind.LINK, Kind.STICKER, Kind.CHOICE}
)  # fmt: skip

MISSED = text("""
    SELECT id FROM talks WHERE status = 'waiting' AND answered_in = 'wechat' AND requested_at < :native_accepts
    LIMIT :limit
""")
OVER = text("""
    SELECT id FROM talks WHERE status = 'active' AND answered_in = 'wechat' AND accepted_at < :native_lasts
    LIMIT :limit
""")
# Doctors and pharmacists answer at the desk only.
_POINT = text("""
    UPDATE talks SET answered_in = 'wechat', native_agent = NULL
    WHERE conversation_id = :conversation AND status = 'waiting' AND skill = 'service' AND consultation_id IS NULL
      AND staff_id IS NULL
    RETURNING id
""")
_THERE = text("""
    SELECT id FROM talks
    WHERE conversation_id = :conversation AND status IN ('waiting', 'active') AND answered_in = 'wechat'
""")
_WITH_THEM = text("""
    SELECT talks.id, contacts.platform_id FROM talks JOIN contacts ON contacts.id = talks.conversation_id
    WHERE talks.status IN ('waiting', 'active') AND talks.answered_in = 'wechat'
      AND coalesce(talks.accepted_at, talks.requested_at) < :settled
""")
_SETTLES = timedelta(seconds=30)  # of what is younger, the event may still be on its way
_CONTACT = text("SELECT id FROM contacts WHERE channel = :channel AND platform_id = :sender")
# By WeChat's clock, which both bear: a delivery may be late.
_LATER = text("""
    SELECT 1 FROM inbound WHERE conversation_id = :conversation AND kind = 'event' AND sent_at > :at
      AND lower(split_part(external_id, ':', 3)) = :event LIMIT 1
""")
_OPPOSITE = {SessionChange.OPENED: "kf_close_session", SessionChange.CLOSED: "kf_create_session"}


async def ask(
    session: Executor, rt: Runtime, conversation_id: UUID, inbound: Any, language: str
) -> list[Reply]:
    """Points a patient who has just come into the queue to WeChat's agents, where these are asked at all. Gives what
    is said; nothing: the patient waits for our own people. `inbound` is the row of the patient's message."""
    if not serves(rt, inbound):
        return []
    if (await session.execute(_POINT, {"conversation": conversation_id})).first() is None:
        return []
    return _handed_over(rt, inbound) or [_say_more(language)]


async def forward(
    session: Executor, rt: Runtime, conversation_id: UUID, inbound: Any, language: str
) -> list[Reply] | None:
    """What answers a message of somebody who waits for WeChat's agents, or whom they have; None for all others."""
    if not serves(rt, inbound):
        return None
    if (await session.execute(_THERE, {"conversation": conversation_id})).first() is None:
        return None
    if inbound.kind == Kind.MENU:
        return [_say_more(language)]
    return _handed_over(rt, inbound)


def serves(rt: Runtime, inbound: Any) -> bool:
    """Whether this patient's questions for a person go to WeChat's agents."""
    return rt.settings.wechat_native_agents and inbound.speaks == CHANNEL


def _handed_over(rt: Runtime, inbound: Any) -> list[Reply]:
    """Only the answer to a message's own webhook hands it over."""
    heard = inbound.passive_until is not None and inbound.passive_until > rt.now()
    return [_TRANSFER] if heard and inbound.kind in _FORWARDED else []


def _say_more(language: str) -> Reply:
    return Reply(texts.say("bot_talk_native_say", language=language))


async def hear(rt: Runtime, message: MessageIn) -> UUID | None:
    """What WeChat tells of its agents, before the event is stored: one that is brought again changes nothing. Gives the
    conversation in which something changed."""
    if message.session is None or not rt.settings.wechat_native_agents:
        return None
    async with rt.database.begin() as session:
        row = {"channel": message.channel, "sender": message.sender}
        conversation_id: UUID | None = await session.scalar(_CONTACT, row)
        if conversation_id is None:
            return None
        found = await talking.open_talk(session, conversation_id)
        change, agent = message.session.change, message.session.agent
        if await _overtaken(session, conversation_id, change, message.sent_at):
            return None
        if change is SessionChange.OPENED:
            changed = await _opened(session, rt, conversation_id, found, agent, message.sent_at)
        else:
            changed = await _went_on(session, rt, found, change, agent)
    return conversation_id if changed else None


async def _overtaken(session: Executor, conversation_id: UUID, change: SessionChange, at: datetime) -> bool:
    opposite = {"conversation": conversation_id, "at": at, "event": _OPPOSITE.get(change, "")}
    return (await session.execute(_LATER, opposite)).first() is not None


async def look(rt: Runtime) -> None:
    """Asks WeChat who has those whom we take to be with its agents, or in their queue. While it does not say, all is
    taken to be as it was."""
    channel: object = rt.channels.get(CHANNEL)
    if not rt.settings.wechat_native_agents or not isinstance(channel, OwnAgents):
        return
    asked_at = rt.now()
    async with rt.database.transaction() as session:
        there = (await session.execute(_WITH_THEM, {"settled": asked_at - _SETTLES})).all()
    changed = []
    for one in there:
        try:
            agent = await channel.agent_of(one.platform_id)
        except SendError as error:
            log.warning("WeChat does not say who has a patient", talk=str(one.id), reason=str(error))
            if error.retryable:
                break  # it is away: the others next time, instead of waiting for each in turn
            continue
        conversation_id = await _put_right(rt, one.id, agent, asked_at)
        changed += [conversation_id] if conversation_id else []
    if not changed:
        return
    try:
        await wake(rt.redis, changed)
    except (RedisError, OSError):
        log.warning("nobody is woken without redis: the sweep will send what is due")
    await tell_desk(rt.redis, changed)


async def _put_right(rt: Runtime, talk_id: UUID, agent: str, asked_at: datetime) -> UUID | None:
    """As WeChat says that it is. Gives the conversation, if that is not what we thought."""
    try:
        async with rt.database.begin() as session:
            found = await talking.talk(session, talk_id)
            if found.answered_in != AnsweredIn.WECHAT or (found.accepted_at and found.accepted_at > asked_at):
                return None
            if agent:
                changed = await _opened(session, rt, found.conversation_id, found, agent)
            else:
                changed = await over(session, rt, found, rt.now())
            return found.conversation_id if changed else None
    except TalkRefusal:
        return None  # somebody ended it just now


async def _opened(
    session: AsyncSession,
    rt: Runtime,
    conversation_id: UUID,
    found: Talk | None,
    agent: str,
    at: datetime | None = None,
) -> bool:
    """An agent has the patient: who waited, or whom they began to talk with by themselves. They are there already when
    WeChat says so: what the bot is just sending is not waited for, which would hold up the webhook and the row. `at`:
    since when, by WeChat's clock; the half hour begins anew where we did not hear the session before end."""
    if found is None:
        found = await _begun_there(session, rt, conversation_id)
    elif found.status == TalkStatus.ACTIVE and found.answered_in == AnsweredIn.WECHAT:
        found.accepted_at = max(filter(None, (found.accepted_at, at)))
        return await _went_on(session, rt, found, SessionChange.SWITCHED, agent)
    elif found.status == TalkStatus.ACTIVE or found.consultation_id or found.skill != Skill.SERVICE:
        log.warning("WeChat's agent has a patient of our own people", talk=str(found.id), agent=agent)
        return False
    now = rt.now()
    found.answered_in, found.native_agent = AnsweredIn.WECHAT, agent
    found.staff_id = found.assigned_at = None
    await talking.move(session, found, TalkStatus.ACTIVE, now)
    found.accepted_at = found.first_answered_at = now
    found.escalated_at = found.silent_since = None
    await session.flush()
    await _record(session, found, "talk.accept")
    return True


async def _begun_there(session: AsyncSession, rt: Runtime, conversation_id: UUID) -> Talk:
    begun = Talk(
        conversation_id=conversation_id,
        skill=Skill.SERVICE,
        reason=Reason.STAFF,
        status=TalkStatus.UNANSWERED,
        epoch=await control.hold(session, conversation_id),
        requested_at=rt.now(),
    )
    session.add(begun)
    await session.flush()
    return begun


async def _went_on(
    session: AsyncSession, rt: Runtime, found: Talk | None, change: SessionChange, agent: str
) -> bool:
    """Another agent has the patient, or it is over. Of a session that we did not hear begin we hear the end."""
    if found is None or found.answered_in != AnsweredIn.WECHAT:
        return False
    if change is not SessionChange.CLOSED and agent == found.native_agent:
        return False
    now = rt.now()
    found.native_agent = agent or found.native_agent
    if change is SessionChange.CLOSED:
        found.first_answered_at = found.first_answered_at or now
        await talking.end(session, rt, found, f"{CHANNEL}:{found.native_agent}", now, how="closed")
    await session.flush()
    await _record(session, found, "talk.closed" if change is SessionChange.CLOSED else "talk.switched")
    return True


async def missed(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """Nobody accepts there: the patient waits for our own people, from when they asked on, and is told."""
    if found.status != TalkStatus.WAITING or found.answered_in != AnsweredIn.WECHAT:
        return False
    found.answered_in = AnsweredIn.DESK
    await session.flush()
    await telling.tell(session, rt, found, "bot_talk_native_missed")
    return True


async def over(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """WeChat forwards no more, and says nothing of it: the bot is there again."""
    if found.status != TalkStatus.ACTIVE or found.answered_in != AnsweredIn.WECHAT:
        return False
    await talking.end(session, rt, found, "time", now, how="handed_back")
    return True


async def _record(session: AsyncSession, found: Talk, action: str) -> None:
    await audit.record(
        session,
        actor=f"{CHANNEL}:{found.native_agent}",
        action=action,
        subject=f"conversation:{found.conversation_id}",
        detail={"talk": str(found.id), "where": AnsweredIn.WECHAT.value},
    )
