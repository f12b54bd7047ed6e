"""Numbers of documents and phones inside messages: on a screen they stand masked."""

from __future__ import annotations

from integrations.language.personal import find_personal

_SHORTEST = 5  # characters: less holds no number
_COVER = "*"
_KEPT = 2  # characters at the end, so that two numbers can be told apart


def masked(words: str) -> str:
    """The words with every number of a person covered but for its end."""
    if len(words) < _SHORTEST or not any(character.isnumeric() for character in words):
        return words
    for span in sorted(find_personal(words), key=lambda found: found.start, reverse=True):
        if span.entity in ("id_number", "phone"):
            written = words[span.start : span.end]
            cover = _COVER * max(len(written) - _KEPT, _KEPT) + written[-_KEPT:]
            words = words[: span.start] + cover + words[span.end :]
    return words
