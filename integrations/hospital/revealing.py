"""Personal data in plain words, for a member of staff who says why: what reads some for staff keeps that here first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.models import Patient

LEAST_REASON = 2  # letters or digits: a dot is no reason
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


@dataclass(frozen=True, slots=True)
class Callee:
    """Whom to call."""

    name: str = field(repr=False)
    phone: str = field(repr=False)


def checked(reason: str) -> str:
    """As the audit log keeps it. Raises NoReason."""
    why = " ".join(reason.split())[:_LONGEST_REASON]
    if not says_something(why):
        raise NoReason
    return why


def says_something(words: str) -> bool:
    """Whether these are words, and no dot typed to get past a field."""
    return sum(map(str.isalnum, words)) >= LEAST_REASON


async def record(
    session: AsyncSession,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str,
    about: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """As audit.record, of personal data that `actor` is about to read. Raises NoReason."""
    detail = {**about, "reason": checked(reason)}
    await audit.record(session, actor=actor, action=action, subject=subject, detail=detail)


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
    found = await session.get(Patient, patient_id)
    if found is None:
        raise UnknownPatient
    await record(
        session,
        actor=actor,
        action="patient_revealed",
        subject=f"patient:{patient_id}",
        reason=reason,
        about={"values": sorted(wanted)},
    )
    sealed = {Personal.NAME: found.name, Personal.PHONE: found.phone, Personal.ID_NUMBER: found.id_number}
    return Revealed({one: crypto.decrypt(sealed[one], f"patients.{one.value}") for one in wanted})


async def callee(
    session: AsyncSession,
    crypto: Crypto,
    patient_id: UUID,
    *,
    actor: str,
    reason: str,
    about: Mapping[str, Any] = MappingProxyType({}),
) -> Callee:
    """Name and phone; the audit log keeps who looked, `about` what, and why. Raises NoReason."""
    await record(
        session,
        actor=actor,
        action="phone_revealed",
        subject=f"patient:{patient_id}",
        reason=reason,
        about=about,
    )
    found = await session.get_one(Patient, patient_id)
    return Callee(crypto.decrypt(found.name, "patients.name"), crypto.decrypt(found.phone, "patients.phone"))
