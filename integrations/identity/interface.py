"""Whether a name and an identity number belong together."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    MATCH = "match"
    MISMATCH = "mismatch"
    NO_RECORD = "no_record"  # the register does not know the number (recent citizens, soldiers)
    LIMIT = "limit"  # asked too often for this number today
    UNAVAILABLE = "unavailable"  # nobody knows now: ask again later


class IdentityCheck(Protocol):
    async def check(self, name: str, id_number: str) -> Outcome:
        """Asks the register. Raises nothing: a service that is down is UNAVAILABLE."""
        ...
