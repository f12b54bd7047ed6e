"""Intakes stored, found again, and read by staff."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import revealing
from integrations.hospital.intake.resources import Resource, allergies_in, medicines_in, resources
from integrations.hospital.intake.story import Story
from integrations.hospital.models import Intake, IntakeMedium
from integrations.hospital.operations import OperationKey, Result, once

_CONTENT, _SUMMARY = "intakes.content", "intakes.summary"
_RECENT = 5  # intakes that are looked through for what is known of allergies and medicines
_LIST = text("""
    SELECT i.id, i.confirmed_at, p.masked_name AS patient, s.date AS visit, d.name AS department,
           pr.name AS practitioner
    FROM intakes i JOIN patients p ON p.id = i.patient_id
    LEFT JOIN appointments a ON a.id = i.appointment_id
    LEFT JOIN schedules s ON s.id = a.schedule_id
    LEFT JOIN departments d ON d.id = s.department_id
    LEFT JOIN practitioners pr ON pr.id = s.practitioner_id
    WHERE CAST(:visit AS date) IS NULL OR s.date = CAST(:visit AS date)
    ORDER BY i.id DESC LIMIT :limit
""")
# Of an album only the first picture comes with the message that the dialog saw.
_MEDIA = text("""
    SELECT DISTINCT m.id, m.status, m.mime, m.created_at
    FROM intake_media im JOIN media own ON own.inbound_id = im.message_id
    JOIN media m ON m.id = own.id OR (m.conversation_id = own.conversation_id AND m.album = own.album)
    WHERE im.intake_id = :id ORDER BY m.created_at, m.id
""")


class UnknownIntake(Exception):
    """No intake with this id."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of staff's list; `patient` is masked, the visit None without an appointment."""

    id: UUID
    confirmed_at: datetime
    patient: str
    visit: date | None
    department: str | None
    practitioner: str | None


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the doctor reads, the same as data, and the pictures by id with what became of them."""

    summary: str = field(repr=False)
    content: Resource = field(repr=False)
    media: tuple[tuple[UUID, str], ...]


async def record(
    session: AsyncSession,
    crypto: Crypto,
    story: Story,
    summary: str,
    *,
    account_id: UUID,
    contact_id: UUID,
    patient_id: UUID,
    appointment_id: UUID | None,
    key: OperationKey,
    now: datetime,
) -> UUID:
    """Stores what the patient confirmed, once under this key; gives its id."""

    async def effect() -> Result:
        content = resources(story, patient_id=patient_id, appointment_id=appointment_id, now=now)
        values: dict[str, Any] = {
            "account_id": account_id,
            "contact_id": contact_id,
            "patient_id": patient_id,
            "appointment_id": appointment_id,
            "content": crypto.encrypt(json.dumps(content, ensure_ascii=False), _CONTENT),
            "summary": crypto.encrypt(summary, _SUMMARY),
            "confirmed_at": now,
        }
        made = await session.scalar(insert(Intake).values(**values).returning(Intake.id))
        await _attach(session, made, story.messages)
        return {"id": str(made)}

    return UUID(str((await once(session, key, effect))["id"]))


async def known_allergies(session: AsyncSession, crypto: Crypto, patient_id: UUID) -> str:
    """What the patient last said of allergies: the words, NONE, or "" when nothing is known."""
    return await _last_said(session, crypto, patient_id, allergies_in)


async def known_medicines(session: AsyncSession, crypto: Crypto, patient_id: UUID) -> str:
    """The same of medicines that they take."""
    return await _last_said(session, crypto, patient_id, medicines_in)


async def _last_said(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, read: Callable[[Resource], str]
) -> str:
    rows = await session.scalars(
        select(Intake.content)
        .where(Intake.patient_id == patient_id)
        .order_by(Intake.id.desc())
        .limit(_RECENT)
    )
    told = (read(json.loads(crypto.decrypt(row, _CONTENT))) for row in rows)
    return next((said for said in told if said), "")


async def told_for(session: AsyncSession, appointment_id: UUID) -> bool:
    """Whether there is an intake for this visit."""
    return bool(
        await session.scalar(select(Intake.id).where(Intake.appointment_id == appointment_id).limit(1))
    )


async def listed(session: AsyncSession, *, visit: date | None = None, limit: int = 200) -> list[Line]:
    """The newest first; `visit`: only those for visits on that day."""
    rows = await session.execute(_LIST, {"visit": visit, "limit": limit})
    return [Line(**row._asdict()) for row in rows]


async def reveal(
    session: AsyncSession, crypto: Crypto, intake_id: UUID, *, actor: str, reason: str
) -> Revealed:
    """The audit log keeps who read it and why. Raises UnknownIntake, NoReason."""
    found = await session.get(Intake, intake_id)
    if found is None:
        raise UnknownIntake
    media = await session.execute(_MEDIA, {"id": intake_id})
    subject = f"intake:{intake_id}"
    await revealing.record(session, actor=actor, action="intake_revealed", subject=subject, reason=reason)
    return Revealed(
        crypto.decrypt(found.summary, _SUMMARY),
        json.loads(crypto.decrypt(found.content, _CONTENT)),
        tuple((row.id, f"{row.status} {row.mime or ''}".strip()) for row in media),
    )


async def _attach(session: AsyncSession, intake_id: UUID | None, messages: Sequence[str]) -> None:
    rows = [{"intake_id": intake_id, "message_id": UUID(one)} for one in dict.fromkeys(messages)]
    if rows:
        await session.execute(insert(IntakeMedium), rows)
