"""Staff at the command line, on a database with its real roles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import typer.testing
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.launching.migrate import migrate
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database
from integrations.hospital.models import Role
from tests import staff_rows
from tests.conftest import ring


@dataclass
class Desk:
    url: str
    var: Path
    login: str = "boss"  # whose it is where a command asks

    def run(self, *words: str, typed: str = "") -> Result:
        environment = {
            "DATABASE_URL": self.url,
            "DATA_KEYS": ring("data1"),
            "INDEX_KEYS": ring("index1"),
            "VAR_DIR": str(self.var),
            "DAOZHEN_STAFF": self.login,
        }
        return CliRunner().invoke(app, words, env=environment, input=typed)

    def before[T](self, work: Callable[[AsyncSession, Crypto], Awaitable[T]]) -> T:
        """What happened before staff come, in one transaction."""

        async def run() -> T:
            database = Database(self.url)
            crypto = Crypto(KeyRing.parse(ring("data1")), KeyRing.parse(ring("index1")))
            try:
                async with database.begin() as session:
                    return await work(session, crypto)
            finally:
                await database.close()

        return asyncio.run(run())


@pytest.fixture(scope="session", autouse=True)
def commands_are_built_once() -> Iterator[None]:
    """Typer reads the signatures of all commands anew for each one that is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a database that copies are made of."""
    _make(postgres, "migrated")
    migrate(_named(postgres, "migrated"), "rasa's password")
    Desk(_named(postgres, "migrated"), Path()).before(_boss)
    return "migrated"


async def _boss(session: AsyncSession, _: Crypto) -> None:
    await staff_rows.member(session, Role.SUPERVISOR, "boss")


@pytest.fixture
def desk(postgres: str, migrated: str, tmp_path: Path) -> Desk:
    name = f"desk_{uuid4().hex}"
    _make(postgres, name, f"TEMPLATE {migrated}")
    return Desk(_named(postgres, name), tmp_path / "var")


def _make(url: str, name: str, how: str = "") -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {how}")


def _named(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"
