"""A measured value, and the numbers that are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from integrations.language.measured_names import MeasurementKind
from integrations.language.quantities import QUANTITY, read_quantity

Value = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Measured:
    """text[start:end] says it. `value`: see MeasurementKind; of a blood pressure one of the two may be missing.
    `with_unit`: a weight that was told in a unit, not as a bare number. `at_most`: where a digit was left open (8点多,
    130多) the value with the largest one; `value` has the smallest. `bound`: what is told is no value but what it lies
    "above" or "below" (低于3.9)."""

    kind: MeasurementKind
    value: Value
    start: int
    end: int
    with_unit: bool = False
    at_most: Value | None = None
    bound: str = ""


N = QUANTITY
NO_HOUR = r"(?! ?(?:点(?!\d)|个多|[ap]m\b|o'clock)|\.几)"
OPEN = "[多几]"  # behind a number: a digit more is not told
GAP = r"[ :,，是为了有在到约大概差不多都也又再还测量几回次·the iswasof]{0,12}?"
TENTHS = 0.9
_ALONE = re.compile(rf"(?P<n>{N}){NO_HOUR}", re.IGNORECASE)


def most(text: str, end: int, number: float) -> float:
    """The largest number that "130多" may be, where it ends; the number itself where nothing is left open."""
    if not text.startswith(("多", "几"), end):
        return number
    for step in (100, 10):
        if number >= step and number % step == 0:
            return number + step - 1
    return number + TENTHS


def if_more(at_most: Value, value: Value) -> Value | None:
    """As `Measured.at_most` holds it."""
    return at_most if at_most != value else None


def numbers(text: str) -> Iterator[tuple[float, int, int]]:
    """All that are no hour, with their places."""
    for match in _ALONE.finditer(text):
        try:
            yield read_quantity(match["n"]), *match.span("n")
        except ValueError:
            continue
