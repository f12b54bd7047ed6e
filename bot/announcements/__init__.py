"""What the hospital's news says, kind by kind. bot.news brings it to whom it concerns."""

from bot.announcements import access, appointments, billing, medicine, opinions, visits, waitlist
from bot.announcements.telling import News, Telling, Words

WORDS: dict[str, Words] = {
    **appointments.WORDS,
    **billing.WORDS,
    **access.WORDS,
    **opinions.WORDS,
    **medicine.WORDS,
    **visits.WORDS,
    **waitlist.WORDS,
}

__all__ = ["WORDS", "News", "Telling"]
