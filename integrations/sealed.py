"""Says of every binary column how its bytes are kept, so that a rotation of keys finds all of them by itself.

    name: Mapped[bytes] = mapped_column(info=sealed("patients.name"))
    id_number_index: Mapped[bytes] = mapped_column(unique=True, info=index("patients.id_number", "{id_number}"))

A test refuses a binary column that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table

_NOTE = "kept"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Encrypted under DATA_KEYS. `context` is a template over the row: "personal_tokens.value:{kind}"."""

    context: str

    def context_of(self, row: Mapping[str, Any]) -> str:
        return self.context.format_map(row)


@dataclass(frozen=True, slots=True)
class Index:
    """A blind index under INDEX_KEYS. `text` is a template over the row with its sealed values opened."""

    context: str
    text: str

    def text_of(self, opened: Mapping[str, Any]) -> str:
        return self.text.format_map(opened)


@dataclass(frozen=True, slots=True)
class Passing:
    """A keyed hash under INDEX_KEYS of what is kept nowhere: it cannot be made again. Its row counts for nothing
    once `since` lies longer back than `lasts`."""

    since: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Apart:
    """Neither sealed nor indexed with our keys; `reason` says what it is."""

    reason: str


Kept = Sealed | Index | Passing | Apart


def sealed(context: str) -> dict[str, Any]:
    """For `mapped_column(info=…)`: made by `Crypto.encrypt` (or a ring's `seal`) with this context."""
    return {_NOTE: Sealed(context)}


def index(context: str, text: str) -> dict[str, Any]:
    """For `mapped_column(info=…)`: made by `Crypto.blind` of this text with this context."""
    return {_NOTE: Index(context, text)}


def passing(since: str, lasts: timedelta) -> dict[str, Any]:
    """For `mapped_column(info=…)`: made by `Crypto.blind`, and soon worth nothing."""
    return {_NOTE: Passing(since, lasts)}


def apart(reason: str) -> dict[str, Any]:
    """For `mapped_column(info=…)`: bytes that no key of ours has made."""
    return {_NOTE: Apart(reason)}


def kept(column: Column[Any]) -> Kept | None:
    """What the column says of itself; None when it says nothing."""
    return column.info.get(_NOTE)


def undeclared(metadata: MetaData) -> list[str]:
    """Binary columns that do not say how they are kept."""
    return [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and kept(column) is None
    ]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with something under our keys."""

    table: Table
    sealed: Mapping[str, Sealed]
    indexes: Mapping[str, Index]
    passing: Mapping[str, Passing]

    @property
    def name(self) -> str:
        return self.table.name


def sealed_tables(metadata: MetaData) -> list[SealedTable]:
    """All of them, by name."""
    found = []
    for name in sorted(metadata.tables):
        table = metadata.tables[name]
        notes = {column.name: note for column in table.columns if (note := kept(column))}
        parts: tuple[dict[str, Any], ...] = tuple(
            {column: note for column, note in notes.items() if isinstance(note, kind)}
            for kind in (Sealed, Index, Passing)
        )
        if any(parts):
            found.append(SealedTable(table, *parts))
    return found
