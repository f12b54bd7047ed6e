"""What happens to a consultation, brought into the chat. While it is talked, words about it leave beside the doctor's
own; what is said outside of the talk names no doctor, department or illness."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import notices, texts
from bot.handoff import control, queue, talking, telling
from bot.handoff.models import Reason, Skill, Talk, TalkStatus
from integrations.hospital import deceased
from integrations.hospital.consultations import limits, rows, views
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.events import EventKind
from integrations.hospital.models import ConsultationStatus, HospitalEvent, StaffMember
from integrations.runtime import Runtime
from integrations.wording import Wording

# Paid and not accepted yet, in a conversation where nobody is asked for any more: what the patient wanted of somebody
# else meanwhile is done.
_FORGOTTEN = text("""
    SELECT c.id FROM consultations c JOIN controls ON controls.conversation_id = c.contact_id
    WHERE c.status = 'waiting' AND c.accept_by > :now AND NOT EXISTS (
        SELECT FROM talks t
        WHERE t.conversation_id = c.contact_id AND t.status IN ('waiting', 'active', 'unanswered'))
    ORDER BY c.id LIMIT 50
""")
_LANGUAGE = text("SELECT language FROM conversations WHERE id = :id")
_TALKED = frozenset(
    {
        EventKind.CONSULTATION_ACCEPTED,
        EventKind.CONSULTATION_FEW_LEFT,
        EventKind.CONSULTATION_ENDS_SOON,
        EventKind.CONSULTATION_EXTENDED,
    }
)
_ENDS = frozenset(
    {
        EventKind.CONSULTATION_CANCELLED,
        EventKind.CONSULTATION_EXPIRED,
        EventKind.CONSULTATION_FINISHED,
        EventKind.CONSULTATION_RETURNED,
    }
)
KINDS = _TALKED | _ENDS | {EventKind.CONSULTATION_PAID, EventKind.CONSULTATION_SUMMED_UP}


async def tell(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """Opens or ends the talk, and tells the patient. Gives the conversation whose dialog goes on, if one does."""
    kind = EventKind(event.kind)
    one = await views.consultation(session, UUID(event.payload["consultation_id"]))
    if kind is EventKind.CONSULTATION_PAID and not await _open(session, rt, one):
        return None
    goes_on = None
    if kind in _ENDS:
        goes_on = await _end(session, rt, one)
    if kind is EventKind.CONSULTATION_CANCELLED:
        return goes_on
    if kind in _TALKED:
        if one.status is not ConsultationStatus.ACTIVE:
            return None
        if kind is EventKind.CONSULTATION_ENDS_SOON and not timedelta() < _left(rt, one) <= limits.SOON:
            return None  # it was extended since, or told too late
        if (found := await talk_of(session, one)) and found.status == TalkStatus.ACTIVE:
            await telling.say(session, rt, found, await _words(session, rt, kind, one))
            return None
    if await deceased.concerns(session, event.account_id, event.payload):
        return goes_on
    await notices.queue(
        session, rt, one.contact_id, kind, await _words(session, rt, kind, one), urgent=kind not in _LATER
    )
    return goes_on


_LATER = frozenset({EventKind.CONSULTATION_SUMMED_UP})  # keeps quiet hours


async def open_again(session: AsyncSession, rt: Runtime) -> list[UUID]:
    """Asks their doctors once more. Gives the conversations."""
    found = [
        await views.consultation(session, one) for one in await session.scalars(_FORGOTTEN, {"now": rt.now()})
    ]
    return [one.contact_id for one in found if await _open(session, rt, one)]


async def talk_of(session: AsyncSession, one: ConsultationView) -> Talk | None:
    """The conversation's open talk, when it is about this consultation; locked."""
    found = await talking.open_talk(session, one.contact_id)
    return found if found is not None and found.consultation_id == one.id else None


async def _open(session: AsyncSession, rt: Runtime, one: ConsultationView) -> bool:
    """Its doctor is to accept it; the bot goes on until then. False: it is cancelled, or was accepted, by now."""
    await control.hold(session, one.contact_id)
    if (await rows.locked(session, one.id)).status is not ConsultationStatus.WAITING:
        return False
    member = await session.scalar(
        select(StaffMember.id).where(StaffMember.practitioner_id == one.practitioner_id, StaffMember.active)
    )
    await queue.ask(
        session,
        rt,
        one.contact_id,
        Skill.DOCTOR,
        Reason.CONSULTATION,
        department_id=one.department_id,
        wanted_staff_id=member,
        consultation_id=one.id,
    )
    return True


async def _end(session: AsyncSession, rt: Runtime, one: ConsultationView) -> UUID | None:
    """What time or the patient ended: what the doctor ended is closed by then."""
    found = await talk_of(session, one)
    if found is None:
        return None
    active = found.status == TalkStatus.ACTIVE
    await talking.end(session, rt, found, "consultation", rt.now(), how="closed" if active else "")
    return one.contact_id if active else None


def _left(rt: Runtime, one: ConsultationView) -> timedelta:
    """Until it ends; nothing where that is not set."""
    return one.ends_at - rt.now() if one.ends_at else timedelta()


async def _words(session: AsyncSession, rt: Runtime, kind: EventKind, one: ConsultationView) -> str:
    language = str(await session.scalar(_LANGUAGE, {"id": one.contact_id}))
    words = Wording(texts.catalogue(language), rt.zone)
    none = kind is EventKind.CONSULTATION_FEW_LEFT and not one.turns_left
    return texts.say(
        f"bot_{kind}_none" if none else f"bot_{kind}",
        language=language,
        turns=one.turns_left,
        minutes=max(round(_left(rt, one) / timedelta(minutes=1)), 1),
        ends=words.until(one.ends_at or rt.now()),
        accept_by=words.until(one.accept_by or rt.now()),
    )
