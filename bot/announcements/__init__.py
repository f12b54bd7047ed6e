"""What the hospital's news says, kind by kind. bot.news brings it to whom it concerns."""

from bot.announcements import access, appointments, billing, opinions
from bot.announcements.telling import Telling, Words

WORDS: dict[str, Words] = {**appointments.WORDS, **billing.WORDS, **access.WORDS, **opinions.WORDS}

__all__ = ["WORDS", "Telling"]
