"""The rules by which appointments are booked: read from `booking_rules`, checked, asked for dates and deadlines.

A department's row overrides the hospital's, column by column. What neither says has no limit. Rows may contradict
each other, or hold what an older version or a hand wrote: such a department takes no bookings until its rules are
mended, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import RowMapping, Text, cast, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.clock import hospital_zone, local_date, local_time
from integrations.hospital.models import BookingRule, Department, LateCancel, Sex
from integrations.hospital.reading import age_on

HOSPITAL = "hospital"  # names the hospital's own row
_TABLE = BookingRule.__table__
_MOST = 100_000  # of visits, years or days: more than any limit, and what a column can hold


class BadRule(ValueError):
    """A rule that cannot be: the department, the key and why, in words for the operator."""


class BookingRules(BaseModel):
    """What holds for one department. Days and times are local; None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    online: bool = Field(True, description="booked in the chat at all")
    horizon_days: int = Field(14, ge=0, le=366, description="the last bookable day is today + this …")
    release_at: time = Field(time(), description="… from this time of day on, the day before it until then")
    age_from: int | None = Field(
        None, ge=0, le=_MOST, description="full years on the day of the visit, at least"
    )
    age_to: int | None = Field(
        None, ge=0, le=_MOST, description="full years on the day of the visit, at most"
    )
    sex: Sex | None = Field(None, description="of the patients: male, female")
    per_day: int | None = Field(None, gt=0, le=_MOST, description="visits of a patient on one day")
    per_department_day: int | None = Field(
        None, gt=0, le=_MOST, description="visits of a patient to one department on one day"
    )
    open_at_once: int | None = Field(None, gt=0, le=_MOST, description="visits of a patient still to come")
    holds_at_once: int | None = Field(
        None, gt=0, le=_MOST, description="unpaid numbers of an account at once"
    )
    holds_per_day: int | None = Field(
        None, gt=0, le=_MOST, description="unpaid numbers of an account in one day, let go ones too"
    )
    cancel_days: int = Field(
        0, ge=0, le=_MOST, description="cancelled with a refund until so many days before …"
    )
    cancel_at: time | None = Field(None, description="… at this time of day; none: until the visit")
    late_cancel: LateCancel = Field(LateCancel.UNREFUNDED, description="after that: unrefunded, refused")
    reschedules: int | None = Field(
        None, ge=0, le=_MOST, description="how often one appointment may be moved"
    )
    noshow_limit: int | None = Field(None, gt=0, le=_MOST, description="so many missed visits of a patient …")
    noshow_days: int = Field(365, gt=0, le=_MOST, description="… within so many days …")
    noshow_block_days: int = Field(
        90, gt=0, le=_MOST, description="… block booking for so many days after the last"
    )

    @model_validator(mode="after")
    def _ages_leave_somebody(self) -> Self:
        ages = {"age_from": self.age_from, "age_to": self.age_to}
        if self.age_from is not None and self.age_to is not None and self.age_from > self.age_to:
            raise PydanticCustomError("ages", "age_from {age_from} is above age_to {age_to}", ages)
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


@dataclass(frozen=True, slots=True)
class DepartmentRules:
    """What the rows say of one department. `fault`: why they cannot be, in words for the operator, "" when they can;
    `rules` are then without the keys at fault."""

    rules: BookingRules
    fault: str = ""


async def rules_of(session: AsyncSession, department_id: UUID) -> BookingRules:
    """What holds for a department now, for a booking. Raises BadRule."""
    found = await _of(session, department_id)
    if found.fault:
        raise BadRule(f"booking rules of {department_id}: {found.fault}")
    return found.rules


async def standing_rules(session: AsyncSession, department_id: UUID) -> BookingRules:
    """What holds for an appointment that stands: it can be seen and cancelled whatever the rows say."""
    return (await _of(session, department_id)).rules


async def all_rules(session: AsyncSession) -> dict[UUID, DepartmentRules]:
    """What the rows say of every department."""
    return _read_all(await _rows(session), await _names(session))


async def faults(session: AsyncSession) -> dict[str, str]:
    """The departments whose rules cannot be, by name, with the reason. They take no bookings."""
    names = await _names(session)
    return _faults(_read_all(await _rows(session), names), names)


async def written(session: AsyncSession) -> dict[str, dict[str, str]]:
    """What the rows say, by name of the department, the hospital's own first."""
    rows = await session.execute(
        select(Department.name, *_COLUMNS)
        .select_from(_TABLE.outerjoin(Department.__table__, Department.id == _TABLE.c.department_id))
        .order_by(Department.position.nulls_first(), Department.name)
    )
    return {row["name"] or HOSPITAL: _said(row) for row in rows.mappings()}


