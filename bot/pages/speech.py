"""The language of a page: its contact's, or else what the address or the browser asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.models import Conversation
from integrations.catalogue import Texts
from integrations.language.languages import LANGUAGES, SIMPLIFIED, TRADITIONAL, guess
from integrations.language.script import traditional
from integrations.wording import Wording

PARAMETER = "lang"  # of an address that is not one patient's


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the catalogue and what fills its blanks, to be said when the page is written."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


def line(key: str, /, **values: object) -> Line:
    return Line(key, values)


@dataclass(frozen=True, slots=True)
class Speech:
    """Says the catalogue's texts in one language; traditional characters are put in place here, for a page does not
    pass the outbox."""

    language: str

    def say(self, key: str, /, **values: object) -> str:
        """Raises KeyError for an unknown text or an empty blank."""
        return self.write(texts.say(key, language=self.language, **values))

    def read(self, one: Line) -> str:
        return self.say(one.key, **one.values)

    @property
    def texts(self) -> Texts:
        """The catalogue in this language; what it gives goes through `write`."""
        return texts.catalogue(self.language)

    def wording(self, zone: ZoneInfo) -> Wording:
        """Days, times and money in this language; what it gives goes through `write`."""
        return Wording(self.texts, zone)

    def write(self, words: str) -> str:
        """Words of ours that stand in no catalogue, in the page's characters."""
        return traditional(words) if self.language == TRADITIONAL else words


async def of_contact(session: AsyncSession, contact_id: UUID) -> Speech:
    """What the contact writes, or chose."""
    language = await session.scalar(select(Conversation.language).where(Conversation.id == contact_id))
    return Speech(language or SIMPLIFIED)


def of_request(request: Request) -> Speech:
    """What the address says, or the first language of the browser."""
    asked = request.query_params.get(PARAMETER, "")
    if asked in LANGUAGES:
        return Speech(asked)
    first = request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
    return Speech((guess(first) if first != "*" else "") or SIMPLIFIED)


async def of_owner(request: Request, contact_id: UUID | None) -> Speech:
    """Of a dead link: in the language of whose link it was, or of the browser where nobody knows."""
    if contact_id is None:
        return of_request(request)
    async with request.app.state.runtime.database.begin() as session:
        return await of_contact(session, contact_id)
