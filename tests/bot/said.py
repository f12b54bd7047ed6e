"""What was said without the patient's asking, as it stands in the database."""

from __future__ import annotations

from sqlalchemy import text

from bot import inbox
from integrations.runtime import Runtime


async def commands(rt: Runtime) -> list[str]:
    """What we told the dialog ourselves, the oldest first."""
    async with rt.database.begin() as session:
        rows = await session.scalars(text("SELECT content FROM inbound WHERE kind = 'system' ORDER BY seq"))
        return [inbox.unseal(rt.crypto, content)["choice"] for content in rows]
