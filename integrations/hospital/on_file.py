"""What the hospital's file says of a patient, plain: to be compared and sent to, never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import DocumentKind, Patient


@dataclass(frozen=True, slots=True)
class OnFile:
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    phone: str = field(repr=False)  # E.164
    document: DocumentKind


async def on_file(session: AsyncSession, crypto: Crypto, patient_id: UUID) -> OnFile:
    """Raises NoResultFound for an unknown patient."""
    found = await session.get_one(Patient, patient_id, populate_existing=True)
    return OnFile(
        crypto.decrypt(found.name, "patients.name"),
        crypto.decrypt(found.id_number, "patients.id_number"),
        crypto.decrypt(found.phone, "patients.phone"),
        found.document,
    )
