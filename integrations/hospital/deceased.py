"""Patients who died: nothing that concerns them is pushed any more, to whomever; the same account goes on hearing of
its other people. What somebody pays, or gets back, is told all the same (see bot.news)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.models import Patient
from integrations.hospital.revealing import checked

# By the ids that news carries. What names nobody's visit, medicine or talk is about the account's owner: a survey.
_CONCERNS = text("""
    WITH news AS (
        SELECT * FROM jsonb_to_record(CAST(:payload AS jsonb)) AS ids(
            patient_id uuid, appointment_id uuid, prescription_id uuid, waitlist_entry uuid, consultation_id uuid,
            order_no text, task_id uuid, rating_id uuid, link uuid)
    ), named AS (
        SELECT n.patient_id AS id FROM news n WHERE n.patient_id IS NOT NULL
        UNION ALL SELECT a.patient_id FROM news n JOIN appointments a ON a.id = n.appointment_id
        UNION ALL SELECT p.patient_id FROM news n JOIN prescriptions p ON p.id = n.prescription_id
        UNION ALL SELECT w.patient_id FROM news n JOIN waitlist_entries w ON w.id = n.waitlist_entry
        UNION ALL SELECT c.patient_id FROM news n JOIN consultations c ON c.id = n.consultation_id
        UNION ALL SELECT o.patient_id FROM news n JOIN orders o ON o.order_no = n.order_no
        UNION ALL SELECT e.patient_id FROM news n JOIN follow_up_tasks t ON t.id = n.task_id
            JOIN follow_up_enrolments e ON e.id = t.enrolment_id
        UNION ALL SELECT l.patient_id FROM news n JOIN account_links l ON l.id = n.link
        UNION ALL SELECT coalesce(a.patient_id, c.patient_id, p.patient_id)
            FROM news n JOIN ratings r ON r.id = n.rating_id
            LEFT JOIN appointments a ON r.subject_kind = 'visit' AND a.id = r.subject_id
            LEFT JOIN consultations c ON r.subject_kind = 'consultation' AND c.id = r.subject_id
            LEFT JOIN deliveries d ON r.subject_kind = 'delivery' AND d.id = r.subject_id
            LEFT JOIN prescriptions p ON p.id = d.prescription_id
    )
    SELECT EXISTS (
        SELECT FROM patients WHERE deceased_at IS NOT NULL AND (
            id IN (SELECT id FROM named)
            OR NOT EXISTS (SELECT FROM named WHERE id IS NOT NULL) AND id = (
                SELECT patient_id FROM account_patients WHERE account_id = :account AND relation = 'self')))
""")


async def concerns(session: AsyncSession, account_id: UUID, payload: Mapping[str, Any]) -> bool:
    """Whether news to this account is about somebody who died."""
    values = {"account": account_id, "payload": json.dumps(dict(payload))}
    return bool(await session.scalar(_CONCERNS, values))


async def is_deceased(session: AsyncSession, patient_id: UUID) -> bool:
    return (await session.get_one(Patient, patient_id, populate_existing=True)).deceased_at is not None


async def record(session: AsyncSession, patient_id: UUID, *, actor: str, now: datetime) -> bool:
    """The patient died. False: that was known."""
    known = update(Patient).where(Patient.id == patient_id, Patient.deceased_at.is_(None))
    return await _noted(session, known, now, patient_id, "patient_deceased", actor, {})


async def take_back(session: AsyncSession, patient_id: UUID, *, actor: str, reason: str) -> bool:
    """It was a mistake: news goes out again, and an opt-out of before holds. Plans that ended stay ended. False: nobody
    had said so. Raises NoReason."""
    known = update(Patient).where(Patient.id == patient_id, Patient.deceased_at.is_not(None))
    detail = {"reason": checked(reason)}
    return await _noted(session, known, None, patient_id, "patient_not_deceased", actor, detail)


async def _noted(
    session: AsyncSession,
    known: Any,
    at: datetime | None,
    patient_id: UUID,
    action: str,
    actor: str,
    detail: Mapping[str, Any],
) -> bool:
    change = known.values(deceased_at=at).returning(Patient.id)
    changed = await session.scalar(change.execution_options(synchronize_session=False)) is not None
    if changed:
        await audit.record(
            session, actor=actor, action=action, subject=f"patient:{patient_id}", detail=dict(detail)
        )
    return changed
