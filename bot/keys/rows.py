"""Rows that bear keys, and how a batch of them comes under the newest one.

Nothing is remembered between two batches: what is still to be done shows in the rows, for each sealed value names
its key. So a run may be killed at any point, and another one goes on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.models import RasaTracker
from integrations.crypto import KeyRing, Undecryptable, key_of
from integrations.database import Base
from integrations.sealed import SealedTable, sealed_tables

ROWS_AT_ONCE = 200
_BYTES_AT_ONCE = 8_000_000
_NONCE_BYTES = 12  # of a tracker, before what is encrypted

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """`last` is where the next batch begins; None when there was nothing left. `faults` say which values cannot be
    brought under the newest key, and why."""

    last: Key | None
    changed: int = 0
    faults: list[str] = field(default_factory=list)


class Rows(Protocol):
    """The rows of one table."""

    @property
    def name(self) -> str: ...

    def remaining(self, connection: Connection) -> int:
        """How many bear another key than the newest."""

    def batch(self, engine: Engine, after: Key | None) -> Batch:
        """Brings some rows under the newest key, in a transaction of its own. Rows that others hold are passed over:
        they come in another round."""


def all_rows(data: KeyRing, index: KeyRing, tracker: KeyRing) -> list[Rows]:
    """Every table with something under our keys, as the models say, and Rasa's memory."""
    return [*(SealedRows(table, data, index) for table in sealed_tables(Base.metadata)), TrackerRows(tracker)]


