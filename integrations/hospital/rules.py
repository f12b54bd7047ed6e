"""The rules by which appointments are booked: read from `booking_rules`, checked, asked for dates and deadlines.

A department's row overrides the hospital's, column by column. What neither says has no limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.clock import hospital_zone, local_date, local_time
from integrations.hospital.models import BookingRule, Department, LateCancel, Sex
from integrations.hospital.reading import age_on

HOSPITAL = "hospital"  # names the hospital's own row
_TABLE = BookingRule.__table__


class BadRule(ValueError):
    """A rule that cannot be: the department, the key and why, in words for the operator."""


class BookingRules(BaseModel):
    """What holds for one department. Days and times are local; None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    online: bool = Field(True, description="booked in the chat at all")
    horizon_days: int = Field(14, ge=0, le=366, description="the last bookable day is today + this …")
    release_at: time = Field(time(), description="… from this time of day on, the day before it until then")
    age_from: int | None = Field(None, ge=0, description="full years on the day of the visit, at least")
    age_to: int | None = Field(None, ge=0, description="full years on the day of the visit, at most")
    sex: Sex | None = Field(None, description="of the patients: male, female")
    per_day: int | None = Field(None, gt=0, description="visits of a patient on one day")
    per_department_day: int | None = Field(
        None, gt=0, description="visits of a patient to one department on one day"
    )
    open_at_once: int | None = Field(None, gt=0, description="visits of a patient still to come")
    holds_at_once: int | None = Field(None, gt=0, description="unpaid numbers of an account at once")
    holds_per_day: int | None = Field(
        None, gt=0, description="unpaid numbers of an account in one day, let go ones too"
    )
    cancel_days: int = Field(0, ge=0, description="cancelled with a refund until so many days before …")
    cancel_at: time | None = Field(None, description="… at this time of day; none: until the visit")
    late_cancel: LateCancel = Field(LateCancel.UNREFUNDED, description="after that: unrefunded, refused")
    reschedules: int | None = Field(None, ge=0, description="how often one appointment may be moved")
    noshow_limit: int | None = Field(None, gt=0, description="so many missed visits of a patient …")
    noshow_days: int = Field(365, gt=0, description="… within so many days …")
    noshow_block_days: int = Field(90, gt=0, description="… block booking for so many days after the last")

    @model_validator(mode="after")
    def _ages_leave_somebody(self) -> Self:
        if self.age_from is not None and self.age_to is not None and self.age_from > self.age_to:
            raise ValueError(f"age_from {self.age_from} is above age_to {self.age_to}")
        return self

    def last_day(self, now: datetime) -> date:
        """The last day whose numbers are released."""
        waiting = local_time(now) < self.release_at
        return local_date(now) + timedelta(days=self.horizon_days - waiting)

    def opens_at(self, day: date) -> datetime:
        """When the numbers of a day are released."""
        return datetime.combine(day - timedelta(days=self.horizon_days), self.release_at, hospital_zone())

    def cancel_until(self, day: date, starts_at: datetime) -> datetime:
        """Until when a visit on this day can be cancelled with a full refund."""
        if self.cancel_at is None:
            return starts_at
        last = day - timedelta(days=self.cancel_days)
        return min(datetime.combine(last, self.cancel_at, hospital_zone()), starts_at)

    def takes_age(self, born: date, day: date) -> bool:
        years = age_on(born, day)
        return (self.age_from is None or years >= self.age_from) and (
            self.age_to is None or years <= self.age_to
        )

    def takes(self, born: date, sex: Sex, day: date) -> bool:
        """Whether a patient may come here on that day, by age and sex."""
        return self.takes_age(born, day) and self.sex in (None, sex)


async def rules_of(session: AsyncSession, department_id: UUID) -> BookingRules:
    """What holds for a department now. Raises BadRule."""
    found = await _rows(session, department_id)
    return _checked({**found.get(None, {}), **found.get(department_id, {})}, str(department_id))


async def all_rules(session: AsyncSession) -> dict[UUID, BookingRules]:
    """What holds for every department. Raises BadRule."""
    found = await _rows(session)
    names = await session.execute(select(Department.id, Department.name))
    whole = found.get(None, {})
    return {row.id: _checked({**whole, **found.get(row.id, {})}, row.name) for row in names}


async def written(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """What the rows say, by name of the department, the hospital's own first."""
    rows = await session.execute(
        select(Department.name, _TABLE)
        .select_from(_TABLE.outerjoin(Department.__table__, Department.id == _TABLE.c.department_id))
        .order_by(Department.position.nulls_first(), Department.name)
    )
    return {row["name"] or HOSPITAL: _said(row) for row in rows.mappings()}


async def set_rule(session: AsyncSession, department: str, key: str, value: str) -> None:
    """Writes one rule of a department, or of HOSPITAL; an empty value inherits. `value` is text ("14", "07:00",
    "female", "false"). Raises BadRule when the department, the key or the value cannot be; nothing is written."""
    if key not in BookingRules.model_fields:
        raise BadRule(f"there is no rule {key!r}; there are: {', '.join(BookingRules.model_fields)}")
    department_id = await _department(session, department)
    parsed = getattr(_checked({key: value}, department), key) if value else None
    async with session.begin_nested():
        row = insert(BookingRule).values(department_id=department_id, **{key: parsed})
        await session.execute(
            row.on_conflict_do_update(index_elements=["department_id"], set_={key: parsed}).inline()
        )
        await all_rules(session)
    await audit.record(
        session,
        actor="operator",
        action="booking_rule_set",
        subject=f"department:{department_id or HOSPITAL}",
        detail={"key": key, "value": value},
    )


async def _department(session: AsyncSession, name: str) -> UUID | None:
    if name == HOSPITAL:
        return None
    found = await session.scalar(select(Department.id).where(Department.name == name))
    if found is None:
        raise BadRule(f"there is no department {name!r} ({HOSPITAL!r} names the whole hospital)")
    return found


async def _rows(session: AsyncSession, *department_ids: UUID) -> dict[UUID | None, dict[str, Any]]:
    wanted = select(_TABLE)
    if department_ids:
        wanted = wanted.where(_TABLE.c.department_id.is_(None) | _TABLE.c.department_id.in_(department_ids))
    rows = (await session.execute(wanted)).mappings()
    return {row["department_id"]: _said(row) for row in rows}


def _said(row: RowMapping) -> dict[str, Any]:
    return {key: row[key] for key in BookingRules.model_fields if row[key] is not None}


def _checked(values: Mapping[str, Any], department: str) -> BookingRules:
    try:
        return BookingRules.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'rules'}: {one['msg']}" for one in error.errors()
        )
        raise BadRule(f"booking rules of {department}: {wrong}") from None
