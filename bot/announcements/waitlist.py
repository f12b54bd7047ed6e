"""The waitlist. Neutral: days and times, no doctor and no department."""

from __future__ import annotations

from uuid import UUID

from bot.announcements.telling import News, Telling, Words
from integrations.hospital import page_subjects, waitlist
from integrations.hospital.events import EventKind
from integrations.hospital.models import WaitlistStatus
from integrations.hospital.waitlist import EntryView


async def _offered(telling: Telling) -> News | None:
    """As long as it can be taken."""
    one = await _entry(telling)
    if one.status is not WaitlistStatus.OFFERED or not one.offered_until:
        return None
    if one.offered_until <= telling.rt.now():
        return None
    assert one.offer_day
    assert one.offer_period
    assert one.offer_time
    said = telling.words
    words = telling.say(
        "bot_waitlist_offered",
        day=said.day(one.offer_day),
        period=said.period(one.offer_period),
        time=said.clock(one.offer_time),
        fee=said.money(one.offer_fee_fen or 0),
        until=said.until(one.offered_until),
    )
    about = f'{{"entry": "{one.id}"}}'
    buttons = (
        (telling.say("word_accept_offer"), f"/accept_offer{about}"),
        (telling.say("word_decline_offer"), f"/decline_offer{about}"),
    )
    path = await page_subjects.offer_link(
        telling.session, telling.hearer, one.id, one.offered_until, telling.rt.now()
    )
    return News(words, buttons, page=path)


async def _over(telling: Telling) -> str:
    one = await _entry(telling)
    days = telling.words.days(one.days[0], one.days[-1])
    return telling.say(f"bot_{telling.event.kind}", days=days, minutes=telling.rt.settings.waitlist_minutes)


async def _entry(telling: Telling) -> EntryView:
    return await waitlist.entry(telling.session, UUID(telling.event.payload["waitlist_entry"]))


WORDS: dict[str, Words] = {
    EventKind.WAITLIST_OFFERED: _offered,
    EventKind.WAITLIST_LAPSED: _over,
    EventKind.WAITLIST_EXPIRED: _over,
    EventKind.WAITLIST_WITHDRAWN: _over,
}