@dataclass(slots=True)
class SealedRows:
    """A table under DATA_KEYS and INDEX_KEYS."""

    declared: SealedTable
    data: KeyRing
    index: KeyRing
    _at_once: int = field(default=ROWS_AT_ONCE, init=False)

    @property
    def name(self) -> str:
        return self.declared.name

    def remaining(self, connection: Connection) -> int:
        columns = self.declared.table.columns
        sizes = [func.coalesce(func.octet_length(columns[name]), 0) for name in self.declared.sealed]
        largest = func.max(sum(sizes, literal(0)))
        count, size = connection.execute(select(func.count(), largest).where(self._due())).one()
        self._at_once = max(1, min(ROWS_AT_ONCE, _BYTES_AT_ONCE // max(size or 1, 1)))
        return int(count)

    def batch(self, engine: Engine, after: Key | None) -> Batch:
        try:
            with engine.begin() as connection:
                return self._renew(connection, self._select(after).limit(self._at_once))
        except IntegrityError:
            return self._one_by_one(engine, after)

    def counted_until(self, connection: Connection) -> datetime | None:
        """When the last row that cannot be made anew, and bears an older index key, no longer counts; None when none
        does."""
        table, ends = self.declared.table, []
        for name, note in self.declared.passing.items():
            old = ~_begins(table.columns[name], _index_prefix(self.index))
            newest = connection.scalar(select(func.max(table.columns[note.since])).where(old))
            if newest is not None:
                ends.append(newest + note.lasts)
        now = connection.scalar(select(func.clock_timestamp()))
        return max((end for end in ends if end > now), default=None)

    def _due(self) -> ColumnElement[bool]:
        columns = self.declared.table.columns
        header, prefix = self.data.header(self.data.newest), _index_prefix(self.index)
        return or_(
            literal(False),
            *(_stands_without(columns[name], header) for name in self.declared.sealed),
            *(_stands_without(columns[name], prefix) for name in self.declared.indexes),
        )

    def _select(self, after: Key | None) -> Select[Any]:
        table = self.declared.table
        key = tuple_(*table.primary_key.columns)
        # A changed unique index counts as a change of key: whoever refers to the row has to be waited for.
        found = select(table).where(self._due()).order_by(*table.primary_key.columns)
        found = found.with_for_update(skip_locked=True, key_share=not self.declared.indexes)
        return found.where(key > tuple_(*after)) if after else found

    def _renew(self, connection: Connection, statement: Select[Any]) -> Batch:
        rows = connection.execute(statement).mappings().all()
        values: list[dict[str, Any]] = []
        faults: list[str] = []
        for row in rows:
            try:
                values.append({f"key_{k}": row[k] for k in self._key_names()} | self._anew(row))
            except Undecryptable as error:
                faults.append(f"{self.name} {_shown(self._key(row))}: {error}")
        if values:
            connection.execute(self._update(), values)
        return Batch(self._key(rows[-1]) if rows else None, len(values), faults)

    def _one_by_one(self, engine: Engine, after: Key | None) -> Batch:
        """After a batch in which two rows turned out to be the same: the others are done, the clash is told."""
        with engine.begin() as connection:
            found = connection.execute(self._select(after).limit(self._at_once)).mappings().all()
        keys, changed = [self._key(row) for row in found], 0
        faults: list[str] = []
        for key in keys:
            same = tuple_(*self.declared.table.primary_key.columns) == tuple_(*key)
            try:
                with engine.begin() as connection:
                    done = self._renew(connection, self._select(None).where(same))
                changed, faults = changed + done.changed, faults + done.faults
            except IntegrityError as error:
                rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
                faults.append(f"{self.name} {_shown(key)}: another row is the same by {rule}: merge the two")
        return Batch(keys[-1] if keys else None, changed, faults)

    def _anew(self, row: RowMapping) -> dict[str, bytes | None]:
        """All the row's values under the newest keys. Raises Undecryptable."""
        values: dict[str, bytes | None] = {}
        opened: dict[str, Any] = dict(row)
        for name, note in self.declared.sealed.items():
            values[name] = row[name]
            if row[name] is not None:
                values[name], opened[name] = self._sealed_anew(bytes(row[name]), note.context_of(opened))
        for name, known in self.declared.indexes.items():
            values[name] = row[name]
            if row[name] is not None:
                text = known.text_of(opened)
                values[name] = self.index.index(text, known.context, self.index.newest)
        return values

    def _sealed_anew(self, sealed: bytes, context: str) -> tuple[bytes, str | None]:
        """The value under the newest key, and its text where an index is made of it."""
        current = key_of(sealed) == self.data.newest
        if current and not self.declared.indexes:
            return sealed, None
        content = self.data.open(sealed, context)
        ring = self.data.writing_with(self.data.newest)
        text = content.decode(errors="replace") if self.declared.indexes else None
        return (sealed if current else ring.seal(content, context)), text

    def _update(self) -> Any:
        table = self.declared.table
        own = and_(*(table.columns[name] == bindparam(f"key_{name}") for name in self._key_names()))
        names = [*self.declared.sealed, *self.declared.indexes]
        return update(table).where(own).values({name: bindparam(name) for name in names})

    def _key_names(self) -> list[str]:
        return [column.name for column in self.declared.table.primary_key.columns]

    def _key(self, row: RowMapping) -> Key:
        return tuple(row[name] for name in self._key_names())


@dataclass(slots=True)
class TrackerRows:
    """Rasa's memory under TRACKER_KEYS (components.tracker_store). The row's version stays: a turn that is under way
    may still be stored."""

    ring: KeyRing
    name: str = RasaTracker.__tablename__

    def remaining(self, connection: Connection) -> int:
        due = select(func.count()).where(RasaTracker.key_id != self.ring.newest)
        return int(connection.scalar(due) or 0)

    def batch(self, engine: Engine, after: Key | None) -> Batch:
        due = select(RasaTracker.sender_id, RasaTracker.key_id, RasaTracker.data)
        due = due.where(RasaTracker.key_id != self.ring.newest, RasaTracker.sender_id > (after or ("",))[0])
        due = due.order_by(RasaTracker.sender_id).limit(ROWS_AT_ONCE).with_for_update(skip_locked=True)
        with engine.begin() as connection:
            rows, values, faults = connection.execute(due).all(), [], []
            for sender, key_id, data in rows:
                try:
                    values.append({"sender": sender, "sealed": self._anew(sender, key_id, bytes(data))})
                except Undecryptable as error:
                    faults.append(f"{self.name} {sender}: {error}")
            if values:
                anew = update(RasaTracker).where(RasaTracker.sender_id == bindparam("sender"))
                connection.execute(anew.values(key_id=self.ring.newest, data=bindparam("sealed")), values)
        return Batch((rows[-1].sender_id,) if rows else None, len(values), faults)

    def _anew(self, sender: str, key_id: str, data: bytes) -> bytes:
        if key_id not in self.ring.keys:
            raise Undecryptable(f"sealed under key {key_id!r}, which is not in the ring")
        try:
            content = AESGCM(self.ring.keys[key_id]).decrypt(
                data[:_NONCE_BYTES], data[_NONCE_BYTES:], sender.encode()
            )
        except (InvalidTag, ValueError):
            raise Undecryptable("does not open as this conversation's tracker") from None
        return seal_tracker(self.ring, sender, content)


def seal_tracker(ring: KeyRing, sender: str, content: bytes) -> bytes:
    """As Rasa stores it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(ring.keys[ring.newest]).encrypt(nonce, content, sender.encode())


def _index_prefix(ring: KeyRing) -> bytes:
    return ring.newest.encode() + b":"


def _begins(column: ColumnElement[Any], prefix: bytes) -> ColumnElement[bool]:
    start = func.substring(column, 1, len(prefix), type_=LargeBinary)
    return start == literal(prefix, LargeBinary)


def _stands_without(column: ColumnElement[Any], prefix: bytes) -> ColumnElement[bool]:
    return and_(column.is_not(None), ~_begins(column, prefix))


def _shown(key: Sequence[Any]) -> str:
    return " ".join(str(part) for part in key)
