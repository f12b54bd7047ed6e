"""The database for a command of the operator: as its owner, whether the program runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching import secrets
from bot.launching.leftovers import MARKER, hold, is_held, stop_orphans
from bot.launching.secrets import Launch
from integrations.crypto import Crypto, KeyRing

Work = Callable[[AsyncSession, Crypto], Awaitable[None]]


@contextmanager
def open_database(var: Path) -> Iterator[tuple[str, Launch]]:
    """The database's address as its owner: the outside one, or our own, started for as long as needed."""
    from bot.launching.local import Postgres, running

    settings = secrets.load(var)
    if settings.database_url:
        secrets.generate(var, sandbox=False)
        yield settings.database_url, secrets.load(var)
        return
    with hold(var):
        stop_orphans(var)
        secrets.generate(var, sandbox=False)
        settings = secrets.load(var)
        postgres = Postgres(var / "postgres", settings.postgres_password.get_secret_value())
        with running(postgres, environment={MARKER: str(var)}):
            yield postgres.url, settings


@contextmanager
def open_live_database(var: Path) -> Iterator[tuple[str, Launch]]:
    """The same, but also while the program runs on this directory: then its own Postgres is used as it stands."""
    from bot.launching.table import Databases

    if not is_held(var):
        with open_database(var) as opened:
            yield opened
        return
    settings = secrets.load(var)
    yield Databases(settings, var).addresses()["DATABASE_URL"], settings


def in_transaction[T](url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """One transaction with the rights of the program; gives what `work` gives, raises what it raises."""
    from bot.launching.migrate import APP
    from integrations.database import Database

    async def run() -> T:
        database = Database(url, role=APP)
        try:
            async with database.begin() as session:
                return await work(session)
        finally:
            await database.close()

    return asyncio.run(run())


def run_once(var: Path, work: Work) -> None:
    """`in_transaction`, with the keys, on the database of this directory."""
    with open_live_database(var.resolve()) as (url, settings):
        crypto = Crypto(
            data=KeyRing.parse(settings.data_keys.get_secret_value()),
            index=KeyRing.parse(settings.index_keys.get_secret_value()),
        )
        in_transaction(url, lambda session: work(session, crypto))
