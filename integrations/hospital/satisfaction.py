"""How satisfied those are who were asked for a rating, by kind of thing and by doctor, and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import revealing
from integrations.hospital.cases.figures import share, span
from integrations.hospital.models import SubjectKind
from integrations.hospital.ratings import UNHAPPY

_SATISFIED = 4  # stars, or more

_AVERAGES = text("""
    SELECT subject_kind, count(*) AS asked, count(stars) AS rated, avg(stars) AS stars,
           count(*) FILTER (WHERE stars >= :satisfied) AS satisfied,
           count(*) FILTER (WHERE stars <= :unhappy) AS unhappy
    FROM ratings WHERE asked_at >= :begin AND asked_at < :end
      AND (CAST(:practitioner AS uuid) IS NULL OR practitioner_id = :practitioner)
    GROUP BY subject_kind ORDER BY subject_kind
""")
_PRACTITIONERS = text("""
    SELECT p.name, count(r.stars) AS rated, avg(r.stars) AS stars
    FROM ratings r JOIN practitioners p ON p.id = r.practitioner_id
    WHERE r.asked_at >= :begin AND r.asked_at < :end AND r.stars IS NOT NULL
    GROUP BY p.id, p.name ORDER BY avg(r.stars), p.name
""")
_WORDS = text("""
    SELECT r.id, r.subject_kind, r.stars, r.words, r.rated_at FROM ratings r
    WHERE r.words IS NOT NULL AND r.asked_at >= :begin AND r.asked_at < :end
    ORDER BY r.stars, r.id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Stars:
    """The ratings of one kind of thing. `stars` is their average."""

    subject_kind: SubjectKind
    asked: int
    rated: int
    stars: float | None
    satisfied: int
    unhappy: int

    @property
    def satisfaction(self) -> float | None:
        """The share of those who rated that gave four stars or five."""
        return share(self.satisfied, self.rated)


async def averages(
    session: AsyncSession, first: date, last: date, practitioner_id: UUID | None = None
) -> list[Stars]:
    """By kind of thing, of what was asked in the span; both days included."""
    begin, end = span(first, last)
    values = {
        "begin": begin,
        "end": end,
        "practitioner": practitioner_id,
        "satisfied": _SATISFIED,
        "unhappy": UNHAPPY,
    }
    return [
        Stars(
            SubjectKind(row.subject_kind),
            row.asked,
            row.rated,
            float(row.stars) if row.stars is not None else None,
            row.satisfied,
            row.unhappy,
        )
        for row in await session.execute(_AVERAGES, values)
    ]


async def by_practitioner(session: AsyncSession, first: date, last: date) -> list[tuple[str, int, float]]:
    """Name, how many ratings, their average; the lowest first."""
    begin, end = span(first, last)
    rows = await session.execute(_PRACTITIONERS, {"begin": begin, "end": end})
    return [(row.name, row.rated, float(row.stars)) for row in rows]


async def words(
    session: AsyncSession,
    crypto: Crypto,
    first: date,
    last: date,
    *,
    actor: str,
    reason: str,
    limit: int = 100,
) -> list[tuple[SubjectKind, int, str]]:
    """What was written beside the stars, the unhappiest first. The audit log keeps who read it and why. Raises
    NoReason."""
    subject = f"ratings:{first}:{last}"
    await revealing.record(session, actor=actor, action="rating_words_read", subject=subject, reason=reason)
    begin, end = span(first, last)
    rows = await session.execute(_WORDS, {"begin": begin, "end": end, "limit": limit})
    return [
        (SubjectKind(row.subject_kind), row.stars, crypto.decrypt(row.words, "ratings.words")) for row in rows
    ]
