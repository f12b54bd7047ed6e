"""What is known so far of somebody who registers: tokens and masked forms, never a plain value. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from actions.facts import Facts
from actions.relations import Kin, kin_named, kin_of
from integrations.hospital.documents import TELLS_ALL
from integrations.hospital.families import Ages
from integrations.hospital.models import DocumentKind

TOKENS = ("person_name", "id_number", "birth_date", "phone")
CHOICES = ("relation", "document", "sex")
VALUES = (
    "relation",
    "person_name",
    "document",
    "id_number",
    "birth_date",
    "sex",
    "phone",
)  # in the order asked
_WHOM = ("person_name", "id_number", "document")
_ASKED_AS = {"id_document": "id_number"}  # a question of its own for numbers of another shape


@dataclass(frozen=True, slots=True)
class Person:
    """`shown` holds the masked values. `proven`: the phone's code was right. `agreed`: for
    which relative it was, blinded. `outcome`: of the identity check.
    `unread`: a number whose kind of document is not known yet. `on_file`: the code to the phone in the hospital's
    file was right. `kin`: what the patient called them (mother). `number_sex`: as the document's number tells it;
    `odd_sex`: that it is another one than the word says was asked, and is right. `then`: the form that waits."""

    family: bool = False
    relation: str = ""
    kin: str = ""
    person_name: str = ""
    latin: bool = False
    document: str = ""
    id_number: str = ""
    number_sex: str = ""
    odd_sex: bool = False
    unread: str = ""
    birth_date: str = ""
    sex: str = ""
    ages: str = ""
    phone: str = ""
    no_phone: bool = False  # a minor without one: the guardian's counts
    shown: Mapping[str, str] = field(default_factory=dict)
    code_sent: bool = False
    proven: bool = False
    agreed: str = ""
    outcome: str = ""
    mismatches: int = 0
    guardian: bool = False  # declared, and agreed
    file_code_sent: bool = False
    on_file: bool = False
    then: str = ""

    @classmethod
    def read(cls, draft: Mapping[str, Any]) -> Person:
        return cls(**draft)

    def as_draft(self) -> dict[str, Any]:
        """Only what is set, as JSON."""
        return {key: value for key, value in asdict(self).items() if value}

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.document or DocumentKind.RESIDENT_ID)

    @property
    def by_guardian(self) -> bool:
        """Whether a guardian agrees for them."""
        return self.ages == Ages.CHILD or (self.ages == Ages.TEEN and self.no_phone)

    @property
    def called(self) -> Kin | None:
        return kin_named(self.kin)

    @property
    def other_sex(self) -> str:
        """The document's sex, where the word for them says the other one and nobody said yet that it is right."""
        sex = self.number_sex or self.sex
        said = self.called.sex if self.called else None
        return sex if sex and said and sex != said and not self.odd_sex else ""

    def with_value(self, kind: str, token: str, masked: str) -> Person:
        """A new value; what was proven with the old one no longer counts."""
        value: dict[str, Any] = {kind: token}
        changed = replace(self, **value, shown={**self.shown, kind: masked})
        return _unproven(changed, kind)

    def without(self, kind: str) -> Person:
        kind = _ASKED_AS.get(kind, kind)
        shown = {name: masked for name, masked in self.shown.items() if name != kind}
        nothing: dict[str, Any] = {kind: ""}
        if kind == "relation":
            nothing["kin"] = ""
        if kind == "document":
            nothing |= {"id_number": "", "unread": ""}
        if kind in ("id_number", "document"):
            nothing["number_sex"] = ""
        if kind in ("id_number", "birth_date", "document"):
            nothing["ages"] = ""
        return _unproven(replace(self, **nothing, no_phone=False, shown=shown), kind)

    def missing(self) -> str:
        """The next value to ask for, or ""."""
        return next((kind for kind in self._wanted() if not getattr(self, _ASKED_AS.get(kind, kind))), "")

    def _wanted(self) -> list[str]:
        number = "id_number" if self.kind in TELLS_ALL else "id_document"
        wanted = ["relation"] if self.family else []
        wanted.append("person_name")
        if self.latin or self.unread:
            wanted.append("document")
        wanted.append(number)
        if self.kind not in TELLS_ALL:
            wanted += ["birth_date", "sex"]
        return wanted if self.family and self.by_guardian else [*wanted, "phone"]


def _unproven(person: Person, kind: str) -> Person:
    if kind == "phone":
        return replace(person, code_sent=False, proven=False)
    if person.family and kind in _WHOM:  # the code was somebody's agreement for another person
        person = replace(person, code_sent=False, proven=False, file_code_sent=False, on_file=False)
    if kind in ("id_number", "document", "relation", "sex"):
        person = replace(person, odd_sex=False)
    return replace(person, outcome="", guardian=False)


def back(person: Person, asked: str) -> Person | None:
    """Without the last answer before the question now open; None at the first question."""
    if asked in ("sms_code", "identity", "file_code", "confirm", "guardian", "kin_sex"):
        if asked == "sms_code" or (asked == "confirm" and person.phone):
            return person.without("phone")
        return person.without("id_number")
    asked = _ASKED_AS.get(asked, asked)
    before = VALUES[: VALUES.index(asked)] if asked in VALUES else ()
    given = [kind for kind in before if getattr(person, kind) or (kind == "phone" and person.no_phone)]
    return person.without(given[-1]) if given else None


def forget(person: Person, facts: Facts) -> Person:
    """ "改手机号": asked again."""
    return person.without(facts.field) if facts.field in VALUES else person


def choose(person: Person, facts: Facts) -> Person:
    """What buttons or plain words choose: the relation, the kind of document, the sex."""
    if person.family:
        person = _related(person, facts)
    if facts.sex and facts.sex != person.sex:
        person = replace(person, sex=facts.sex, odd_sex=False)
    if facts.document and facts.document != person.document:
        person = replace(person.without("document"), unread=person.unread, document=facts.document)
    return person


def _related(person: Person, facts: Facts) -> Person:
    kin = kin_of(facts.relative)
    relation = facts.relation or (kin.relation if kin else "")
    name = kin.name if kin else ""
    if not relation or (relation, name or person.kin) == (person.relation, person.kin):
        return person
    return replace(person, relation=relation, kin=name, odd_sex=False)


def new_values(person: Person, facts: Facts) -> list[tuple[str, str]]:
    """(kind, token) of what this message tells anew."""
    said = [(kind, getattr(facts, kind)) for kind in TOKENS]
    return [
        (kind, token) for kind, token in said if token and token not in (getattr(person, kind), person.unread)
    ]
