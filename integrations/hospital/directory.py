"""Departments and doctors: for lists, and for understanding their names."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Department, HospitalTerm, Practitioner
from integrations.hospital.rules import BookingRules, all_rules
from integrations.language.english_names import pinyin
from integrations.language.glossary import Glossary
from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """`rules` say how it is booked."""

    id: UUID
    name: str
    aliases: tuple[str, ...]
    description: str
    campus: str
    location: str
    rules: BookingRules
    name_en: str = ""
    aliases_en: tuple[str, ...] = ()

    @property
    def bookable(self) -> bool:
        """Whether it is booked online at all (发热门诊 and 急诊 are not)."""
        return self.rules.online


@dataclass(frozen=True, slots=True)
class PractitionerView:
    id: UUID
    name: str
    title: str
    department_id: UUID
    department: str
    speciality: str
    name_en: str = ""


async def departments(session: AsyncSession) -> list[DepartmentView]:
    """All active departments in the hospital's own order, those not booked online too. Raises BadRule."""
    rules = await all_rules(session)
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
            rules=rules[one.id],
            name_en=one.name_en,
            aliases_en=tuple(one.aliases_en),
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
            Practitioner.name_en,
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
            DepartmentName(str(one.id), one.name, one.aliases, one.name_en, one.aliases_en)
            for one in await departments(session)
        ),
        practitioners=tuple(
            PractitionerName(str(one.id), one.name, one.title, (str(one.department_id),), one.name_en)
            for one in await practitioners(session)
        ),
    )


async def glossary(session: AsyncSession) -> Glossary:
    """English for every name that a card, a list or a way through the house may show."""
    departments_en = {one.name: one.name_en for one in await departments(session)}
    doctors_en = {one.name: one.name_en or pinyin(one.name) for one in await practitioners(session)}
    terms = await session.execute(select(HospitalTerm.term, HospitalTerm.english))
    return Glossary({**doctors_en, **departments_en, **{row.term: row.english for row in terms}})
