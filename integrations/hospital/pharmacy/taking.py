"""What a patient takes at present: what was prescribed and is not used up, and what they told of themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import NONE

# Used up so soon, and half of it used already, the same medicine again is what a patient comes back for.
REFILL = timedelta(days=7)
_PRESCRIBED = text("""
    SELECT m.code, m.name, m.name_en,
           bool_and(used_up - :now <= least(CAST(:refill AS interval), l.days * interval '12 hours')) AS refill
    FROM prescriptions p JOIN prescription_lines l ON l.prescription_id = p.id
    JOIN medicines m ON m.id = l.medicine_id
    CROSS JOIN LATERAL (SELECT p.issued_at + l.days * interval '1 day' AS used_up) AS course
    WHERE p.patient_id = :patient AND p.status NOT IN ('rejected', 'expired', 'cancelled')
      AND CAST(:besides AS uuid) IS DISTINCT FROM p.id AND used_up > :now
    GROUP BY m.code, m.name, m.name_en ORDER BY m.code
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """One medicine. `code` "": in the patient's own words. `refill`: used up soon."""

    name: str = field(repr=False)
    name_en: str = field(default="", repr=False)
    code: str = ""
    refill: bool = False


async def at_present(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, now: datetime, *, besides: UUID | None = None
) -> list[Taken]:
    """`besides`: a prescription that does not count, for it is looked at itself."""
    values = {"patient": patient_id, "besides": besides, "now": now, "refill": REFILL}
    found = [
        Taken(row.name, row.name_en, row.code, row.refill)
        for row in await session.execute(_PRESCRIBED, values)
    ]
    told = await keeping.known_medicines(session, crypto, patient_id)
    return [*found, Taken(told)] if told not in ("", NONE) else found
