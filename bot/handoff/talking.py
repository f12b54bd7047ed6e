"""What a member of staff does with a talk. Each is one transaction of the caller's, and stands in the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import alarms
from bot.handoff import alarmed, control, telling
from bot.handoff.limits import limits
from bot.handoff.models import AnsweredIn, Reason, Skill, Talk, TalkNote, TalkStatus
from bot.handoff.states import OPEN, SPEAKS, AlreadyTaken, NotActive, NotYours, OfConsultation, Over, check
from bot.models import ControlState
from bot.outbox import Reply
from integrations.hospital import audit, ratings
from integrations.hospital.consultations import limits as limits_of_consultations
from integrations.hospital.models import ConsultationStatus, Role, StaffMember, SubjectKind
from integrations.hospital.staff.permissions import in_department
from integrations.runtime import Runtime

_NOTE = "talk_notes.words"
_LONGEST_WAIT = 3.0  # seconds for what is just leaving: longer calls end as `unknown`
_LEAVING = text("""
    SELECT 1 FROM outbound WHERE conversation_id = :id AND status = 'sending' AND NOT exempt AND staff_id IS NULL
    LIMIT 1
""")
_ACCOUNT = text("SELECT account_id FROM contacts WHERE id = :id")
_STANDS = text("SELECT status FROM consultations WHERE id = :id AND status IN ('waiting', 'active')")
SKILLS: dict[Role, frozenset[Skill]] = {
    Role.AGENT: frozenset({Skill.SERVICE}),
    Role.SUPERVISOR: frozenset(Skill),
    Role.DOCTOR: frozenset({Skill.DOCTOR}),
    Role.PHARMACIST: frozenset({Skill.PHARMACY}),
}


async def open_talk(session: AsyncSession, conversation_id: UUID) -> Talk | None:
    """The conversation's open talk, locked together with its control."""
    await control.hold(session, conversation_id)
    found = select(Talk).where(Talk.conversation_id == conversation_id, Talk.status.in_(OPEN))
    return await session.scalar(found.with_for_update().execution_options(populate_existing=True))


async def talk(session: AsyncSession, talk_id: UUID) -> Talk:
    """A talk, locked together with its conversation's control. Raises Over for one that has ended."""
    conversation_id = await session.scalar(select(Talk.conversation_id).where(Talk.id == talk_id))
    found = await open_talk(session, conversation_id) if conversation_id else None
    if found is None or found.id != talk_id:
        raise Over
    return found


async def accept(
    session: AsyncSession,
    rt: Runtime,
    talk_id: UUID,
    member: StaffMember,
    now: datetime,
    *,
    where: AnsweredIn = AnsweredIn.DESK,
) -> Talk:
    """The member speaks from now on; who does already goes on `where` they are now. Returns when nothing of the bot's
    is on its way any more.

    Raises Over, AlreadyTaken, NotYours; OfConsultation when its consultation has to be accepted first."""
    found = await talk(session, talk_id)
    if found.status == TalkStatus.ACTIVE:
        if found.staff_id != member.id:
            raise AlreadyTaken
        found.answered_in = where
        await session.flush()
        return found
    if not may_take(member, found):
        raise NotYours
    if await _consultation(session, found) == ConsultationStatus.WAITING:
        raise OfConsultation
    await _take(session, rt, found, member, now, where)
    await _record(session, member, "talk.accept", found, where=where.value)
    return found


