"""Values in the words of who reads a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.reader import Reader
from integrations.catalogue import ENGLISH
from integrations.hospital import directory
from integrations.language.glossary import Glossary


@dataclass(frozen=True, slots=True)
class Words:
    """Puts values into the reader's language and characters."""

    reader: Reader
    english: Glossary

    def say(self, key: str, /, **values: object) -> str:
        return self._put(self.reader.speech.say(key, **values))

    def write(self, words: str) -> str:
        return self._put(self.reader.speech.write(words))

    def money(self, fen: int) -> str:
        return self.reader.speech.wording(self.reader.rt.zone).money(fen)

    def moment(self, moment: datetime) -> str:
        """今天 14:35; 11月24日（周二）17:00"""
        rt = self.reader.rt
        return self.write(self.reader.speech.wording(rt.zone).moment(moment, rt.local_now().date()))

    def full_moment(self, moment: datetime) -> str:
        """2026-11-22 14:35, for a receipt"""
        return f"{moment.astimezone(self.reader.rt.zone):%Y-%m-%d %H:%M}"

    def _put(self, words: str) -> str:
        return self.english.put(words) if self.reader.speech.language == ENGLISH else words


async def words_of(session: AsyncSession, reader: Reader) -> Words:
    english = reader.speech.language == ENGLISH
    return Words(reader, await directory.glossary(session) if english else Glossary({}))
