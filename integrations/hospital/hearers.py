"""Whom to tell about an appointment, an entry of the waitlist, a prescription: asked when the news leaves, for accounts
merge, part and let go of patients."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.accounts import CHANNELS_ABROAD


def _hearer(table: str) -> TextClause:
    """Of a row `about` with a patient, an account and the contact that asked for it. Who does not want their data
    abroad any more is told at home, where they have another channel; whoever has not is still told of what stands
    (notices are neutral, and an appointment needs them)."""
    return text(f"""
        SELECT contacts.id FROM {table} about JOIN contacts ON contacts.account_id = about.account_id
        WHERE about.id = :id AND (:money OR EXISTS (
            SELECT FROM account_patients ap
            WHERE ap.account_id = about.account_id AND ap.patient_id = about.patient_id))
        ORDER BY contacts.channel = ANY(:abroad) AND NOT EXISTS (
            SELECT FROM consents c WHERE c.account_id = about.account_id AND c.patient_id IS NULL
              AND c.kind = 'data_abroad' AND c.withdrawn_at IS NULL),
            contacts.id <> about.contact_id, contacts.id DESC
        LIMIT 1
    """)  # noqa: S608 - names of our own


_OF_APPOINTMENT = _hearer("appointments")
_OF_ENTRY = _hearer("waitlist_entries")
_OF_PRESCRIPTION = _hearer("prescriptions")


async def hearer_of(session: AsyncSession, appointment_id: UUID, *, money: bool = False) -> UUID | None:
    """The contact that hears news of the appointment now: where it was booked, as long as that contact belongs to the
    appointment's account, or else where the account was met last. None when the account does not act for the patient
    any more. `money`: it is about what this account paid, and is told even so."""
    return await _ask(session, _OF_APPOINTMENT, appointment_id, money=money)


async def hearer_of_entry(session: AsyncSession, entry_id: UUID) -> UUID | None:
    """The same for an entry of the waitlist."""
    return await _ask(session, _OF_ENTRY, entry_id)


async def hearer_of_prescription(session: AsyncSession, prescription_id: UUID) -> UUID | None:
    """The same for a prescription and its parcel."""
    return await _ask(session, _OF_PRESCRIPTION, prescription_id)


async def _ask(session: AsyncSession, hearer: TextClause, about: UUID, *, money: bool = False) -> UUID | None:
    values = {"id": about, "money": money, "abroad": list(CHANNELS_ABROAD)}
    found: UUID | None = await session.scalar(hearer, values)
    return found
