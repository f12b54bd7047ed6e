"""The waitlist. Neutral: days and times, no doctor and no department."""

from __future__ import annotations

from uuid import UUID

from bot import texts
from bot.announcements.telling import News, Telling, Words
from integrations.hospital import waitlist
from integrations.hospital.events import EventKind
from integrations.hospital.models import WaitlistStatus
from integrations.hospital.waitlist import EntryView
from integrations.money import yuan


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
    fee = yuan(one.offer_fee_fen) if one.offer_fee_fen else telling.say("word_free")
    words = telling.say(
        "bot_waitlist_offered",
        day=texts.day(one.offer_day, telling.language),
        period=texts.period(one.offer_period, telling.language),
        time=texts.clock(one.offer_time, telling.language),
        fee=fee,
        until=f"{one.offered_until.astimezone(telling.rt.zone):%H:%M}",
    )
    about = f'{{"entry": "{one.id}"}}'
    buttons = (
        (telling.say("word_accept_offer"), f"/accept_offer{about}"),
        (telling.say("word_decline_offer"), f"/decline_offer{about}"),
    )
    return News(words, buttons)


async def _over(telling: Telling) -> str:
    one = await _entry(telling)
    days = [texts.day(day, telling.language) for day in one.days]
    named = days[0] if len(days) == 1 else telling.say("word_days", first=days[0], last=days[-1])
    return telling.say(f"bot_{telling.event.kind}", days=named, minutes=telling.rt.settings.waitlist_minutes)


async def _entry(telling: Telling) -> EntryView:
    return await waitlist.entry(telling.session, UUID(telling.event.payload["waitlist_entry"]))


WORDS: dict[str, Words] = {
    EventKind.WAITLIST_OFFERED: _offered,
    EventKind.WAITLIST_LAPSED: _over,
    EventKind.WAITLIST_EXPIRED: _over,
    EventKind.WAITLIST_WITHDRAWN: _over,
}
