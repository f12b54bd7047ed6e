"""What patients asked about the hospital and no page says: for staff, who write pages.

Only the words are kept and how often they came, never who asked; for whoever has not consented to the use of health
data may ask as well. So a question with a token (a name, a phone, an identity number) or a number in it, or a long
one, which may tell a person's story, is not kept at all.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.models import UnansweredQuestion
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.tokens import TOKEN_PATTERN
from integrations.language.personal import find_personal
from integrations.language.script import normalise
from integrations.part import Part

_LONGEST, _LONGEST_ENGLISH = 30, 80  # characters of a question; more is a story
_NUMBER = re.compile(r"\d|[零一二三四五六七八九十]{3,}")
_EDGES = " \t\n，。？！、,.?!~～…"


def kept(text: str) -> str | None:
    """The words as they are kept, or None for what must not be."""
    words = re.sub(r"\s+", " ", normalise(text)).strip(_EDGES).lower()
    longest = _LONGEST_ENGLISH if words.isascii() else _LONGEST
    if not words or len(words) > longest or TOKEN_PATTERN.search(text) or _NUMBER.search(words):
        return None
    return None if find_personal(words) else words


async def note(
    session: AsyncSession, text: str, language: str, now: datetime, key: OperationKey | None
) -> None:
    """Counts a question that was not answered, if its words may be kept."""
    words = kept(text)
    if words is None:
        return

    async def effect() -> Result:
        row = insert(UnansweredQuestion).values(
            words=words, language=language, first_asked_at=now, last_asked_at=now
        )
        again = {
            "asked": UnansweredQuestion.asked + 1,
            "last_asked_at": func.greatest(UnansweredQuestion.last_asked_at, row.excluded.last_asked_at),
        }
        await session.execute(
            row.on_conflict_do_update(index_elements=[UnansweredQuestion.words], set_=again)
        )
        return {}

    await once(session, key, effect)


async def listed(session: AsyncSession, most: int) -> Part[UnansweredQuestion]:
    """The most frequent first, of equal ones the latest."""
    order = UnansweredQuestion.asked.desc(), UnansweredQuestion.last_asked_at.desc()
    found = await session.scalars(select(UnansweredQuestion).order_by(*order).limit(most))
    return Part(found, await session.scalar(select(func.count()).select_from(UnansweredQuestion)))


async def answered(session: AsyncSession, words: str, *, topic: str | None, actor: str) -> None:
    """A page answers it now (`topic`), or it is dismissed. Raises LookupError when it is not there (any more)."""
    if not await settle(session, words):
        raise LookupError(words)
    await audit.record(
        session,
        actor=actor,
        action="question_answered" if topic else "question_dismissed",
        subject="questions",
        detail={"words": words, "topic": topic},
    )


async def settle(session: AsyncSession, words: str) -> bool:
    """Forgets a question, when a page answers it now or nobody shall. False when it is not there."""
    done = await session.scalar(
        delete(UnansweredQuestion)
        .where(UnansweredQuestion.words == words.strip())
        .returning(UnansweredQuestion.id)
    )
    return done is not None
