"""A doctor's signature under a prescription: who, when, and a hash over what was signed. Whatever is changed
afterwards makes it void, and a void one goes no further."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Prescription
from integrations.hospital.pharmacy.terms import PharmacyError

_CONTENT = text("""
    SELECT m.code, l.dose, l.frequency, l.days, l.quantity
    FROM prescription_lines l JOIN medicines m ON m.id = l.medicine_id
    WHERE l.prescription_id = :id ORDER BY l.position
""")


class SignatureVoid(PharmacyError):
    """What stands on it is not what its doctor signed."""


async def sign(session: AsyncSession, one: Prescription, *, signed_by: str, now: datetime) -> None:
    with session.no_autoflush:  # who, when and the hash come into the row together
        one.signed_by, one.signed_at = signed_by, now
        one.signed_hash = await _hash(session, one)
    await session.flush()


async def check(session: AsyncSession, one: Prescription) -> None:
    """Raises SignatureVoid. One that was written outside of a consultation bears no signature of ours."""
    if one.signed_hash is not None and not await holds(session, one):
        raise SignatureVoid("it was changed after it was signed")


async def holds(session: AsyncSession, one: Prescription) -> bool:
    """Whether it is what its doctor signed."""
    return one.signed_hash == await _hash(session, one)


async def _hash(session: AsyncSession, one: Prescription) -> str:
    lines = [list(row) for row in await session.execute(_CONTENT, {"id": one.id})]
    content = {
        "patient": str(one.patient_id),
        "practitioner": str(one.practitioner_id),
        "consultation": str(one.consultation_id),
        "valid_until": one.valid_until.timestamp(),
        "signed_by": one.signed_by,
        "signed_at": one.signed_at.timestamp() if one.signed_at else None,
        "lines": lines,
    }
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
