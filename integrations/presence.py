"""Which processes run, and which keys each of them knows: so a new key is written with only when all can read it.

The first key of a ring is the newest. A process takes up a changed ring for reading at once; it writes with the
newest key that every other process knows. Whoever knows too little to read what the others write does not start.
All of this is decided under one lock, so that no two processes can each believe the other's last state.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from sqlalchemy import String, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from integrations.crypto import BadKeys, Crypto, KeyRing
from integrations.database import Base, Database
from integrations.key_rings import KeySource, Rings

log = structlog.get_logger()

LOOK_SECONDS = 1.0  # how often the file of the keys is looked at
BEAT_SECONDS = 5.0
GONE_AFTER = timedelta(seconds=60)  # a process that was not seen for so long is dead
FORGOTTEN_AFTER = timedelta(hours=1)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('processes', 0))")


def _machine() -> str:
    """The host, and the space in which its process numbers are told apart: containers may share a name."""
    try:
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


MACHINE = _machine()


class RunningProcess(Base):
    """A process that uses our keys. `since`: the moment from which it writes with what `writing` says."""

    __tablename__ = "processes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    machine: Mapped[str]
    pid: Mapped[int]
    known: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    writing: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    since: Mapped[datetime]
    seen_at: Mapped[datetime]

    @property
    def where(self) -> str:
        return f"{self.name} on {self.machine.partition(' ')[0]} (pid {self.pid})"


class OutdatedKeys(Exception):
    """Another process writes with a key that this one does not have."""


@dataclass(slots=True)
class Presence:
    """One process among the others; keeps its `crypto` at the right keys."""

    database: Database
    source: KeySource
    crypto: Crypto
    name: str
    id: UUID = field(default_factory=uuid4)
    _written: list[str] = field(default_factory=list, init=False)
    _beats: tuple[float, float] = field(
        default=(0.0, 0.0), init=False
    )  # the first of an unbroken row, the last

    async def join(self) -> None:
        """Raises OutdatedKeys, BadKeys. Without a database it begins with the keys it has."""
        with suppress(SQLAlchemyError, OSError):
            await self.beat()
            # Whoever changed the file before we were seen could not wait for us.
            if self.source.changed():
                self.take_up()
                await self.beat()

    async def stay(self) -> None:
        """Until cancelled."""
        for count in range(10**18):
            await asyncio.sleep(LOOK_SECONDS)
            changed = self._look()
            undecided = any(ring.current != ring.newest for _, ring in self._rings.named())
            if changed or undecided or count % int(BEAT_SECONDS / LOOK_SECONDS) == 0:
                try:
                    await self.beat()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("cannot say that this process is alive", error=type(error).__name__)
                except OutdatedKeys as error:
                    log.error("this process lacks a key", reason=str(error))

    async def leave(self) -> None:
        with suppress(SQLAlchemyError, OSError):
            async with self.database.begin() as session:
                await session.execute(delete(RunningProcess).where(RunningProcess.id == self.id))

    def take_up(self) -> None:
        """Reads the rings again. What was the writing key stays it, while it is there. Raises BadKeys."""
        rings = self.source.read()
        self.crypto.data = _keeping(rings.data, self.crypto.data.current)
        self.crypto.index = _keeping(rings.index, self.crypto.index.current)

    async def beat(self) -> None:
        """Says that we are here and decides which keys write. Raises OutdatedKeys."""
        async with self.database.begin() as session:
            await session.execute(_LOCK)
            others, away = await _others(session, self.id)
            _refuse_outdated(self._rings, others)
            if not self._steady():
                others = [*others, *away]  # perhaps it was the database that was away
            rings = Rings(
                _agreed("data", self.crypto.data, others), _agreed("index", self.crypto.index, others)
            )
            await self._store(session, rings)
        self.crypto.data, self.crypto.index = rings.data, rings.index
        self._written = rings.writing()

    def _steady(self) -> bool:
        """Whether we beat for so long that whoever was not seen meanwhile is dead."""
        now, (first, last) = time.monotonic(), self._beats
        if now - last > 4 * BEAT_SECONDS:
            first = now
        self._beats = first, now
        return now - first > GONE_AFTER.total_seconds()

    @property
    def _rings(self) -> Rings:
        return Rings(self.crypto.data, self.crypto.index)

    def _look(self) -> bool:
        if not self.source.changed():
            return False
        try:
            self.take_up()
        except BadKeys as error:
            log.error("the keys cannot be read again; those of before go on", reason=str(error))
            return False
        return True

    async def _store(self, session: AsyncSession, rings: Rings) -> None:
        values = {
            "known": rings.fingerprints(),
            "writing": rings.writing(),
            "seen_at": func.clock_timestamp(),
        }
        if rings.writing() != self._written:
            values["since"] = func.clock_timestamp()
        new = {
            "id": self.id,
            "name": self.name,
            "machine": MACHINE,
            "pid": os.getpid(),
            "since": func.clock_timestamp(),
        }
        statement = insert(RunningProcess).values(new | values)
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def _others(session: AsyncSession, own: UUID) -> tuple[list[RunningProcess], list[RunningProcess]]:
    """Who else is alive, and who was not seen of late. Clears away the dead: not seen for long, or of this machine
    and gone."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    alive, away = [], []
    for row in await session.scalars(select(RunningProcess).where(RunningProcess.id != own)):
        if row.seen_at < now - FORGOTTEN_AFTER or not may_be_alive(row):
            await session.delete(row)
        elif row.seen_at < now - GONE_AFTER:
            away.append(row)
        else:
            alive.append(row)
    return alive, away


def may_be_alive(row: RunningProcess) -> bool:
    """False for a process of this host that is gone: killed, it could not say so itself."""
    if row.machine != MACHINE:
        return True
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_outdated(rings: Rings, others: Sequence[RunningProcess]) -> None:
    known = set(rings.fingerprints())
    for row in others:
        lacking = [key for key in row.writing if key not in known]
        if lacking:
            raise OutdatedKeys(
                f"{row.where} writes with {', '.join(lacking)}, which is not among the keys here: "
                "give this process the same DATA_KEYS and INDEX_KEYS"
            )


def _agreed(purpose: str, ring: KeyRing, others: Sequence[RunningProcess]) -> KeyRing:
    """The ring, writing with its newest key that all the others know."""
    for key_id in ring.keys:
        name = f"{purpose}:{ring.fingerprint(key_id)}"
        if all(name in row.known for row in others):
            return ring.writing_with(key_id)
    return ring


def _keeping(ring: KeyRing, current: str) -> KeyRing:
    return ring.writing_with(current) if current in ring.keys else ring


@asynccontextmanager
async def present(
    database: Database, source: KeySource, crypto: Crypto, name: str
) -> AsyncIterator[Presence]:
    """Takes part as long as the block runs. Raises OutdatedKeys, BadKeys."""
    presence = Presence(database, source, crypto, name)
    await presence.join()
    staying = asyncio.create_task(presence.stay())
    try:
        yield presence
    finally:
        staying.cancel()
        with suppress(asyncio.CancelledError):
            await staying
        await presence.leave()
