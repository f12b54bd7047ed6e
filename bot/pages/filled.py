"""The registration form as somebody filled it in, and what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.pages.speech import Line, line
from integrations.hospital import families, patients
from integrations.hospital.documents import (
    TELLS_ALL,
    Identity,
    InvalidBirthDate,
    InvalidDocument,
    check_birth_date,
    read_identity,
    read_number,
)
from integrations.hospital.families import Ages
from integrations.hospital.models import DocumentKind, Relation, Sex
from integrations.hospital.patients import IdNumberFault
from integrations.hospital.reading import is_latin

# What each choice stands for; its words are the catalogue's page_<field>_<value>.
CHOICES: Mapping[str, tuple[StrEnum, ...]] = {
    "document": (
        DocumentKind.RESIDENT_ID,
        DocumentKind.PASSPORT,
        DocumentKind.HK_MACAU_PERMIT,
        DocumentKind.TAIWAN_PERMIT,
        DocumentKind.RESIDENCE_PERMIT,
    ),
    "relation": (
        Relation.PARENT,
        Relation.SPOUSE,
        Relation.CHILD,
        Relation.GRANDPARENT,
        Relation.GRANDCHILD,
        Relation.SIBLING,
        Relation.OTHER,
    ),
    "sex": (Sex.MALE, Sex.FEMALE),
}


@dataclass(slots=True)
class Filled:
    """`family`: for a relative. `hospital_phone` is told to who cannot go on. `stage`: what the form asks for at its
    end: "" before the data are checked, then "code", or "guardian" for a minor without a phone of their own."""

    family: bool = False
    hospital_phone: str = ""
    relation: str = ""
    name: str = ""
    document: str = DocumentKind.RESIDENT_ID
    id_number: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""
    phone: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    guardian: bool = False
    faults: dict[str, Line] = field(default_factory=dict)
    notice: Line | None = None
    stage: str = ""

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.document) if self.document in set(DocumentKind) else DocumentKind.RESIDENT_ID

    @property
    def whose(self) -> str:
        """Ends the names of texts that differ for oneself and for a relative."""
        return "family" if self.family else "self"

    def fault(self, entry: str, key: str, /, **values: object) -> None:
        """`key` without its beginning page_fault_."""
        self.faults[entry] = line(f"page_fault_{key}", **values)

    def check(self, today: date) -> Identity | None:
        """Reads every value; faults are kept beside their fields. Gives who it is when nothing is wrong, and sets
        the stage."""
        if self.family and self.relation not in CHOICES["relation"]:
            self.fault("relation", "relation")
        self._check_name()
        identity = self._identity(today)
        group = families.ages_of(identity.age(today)) if identity else Ages.ADULT
        if identity and group is Ages.CHILD and not self.family:
            entry = "id_number" if identity.kind in TELLS_ALL else "birth_date"
            self.fault(entry, "too_young", age=patients.LEAST_AGE)
        if (
            self.family
            and "relation" not in self.faults
            and not families.may_be(Relation(self.relation), group)
        ):
            self.fault("relation", "under_age")
        by_guardian = self.family and (group is Ages.CHILD or (group is Ages.TEEN and not self.phone))
        if not by_guardian:
            self._check_phone()
        if self.faults:
            return None
        self.stage = "guardian" if by_guardian else "code"
        return identity

    def _check_name(self) -> None:
        try:
            name = patients.read_person_name(self.name)
        except patients.InvalidName:
            self.fault("name", "name")
            return
        if self.kind is DocumentKind.RESIDENT_ID and is_latin(name):
            self.fault("name", "name_latin")

    def _identity(self, today: date) -> Identity | None:
        try:
            number = read_number(self.kind, self.id_number, today)
            if self.kind in TELLS_ALL:
                return read_identity(self.kind, number, today)
        except patients.InvalidIdNumber as error:
            which = f"{error.reason}_{error.detail}" if error.reason is IdNumberFault.REGION else error.reason
            self.fault("id_number", f"number_{which}")
            return None
        except InvalidDocument as error:
            self.fault("id_number", error.kind)
            return None
        if self.sex not in CHOICES["sex"]:
            self.fault("sex", "sex")
        try:
            born = date.fromisoformat(self.birth_date)
            check_birth_date(born, today)
        except (ValueError, InvalidBirthDate):
            self.fault("birth_date", "birth_date")
            return None
        return None if "sex" in self.faults else Identity(self.kind, number, born, Sex(self.sex))

    def _check_phone(self) -> None:
        try:
            patients.read_phone(self.phone)
        except patients.InvalidPhone as error:
            match error.reason:
                case "foreign":
                    self.fault("phone", "phone_foreign", phone=self.hospital_phone)
                case "landline":
                    self.fault("phone", "phone_landline")
                case _:
                    self.fault("phone", "phone")
