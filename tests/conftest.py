"""A real Postgres and a real Valkey for the whole run; tables emptied before every test that asks for them."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import create_engine

import bot.models  # noqa: F401  (its tables)
import integrations.hospital.models  # noqa: F401  (its tables)
from bot.launching.local import Postgres, Valkey, running
from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database
from tests.stack import Stack, running_stack

# How long an example takes says more about the machine than about the program.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def ring(name: str) -> str:
    """A key ring's setting with one key, the same in every run."""
    return f"{name}:{base64.b64encode(name.encode().ljust(32, b'.')).decode()}"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What `--dist loadgroup` keeps in one process: all tests of the shared program, all of tests/faults on theirs,
    each other file by itself."""
    for item in items:
        folder = item.path.parent
        if folder.name == "faults":
            group = "faults"
        else:
            group = "stack" if "stack" in getattr(item, "fixturenames", ()) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """A directory for servers' data. Not pytest's own: each run of pytest shuts that one for other users,
    and Postgres, started by root, runs as another user."""
    with tempfile.TemporaryDirectory(prefix="daozhen-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(servers: Path) -> Iterator[str]:
    """The URL of a database of our own, empty at first."""
    server = Postgres(servers / "postgres", "test")
    with running(server):
        yield server.url


@pytest.fixture(scope="session")
def valkey(servers: Path) -> Iterator[str]:
    """The URL of a Valkey of our own."""
    server = Valkey(servers / "valkey", "test")
    with running(server):
        yield server.url


@pytest.fixture(scope="session")
def tables(postgres: str) -> str:
    """The URL of the database with all tables made."""
    engine = create_engine(postgres.replace("postgresql://", "postgresql+psycopg://", 1))
    Base.metadata.create_all(engine)
    engine.dispose()
    return postgres


@pytest.fixture(scope="session")
def emptying(tables: str) -> Iterator[Callable[[], None]]:
    """Empties all tables, over one connection and in one round trip."""
    # Replicas' sessions run no triggers: neither foreign keys nor the audit log's refusal. Of tables that are all
    # but empty, DELETE is far quicker than TRUNCATE.
    names = [table.name for table in Base.metadata.sorted_tables]
    deleting = "; ".join(f"DELETE FROM {name}" for name in names)  # noqa: S608 - of our own models
    with psycopg.connect(tables, options="-c session_replication_role=replica") as connection:

        def empty() -> None:
            connection.execute(deleting)
            connection.commit()

        yield empty


@pytest.fixture
async def database(tables: str, emptying: Callable[[], None]) -> AsyncIterator[Database]:
    """All tables, empty."""
    emptying()
    database = Database(tables, pools=Pools(20, 50))  # forty transactions at once
    yield database
    await database.close()


@pytest.fixture
def crypto() -> Crypto:
    return Crypto(KeyRing.parse(ring("data1")), KeyRing.parse(ring("index1")))


@pytest.fixture(scope="session")
def stack(servers: Path) -> Iterator[Stack]:
    """The whole program with its sandbox, for all tests that go through the platforms' doors. Tests that kill
    processes start one of their own."""
    var = servers / "stack"
    var.mkdir()
    with running_stack(var) as running:
        yield running
