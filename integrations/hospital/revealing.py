"""Personal data of a patient in plain words, for a member of staff who says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.models import Patient

LEAST_REASON = 2  # characters
_LONGEST_REASON = 200


class Personal(StrEnum):
    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"


class NoReason(ValueError):
    """Nobody reads personal data without saying why."""


class UnknownPatient(LookupError):
    """No patient with this id."""


@dataclass(frozen=True, slots=True)
class Revealed:
    values: dict[Personal, str] = field(repr=False)


def checked(reason: str) -> str:
    """As the audit log keeps it. Raises NoReason."""
    why = " ".join(reason.split())[:_LONGEST_REASON]
    if len(why) < LEAST_REASON:
        raise NoReason
    return why


async def reveal(
    session: AsyncSession,
    crypto: Crypto,
    patient_id: UUID,
    wanted: Collection[Personal],
    *,
    actor: str,
    reason: str,
) -> Revealed:
    """The values; the audit log keeps who read which of them and why. Raises NoReason, UnknownPatient."""
    why = checked(reason)
    found = await session.get(Patient, patient_id)
    if found is None:
        raise UnknownPatient
    await audit.record(
        session,
        actor=actor,
        action="patient_revealed",
        subject=f"patient:{patient_id}",
        detail={"values": sorted(wanted), "reason": why},
    )
    sealed = {Personal.NAME: found.name, Personal.PHONE: found.phone, Personal.ID_NUMBER: found.id_number}
    return Revealed({one: crypto.decrypt(sealed[one], f"patients.{one.value}") for one in wanted})
