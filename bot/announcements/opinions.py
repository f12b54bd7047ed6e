"""Cases and ratings. What staff wrote stands in the chat only when the patient asks for it: here it is neutral."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bot import texts
from bot.announcements.telling import News, Telling, Words
from integrations.hospital import page_subjects, ratings
from integrations.hospital.cases import reading
from integrations.hospital.cases.reading import CaseView
from integrations.hospital.events import EventKind
from integrations.hospital.models import CaseStatus

_REST = timedelta(minutes=15)  # without a message: nobody is in the middle of something
_AGAIN = timedelta(minutes=20)
_TALKING = text("""
    SELECT EXISTS (SELECT FROM controls WHERE conversation_id = :id AND state <> 'bot')
           OR coalesce(bool_or(received_at > :rested OR last), false) FROM (
        SELECT received_at, alarm IS NOT NULL AND row_number() OVER (ORDER BY received_at DESC) = 1 AS last
        FROM inbound WHERE conversation_id = :id AND kind NOT IN ('event', 'unfollow', 'system')
        ORDER BY received_at DESC LIMIT 3) AS latest
""")


async def _case(telling: Telling) -> CaseView:
    case_id = UUID(telling.event.payload["case_id"])
    return await reading.view(telling.session, telling.rt.crypto, case_id)


async def _answered(telling: Telling) -> News | None:
    case = await _case(telling)
    return await _about(telling, case) if case.status is CaseStatus.ANSWERED else None


async def _closed(telling: Telling) -> News | None:
    case = await _case(telling)
    if case.status is not CaseStatus.CLOSED:
        return None
    days = telling.event.payload.get("after_days")
    return await _about(telling, case, "bot_case_closed_silent" if days else "", days=days)


async def _extended(telling: Telling) -> News | None:
    case = await _case(telling)
    return await _about(telling, case) if case.stands else None


async def _overdue(telling: Telling) -> News | None:
    case = await _case(telling)
    return await _about(telling, case) if case.overdue(telling.rt.now()) else None


async def _about(telling: Telling, case: CaseView, key: str = "", **values: object) -> News:
    """In the words of the event's kind, or of `key`; what staff wrote stands on the page only."""
    settings = telling.rt.settings
    words = telling.say(
        key or f"bot_{telling.event.kind}",
        number=case.number,
        day=_day(case.deadline, telling.language),
        hotline=settings.complaint_hotline,
        health=settings.health_hotline,
        mediation=settings.mediation_office_in(telling.language),
        **values,
    )
    path = await page_subjects.case_link(telling.session, telling.hearer, case.id, telling.rt.now())
    return News(words, page=path)


async def _rating_asked(telling: Telling) -> News | None:
    """The question, when the talk rests, no person has it and no alarm was the last that came; else it is put
    later."""
    event, now = telling.event, telling.rt.now()
    found = await ratings.asking(telling.session, UUID(event.payload["rating_id"]))
    if found is None:
        return None
    values = {"id": event.contact_id, "rested": now - _REST}
    if await telling.session.scalar(_TALKING, values):
        until = datetime.fromisoformat(event.payload["until"])
        await ratings.postpone(
            telling.session, found.id, event.account_id, event.contact_id, now + _AGAIN, until
        )
        return None
    day = _day(found.date, telling.language) if found.date else ""
    path = await page_subjects.rating_link(telling.session, telling.hearer, found.id, now)
    words = telling.say(f"bot_rating_asked_{found.subject_kind}", day=day)
    return News(words, _stars(telling, found.id), page=path)


def _stars(telling: Telling, rating_id: UUID) -> tuple[tuple[str, str], ...]:
    return tuple(
        (telling.say("word_stars", stars="★" * stars), f'/rate{{"rating": "{rating_id}", "stars": {stars}}}')
        for stars in range(1, 6)
    )


def _day(day: date, language: str) -> str:
    """11月27日; Nov 27"""
    months = texts.say("word_months", language=language).split()
    return texts.say("word_month_day", language=language, month=months[day.month - 1], day=day.day)


WORDS: dict[str, Words] = {
    EventKind.CASE_ANSWERED: _answered,
    EventKind.CASE_CLOSED: _closed,
    EventKind.CASE_EXTENDED: _extended,
    EventKind.CASE_OVERDUE: _overdue,
    EventKind.RATING_ASKED: _rating_asked,
}
