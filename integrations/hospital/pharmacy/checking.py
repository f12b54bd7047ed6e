"""All that a doctor and a pharmacist are warned of, from one place, so that both see the same. Whoever goes on in spite
of it says why, and that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.intake import keeping
from integrations.hospital.models import Medicine
from integrations.hospital.pharmacy import allergies, combining, taking
from integrations.hospital.pharmacy.allergies import Warned, WarningKind
from integrations.hospital.pharmacy.terms import PharmacyError

_GRAVEST = (
    WarningKind.ALLERGY,
    WarningKind.INTERACTION,
    WarningKind.NEAR,
    WarningKind.DUPLICATE,
    WarningKind.NOT_ASKED,
)


class Unacknowledged(PharmacyError):
    """`warned`: what somebody has to say something to first; `all`: with what they have said something to."""

    def __init__(self, warned: Sequence[Warned], every: Sequence[Warned]) -> None:
        super().__init__("it warns of something: say why all the same")
        self.warned, self.all = tuple(warned), tuple(every)


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


def in_short(warned: Sequence[Warned]) -> tuple[WarningKind, str]:
    """Of what is warned of one line: the gravest kind, and all that it is about, as the patient told it."""
    several = sorted(warned, key=lambda one: _GRAVEST.index(one.kind))
    return several[0].kind, "；".join(dict.fromkeys(one.allergy for one in several if one.allergy))
