"""A piece of a patient's text that means something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """`entity` names what it is, `value` what it says; text[start:end] are the patient's own words."""

    entity: str
    start: int
    end: int
    value: Any

    def as_entity(self) -> dict[str, Any]:
        """The form in which it travels to Rasa, in a message's metadata."""
        return {"entity": self.entity, "value": self.value, "start": self.start, "end": self.end}

    def overlaps(self, others: Iterable[Span]) -> bool:
        return any(self.start < other.end and other.start < self.end for other in others)
