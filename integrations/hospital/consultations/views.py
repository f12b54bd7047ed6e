"""Consultations as the patient, and as the doctor, sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import revealing
from integrations.hospital.consultations.terms import UnknownConsultation
from integrations.hospital.models import (
    ConsultationStatus,
    EndedBy,
    Evidence,
    OrderStatus,
    ReturnReason,
    Sex,
)


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """`patient` is masked. `order_no` None: free of charge. The consent was given with `created_at`."""

    id: UUID
    status: ConsultationStatus
    patient_id: UUID
    patient: str
    birth_date: date
    sex: Sex
    account_id: UUID
    contact_id: UUID
    practitioner_id: UUID
    practitioner: str
    title: str
    department_id: UUID
    department: str
    fee_fen: int
    order_no: str | None
    order_status: OrderStatus | None
    pay_by: datetime | None
    evidence: Evidence
    evidence_confirmed_at: datetime | None
    intake_id: UUID | None
    consent_version: str
    accept_by: datetime | None
    accepted_at: datetime | None
    answered_at: datetime | None
    ends_at: datetime | None
    turns_used: int
    turns_allowed: int
    summed_up_at: datetime | None
    ended_at: datetime | None
    ended_by: EndedBy | None
    return_reason: ReturnReason | None
    created_at: datetime

    @property
    def turns_left(self) -> int:
        return max(self.turns_allowed - self.turns_used, 0)

    @property
    def summed_up(self) -> bool:
        return self.summed_up_at is not None

    @property
    def news_at(self) -> datetime:
        """When something came of it that the patient was told of last."""
        return max(one for one in (self.created_at, self.ended_at, self.summed_up_at) if one)


_VIEWS = """
    SELECT c.id, c.status, c.patient_id, pt.masked_name AS patient, pt.birth_date, pt.sex, c.account_id, c.contact_id,
           c.practitioner_id, pr.name AS practitioner, pr.title, c.department_id, d.name AS department, c.fee_fen,
           o.order_no, o.status AS order_status, o.expires_at AS pay_by, c.evidence, c.evidence_confirmed_at,
           c.intake_id, cs.version AS consent_version,
           c.accept_by, c.accepted_at, c.answered_at, c.ends_at, c.turns_used, c.turns_allowed,
           c.summed_up_at, c.ended_at, c.ended_by, c.return_reason, c.created_at
    FROM consultations c JOIN patients pt ON pt.id = c.patient_id JOIN practitioners pr ON pr.id = c.practitioner_id
    JOIN departments d ON d.id = c.department_id JOIN consents cs ON cs.id = c.consent_id
    LEFT JOIN orders o ON o.id = c.order_id
"""
_ONE = text(_VIEWS + "WHERE c.id = :id")
# Somebody whom the account acts for no longer is nobody's consultation.
_OF_ACCOUNT = text(
    _VIEWS
    + """
    WHERE c.account_id = :account AND c.created_at > :since
      AND EXISTS (SELECT FROM account_patients ap WHERE ap.account_id = c.account_id AND ap.patient_id = c.patient_id)
    ORDER BY c.status IN ('unpaid', 'waiting', 'active') DESC, c.id DESC LIMIT :limit
    """
)
# What waits by its clock, what is talked, what the pharmacist sent back, what still wants its summary.
_DOCTORS = """
    WHERE c.practitioner_id = :practitioner
      AND (c.status IN ('waiting', 'active') OR c.status = 'finished' AND (c.summary IS NULL OR EXISTS (
          SELECT FROM prescriptions p JOIN prescription_reviews r ON r.prescription_id = p.id
          WHERE p.consultation_id = c.id AND p.status = 'rejected' AND r.amend_by IS NOT NULL
            AND NOT EXISTS (SELECT FROM prescriptions later WHERE later.amends_id = p.id))))
    ORDER BY c.status = 'finished', c.status = 'active', coalesce(c.accept_by, c.ends_at), c.id
"""
_OF_DOCTOR = text(_VIEWS + _DOCTORS)
_OF_PATIENT = text(_VIEWS + "WHERE c.patient_id = :patient ORDER BY c.id DESC LIMIT 20")
_SEALED = text("SELECT condition, summary, return_words FROM consultations WHERE id = :id")
# Of an album only the first picture comes with the message that the dialog saw.
_PICTURES = """
    FROM consultation_media cm JOIN media own ON own.inbound_id = cm.message_id
    JOIN media m ON m.id = own.id OR (m.conversation_id = own.conversation_id AND m.album = own.album)
