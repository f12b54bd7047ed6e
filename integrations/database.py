"""One Postgres, one metadata, one way to open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import DateTime, MetaData, Text, TextClause, Uuid, text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

from integrations.connections import COMMAND, Pools

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


_PLACE_SECONDS = 3  # for a connection of the pool: a platform waits five for its answer


class Rows(Protocol):
    """What a fixed statement found; columns are attributes."""

    def __iter__(self) -> Iterator[Any]: ...
    def first(self) -> Any: ...
    def one(self) -> Any: ...
    def all(self) -> Sequence[Any]: ...


class Executor(Protocol):
    """What a fixed statement runs on: a Transaction, or a Session where the ORM is at work already."""

    async def execute(self, statement: TextClause, values: Mapping[str, Any] | None = None, /) -> Rows: ...
    async def scalar(self, statement: TextClause, values: Mapping[str, Any] | None = None, /) -> Any: ...


class Found:
    """The rows of one statement, all read."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        [row] = self._rows
        return row


class Transaction:
    """Runs fixed statements (`text()`) on a plain psycopg connection, without what makes a Session comfortable: a
    transaction of one statement takes 0.6 ms of CPU instead of 1.9, each further one 0.3 instead of 0.5."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def execute(self, statement: TextClause, values: Mapping[str, Any] | None = None, /) -> Found:
        cursor = await self._connection.execute(_written(statement), values)
        return Found(await cursor.fetchall() if cursor.description else [])

    async def scalar(self, statement: TextClause, values: Mapping[str, Any] | None = None, /) -> Any:
        row = (await self.execute(statement, values)).first()
        return row[0] if row else None


@cache
def _written(statement: TextClause) -> bytes:
    """As psycopg wants it: `%(name)s` for `:name`."""
    return str(statement.compile(dialect=dialect())).encode()  # type: ignore[no-untyped-call]


class Database:
    """The engine and its sessions. `begin()` is one transaction: committed on leaving, rolled back on error.
    `transaction()` is the same for fixed statements, and cheaper: the way of every message goes there.

    `pools`: how many connections it opens at most.
    """

    def __init__(self, url: str, *, pools: Pools = COMMAND, role: str | None = None) -> None:
        options = f"-c timezone=UTC{f' -c role={role}' if role else ''}"
        staying = max(1, pools.sessions // 2)
        connecting = {"options": options, "prepare_threshold": 2}
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=staying,
            max_overflow=pools.sessions - staying,
            pool_pre_ping=False,
            hide_parameters=True,  # an error's text may reach a log
            connect_args=connecting,
        )
        self._url, self._connecting = url, connecting
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._plain = AsyncConnectionPool(
            url,
            kwargs={**connecting, "row_factory": namedtuple_row},
            min_size=max(1, pools.fixed // 4),  # a crowd is not to wait for connections that are made
            max_size=pools.fixed,
            timeout=_PLACE_SECONDS,
            # Its pauses double: after an outage of minutes it would look again minutes later. Whoever asks next tries.
            reconnect_timeout=_PLACE_SECONDS,
            open=False,
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Raises psycopg.Error."""
        if self._plain.closed:
            await self._plain.open()
        async with self._plain.connection() as connection:
            try:
                yield Transaction(connection)
            finally:
                if connection.closed:  # the server was restarted: the others of the pool are dead as well
                    await self._plain.check()

    @asynccontextmanager
    async def hearing(self, channel: str) -> AsyncIterator[AsyncIterator[str]]:
        """What is said on a channel (NOTIFY) by transactions that commit from now on; on a connection of its own, which
        must lead to Postgres itself. Raises psycopg.Error."""
        connecting: dict[str, Any] = {**self._connecting, "autocommit": True}
        async with await AsyncConnection.connect(self._url, **connecting) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield (said.payload async for said in connection.notifies())

    async def close(self) -> None:
        await self._plain.close()
        await self.engine.dispose()
