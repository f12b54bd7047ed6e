"""Who is asked to take a talk: whoever is there, has its skill and room for it; first the one it was meant for, then
the one who helped last, then whoever has least to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.handoff import talking
from bot.handoff.limits import limits
from bot.handoff.models import AnsweredIn, Skill, Talk, TalkStatus
from bot.handoff.queue import ORDER
from bot.handoff.states import QUEUED
from integrations.database import Executor
from integrations.hospital.models import Role
from integrations.hospital.staff import presence
from integrations.hospital.staff.presence import Present

_MOST = 200  # talks looked at in one go; the next comes in seconds
# A doctor may have talks assigned that they have not taken: these count as well.
_LOADS = text("""
    SELECT staff_id, count(*) AS talks FROM talks
    WHERE status IN ('waiting', 'active', 'unanswered') AND staff_id IS NOT NULL GROUP BY staff_id
""")
_HELPED_LAST = text("""
    SELECT DISTINCT ON (conversation_id) conversation_id, staff_id FROM talks
    WHERE conversation_id = ANY(:conversations) AND first_answered_at IS NOT NULL AND ended_at > :since
    ORDER BY conversation_id, ended_at DESC
""")
_SERVES = text("SELECT EXISTS (SELECT FROM staff WHERE active AND role = ANY(:roles))")


async def anybody(session: Executor, skill: Skill) -> bool:
    """Whether the hospital has people of this skill at the desk at all, there now or not. Supervisors are asked when
    nobody else comes: alone they are no pharmacy."""
    roles = [
        role.value
        for role, skills in talking.SKILLS.items()
        if skill in skills and (role is not Role.SUPERVISOR or skill is Skill.SERVICE)
    ]
    return bool(await session.scalar(_SERVES, {"roles": roles}))


async def assign(session: AsyncSession, now: datetime) -> list[Talk]:
    """Asks somebody to take each talk that nobody was asked for, in the order of the queue. Gives those talks."""
    there = await presence.present(session, now)
    if not there:
        return []
    open_now = (Talk.opens_at.is_(None)) | (Talk.opens_at <= now)
    waiting = (
        await session.scalars(
            select(Talk)
            .where(
                Talk.status.in_(QUEUED),
                Talk.staff_id.is_(None),
                Talk.answered_in == AnsweredIn.DESK,
                open_now,
            )
            .order_by(text(ORDER))
            .limit(_MOST)
            .with_for_update(skip_locked=True)
        )
    ).all()
    loads = Counter({row.staff_id: row.talks for row in await session.execute(_LOADS)})
    before = await _helped_last(session, (one.conversation_id for one in waiting), now)
    asked = []
    for one in waiting:
        chosen = choose(one, there, loads, before.get(one.conversation_id))
        if chosen is None:
            continue
        one.staff_id, one.assigned_at = chosen.member.id, now
        loads[chosen.member.id] += 1
        asked.append(one)
    await session.flush()
    return asked


def choose(
    one: Talk, there: Sequence[Present], loads: Mapping[UUID, int], helped_last: UUID | None
) -> Present | None:
    """Supervisors are asked when it has taken too long already. Who let it wait is asked again when all others have."""
    able = [
        here
        for here in there
        if talking.may_take(here.member, one)
        and loads.get(here.member.id, 0) < here.capacity
        and (here.member.role != Role.SUPERVISOR or one.escalated_at or one.wanted_staff_id == here.member.id)
    ]
    fresh = [here for here in able if here.member.id not in one.declined] or able
    for wanted in (one.wanted_staff_id, helped_last):
        if found := next((here for here in fresh if here.member.id == wanted), None):
            return found
    return min(fresh, key=lambda here: loads.get(here.member.id, 0) / here.capacity, default=None)


async def _helped_last(
    session: AsyncSession, conversations: Iterable[UUID], now: datetime
) -> dict[UUID, UUID]:
    row = {"conversations": list(conversations), "since": now - limits().continuity}
    return {row.conversation_id: row.staff_id for row in await session.execute(_HELPED_LAST, row)}


def step_back(one: Talk) -> None:
    """Who was asked did not take it."""
    if one.staff_id and one.status != TalkStatus.ACTIVE:
        one.declined = [*(member for member in one.declined if member != one.staff_id), one.staff_id]
        one.staff_id = one.assigned_at = None
