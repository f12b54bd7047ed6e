"""What a parcel's carrier says, whoever tells it: words that the hospital and the vendors share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ParcelState(StrEnum):
    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    SIGNED = "signed"
    FORWARDED = "forwarded"
    CUSTOMS = "customs"
    PROBLEM = "problem"
    RETURNING = "returning"
    REFUSED = "refused"
    RETURNED = "returned"


# What staff have to look into.
PROBLEMS = frozenset({ParcelState.PROBLEM, ParcelState.RETURNING, ParcelState.REFUSED, ParcelState.RETURNED})
# After these the carrier has nothing more to say.
LAST = frozenset({ParcelState.SIGNED, ParcelState.RETURNED})


@dataclass(frozen=True, slots=True)
class ParcelStep:
    """One thing that happened; `words` name places and people. `at` is UTC by the carrier's clock."""

    at: datetime
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParcelNews:
    """All that is known of a parcel. `state` is None as long as nobody has seen it; `lost_track`: nothing more will
    be told, though it has not arrived."""

    carrier: str
    waybill: str
    state: ParcelState | None
    steps: tuple[ParcelStep, ...]
    lost_track: bool = False
    expected: datetime | None = None  # when it arrives, as the carrier's tracker estimates; UTC

    @property
    def at(self) -> datetime | None:
        """Of the newest step."""
        return max((step.at for step in self.steps), default=None)
