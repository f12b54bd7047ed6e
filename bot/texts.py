"""What bot itself says: the bot_… texts of the one catalogue."""

from __future__ import annotations

from functools import lru_cache

from integrations.catalogue import Texts


@lru_cache(maxsize=1)
def _catalogue() -> Texts:
    return Texts.load()


def say(name: str, **values: object) -> str:
    """The text called `name`, its blanks filled. Raises KeyError for an unknown text or an empty blank."""
    return _catalogue().text(name, **values)