async def take_over(
    session: AsyncSession, rt: Runtime, conversation_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """The member speaks from now on, whoever did before: the bot, nobody yet, or somebody else. Returns when nothing
    of the bot's is on its way any more. Who may do so the caller has asked; a consultation's talk is its doctor's all
    the same. Raises NotYours."""
    found = await open_talk(session, conversation_id) or await _begin(session, conversation_id, member, now)
    if found.status == TalkStatus.ACTIVE and found.staff_id == member.id:
        return found
    if found.wanted_staff_id != member.id and await _consultation(session, found):
        raise NotYours
    before = found.staff_id if found.status == TalkStatus.ACTIVE else None
    if before:
        await telling.take_back(session, found)
    await _take(session, rt, found, member, now)
    await _record(session, member, "talk.take_over", found, before=str(before) if before else None)
    return found


async def say(
    session: AsyncSession,
    rt: Runtime,
    talk_id: UUID,
    member: StaffMember,
    words: str = "",
    picture: UUID | None = None,
    page: str | None = None,
    now: datetime | None = None,
) -> list[UUID]:
    """Queues what the member says: words (with the address of a `page` of ours below them), a picture (a row of
    `media`), or both. Gives the rows; the caller wakes the conversation after its commit.

    Raises Over, NotActive, NotYours, ValueError for nothing to say."""
    now = now or rt.now()
    found = await _mine(session, talk_id, member)
    if page:
        words = f"{words}\n{rt.settings.public_url.rstrip('/')}{page}".strip()
    channel = await telling.channel(session, rt, found.conversation_id)
    replies = [Reply(piece) for piece in channel.split(words) if piece] if words.strip() else []
    replies += [Reply("", picture=picture)] if picture else []
    if not replies:
        raise ValueError("nothing to say")
    rows = await telling.queue(session, rt, found, replies, staff_id=member.id)
    await alarms.seen_to(session, found.conversation_id)
    if found.consultation_id:
        await limits_of_consultations.doctor_said(session, found.consultation_id, now)
    found.first_answered_at = found.first_answered_at or now
    found.last_said_at, found.silent_since = now, None
    return rows


async def note(
    session: AsyncSession, rt: Runtime, talk_id: UUID, member: StaffMember, words: str, now: datetime
) -> UUID:
    """Keeps words for colleagues only. Any open talk that the caller may see. Raises Over."""
    found = await talk(session, talk_id)
    kept = TalkNote(
        conversation_id=found.conversation_id,
        talk_id=found.id,
        staff_id=member.id,
        words=rt.crypto.encrypt(words, _NOTE),
        created_at=now,
    )
    session.add(kept)
    await session.flush()
    return kept.id


async def notes(session: AsyncSession, rt: Runtime, conversation_id: UUID) -> Sequence[tuple[TalkNote, str]]:
    """What staff wrote to one another about a conversation, oldest first, with its words."""
    found = await session.scalars(
        select(TalkNote).where(TalkNote.conversation_id == conversation_id).order_by(TalkNote.id)
    )
    return [(one, rt.crypto.decrypt(one.words, _NOTE)) for one in found]


async def transfer(
    session: AsyncSession,
    rt: Runtime,
    talk_id: UUID,
    member: StaffMember,
    now: datetime,
    *,
    to: StaffMember | None = None,
    skill: Skill | None = None,
    department_id: UUID | None = None,
) -> Talk:
    """Hands the talk to somebody (who is asked first), or to a skill. The patient waits again, first in line, and is
    told. Raises Over, NotActive, NotYours, OfConsultation, ValueError for nobody to hand it to."""
    if to is None and skill is None:
        raise ValueError("to whom")
    found = await _mine(session, talk_id, member)
    await _not_of_a_consultation(session, found)
    found.skill = skill or _own_skill(to) if to else skill or found.skill
    found.department_id = to.department_id if to and found.skill == Skill.DOCTOR else department_id
    found.wanted_staff_id = to.id if to else None
    await back_to_the_queue(session, found, now, declined=None)
    await _record(session, member, "talk.transfer", found, to=to.login if to else found.skill)
    await telling.tell(session, rt, found, "bot_talk_transferred")
    return found


async def back_to_the_queue(
    session: AsyncSession, found: Talk, now: datetime, *, declined: UUID | None
) -> None:
    """Nobody speaks with the patient any more: they wait again, before all others but alarms."""
    await telling.take_back(session, found)
    await move(session, found, TalkStatus.WAITING, now)
    found.priority = max(found.priority, limits().head_start["back_again"])
    found.requested_at, found.opens_at = now, None
    found.staff_id = found.assigned_at = found.accepted_at = found.escalated_at = found.silent_since = None
    found.answered_in, found.native_agent = AnsweredIn.DESK, None
    found.asked_position = found.told_position = found.told_at = None
    found.declined = [declined] if declined else []
    await session.flush()


async def hand_back(
    session: AsyncSession,
    rt: Runtime,
    talk_id: UUID,
    member: StaffMember,
    now: datetime,
    *,
    how: str = "handed_back",
) -> Talk:
    """The bot speaks again: the dialog says so and goes on where it was, and the patient is asked once how the help
    was. Raises Over, NotActive, NotYours, OfConsultation."""
    found = await _mine(session, talk_id, member)
    await _not_of_a_consultation(session, found)
    await end(session, rt, found, member.actor, now, how=how)
    await _record(session, member, f"talk.{how}", found)
    return found


async def close(
    session: AsyncSession, rt: Runtime, talk_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """The matter is settled: as hand_back, in the words of a farewell. A talk that nobody has taken is closed without
    a word of the bot's. Raises Over, NotYours, OfConsultation."""
    found = await talk(session, talk_id)
    if found.status == TalkStatus.ACTIVE:
        return await hand_back(session, rt, talk_id, member, now, how="closed")
    if not may_take(member, found):
        raise NotYours
    await _not_of_a_consultation(session, found)
    waited = found.status == TalkStatus.WAITING
    await end(session, rt, found, member.actor, now, how="closed" if waited else "")
    await _record(session, member, "talk.closed", found)
    return found


async def end(
    session: AsyncSession, rt: Runtime, found: Talk, by: str, now: datetime, *, how: str = ""
) -> None:
    """Ends a talk: what must not come after it is dropped, the dialog goes on (`how` says in which words), and who was
    helped is asked about it."""
    await move(session, found, TalkStatus.CLOSED, now, by=by)
    await telling.drop_stale(session, found)
    if how:
        await telling.resume(session, rt, found, how, now)
    if found.first_answered_at and found.consultation_id is None:  # a consultation has a question of its own
        account_id = await session.scalar(_ACCOUNT, {"id": found.conversation_id})
        await ratings.ask(session, SubjectKind.AGENT, found.id, account_id, found.conversation_id, now)


async def move(
    session: AsyncSession, found: Talk, to: TalkStatus, now: datetime, *, by: str | None = None
) -> None:
    """One step of the table, and control with it; `by`: who ended the talk. Raises Over, WrongStep."""
    before = TalkStatus(found.status)
    check(before, to)
    if SPEAKS[before] == ControlState.BOT:
        found.epoch = await control.hold(session, found.conversation_id)
    await control.change_control(session, found.conversation_id, SPEAKS[to], now)
    found.status = to
    if to not in OPEN:
        found.ended_at, found.ended_by = now, by
    await session.flush()


def may_take(member: StaffMember, found: Talk) -> bool:
    """Whether the talk is of this member's skill: a doctor's own consultations, and their department's talks."""
    skill = Skill(found.skill)
    if skill not in SKILLS.get(member.role, frozenset()):
        return False
    if found.consultation_id is not None:
        return found.wanted_staff_id == member.id
    if skill == Skill.DOCTOR and member.role == Role.DOCTOR and found.department_id:
        return in_department(member, found.department_id) or found.wanted_staff_id == member.id
    return True


async def _consultation(session: AsyncSession, found: Talk) -> ConsultationStatus | None:
    """How the consultation of this talk stands, while it is not over."""
    if found.consultation_id is None:
        return None
    status = await session.scalar(_STANDS, {"id": found.consultation_id})
    return ConsultationStatus(status) if status else None


async def _not_of_a_consultation(session: AsyncSession, found: Talk) -> None:
    """Its doctor ends a consultation with its summary, or gives it back: nothing else ends its talk. Raises
    OfConsultation."""
    if await _consultation(session, found):
        raise OfConsultation


def _own_skill(member: StaffMember) -> Skill:
    own = SKILLS.get(member.role, frozenset())
    return next(iter(own)) if len(own) == 1 else Skill.SERVICE


async def _begin(session: AsyncSession, conversation_id: UUID, member: StaffMember, now: datetime) -> Talk:
    await alarmed.begin(session, conversation_id)
    if found := await open_talk(session, conversation_id):  # a red flag was quicker
        return found
    begun = Talk(
        conversation_id=conversation_id,
        skill=_own_skill(member),
        department_id=member.department_id if _own_skill(member) == Skill.DOCTOR else None,
        reason=Reason.STAFF,
        status=TalkStatus.UNANSWERED,
        requested_at=now,
    )
    session.add(begun)
    await session.flush()
    return begun


async def _take(
    session: AsyncSession,
    rt: Runtime,
    found: Talk,
    member: StaffMember,
    now: datetime,
    where: AnsweredIn = AnsweredIn.DESK,
) -> None:
    found.answered_in, found.native_agent = where, None
    if found.status != TalkStatus.ACTIVE:
        found.staff_id = member.id
        await move(session, found, TalkStatus.ACTIVE, now)
    found.staff_id, found.accepted_at = member.id, now
    found.assigned_at = found.assigned_at or now
    found.escalated_at = found.silent_since = None
    await session.flush()
    await _nothing_leaves(session, found.conversation_id)
    await telling.tell(session, rt, found, "bot_talk_begun", name=member.name)


async def _nothing_leaves(session: AsyncSession, conversation_id: UUID) -> None:
    """Waits until what the bot was just sending has left. The control row is held: nothing new begins to."""
    until = monotonic() + _LONGEST_WAIT
    while (await session.execute(_LEAVING, {"id": conversation_id})).first():
        if monotonic() > until:
            return
        await asyncio.sleep(0.02)


async def _mine(session: AsyncSession, talk_id: UUID, member: StaffMember) -> Talk:
    found = await talk(session, talk_id)
    if found.status != TalkStatus.ACTIVE:
        raise NotActive
    if found.staff_id != member.id:
        raise NotYours
    return found


async def _record(
    session: AsyncSession, member: StaffMember, action: str, found: Talk, **detail: Any
) -> None:
    told = {"talk": str(found.id)} | {name: value for name, value in detail.items() if value is not None}
    await audit.record(
        session,
        actor=member.actor,
        action=action,
        subject=f"conversation:{found.conversation_id}",
        detail=told,
    )
