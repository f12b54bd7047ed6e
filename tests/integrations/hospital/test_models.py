from __future__ import annotations

from sqlalchemy import text

from integrations.database import Database


async def test_every_table_is_made(database: Database) -> None:
    async with database.begin() as session:
        names = set(
            await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        )
    assert {"accounts", "slots", "appointments", "operations", "audit_events"} <= names
