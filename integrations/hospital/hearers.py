"""Whom to tell about an appointment: asked when the news leaves, for accounts merge, part and let go of patients."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.accounts import CHANNELS_ABROAD

# Who does not want their data abroad any more is told at home, where they have another channel; whoever has not is
# still told of what stands (notices are neutral, and an appointment needs them).
_HEARER = text("""
    SELECT contacts.id FROM appointments a JOIN contacts ON contacts.account_id = a.account_id
    WHERE a.id = :id AND (:money OR EXISTS (
        SELECT FROM account_patients ap WHERE ap.account_id = a.account_id AND ap.patient_id = a.patient_id))
    ORDER BY contacts.channel = ANY(:abroad) AND NOT EXISTS (
        SELECT FROM consents c WHERE c.account_id = a.account_id AND c.patient_id IS NULL
          AND c.kind = 'data_abroad' AND c.withdrawn_at IS NULL),
        contacts.id <> a.contact_id, contacts.id DESC
    LIMIT 1
""")


_OF_ENTRY = text("""
    SELECT contacts.id FROM waitlist_entries w
    JOIN account_patients ap ON ap.account_id = w.account_id AND ap.patient_id = w.patient_id
    JOIN contacts ON contacts.account_id = w.account_id
    WHERE w.id = :id
    ORDER BY contacts.channel = ANY(:abroad) AND NOT EXISTS (
        SELECT FROM consents c WHERE c.account_id = w.account_id AND c.patient_id IS NULL
          AND c.kind = 'data_abroad' AND c.withdrawn_at IS NULL),
        contacts.id <> w.contact_id, contacts.id DESC
    LIMIT 1
""")


async def hearer_of_entry(session: AsyncSession, entry_id: UUID) -> UUID | None:
    """The same for an entry of the waitlist."""
    values = {"id": entry_id, "abroad": list(CHANNELS_ABROAD)}
    found: UUID | None = await session.scalar(_OF_ENTRY, values)
    return found


async def hearer_of(session: AsyncSession, appointment_id: UUID, *, money: bool = False) -> UUID | None:
    """The contact that hears news of the appointment now: where it was booked, as long as that contact belongs to the
    appointment's account, or else where the account was met last. None when the account does not act for the patient
    any more. `money`: it is about what this account paid, and is told even so."""
    values = {"id": appointment_id, "money": money, "abroad": list(CHANNELS_ABROAD)}
    found: UUID | None = await session.scalar(_HEARER, values)
    return found


# Likewise of a prescription and its parcel, of which nobody hears who does not act for the patient any more.
_HEARER_OF_PRESCRIPTION = text("""
    SELECT contacts.id FROM prescriptions p JOIN contacts ON contacts.account_id = p.account_id
    WHERE p.id = :id AND EXISTS (
        SELECT FROM account_patients ap WHERE ap.account_id = p.account_id AND ap.patient_id = p.patient_id)
    ORDER BY contacts.channel = ANY(:abroad) AND NOT EXISTS (
        SELECT FROM consents c WHERE c.account_id = p.account_id AND c.patient_id IS NULL
          AND c.kind = 'data_abroad' AND c.withdrawn_at IS NULL),
        contacts.id <> p.contact_id, contacts.id DESC
    LIMIT 1
""")


async def hearer_of_prescription(session: AsyncSession, prescription_id: UUID) -> UUID | None:
    """The contact that hears news of a prescription now; None when the account does not act for the patient any
    more."""
    values = {"id": prescription_id, "abroad": list(CHANNELS_ABROAD)}
    found: UUID | None = await session.scalar(_HEARER_OF_PRESCRIPTION, values)
    return found
