"""Whom to ask for a patient: asked anew each time, for accounts merge, part, and let go of patients."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.accounts import CHANNELS_ABROAD

# A plan goes on under the consent under which it began, for its answers the present one is asked for. The patient's own
# account comes before a relative's, then where the plan was started, then who was met last.
_HEARER = text("""
    SELECT contacts.id AS contact_id, contacts.account_id
    FROM account_patients ap JOIN contacts ON contacts.account_id = ap.account_id
    WHERE ap.patient_id = :patient
      AND EXISTS (SELECT FROM consents c WHERE c.account_id = ap.account_id AND c.patient_id IS NULL
                    AND c.kind = 'health_data' AND c.withdrawn_at IS NULL)
      AND (contacts.channel <> ALL(:abroad)
           OR EXISTS (SELECT FROM consents c WHERE c.account_id = ap.account_id AND c.patient_id IS NULL
                        AND c.kind = 'data_abroad' AND c.withdrawn_at IS NULL))
    ORDER BY ap.relation <> 'self', contacts.account_id IS DISTINCT FROM :account,
             contacts.id IS DISTINCT FROM :contact, contacts.id DESC
    LIMIT 1
""")
_ACTS = text("""
    SELECT EXISTS (SELECT FROM account_patients ap JOIN contacts ON contacts.account_id = ap.account_id
                   WHERE contacts.id = :contact AND ap.patient_id = :patient)
""")


@dataclass(frozen=True, slots=True)
class Hearer:
    account_id: UUID
    contact_id: UUID


async def hearer_for(
    session: AsyncSession, patient_id: UUID, *, account_id: UUID | None = None, contact_id: UUID | None = None
) -> Hearer | None:
    """Who is asked about the patient: somebody who acts for them and agreed that health data are handled, where they
    agreed to it. None: nobody."""
    values = {
        "patient": patient_id,
        "account": account_id,
        "contact": contact_id,
        "abroad": list(CHANNELS_ABROAD),
    }
    row = (await session.execute(_HEARER, values)).one_or_none()
    return Hearer(row.account_id, row.contact_id) if row else None


async def acts_for(session: AsyncSession, contact_id: UUID, patient_id: UUID) -> bool:
    return bool(await session.scalar(_ACTS, {"contact": contact_id, "patient": patient_id}))
