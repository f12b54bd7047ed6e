"""What staff do with a case. Every step is audited; the patient's words are seen only with a reason that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, revealing
from integrations.hospital.cases.following import add_note
from integrations.hospital.cases.opening import DAYS, DAYS_ACROSS
from integrations.hospital.cases.refusals import AlreadyClosed, NobodyToTell, UnknownCase
from integrations.hospital.cases.telling import tell
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.models import Adverse, Case, CaseKind, CaseNote, CaseStatus, Category, NoteKind
from integrations.hospital.models.cases import STANDING, TOLD
from integrations.hospital.working_days import working_days
from integrations.part import Part, counted

_LIST = text("""
    SELECT count(*) OVER () AS total,
           c.number, c.kind, c.category, c.status, c.adverse, c.owner, c.deadline, c.warned_at, c.escalated_at,
           c.created_at, coalesce(pt.masked_name, '-') AS patient, pt.id AS patient_id
    FROM cases c LEFT JOIN account_patients own ON own.account_id = c.account_id AND own.relation = 'self'
    LEFT JOIN patients pt ON pt.id = coalesce(c.patient_id, own.patient_id)
    WHERE c.kind = ANY(:kinds)
      AND (NOT :standing OR c.status IN ('open', 'in_progress', 'answered', 'reopened'))
      AND (NOT :escalated OR c.warned_at IS NOT NULL AND c.status IN ('open', 'in_progress', 'reopened'))
      AND (NOT :adverse OR c.adverse IN ('suspected', 'confirmed'))
      AND (CAST(:owner AS text) IS NULL OR c.owner = :owner)
    ORDER BY CASE WHEN :standing THEN c.deadline END, CASE WHEN :standing THEN c.id END, c.id DESC
    LIMIT CAST(:limit AS int)
""")
# Of an album only the first picture comes with the message that the dialog saw.
_MEDIA = text("""
    SELECT DISTINCT m.id, m.status, m.mime, m.created_at
    FROM case_media cm JOIN media own ON own.inbound_id = cm.message_id
    JOIN media m ON m.id = own.id OR (m.conversation_id = own.conversation_id AND m.album = own.album)
    WHERE cm.case_id = :id ORDER BY m.created_at, m.id
""")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of staff's list; `patient` is masked: whom it is about, else who owns the account; `patient_id` None:
    nobody is registered there."""

    number: str
    kind: CaseKind
    category: Category
    status: CaseStatus
    adverse: Adverse
    owner: str | None
    deadline: date
    warned_at: datetime | None
    escalated_at: datetime | None
    created_at: datetime
    patient: str
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Said:
    kind: NoteKind
    author: str
    words: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture or file that came with a case. `status`: waiting, stored or failed; `mime`: "" before it is stored."""

    id: UUID
    status: str
    mime: str


@dataclass(frozen=True, slots=True)
class Revealed:
    """All that was said in a case, and what came with it."""

    words: str = field(repr=False)
    notes: tuple[Said, ...]
    closing: str = field(repr=False)
    media: tuple[Medium, ...]


async def listed(
    session: AsyncSession,
    *,
    standing: bool = True,
    escalated: bool = False,
    adverse: bool = False,
    owner: str | None = None,
    kinds: Sequence[CaseKind] = TOLD,
    limit: int | None = None,
) -> Part[Line]:
    """What patients told, or other `kinds`: the nearest deadline first; together with those that are over, the newest.
    `escalated`: those whose deadline is near or over; `adverse`: where harm through care is suspected or confirmed;
    `owner`: one member's own."""
    values = {
        "standing": standing,
        "escalated": escalated,
        "adverse": adverse,
        "owner": owner,
        "kinds": [kind.value for kind in kinds],
        "limit": limit,
    }
    return counted((await session.execute(_LIST, values)).all(), _line)


def _line(row: Any) -> Line:
    found = row._asdict()
    del found["total"]
    words = {
        "kind": CaseKind(row.kind),
        "category": Category(row.category),
        "status": CaseStatus(row.status),
        "adverse": Adverse(row.adverse),
    }
    return Line(**found | words)


async def reveal(session: AsyncSession, crypto: Crypto, number: str, *, actor: str, reason: str) -> Revealed:
    """All that was said; the audit log keeps who read it and why. Raises UnknownCase, NoReason."""
    case = await _case(session, number)
    notes = await session.scalars(select(CaseNote).where(CaseNote.case_id == case.id).order_by(CaseNote.id))
    media = await _media(session, case)
    subject = f"case:{case.number}"
    await revealing.record(session, actor=actor, action="case_revealed", subject=subject, reason=reason)
    return Revealed(
        crypto.decrypt(case.words, "cases.words"),
        tuple(
            Said(one.kind, one.author, crypto.decrypt(one.words, "case_notes.words"), one.created_at)
            for one in notes
        ),
        crypto.decrypt(case.closing, "cases.closing") if case.closing else "",
        media,
    )