"""
_MEDIA = text(
    "SELECT DISTINCT m.id, m.created_at"
    + _PICTURES
    + "WHERE cm.consultation_id = :id ORDER BY m.created_at, m.id"
)
_SHOWN = text(
    "SELECT m.id"
    + _PICTURES
    + """
    JOIN consultations c ON c.id = cm.consultation_id
    WHERE c.practitioner_id = :practitioner AND c.status IN ('waiting', 'active', 'finished')
      AND c.contact_id = :contact AND m.id = :medium LIMIT 1
    """
)


async def consultation(session: AsyncSession, consultation_id: UUID) -> ConsultationView:
    """Raises UnknownConsultation."""
    row = (await session.execute(_ONE, {"id": consultation_id})).one_or_none()
    if row is None:
        raise UnknownConsultation
    return _view(row)


async def of_account(
    session: AsyncSession, account_id: UUID, since: datetime, limit: int = 5
) -> list[ConsultationView]:
    """What stands first, then the newest."""
    values = {"account": account_id, "since": since, "limit": limit}
    return [_view(row) for row in await session.execute(_OF_ACCOUNT, values)]


async def of_doctor(session: AsyncSession, practitioner_id: UUID) -> list[ConsultationView]:
    """What the doctor has to do: accept (the most urgent first), talk, amend, sum up."""
    return [_view(row) for row in await session.execute(_OF_DOCTOR, {"practitioner": practitioner_id})]


async def of_patient(session: AsyncSession, patient_id: UUID) -> list[ConsultationView]:
    """The newest first."""
    return [_view(row) for row in await session.execute(_OF_PATIENT, {"patient": patient_id})]


@dataclass(frozen=True, slots=True)
class Told:
    """What is sealed of it: what was diagnosed before, the doctor's summary, and why it was given back."""

    condition: str = field(repr=False)
    summary: str = field(repr=False)
    return_words: str = field(repr=False)


async def told(session: AsyncSession, crypto: Crypto, consultation_id: UUID) -> Told:
    """For its patient and for its doctor; who else reads it says why (`revealed`). Raises UnknownConsultation."""
    row = (await session.execute(_SEALED, {"id": consultation_id})).one_or_none()
    if row is None:
        raise UnknownConsultation
    opened = (
        crypto.decrypt(kept, f"consultations.{name}") if kept else ""
        for name, kept in row._mapping.items()  # noqa: SLF001 (documented in spite of its name)
    )
    return Told(*opened)


async def revealed(
    session: AsyncSession, crypto: Crypto, consultation_id: UUID, *, actor: str, reason: str
) -> tuple[Told, Sequence[UUID]]:
    """With the pictures that show the diagnosis (ids of media). The audit log keeps who read it and why. Raises
    UnknownConsultation, NoReason."""
    found = await told(session, crypto, consultation_id)
    media = list(await session.scalars(_MEDIA, {"id": consultation_id}))
    await revealing.record(
        session,
        actor=actor,
        action="consultation_revealed",
        subject=f"consultation:{consultation_id}",
        reason=reason,
    )
    return found, media


async def is_shown(session: AsyncSession, contact_id: UUID, medium_id: UUID, practitioner_id: UUID) -> bool:
    """Whether this picture shows the diagnosis to this doctor: in a consultation that is theirs to accept, goes on or
    was held, whatever else its patient talks about with whom."""
    values = {"contact": contact_id, "medium": medium_id, "practitioner": practitioner_id}
    return await session.scalar(_SHOWN, values) is not None


def _view(row: Row[Any]) -> ConsultationView:
    words = {
        "status": ConsultationStatus(row.status),
        "sex": Sex(row.sex),
        "evidence": Evidence(row.evidence),
        "order_status": OrderStatus(row.order_status) if row.order_status else None,
        "ended_by": EndedBy(row.ended_by) if row.ended_by else None,
        "return_reason": ReturnReason(row.return_reason) if row.return_reason else None,
    }
    return ConsultationView(**{**row._mapping, **words})  # noqa: SLF001 (documented in spite of its name)
