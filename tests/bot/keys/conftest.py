"""An installation whose keys can be rotated: its directory, its database, and a row in every table with something
sealed, whatever the models declare."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Enum,
    Integer,
    LargeBinary,
    Uuid,
    text,
)

from bot.keys.rotation import Rotation, open_engine
from bot.keys.rows import seal_tracker
from bot.launching import secrets
from bot.models import RasaTracker
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database
from integrations.sealed import SealedTable, sealed_tables

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # long ago: codes of then count no more
# Values that a table's own rules ask for, where the first that comes to mind will not do.
PARTICULAR: dict[str, dict[str, Any]] = {
    "cases": {"account_id": UUID(int=1), "contact_id": UUID(int=1)},
    "consultations": {"evidence": "stated", "fee_fen": 0},
    "duty_shifts": {"ends_at": NOW + timedelta(hours=1)},
    "follow_up_alerts": {"answer_id": uuid4},  # called for each row
}


class Quiet:
    """Progress that is only counted."""

    def __init__(self) -> None:
        self.rows = 0
        self.after_batch: Callable[[], None] = lambda: None

    def start(self, name: str, total: int) -> None:
        assert total > 0

    def advance(self, rows: int) -> None:
        self.rows += rows
        self.after_batch()

    def finish(self) -> None:
        pass


@dataclass
class Installation:
    var: Path
    engine: Engine
    said: list[str] = field(default_factory=list)
    progress: Quiet = field(default_factory=Quiet)

    @property
    def rotation(self) -> Rotation:
        return Rotation(
            self.var, self.engine, self.said.append, self.progress, wait_seconds=1, settle_seconds=0.1
        )

    @property
    def crypto(self) -> Crypto:
        rings = self.rotation.rings()
        return Crypto(rings["data"], rings["index"])

    @property
    def tracker_ring(self) -> KeyRing:
        return self.rotation.rings()["tracker"]

    def fill(self, count: int = 1) -> None:
        """Rows in every table that bears a key, sealed with the keys of now."""
        tables, crypto, ring = sealed_tables(Base.metadata), self.crypto, self.tracker_ring
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for _ in range(count):
                for declared in tables:
                    connection.execute(declared.table.insert().values(made_up(declared, crypto)))
                sender = uuid4().hex
                data = seal_tracker(ring, sender, sender.encode())
                row = {"sender_id": sender, "version": 7, "key_id": ring.newest, "data": data}
                connection.execute(RasaTracker.__table__.insert().values(**row, updated_at=NOW))


def made_up(declared: SealedTable, crypto: Crypto) -> dict[str, Any]:
    """A row that the table takes, with everything sealed and indexed as it says. What is sealed is `word(row)`."""
    row = {
        column.name: value_for(column)
        for column in declared.table.columns
        if not isinstance(column.type, LargeBinary) and (column.primary_key or is_needed(column))
    }
    particular = PARTICULAR.get(declared.name, {})
    row |= {name: value() if callable(value) else value for name, value in particular.items()}
    words = dict.fromkeys(declared.sealed, "")
    for name, note in declared.sealed.items():
        words[name] = f"{name} {random.token_hex(4)}"
        row[name] = crypto.encrypt(words[name], note.context_of(row))
    for name, index in declared.indexes.items():
        row[name] = crypto.blind(index.text_of(row | words), index.context)
    for name in declared.passing:
        row[name] = crypto.blind(random.token_hex(4), name)
    return row


def is_needed(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None and column.identity is None


def value_for(column: Column[Any]) -> Any:
    match column.type:
        case Enum() as kind:
            return kind.enums[0]
        case Uuid():
            return uuid4()
        case DateTime():
            return NOW
        case Date():
            return date(1990, 1, 1)
        case Boolean():
            return False
        case BigInteger():  # a platform's number of something
            return random.randbits(31)
        case Integer():
            return 1
        case _:
            return random.token_hex(4)


@pytest.fixture
def installation(database: Database, tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in (*secrets.RINGS, "KEYS_FILE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(secrets, "ROOT", tmp_path)
    monkeypatch.setenv("RASA_URLS", "http://127.0.0.1:1")  # no Rasa runs
    secrets.generate(tmp_path / "var", sandbox=False)
    engine = open_engine(tables)
    yield Installation(tmp_path / "var", engine)
    engine.dispose()
