"""What was said without the patient's asking, as it stands in the database."""

from __future__ import annotations

from sqlalchemy import text

from bot import inbox, sweep
from bot.outbox import Reply, unseal
from integrations.runtime import Runtime


async def commands(rt: Runtime) -> list[str]:
    """What we told the dialog ourselves, the oldest first."""
    async with rt.database.begin() as session:
        rows = await session.scalars(text("SELECT content FROM inbound WHERE kind = 'system' ORDER BY seq"))
        return [inbox.unseal(rt.crypto, content)["choice"] for content in rows]


async def news(rt: Runtime) -> list[Reply]:
    """What is told of all that happened at the hospital, the oldest first; it is said, and does not come again."""
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        left = await session.scalar(text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL"))
        assert left == 0
        contents = list(await session.scalars(text("SELECT content FROM outbound ORDER BY id")))
        await session.execute(text("DELETE FROM outbound"))
    return [unseal(rt.crypto, content) for content in contents]
