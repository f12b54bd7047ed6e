"""How long something waits, and how much time is left, in few characters."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.desk.words import Words

SOON = timedelta(minutes=2)


def span(words: Words, time: timedelta) -> str:
    """4:05 below an hour, then 3 hours, 2 days."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    if seconds < 86400:
        return words("queue.hours", count=seconds // 3600, minutes=seconds % 3600 // 60)
    return words("queue.days", count=seconds // 86400)


def age(words: Words, since: datetime, now: datetime) -> str:
    return span(words, now - since)


def left(words: Words, due: datetime, now: datetime) -> tuple[str, str]:
    """The words, and their tone."""
    if due < now:
        return words("queue.late", time=span(words, now - due)), "bad"
    tone = "warn" if due - now < SOON else ""
    return words("queue.left", time=span(words, due - now)), tone
