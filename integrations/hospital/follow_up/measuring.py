"""Measurements: kept, corrected, read as a series."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import Measurement, Method
from integrations.language.measurements import MeasurementKind

_CONTEXT = "measurements.value"
LONGEST_SERIES = 200  # of one kind; a picture shows no more

Value = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Taken:
    """`value`: see integrations.language.measurements."""

    kind: MeasurementKind
    value: Value = field(repr=False)
    unit: str
    taken_at: datetime


async def note(
    session: AsyncSession,
    crypto: Crypto,
    patient_id: UUID,
    taken: Taken,
    *,
    method: Method,
    now: datetime,
    answer_id: UUID | None = None,
) -> UUID:
    made = Measurement(
        patient_id=patient_id,
        kind=taken.kind.value,
        value=crypto.encrypt(json.dumps(taken.value), _CONTEXT),
        unit=taken.unit,
        taken_at=taken.taken_at,
        method=method,
        answer_id=answer_id,
        noted_at=now,
    )
    session.add(made)
    await session.flush()
    return made.id


async def told_aside(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, taken: Taken, since: datetime
) -> bool:
    """Whether this value was told since then and counted at no time."""
    noted = select(Measurement.value).where(
        Measurement.patient_id == patient_id,
        Measurement.kind == taken.kind.value,
        Measurement.noted_at >= since,
        Measurement.replaced_at == Measurement.noted_at,
    )
    return any(
        json.loads(crypto.decrypt(one, _CONTEXT)) == taken.value for one in await session.scalars(noted)
    )


async def of_answer(session: AsyncSession, crypto: Crypto, answer_id: UUID) -> list[Value]:
    """What counts of it, as it was noted."""
    mine = select(Measurement.value).where(
        Measurement.answer_id == answer_id, Measurement.replaced_at.is_(None)
    )
    values = await session.scalars(mine.order_by(Measurement.id))
    return [json.loads(crypto.decrypt(one, _CONTEXT)) for one in values]


async def take_back(
    session: AsyncSession, *, now: datetime, answer_id: UUID | None = None, measurement_id: UUID | None = None
) -> None:
    """It was something else: it stays, and counts no more."""
    mine = update(Measurement).where(Measurement.replaced_at.is_(None))
    mine = (
        mine.where(Measurement.answer_id == answer_id)
        if answer_id
        else mine.where(Measurement.id == measurement_id)
    )
    await session.execute(mine.values(replaced_at=now).execution_options(synchronize_session=False))


async def series(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, kind: MeasurementKind, since: datetime
) -> list[Taken]:
    """What counts, the oldest first."""
    latest = (
        select(Measurement)
        .where(
            Measurement.patient_id == patient_id,
            Measurement.kind == kind.value,
            Measurement.taken_at >= since,
            Measurement.replaced_at.is_(None),
        )
        .order_by(Measurement.taken_at.desc(), Measurement.id.desc())
        .limit(LONGEST_SERIES)
    )
    found = [
        Taken(kind, json.loads(crypto.decrypt(one.value, _CONTEXT)), one.unit, one.taken_at)
        for one in await session.scalars(latest)
    ]
    return found[::-1]


async def kinds_of(session: AsyncSession, patient_id: UUID) -> dict[MeasurementKind, int]:
    """How many there are of each kind, for those that there are."""
    counted = (
        select(Measurement.kind, func.count())
        .where(Measurement.patient_id == patient_id, Measurement.replaced_at.is_(None))
        .group_by(Measurement.kind)
    )
    found = {row[0]: int(row[1]) for row in await session.execute(counted)}
    return {kind: found[kind.value] for kind in MeasurementKind if kind.value in found}


async def just_noted(
    session: AsyncSession, patient_id: UUID, kind: MeasurementKind, since: datetime
) -> UUID | None:
    """The last one that the patient told without being asked, if that was lately."""
    latest = (
        select(Measurement.id)
        .where(
            Measurement.patient_id == patient_id,
            Measurement.kind == kind.value,
            Measurement.answer_id.is_(None),
            Measurement.replaced_at.is_(None),
            Measurement.noted_at >= since,
        )
        .order_by(Measurement.noted_at.desc())
        .limit(1)
    )
    return await session.scalar(latest)


async def noted_last(session: AsyncSession, patients: Collection[UUID], since: datetime) -> UUID | None:
    """For which of these patients something was told last without being asked, if that was lately."""
    latest = (
        select(Measurement.patient_id)
        .where(
            Measurement.patient_id.in_(patients),
            Measurement.answer_id.is_(None),
            Measurement.replaced_at.is_(None),
            Measurement.noted_at >= since,
        )
        .order_by(Measurement.noted_at.desc(), Measurement.id.desc())
        .limit(1)
    )
    return await session.scalar(latest)
