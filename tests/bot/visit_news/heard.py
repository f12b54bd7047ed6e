"""What patients hear of their visits, and what happens to these."""

from __future__ import annotations

from sqlalchemy import text

from bot import intents
from bot.outbox import unseal
from integrations.hospital import (
    booking,
    stops,
)
from integrations.hospital.models import Schedule
from tests.clinic_rows import talks


async def talk(rt, contact_id):
    async with rt.database.begin() as session:
        await talks(session, contact_id)


async def heard(rt, who):
    """What was queued for them, oldest first."""
    async with rt.database.begin() as session:
        rows = await session.execute(
            text("SELECT content, not_before FROM outbound WHERE conversation_id = :id ORDER BY seq"),
            {"id": who.contact_id},
        )
        return [(unseal(rt.crypto, row.content), row.not_before) for row in rows]


async def last(rt, who):
    return (await heard(rt, who))[-1][0]


async def stop(rt, schedule_id):
    async with rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        await stops.stop(session, schedule, reason="ill", actor="test", now=rt.now())


async def paid(rt, clinic, who, schedule_id):
    made = await clinic.book(who, schedule_id)
    async with rt.database.begin() as session:
        await booking.confirm_paid(session, made.order_no, rt.now())
    return made


async def press(rt, who, option_id):
    """A pressed button, as the conversation reads it."""
    return await intents.below_news(rt, who.contact_id, option_id)
