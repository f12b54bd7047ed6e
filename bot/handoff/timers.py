"""What time brings for those who wait for a person, or talk with one (limits.yml says how long)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.handoff import alarmed, assigning, native, queue, talking, telling, words
from bot.handoff.limits import limits
from bot.handoff.models import Talk, TalkStatus
from bot.handoff.states import TalkRefusal
from integrations.hospital import audit
from integrations.hospital.office_hours import office_hours
from integrations.runtime import Runtime

log = structlog.get_logger()

TIMED = Counter("daozhen_talks_timed_total", "Talks in which something took too long", ["what"])
_MOST = 200
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('talks', 0))")

# Whose browser is silent. A doctor comes back to a consultation when they can.
_LOST = text("""
    SELECT talks.id FROM talks LEFT JOIN staff_presence AS there ON there.staff_id = talks.staff_id
    WHERE status = 'active' AND consultation_id IS NULL AND accepted_at < :absent AND answered_in = 'desk'
      AND (there.staff_id IS NULL OR there.state = 'offline' OR there.seen_at < :absent)
    LIMIT :limit
""")
# Whoever answers from the group has no browser: that they say nothing shows it.
_AWAY = text("""
    SELECT id FROM talks WHERE status = 'active' AND answered_in = 'telegram' AND silent_since < :away LIMIT :limit
""")
_NOT_TAKEN = text("""
    SELECT id FROM talks WHERE status IN ('waiting', 'unanswered') AND staff_id IS NOT NULL
      AND assigned_at < :accept AND consultation_id IS NULL
    LIMIT :limit
""")
_LATE = text("""
    SELECT id FROM talks WHERE status IN ('waiting', 'unanswered') AND escalated_at IS NULL
      AND coalesce(opens_at, requested_at) < :escalate AND consultation_id IS NULL AND answered_in = 'desk'
    LIMIT :limit
""")
# Since when the bot is silent, not since when they asked: whoever asks again keeps their place.
_GIVEN_UP = text("""
    SELECT id FROM talks JOIN controls USING (conversation_id)
    WHERE status = 'waiting' AND state = 'waiting' AND changed_at < :give_up LIMIT :limit
""")
# What a patient asked for may stand there since before it was taken; a doctor reads what is told first.
_SILENT = text("""
    SELECT id FROM talks WHERE status = 'active' AND silent_since IS NULL AND answered_in <> 'wechat' AND (
        accepted_at < :answer AND coalesce(last_said_at < accepted_at, true)
          AND consultation_id IS NULL AND reason <> 'staff'
        OR EXISTS (
            SELECT FROM inbound WHERE inbound.conversation_id = talks.conversation_id
              AND kind NOT IN ('event', 'unfollow', 'system')
              AND received_at > greatest(last_said_at, accepted_at) AND received_at < :answer))
    LIMIT :limit
""")
_TO_TELL = text("""
    SELECT id FROM talks
    WHERE status = 'waiting' AND told_position > 1 AND told_at < :tell_again AND answered_in = 'desk' LIMIT :limit
""")
# From when they asked last, or the last red flag. A message that was left is promised an answer: it waits for whoever
# gives one, or closes it.
_OUT_OF_TIME = text("""
    SELECT id FROM talks JOIN controls USING (conversation_id)
    WHERE status = 'unanswered' AND consultation_id IS NULL AND message_at IS NULL
      AND greatest(coalesce(opens_at, requested_at), changed_at, (
            SELECT max(last_at) FROM alarms WHERE alarms.conversation_id = talks.conversation_id)) < :keep
    LIMIT :limit
""")
# Whoever asked since then let the bot fall silent, and whoever is in danger: they are waited for as the others.
_BROUGHT_LONG_AGO = text("""
    SELECT id FROM talks JOIN controls USING (conversation_id)
    WHERE status = 'unanswered' AND reason IN ('failed', 'anger') AND consultation_id IS NULL
      AND priority < :alarm AND controls.epoch = talks.epoch AND opens_at IS NULL
      AND greatest(requested_at, (
            SELECT max(last_at) FROM alarms WHERE alarms.conversation_id = talks.conversation_id)) < :brought
    LIMIT :limit
