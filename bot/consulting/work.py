"""What a doctor does with a consultation at the desk: each is one transaction over the consultation and its talk.

Whoever speaks in the conversation is locked before the consultation, as by what the doctor says there: in any other
order the doctor's last words and the end could wait for each other."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.consulting.news import talk_of
from bot.handoff import control, queue, talking
from bot.handoff.models import Skill, Talk, TalkStatus
from integrations.hospital.consultations import accepting, finishing, rows, views
from integrations.hospital.consultations.terms import ConsultationError, NotNow, Terms, UnknownConsultation
from integrations.hospital.follow_up.plans import Plan
from integrations.hospital.models import ConsultationStatus, ReturnReason, StaffMember
from integrations.runtime import Runtime


class WithColleague(ConsultationError):
    """Another doctor talks with the patient in a consultation of theirs."""


async def accept(
    session: AsyncSession, rt: Runtime, consultation_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """The consultation is accepted and its talk taken, both or neither. Raises what either refuses with."""
    await _hold(session, consultation_id)
    await accepting.accept(
        session,
        consultation_id,
        practitioner_id=_doctor(member),
        actor=member.actor,
        terms=Terms.of(rt.settings),
        now=now,
    )
    return await _talk(session, rt, consultation_id, member, now)


async def take_up(
    session: AsyncSession, rt: Runtime, consultation_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """Accepted, or gone on with: whichever it is time for. Raises as they do."""
    one = await views.consultation(session, consultation_id)
    begin = accept if one.status is ConsultationStatus.WAITING else go_on
    return await begin(session, rt, consultation_id, member, now)


async def go_on(
    session: AsyncSession, rt: Runtime, consultation_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """Back into the talk of one that is going on, also when it was left meanwhile. Raises NotNow."""
    await _hold(session, consultation_id)
    one = await rows.locked(session, consultation_id, practitioner_id=_doctor(member))
    if one.status is not ConsultationStatus.ACTIVE:
        raise NotNow(one.status)
    return await _talk(session, rt, consultation_id, member, now)


async def give_back(
    session: AsyncSession,
    rt: Runtime,
    consultation_id: UUID,
    reason: ReturnReason,
    words: str,
    member: StaffMember,
    now: datetime,
) -> None:
    """退诊: the whole fee goes back, the talk ends and the bot speaks again."""
    await _hold(session, consultation_id)
    back = {"practitioner_id": _doctor(member), "actor": member.actor, "now": now}
    await accepting.give_back(session, rt.crypto, consultation_id, reason, words, **back)  # type: ignore[arg-type]
    await _end_talk(session, rt, consultation_id, member, now)


async def finish(
    session: AsyncSession,
    rt: Runtime,
    consultation_id: UUID,
    summary: str,
    plan: Plan | None,
    member: StaffMember,
    now: datetime,
) -> bool:
    """Ends it with its summary, and the talk with it. Whether the follow-up plan began."""
    await _hold(session, consultation_id)
    started = await finishing.finish(
        session,
        rt.crypto,
        rt.settings,
        consultation_id,
        summary,
        plan=plan,
        practitioner_id=_doctor(member),
        actor=member.actor,
        now=now,
    )
    await _end_talk(session, rt, consultation_id, member, now)
    return started


async def _hold(session: AsyncSession, consultation_id: UUID) -> None:
    await control.hold(session, (await views.consultation(session, consultation_id)).contact_id)


async def _talk(
    session: AsyncSession, rt: Runtime, consultation_id: UUID, member: StaffMember, now: datetime
) -> Talk:
    """Its own talk; where another one is open, or none any more, that of the conversation, from now on about it. Raises
    WithColleague while another consultation is talked there."""
    one = await views.consultation(session, consultation_id)
    found = await talking.open_talk(session, one.contact_id)
    if found and queue.is_message(found):  # it is for somebody else, who answers it afterwards
        await talking.move(session, found, TalkStatus.LEFT, now, by="consultation")
        found = None
    if found:
        own = found.consultation_id == one.id
        if found.consultation_id and not own and found.status == TalkStatus.ACTIVE:
            raise WithColleague
        found.wanted_staff_id = member.id  # whose account may be younger than the question
        if own and found.status != TalkStatus.ACTIVE:
            return await talking.accept(session, rt, found.id, member, now)
        found.consultation_id = one.id if own else None
        await session.flush()
    taken = await talking.take_over(session, rt, one.contact_id, member, now)
    taken.skill, taken.department_id, taken.consultation_id = Skill.DOCTOR, one.department_id, one.id
    taken.wanted_staff_id = member.id
    await session.flush()
    return taken


async def _end_talk(
    session: AsyncSession, rt: Runtime, consultation_id: UUID, member: StaffMember, now: datetime
) -> None:
    found = await talk_of(session, await views.consultation(session, consultation_id))
    if found is not None:
        how = "consulted" if found.status == TalkStatus.ACTIVE else ""
        await talking.end(session, rt, found, member.actor, now, how=how)


def _doctor(member: StaffMember) -> UUID:
    if member.practitioner_id is None:
        raise UnknownConsultation
    return member.practitioner_id
