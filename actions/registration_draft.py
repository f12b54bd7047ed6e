"""What a patient has told of themselves so far: tokens and masked forms, never a plain value. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from actions.facts import Facts

VALUES = ("person_name", "id_number", "phone")  # in the order they are asked


@dataclass(frozen=True, slots=True)
class Person:
    """`shown` holds the masked values. `proven`: the phone's code was right. `outcome`: of the identity check."""

    person_name: str = ""
    id_number: str = ""
    phone: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)
    code_sent: bool = False
    proven: bool = False
    outcome: str = ""
    mismatches: int = 0

    @classmethod
    def read(cls, draft: Mapping[str, Any]) -> Person:
        return cls(**draft)

    def as_draft(self) -> dict[str, Any]:
        """Only what is set, as JSON."""
        return {key: value for key, value in asdict(self).items() if value}

    def with_value(self, kind: str, token: str, masked: str) -> Person:
        """A new value; what was proven with the old one no longer counts."""
        shown = {**self.shown, kind: masked}
        value: dict[str, Any] = {kind: token}
        changed = replace(self, **value, shown=shown)
        if kind == "phone":
            return replace(changed, code_sent=False, proven=False)
        return replace(changed, outcome="")

    def without(self, kind: str) -> Person:
        shown = {name: masked for name, masked in self.shown.items() if name != kind}
        nothing: dict[str, Any] = {kind: ""}
        cleared = replace(self, **nothing, shown=shown)
        return (
            replace(cleared, code_sent=False, proven=False)
            if kind == "phone"
            else replace(cleared, outcome="")
        )

    def missing(self) -> str:
        """The next value to ask for, or ""."""
        return next((kind for kind in VALUES if not getattr(self, kind)), "")


def back(person: Person, asked: str) -> Person | None:
    """Without the last answer before the question now open; None at the first question."""
    if asked == "sms_code":
        return person.without("phone")
    if asked in ("confirm", "identity"):
        return person.without("phone" if asked == "confirm" else "id_number")
    before = VALUES[: VALUES.index(asked)] if asked in VALUES else ()
    given = [kind for kind in before if getattr(person, kind)]
    return person.without(given[-1]) if given else None


def forget(person: Person, facts: Facts) -> Person:
    """ "改手机号": asked again."""
    return person.without(facts.field) if facts.field in VALUES else person


def new_values(person: Person, facts: Facts) -> list[tuple[str, str]]:
    """(kind, token) of what this message tells anew."""
    said = [(kind, getattr(facts, kind)) for kind in VALUES]
    return [(kind, token) for kind, token in said if token and token != getattr(person, kind)]
