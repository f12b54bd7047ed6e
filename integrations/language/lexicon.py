"""The names of one hospital, as its directory hands them to the language part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DepartmentName:
    """A department and what patients call it. `id` is what the entity will carry (a uuid as text);
    `aliases` are everyday words for it (心内科, 看心脏的), simplified Chinese."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    name_en: str = ""
    aliases_en: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PractitionerName:
    """A doctor. `title` is the title shown to patients (主任医师), `department_ids` where they work."""

    id: str
    name: str
    title: str = ""
    department_ids: tuple[str, ...] = ()
    name_en: str = ""  # empty: its pinyin


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All that can be named. Equal lexicons are equal values, so an index may be kept by lexicon."""

    departments: tuple[DepartmentName, ...] = ()
    practitioners: tuple[PractitionerName, ...] = ()