async def set_rule(session: AsyncSession, department: str, key: str, value: str) -> None:
    """Writes one rule of a department, or of HOSPITAL; an empty value inherits. `value` is text ("14", "07:00",
    "female", "false"). Raises BadRule when the department, the key or the value cannot be, or contradicts another
    rule; nothing is written. Faults that were there before are no reason: they are mended one by one."""
    if key not in BookingRules.model_fields:
        raise BadRule(f"there is no rule {key!r}; there are: {', '.join(BookingRules.model_fields)}")
    names, rows = await _names(session), await _rows(session)
    department_id = _id_of(names, department)
    alone = _read({key: value} if value else {})
    if alone.fault:
        raise BadRule(f"{department}: {alone.fault}")
    before = _faults(_read_all(rows, names), names)
    rows[department_id] = {**rows.get(department_id, {}), key: value}
    if not value:
        del rows[department_id][key]
    after = _faults(_read_all(rows, names), names)
    if new := [f"{name}: {fault}" for name, fault in after.items() if before.get(name) != fault]:
        raise BadRule("\n".join(new))
    parsed = getattr(alone.rules, key) if value else None
    row = insert(BookingRule).values(department_id=department_id, **{key: parsed})
    await session.execute(
        row.on_conflict_do_update(index_elements=["department_id"], set_={key: parsed}).inline()
    )
    await audit.record(
        session,
        actor="operator",
        action="booking_rule_set",
        subject=f"department:{department_id or HOSPITAL}",
        detail={"key": key, "value": value},
    )


def _id_of(names: Mapping[UUID, str], department: str) -> UUID | None:
    if department == HOSPITAL:
        return None
    found = next((key for key, name in names.items() if name == department), None)
    if found is None:
        raise BadRule(f"there is no department {department!r} ({HOSPITAL!r} names the whole hospital)")
    return found


# As text: a value that a column takes and Python does not (24:00) must not break the reading.
_COLUMNS = tuple(cast(_TABLE.c[key], Text).label(key) for key in BookingRules.model_fields)
_Rows = dict[UUID | None, dict[str, str]]


async def _of(session: AsyncSession, department_id: UUID) -> DepartmentRules:
    rows = await _rows(session, department_id)
    return _read(rows.get(None, {}), rows.get(department_id, {}))


async def _rows(session: AsyncSession, *department_ids: UUID) -> _Rows:
    wanted = select(_TABLE.c.department_id, *_COLUMNS)
    if department_ids:
        wanted = wanted.where(_TABLE.c.department_id.is_(None) | _TABLE.c.department_id.in_(department_ids))
    rows = (await session.execute(wanted)).mappings()
    return {row["department_id"]: _said(row) for row in rows}


async def _names(session: AsyncSession) -> dict[UUID, str]:
    """In the hospital's own order."""
    found = select(Department.id, Department.name).order_by(Department.position, Department.name)
    return {row.id: row.name for row in await session.execute(found)}


def _said(row: RowMapping) -> dict[str, str]:
    return {key: row[key] for key in BookingRules.model_fields if row[key] is not None}


def _read_all(rows: _Rows, names: Mapping[UUID, str]) -> dict[UUID, DepartmentRules]:
    return {one: _read(rows.get(None, {}), rows.get(one, {})) for one in names}


def _faults(found: Mapping[UUID, DepartmentRules], names: Mapping[UUID, str]) -> dict[str, str]:
    return {names[one]: reading.fault for one, reading in found.items() if reading.fault}


def _read(whole: Mapping[str, str], own: Mapping[str, str] | None = None) -> DepartmentRules:
    """The hospital's row and the department's. What cannot be is left out and named, until the rest can."""
    own = own or {}
    try:
        return DepartmentRules(BookingRules.model_validate({**whole, **own}))
    except ValidationError as error:
        wrong = {tuple(map(str, one["loc"])) or tuple(one["ctx"]): one["msg"] for one in error.errors()}
    keys = {key for at in wrong for key in at}
    words = [message if len(at) > 1 else f"{at[0]}: {message}" for at, message in wrong.items()]
    inherited = sorted(key for key in keys if own and key in whole and key not in own)
    words += [f"{', '.join(inherited)}: said for the whole hospital"] if inherited else []
    rest = _read(*({k: v for k, v in row.items() if k not in keys} for row in (whole, own)))
    return DepartmentRules(rest.rules, "; ".join([*words, rest.fault] if rest.fault else words))
