"""The demo hospital's names, as a turn knows them."""

from __future__ import annotations

from integrations.hospital import demo_english
from integrations.hospital.demo_hospital import DEPARTMENTS
from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName


def demo_lexicon() -> Lexicon:
    """The demo hospital's names, without a database."""
    departments = tuple(
        DepartmentName(one.name, one.name, one.aliases, *_english(one.name)) for one in DEPARTMENTS
    )
    practitioners = tuple(
        PractitionerName(doctor, doctor.split(" ")[0], department_ids=(one.name,))
        for one in DEPARTMENTS
        for doctor in one.doctors
    )
    return Lexicon(departments, practitioners)


def _english(department: str) -> tuple[str, tuple[str, ...]]:
    name, aliases = demo_english.DEPARTMENTS[department]
    return name, tuple(aliases.split(", "))
