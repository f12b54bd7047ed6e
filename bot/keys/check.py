"""Whether the keys at hand are those of the database: asked before anything is started on it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from bot.keys.rotation import open_engine
from bot.launching import secrets
from bot.launching.secrets import Launch
from bot.launching.starting import StartError
from bot.models import RasaTracker
from integrations.crypto import KeyRing, Undecryptable
from integrations.database import Base
from integrations.sealed import SealedTable, sealed_tables

_SAMPLE = 5  # one damaged value shall not stop a hospital


def check_keys(url: str, settings: Launch) -> None:
    """Opens the newest values of every table. Raises StartError when none of them opens, or a ring is no ring."""
    data, index, tracker = (secrets.ring(settings, name) for name in secrets.RINGS)
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            faults = [*_faults(connection, data, index), *_tracker_faults(connection, tracker)]
    finally:
        engine.dispose()
    if faults:
        raise StartError(
            "The keys here are not those of this database:\n"
            + "\n".join(f"    {fault}" for fault in faults)
            + "\nBring back the secrets.env that belongs to it, or add the missing key to the end of its ring."
        )


def _faults(connection: Connection, data: KeyRing, index: KeyRing) -> Iterator[str]:
    for declared in sealed_tables(Base.metadata):
        key = [column.desc() for column in declared.table.primary_key.columns]
        rows = connection.execute(select(declared.table).order_by(*key).limit(_SAMPLE)).mappings().all()
        for row in rows[:1]:
            for name in declared.indexes:
                if row[name] is not None and _index_key(bytes(row[name])) not in index.keys:
                    yield f"{declared.name}.{name} was made with INDEX_KEYS {_index_key(bytes(row[name]))!r}"
        for name in declared.sealed:
            yield from _sealed_fault(declared, name, [dict(row) for row in rows], data)


def _sealed_fault(
    declared: SealedTable, name: str, rows: list[dict[str, object]], data: KeyRing
) -> Iterator[str]:
    fault = ""
    for row in rows:
        value = row[name]
        if not isinstance(value, bytes | memoryview):
            continue
        try:
            data.open(bytes(value), declared.sealed[name].context_of(row))
        except Undecryptable as error:
            fault = f"{declared.name}.{name} (DATA_KEYS): {error}"
        else:
            return
    if fault:
        yield fault


def _tracker_faults(connection: Connection, tracker: KeyRing) -> Iterator[str]:
    known = RasaTracker.key_id.in_(list(tracker.keys))
    unknown = connection.execute(
        select(RasaTracker.key_id, func.count()).where(~known).group_by(RasaTracker.key_id)
    )
    for key_id, count in unknown:
        yield f"{count} rows of {RasaTracker.__tablename__} are sealed under TRACKER_KEYS {key_id!r}"


def _index_key(value: bytes) -> str:
    return value.partition(b":")[0].decode("ascii", "replace")
