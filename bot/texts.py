"""What bot itself says: the bot_… texts of the one catalogue."""

from __future__ import annotations

from functools import lru_cache

from integrations.catalogue import CHINESE, Texts


@lru_cache(maxsize=1)
def _catalogue() -> Texts:
    return Texts.load()


def catalogue(language: str = CHINESE) -> Texts:
    """All texts in one language."""
    return _catalogue().speaking(language)


def say(name: str, /, *, language: str = CHINESE, **values: object) -> str:
    """The text called `name` in the patient's language, its blanks filled. Raises KeyError for an unknown text or
    an empty blank."""
    return _catalogue().speaking(language).text(name, **values)
