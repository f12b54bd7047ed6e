"""Departments and doctors: for lists, and for understanding their names."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Department, Practitioner
from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """`bookable` says whether it is booked online at all (发热门诊 and 急诊 are not)."""

    id: UUID
    name: str
    aliases: tuple[str, ...]
    description: str
    campus: str
    location: str
    bookable: bool
    horizon_days: int


@dataclass(frozen=True, slots=True)
class PractitionerView:
    id: UUID
    name: str
    title: str
    department_id: UUID
    department: str
    speciality: str


async def departments(session: AsyncSession) -> list[DepartmentView]:
    """All active departments in the hospital's own order, those not booked online too."""
    found = await session.scalars(
        select(Department).where(Department.active).order_by(Department.position, Department.name)
    )
    return [
        DepartmentView(
            id=one.id,
            name=one.name,
            aliases=tuple(one.aliases),
            description=one.description,
            campus=one.campus,
            location=f"{one.building}{one.floor}",
            bookable=one.bookable,
            horizon_days=one.horizon_days,
        )
        for one in found
    ]


async def practitioners(session: AsyncSession, department_id: UUID | None = None) -> list[PractitionerView]:
    """Active doctors, of one department or of all, highest title first within a department."""
    wanted = (
        select(
            Practitioner.id,
            Practitioner.name,
            Practitioner.title,
            Practitioner.department_id,
            Department.name,
            Practitioner.speciality,
        )
        .join(Department, Department.id == Practitioner.department_id)
        .where(Practitioner.active, Department.active)
        .order_by(Department.position, Practitioner.rank, Practitioner.staff_no)
    )
    if department_id is not None:
        wanted = wanted.where(Practitioner.department_id == department_id)
    return [PractitionerView(*row) for row in await session.execute(wanted)]


async def lexicon(session: AsyncSession) -> Lexicon:
    """Every name that a patient may mean, in a fixed order: the same directory gives an equal lexicon."""
    return Lexicon(
        departments=tuple(
            DepartmentName(id=str(one.id), name=one.name, aliases=one.aliases)
            for one in await departments(session)
        ),
        practitioners=tuple(
            PractitionerName(
                id=str(one.id), name=one.name, title=one.title, department_ids=(str(one.department_id),)
            )
            for one in await practitioners(session)
        ),
    )
