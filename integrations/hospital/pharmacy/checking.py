"""All that a doctor and a pharmacist are warned of, from one place, so that both see the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.intake import keeping
from integrations.hospital.models import Medicine
from integrations.hospital.pharmacy import allergies, combining, taking
from integrations.hospital.pharmacy.allergies import Warned


async def warnings(
    session: AsyncSession,
    crypto: Crypto,
    patient_id: UUID,
    lines: Sequence[Medicine],
    now: datetime,
    *,
    besides: UUID | None = None,
) -> list[Warned]:
    """`besides`: the prescription on which the lines stand already. In the order of the lines."""
    told = await keeping.known_allergies(session, crypto, patient_id)
    taken = await taking.at_present(session, crypto, patient_id, now, besides=besides)
    found = [*allergies.warnings(told, lines), *combining.warnings(lines, taken)]
    return sorted(found, key=lambda one: one.position)
