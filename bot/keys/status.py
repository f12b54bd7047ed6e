"""Which key stands where: in the rings, in the processes, in the rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from bot.keys.rotation import Rotation
from bot.launching import secrets
from bot.models import RasaTracker
from integrations.crypto import KeyRing
from integrations.database import Base
from integrations.sealed import Apart, Sealed, kept

# The id of the key that a value names; "?" for what names none.
_SEALED = """CASE WHEN octet_length({c}) > 2 AND get_byte({c}, 0) = 1
             THEN encode(substring({c} FROM 3 FOR get_byte({c}, 1)), 'escape') ELSE '?' END"""
_KEYED = """CASE WHEN position('\\x3a'::bytea IN {c}) BETWEEN 2 AND 33
            THEN encode(substring({c} FROM 1 FOR position('\\x3a'::bytea IN {c}) - 1), 'escape') ELSE '?' END"""


def lines(rotation: Rotation) -> Iterator[str]:
    """What the operator reads. Counts every row: on a large database that takes a while."""
    for purpose, ring in rotation.rings().items():
        yield _ring(rotation, f"{purpose.upper()}_KEYS", ring)
    yield ""
    late = rotation.late()
    for process in rotation.processes():
        yield f"{process.where} writes with {', '.join(process.writing)}"
    for address, keys in rotation.rasa_keys().items():
        yield f"Rasa at {address} " + (f"writes with tracker:{keys[0]}" if keys else "does not answer")
    if late:
        yield f"{len(late)} of them do not write with the newest keys."
    yield ""
    with rotation.engine.connect() as connection:
        yield from _rows(connection)


def _ring(rotation: Rotation, name: str, ring: KeyRing) -> str:
    older = list(ring.keys)[1:]
    where = secrets.secrets_file(rotation.var) if secrets.is_ours(rotation.var, name) else "set elsewhere"
    reads = f"; {', '.join(older)} still reads: not retired" if older else ""
    return f"{name:<13} {ring.newest} writes{reads} ({where})"


def _rows(connection: Connection) -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            note = kept(column)
            if note is None or isinstance(note, Apart):
                continue
            expression = (_SEALED if isinstance(note, Sealed) else _KEYED).format(c=column.name)
            counts = connection.execute(
                text(
                    f"SELECT {expression} AS key, count(*) AS rows FROM {table.name} "  # noqa: S608  (names of our own models)
                    f"WHERE {column.name} IS NOT NULL GROUP BY 1 ORDER BY 1"
                )
            ).all()
            yield _counted(f"{table.name}.{column.name}", {row.key: row.rows for row in counts})
    trackers = (
        select(RasaTracker.key_id, func.count().label("rows"))
        .group_by(RasaTracker.key_id)
        .order_by(RasaTracker.key_id)
    )
    counted = connection.execute(trackers).all()
    yield _counted(RasaTracker.__tablename__, {row.key_id: row.rows for row in counted})


def _counted(name: str, counts: dict[str, int]) -> str:
    return f"{name:<32} " + (", ".join(f"{key}: {count}" for key, count in counts.items()) or "no rows")
