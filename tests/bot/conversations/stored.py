"""What a conversation left in the database."""

from sqlalchemy import text


async def one(rt, statement):
    async with rt.database.begin() as session:
        return await session.scalar(text(statement))
