"""Numbers of documents and phones in messages: on a screen they stand masked, but for the hospital's own telephones."""

from __future__ import annotations

from collections.abc import Collection

from bot.first_aid.places import departments
from integrations.language.personal import find_personal
from integrations.language.spans import Span
from integrations.settings import Settings

_SHORTEST = 5  # characters: less holds no number
_COVER = "*"
_KEPT = 2  # characters at the end, so that two numbers can be told apart


def masked(words: str, public: Collection[str] = ()) -> str:
    """The words with every number of a person covered but for its end. `public`: as `published` gives them."""
    if len(words) < _SHORTEST or not any(character.isnumeric() for character in words):
        return words
    for span in reversed(_numbers(words)):
        if span.value not in public:
            written = words[span.start : span.end]
            cover = _COVER * max(len(written) - _KEPT, _KEPT) + written[-_KEPT:]
            words = words[: span.start] + cover + words[span.end :]
    return words


def published(settings: Settings) -> frozenset[str]:
    """The telephones that the hospital gives to everybody."""
    said = [settings.hospital_phone, settings.mediation_office]
    said += [settings.emergency_department, settings.emergency_department_en]
    said += [one.phone for one in departments(settings.emergency_departments)]
    return frozenset(span.value for words in said for span in _numbers(words))


def _numbers(words: str) -> list[Span]:
    """Of documents and phones, in order."""
    found = [span for span in find_personal(words) if span.entity in ("id_number", "phone")]
    return sorted(found, key=lambda span: span.start)
