"""Reading a patient's text before Rasa sees it: personal values swapped for tokens, names and dates found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from integrations.hospital import directory, tokens
from integrations.language.names import NameIndex
from integrations.language.personal import find_personal, put_tokens
from integrations.language.script import fold, simplify
from integrations.language.understand import understand
from integrations.runtime import Runtime

LONGEST = (
    2000  # characters that are understood; a longer text is stored whole, and was looked at for red flags
)
# What a patient tells in their own words is read whole: as long as the longest message of a platform.
LONGEST_STORY = 4096
_FRESH_FOR = timedelta(seconds=60).total_seconds()


@dataclass(frozen=True, slots=True)
class Reading:
    """What Rasa gets: the text without personal values, and the entities in it."""

    text: str
    entities: list[dict[str, Any]]


class Understanding:
    """Holds the index of the hospital's names, read anew once a minute."""

    def __init__(self) -> None:
        self._index: NameIndex | None = None
        self._read_at = 0.0

    async def read(self, rt: Runtime, conversation_id: UUID, text: str, expects: str | None) -> Reading:
        """Swaps and understands. The tokens are committed on return, for the actions have to see them.

        Personal values are taken as typed: a name keeps its traditional characters.
        """
        own_words = tokens.escape(fold(text))
        spans = find_personal(own_words, expects, rt.local_now().date())
        minted: list[str] = []
        if spans:
            async with rt.database.begin() as session:
                minted = [
                    await tokens.mint(
                        session,
                        rt.crypto,
                        conversation_id=conversation_id,
                        kind=span.entity,
                        value=str(span.value),
                        now=rt.now(),
                    )
                    for span in spans
                ]
        # Again after the conversion to simplified characters, which may move positions.
        longest = LONGEST_STORY if expects in ("words", "health") else LONGEST
        swapped = simplify(put_tokens(own_words, spans, minted)[0])[:longest]
        entities = [
            {"entity": span.entity, "value": token, "start": at, "end": at + len(token)}
            for span, token in zip(spans, minted, strict=True)
            if (at := swapped.find(token)) >= 0
        ]
        index = await self._names(rt)
        entities += understand(swapped, index=index, now=rt.local_now(), expects=expects)
        return Reading(swapped, entities)

    async def _names(self, rt: Runtime) -> NameIndex:
        if self._index is None or monotonic() - self._read_at > _FRESH_FOR:
            async with rt.database.begin() as session:
                lexicon = await directory.lexicon(session)
            self._index = NameIndex(lexicon)
            self._read_at = monotonic()
        return self._index
