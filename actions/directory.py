"""The hospital's departments and doctors, kept for a minute: they are asked for in almost every turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from integrations.hospital import directory
from integrations.hospital.clock import local_date
from integrations.hospital.directory import DepartmentView, PractitionerView
from integrations.hospital.rules import BookingRules
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

    def last_day(self, departments: tuple[str, ...], now: datetime) -> date:
        """The last day that can be booked now: at one of these departments, or at any."""
        return max((rules.last_day(now) for rules in self._rules(departments)), default=local_date(now))

    def opens_at(self, departments: tuple[str, ...], day: date) -> datetime | None:
        """When the numbers of a day are released, at the first of them."""
        return min((rules.opens_at(day) for rules in self._rules(departments)), default=None)

    def _rules(self, departments: tuple[str, ...]) -> list[BookingRules]:
        online = {key: one.rules for key, one in self.departments.items() if one.bookable}
        return [online[key] for key in departments if key in online] or list(online.values())


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
