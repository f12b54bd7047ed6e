"""What stands in the database of red flags."""

from __future__ import annotations

from sqlalchemy import text

from bot import outbox


async def rows(rt, statement, **values):
    async with rt.database.begin() as session:
        return (await session.execute(text(statement), values)).all()


async def said(rt):
    found = await rows(rt, "SELECT content FROM outbound ORDER BY seq")
    return [outbox.unseal(rt.crypto, row.content).text for row in found]