async def open_medium(
    session: AsyncSession, number: str, medium_id: UUID, *, actor: str, reason: str
) -> None:
    """Keeps that somebody opened it. Raises NoReason; UnknownCase, also for what is none of this case's."""
    case = await _case(session, number)
    if medium_id not in [one.id for one in await _media(session, case)]:
        raise UnknownCase
    await revealing.record(
        session,
        actor=actor,
        action="case_medium_opened",
        subject=f"case:{case.number}",
        reason=reason,
        about={"medium": str(medium_id)},
    )


async def _media(session: AsyncSession, case: Case) -> tuple[Medium, ...]:
    found = await session.execute(_MEDIA, {"id": case.id})
    return tuple(Medium(row.id, row.status, row.mime or "") for row in found)


async def assign(
    session: AsyncSession, number: str, owner: str, *, across: bool = False, actor: str, now: datetime
) -> None:
    """Gives the case to a member of staff. `across`: several departments are involved; it may take ten working days,
    and the patient is told the new day. Raises UnknownCase, AlreadyClosed."""
    case = await _standing(session, number)
    case.owner = owner
    if case.status in (CaseStatus.OPEN, CaseStatus.REOPENED):
        case.status = CaseStatus.IN_PROGRESS
    if across and not case.across:
        case.across = True
        case.deadline = working_days().after(case.deadline, DAYS_ACROSS - DAYS)
        case.warned_at = None if local_date(now) < working_days().before(case.deadline) else case.warned_at
        case.escalated_at = None if local_date(now) <= case.deadline else case.escalated_at
        await tell(session, EventKind.CASE_EXTENDED, case)
    await session.flush()
    await _audit(session, actor, "case_assigned", case, owner=owner, across=case.across)


async def note(
    session: AsyncSession, crypto: Crypto, number: str, words: str, *, actor: str, now: datetime
) -> None:
    """A word among staff. Raises UnknownCase."""
    case = await _case(session, number)
    await add_note(session, crypto, case.id, NoteKind.INTERNAL, actor, words, now)
    await _audit(session, actor, "case_noted", case)


async def answer(
    session: AsyncSession, crypto: Crypto, number: str, words: str, *, actor: str, now: datetime
) -> None:
    """A word to the patient, who may say more. Raises UnknownCase, AlreadyClosed, NobodyToTell."""
    case = await _to_answer(session, number)
    await add_note(session, crypto, case.id, NoteKind.ANSWER, actor, words, now)
    case.status = CaseStatus.ANSWERED
    case.owner = case.owner or actor
    case.answered_at = case.answered_at or now
    await session.flush()
    await tell(session, EventKind.CASE_ANSWERED, case)
    await _audit(session, actor, "case_answered", case)


async def close(
    session: AsyncSession, crypto: Crypto, number: str, words: str, *, actor: str, now: datetime
) -> None:
    """The last word, and the question whether the patient is satisfied. Raises UnknownCase, AlreadyClosed,
    NobodyToTell."""
    case = await _to_answer(session, number)
    case.status = CaseStatus.CLOSED
    case.owner = case.owner or actor
    case.closing = crypto.encrypt(words, "cases.closing")
    case.closed_at, case.satisfied = now, None
    case.answered_at = case.answered_at or now
    await session.flush()
    await tell(session, EventKind.CASE_CLOSED, case)
    await _audit(session, actor, "case_closed", case)


async def mark_adverse(session: AsyncSession, number: str, adverse: Adverse, *, actor: str) -> None:
    """Staff decide whether it tells of harm through care. Raises UnknownCase."""
    case = await _case(session, number)
    case.adverse = adverse
    await session.flush()
    await _audit(session, actor, "case_marked", case, adverse=adverse.value)


async def _case(session: AsyncSession, number: str) -> Case:
    """Held until the transaction ends."""
    wanted = select(Case).where(Case.number == number.strip().upper()).with_for_update()
    case = await session.scalar(wanted.execution_options(populate_existing=True))
    if case is None:
        raise UnknownCase
    return case


async def _standing(session: AsyncSession, number: str) -> Case:
    case = await _case(session, number)
    if case.status not in STANDING:
        raise AlreadyClosed
    return case


async def _to_answer(session: AsyncSession, number: str) -> Case:
    case = await _standing(session, number)
    if case.account_id is None:
        raise NobodyToTell
    return case


async def _audit(session: AsyncSession, actor: str, action: str, case: Case, **detail: object) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"case:{case.number}", detail=detail)