""")

_Step = Callable[[AsyncSession, Runtime, Talk, datetime], Awaitable[bool]]


async def keep(rt: Runtime) -> list[UUID]:
    """Does all that is due. Gives the conversations in which something is to be sent, or shown at the desk."""
    async with rt.database.transaction() as session:
        changed = await alarmed.catch_up(session, rt.now())
    for what, due, step in _STEPS:
        for talk_id in await _find(rt, due):
            conversation = await _one(rt, talk_id, what, due, step)
            changed += [conversation] if conversation else []
    async with rt.database.begin() as session:
        if await session.scalar(_ALONE):
            changed += [one.conversation_id for one in await assigning.assign(session, rt.now())]
    return list(dict.fromkeys(changed))


async def _find(rt: Runtime, due: TextClause) -> list[UUID]:
    async with rt.database.transaction() as session:
        return [row.id for row in await session.execute(due, _limits(rt, due) | {"limit": _MOST})]


def _limits(rt: Runtime, due: TextClause) -> dict[str, datetime | int]:
    """What the statement names: moments before which it counts as too long, and the head start of an alarm."""
    named: dict[str, datetime | int] = {name: rt.now() - getattr(limits(), name) for name in _BY_TIME}
    named["alarm"] = limits().head_start["alarm"]
    return {name: value for name, value in named.items() if f":{name}" in due.text}


_BY_TIME = (
    "absent", "away", "accept", "escalate", "give_up", "answer", "tell_again", "keep", "brought",
    "native_accepts", "native_lasts",
)  # fmt: skip


async def _one(rt: Runtime, talk_id: UUID, what: str, due: TextClause, step: _Step) -> UUID | None:
    """One talk in a transaction of its own: what cannot be done for it stands in no other's way."""
    try:
        async with rt.database.begin() as session:
            found = await talking.talk(session, talk_id)
            if not await _is_still(session, rt, due, talk_id) or not await step(session, rt, found, rt.now()):
                return None
            conversation = found.conversation_id
    except TalkRefusal:
        return None  # somebody did something about it just now
    except Exception:  # the others, and who is asked next, are not to wait for it
        log.exception("nothing could be done about a talk", what=what, talk=str(talk_id))
        return None
    if what != "told":
        TIMED.labels(what).inc()
        log.info("a talk took too long", what=what, talk=str(talk_id))
    return conversation


async def _is_still(session: AsyncSession, rt: Runtime, due: TextClause, talk_id: UUID) -> bool:
    """Asked again once the talk is locked: since it was found, somebody may have answered, or come back."""
    every = due.text.replace("LIMIT :limit", "")  # without one, Postgres looks at this talk alone
    still = text(f"SELECT 1 FROM ({every}) AS due WHERE id = :talk")  # noqa: S608 - statements of our own
    return (await session.execute(still, _limits(rt, due) | {"talk": talk_id})).first() is not None


async def lost(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """Back into the queue, first in line; whoever is gone is not asked again at once."""
    if found.status != TalkStatus.ACTIVE:
        return False
    gone = found.staff_id
    await talking.back_to_the_queue(session, found, now, declined=gone)
    await telling.tell(session, rt, found, "bot_talk_lost")
    await audit.record(
        session,
        actor="time",
        action="talk.lost",
        subject=f"conversation:{found.conversation_id}",
        detail={"talk": str(found.id), "staff": str(gone)},
    )
    return True


async def _not_taken(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    if found.status == TalkStatus.ACTIVE or found.staff_id is None:
        return False
    assigning.step_back(found)
    return True


async def _late(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """Supervisors see it, and are asked as well; who was told that somebody comes hears that we keep trying."""
    if found.status == TalkStatus.ACTIVE or found.escalated_at is not None:
        return False
    found.escalated_at = now
    if found.status == TalkStatus.WAITING:
        await telling.tell(session, rt, found, "bot_talk_late")
    elif found.reason in queue.BROUGHT and found.opens_at is None and found.told_at is not None:
        await telling.tell(session, rt, found, "bot_talk_brought_late")
    log.warning("nobody takes a talk", talk=str(found.id), skill=found.skill, reason=found.reason)
    return True


async def _given_up(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """The patient waits no longer in silence: the talk stays in the queue, and the bot goes on meanwhile."""
    if found.status != TalkStatus.WAITING:
        return False
    await talking.move(session, found, TalkStatus.UNANSWERED, now)
    opens = office_hours(rt.settings.office_hours).opens(found.skill, now, rt.zone)
    found.opens_at = opens if opens > now and not queue.of_an_alarm(found.priority) else None
    found.message_at = (
        now if found.opens_at else found.message_at
    )  # what they said meanwhile is kept for then
    await telling.resume(session, rt, found, "given_up", now)
    return True


async def _silent(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    if found.status != TalkStatus.ACTIVE or found.silent_since is not None:
        return False
    found.silent_since = now
    await telling.tell(session, rt, found, "bot_talk_silent")
    return True


async def _told(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    """Told again when it changed notably: halved, or next. A platform may count our messages."""
    place = await queue.where(session, rt, found.conversation_id)
    if place is None or place.status != TalkStatus.WAITING or not found.told_position:
        return False
    if not (place.position == 1 or place.position * 2 <= found.told_position):
        return False
    found.told_position, found.told_at = place.position, now
    language = await telling.language(session, found.conversation_id)
    await telling.say(session, rt, found, words.still(place, language))
    return True


async def _out_of_time(session: AsyncSession, rt: Runtime, found: Talk, now: datetime) -> bool:
    if found.status != TalkStatus.UNANSWERED:
        return False
    await talking.move(session, found, TalkStatus.LEFT, now, by="time")
    return True


_STEPS: tuple[tuple[str, TextClause, _Step], ...] = (
    ("lost", _LOST, lost),
    ("lost", _AWAY, lost),
    ("native_missed", native.MISSED, native.missed),
    ("native_over", native.OVER, native.over),
    ("not_taken", _NOT_TAKEN, _not_taken),
    ("late", _LATE, _late),
    ("given_up", _GIVEN_UP, _given_up),
    ("silent", _SILENT, _silent),
    ("told", _TO_TELL, _told),
    ("out_of_time", _OUT_OF_TIME, _out_of_time),
    ("out_of_time", _BROUGHT_LONG_AGO, _out_of_time),
)
