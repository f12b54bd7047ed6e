"""What bot itself says: the bot_… texts of the one catalogue."""

from __future__ import annotations

from datetime import date, time
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


def day(one: date, language: str) -> str:
    """11月25日（周三）; Wed, Nov 25"""
    months, weekdays = (say(f"word_{name}", language=language).split() for name in ("months", "weekdays"))
    return say(
        "word_day",
        language=language,
        month=months[one.month - 1],
        day=one.day,
        weekday=weekdays[one.weekday()],
    )


def clock(one: time, language: str) -> str:
    """9:30, 2:30: by the twelve-hour clock, the half day stands beside it; 9:30 am"""
    words = f"{one.hour - 12 if one.hour > 12 else one.hour}:{one.minute:02}"
    return say("word_clock_pm" if one.hour >= 12 else "word_clock_am", language=language, clock=words)


def period(one: str, language: str) -> str:
    """上午, 下午, 晚上"""
    return say(f"word_{one}", language=language)
