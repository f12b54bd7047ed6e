"""What the hospital's news says, kind by kind. bot.news brings it to whom it concerns."""

from bot.announcements import access, appointments, billing
from bot.announcements.telling import Telling, Words

WORDS: dict[str, Words] = {**appointments.WORDS, **billing.WORDS, **access.WORDS}

__all__ = ["WORDS", "Telling"]
