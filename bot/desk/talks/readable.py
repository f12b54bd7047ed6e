"""Which parts of a conversation a member of staff may read, one answer for all that shows some of it: the transcript,
its older pages, pictures, and the last words in the list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from integrations.database import Executor

_WITH_DOCTORS = text("""
    SELECT conversation_id, id, consultation_id IS NOT NULL AS consultation, staff_id, department_id, accepted_at,
           ended_at
    FROM talks
    WHERE conversation_id = ANY(:conversations) AND accepted_at IS NOT NULL
      AND (skill = 'doctor' OR consultation_id IS NOT NULL)
    ORDER BY accepted_at, id
""")


@dataclass(frozen=True, slots=True)
class DoctorsTalk:
    """A talk with a doctor, from its acceptance (`begin`) to its `end`; None: it goes on."""

    id: UUID
    consultation: bool
    staff_id: UUID | None
    department_id: UUID | None
    begin: datetime
    end: datetime | None

    def has(self, at: datetime) -> bool:
        return self.begin <= at and (self.end is None or at <= self.end)

    @property
    def span(self) -> str:
        """As Postgres writes a range."""
        end = max(self.end, self.begin).isoformat() if self.end else ""  # a clock may have been set meanwhile
        return f"[{self.begin.isoformat()},{end}]"


@dataclass(frozen=True, slots=True)
class Readable:
    """`until`: what came later is left out; None: nothing is. `closed`: so are the words, notes and pictures of these
    talks."""

    until: datetime | None = None
    closed: tuple[DoctorsTalk, ...] = ()

    def has(self, at: datetime, talk_id: UUID | None = None) -> bool:
        """Whether what was said at that moment may be read. `talk_id`: in which talk; what was said in a closed one and
        is said once more after its end is still of it."""
        if self.until is not None and at > self.until:
            return False
        return not any(talk.has(at) or (talk.id == talk_id and at >= talk.begin) for talk in self.closed)

    @property
    def spans(self) -> str:
        """When what is closed was said, as Postgres writes a multirange."""
        return "{" + ",".join(talk.span for talk in self.closed) + "}"


EVERYTHING = Readable()


async def with_doctors(
    session: Executor, conversations: Collection[UUID]
) -> Mapping[UUID, tuple[DoctorsTalk, ...]]:
    """The talks with doctors of these conversations, the oldest first."""
    found: dict[UUID, tuple[DoctorsTalk, ...]] = defaultdict(tuple)
    for conversation_id, *talk in await session.execute(
        _WITH_DOCTORS, {"conversations": list(conversations)}
    ):
        found[conversation_id] += (DoctorsTalk(*talk),)
    return found
