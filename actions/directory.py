"""The hospital's departments and doctors, kept for a minute: they are asked for in almost every turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.hospital import directory
from integrations.hospital.directory import DepartmentView, PractitionerView
from integrations.language.glossary import Glossary
from integrations.runtime import Runtime

FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Directory:
    """By id as text, in the hospital's own order."""

    departments: Mapping[str, DepartmentView]
    practitioners: Mapping[str, PractitionerView]
    english: Glossary = field(default_factory=lambda: Glossary({}))

    def within(self, practitioners: tuple[str, ...], departments: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the practitioners who work in one of the departments; all of them when none is named."""
        known = (found for found in practitioners if found in self.practitioners)
        if not departments:
            return tuple(known)
        return tuple(found for found in known if str(self.practitioners[found].department_id) in departments)

    def department_of(self, practitioner: str) -> str:
        return str(self.practitioners[practitioner].department_id)

    def named(self, beginning: str) -> DepartmentView | None:
        """The first department that is booked online and whose name begins so."""
        found = (one for one in self.departments.values() if one.bookable and one.name.startswith(beginning))
        return next(found, None)

    def horizon_days(self, departments: tuple[str, ...]) -> int:
        """How many days ahead can be booked: of these departments, or of any."""
        named = [self.departments[one] for one in departments if one in self.departments]
        return max((one.horizon_days for one in named or self.departments.values()), default=0)


class DirectoryCache:
    def __init__(self) -> None:
        self._read: tuple[datetime, Directory] | None = None

    async def get(self, runtime: Runtime, now: datetime) -> Directory:
        if self._read is None or not now - FRESH_FOR < self._read[0] <= now:
            async with runtime.database.begin() as session:
                departments = await directory.departments(session)
                practitioners = await directory.practitioners(session)
                english = await directory.glossary(session)
            found = Directory(
                {str(one.id): one for one in departments},
                {str(one.id): one for one in practitioners},
                english,
            )
            self._read = (now, found)
        return self._read[1]
