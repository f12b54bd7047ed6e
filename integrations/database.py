"""One Postgres, one metadata, one way to open it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the program, hospital and bot, in one migration history."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), UUID: Uuid(), str: Text()}


# A primary key that sorts by time of creation; the database makes it.
Key = Annotated[UUID, mapped_column(Uuid(), primary_key=True, server_default=text("uuidv7()"))]


def utcnow() -> datetime:
    return datetime.now(UTC)


class Database:
    """The engine and its sessions. `begin()` is one transaction: committed on leaving, rolled back on error."""

    def __init__(self, url: str, *, pool_size: int = 10, role: str | None = None) -> None:
        options = f"-c timezone=UTC{f' -c role={role}' if role else ''}"
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=False,
            hide_parameters=True,  # an error's text may reach a log
            connect_args={"options": options, "prepare_threshold": 2},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
