"""What a patient told of allergies, held against what a doctor prescribes. It warns; it never says that all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml

from integrations.hospital.intake.story import NONE, UNKNOWN
from integrations.hospital.models import Medicine

_FILE = Path(__file__).with_name("allergens.yml")
_SHORTEST = 2  # characters of a medicine's name that count as one, when a patient wrote just them


class WarningKind(StrEnum):
    ALLERGY = "allergy"  # the patient named this substance or its family
    NEAR = "near"  # a family that may act alike
    NOT_ASKED = "not_asked"  # nothing is known: the doctor asks
    DUPLICATE = "duplicate"  # the same, or one of its kind, is taken already
    INTERACTION = "interaction"  # the pharmacy's list says that the two do not go together


@dataclass(frozen=True, slots=True)
class Warned:
    """`position` of the line, from 1; `allergy` as the patient told it, empty when nothing is known; for what is
    taken together it is the other medicine, and `why` what the list says of the two."""

    position: int
    kind: WarningKind
    allergy: str = field(repr=False)
    why: str = ""
    why_en: str = ""


@dataclass(frozen=True, slots=True)
class _Family:
    words: tuple[str, ...]
    near: tuple[str, ...]


@cache
def _families() -> dict[str, _Family]:
    written = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        name: _Family(tuple(word.lower() for word in one["words"]), tuple(one["near"]))
        for name, one in written.items()
    }


def warnings(told: str, medicines: Sequence[Medicine]) -> list[Warned]:
    """`told`: the patient's words, NONE, or "" and UNKNOWN when nothing is known of allergies."""
    if told == NONE:
        return []
    if told in ("", UNKNOWN):
        return [Warned(position, WarningKind.NOT_ASKED, "") for position, _ in enumerate(medicines, 1)]
    found = [(position, _kind(told.lower(), one)) for position, one in enumerate(medicines, 1)]
    return [Warned(position, kind, told) for position, kind in found if kind]


def _kind(told: str, medicine: Medicine) -> WarningKind | None:
    name = f"{medicine.name} {medicine.name_en}".lower()
    allergic, contained = families_in(told), families_in(name)
    if allergic & contained or _says_the_name(told, medicine):
        return WarningKind.ALLERGY
    near = {other for family in allergic for other in _families()[family].near}
    return WarningKind.NEAR if near & contained else None


def families_in(words: str) -> set[str]:
    """The families of substances that are named."""
    words = words.lower()
    return {name for name, family in _families().items() if any(word in words for word in family.words)}


def _says_the_name(told: str, medicine: Medicine) -> bool:
    """Of a substance that belongs to no family here."""
    names = (medicine.name.lower(), medicine.name_en.lower())
    parts = [
        part.strip() for part in told.replace("，", ",").replace("、", ",").replace("；", ",").split(",")
    ]
    return any(
        len(name) >= _SHORTEST
        and (name in told or any(len(part) >= _SHORTEST and part in name for part in parts))
        for name in names
    )
